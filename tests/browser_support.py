"""A real browser and the real site for tests: Debian's Chromium, and the demonstration behind a live server.

The demonstration is loaded once for a test run (xdist's workers share it) and copied for whoever changes it.
The site's clock stands still within the year for which the demonstration has prices; pages get the same clock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from server.clock import SetClock
    from server.runtime import Runtime

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NO_CHROMIUM = (
    "NO CHROMIUM: install it (apt-get install chromium) or name it in CHROMIUM; pages stay unchecked"
)
WATCH_CSP = (
    "window.refused = []; document.addEventListener('securitypolicyviolation', "
    "event => refused.push(event.violatedDirective + ' ' + event.blockedURI))"
)
NOW = datetime(2026, 6, 17, 10, 0, tzinfo=UTC)
"""A Wednesday within the validity of the demonstration's price lists."""
VILLAGES, DAYS = 6, 4


# The browser ------------------------------------------------------------------------------------------


def chromium_program() -> str | None:
    """Where Chromium is: named in CHROMIUM, or found on the path."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_chromium(program: str) -> Iterator[Browser]:
    """A running Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chrome
        chrome.close()


def chromium_or_skip() -> Iterator[Browser]:
    """The body of the fixture: without a browser one loud skip, in CI a failure."""
    program = chromium_program()
    if not program:
        if os.environ.get("CI"):
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with open_chromium(program) as chrome:
        yield chrome


def build_hook() -> ModuleType:
    """The build hook as a module."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The site ---------------------------------------------------------------------------------------------


def open_installation(folder: Path) -> Runtime:
    """The installation in a folder: a SQLite file and its files, a clock that stands still."""
    from server import installation
    from server.clock import SetClock
    from server.settings import Settings

    settings = Settings(database_url=f"sqlite:///{folder / 'site.db'}", files_dir=folder / "files", demo=True)
    return installation.open_runtime(settings, clock=SetClock(NOW))


def load_showcase(folder: Path, *, villages: int = VILLAGES, days: int = DAYS) -> Path:
    """The demonstration with its work half done, in `folder`; loaded by whoever comes first."""
    from server.demo import showcase

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "done"
        if not done.exists():
            (folder / "site").mkdir()
            runtime = open_installation(folder / "site")
            showcase.load(runtime, lambda words: None, villages=villages, days=days)
            runtime.engine.dispose()
            done.touch()
    return folder / "site"


@dataclass
class Site:
    """The site at an address, and what stands behind it."""

    runtime: Runtime
    address: str = ""
    lost: list[str] = field(default_factory=list)
    """Ends of paths: the next answer to each does not arrive, though the site did what was asked."""

    def wrap(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The application behind a network that loses answers."""

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            ends = [end for end in self.lost if environ["PATH_INFO"].endswith(end)]
            if not ends:
                return app(environ, start_response)
            self.lost.remove(ends[0])
            b"".join(app(environ, lambda *_: None))
            start_response("503 Service Unavailable", [])
            return [b""]

        return application

    @property
    def clock(self) -> SetClock:
        return self.runtime.clock  # type: ignore[return-value]

    def session_of(self, email: str) -> str:
        """A session's token for the account, as if its person had signed in."""
        from server.accounts import service as accounts
        from server.actor import SYSTEM

        known = self.runtime.read(SYSTEM, accounts.accounts)
        account = next(a for a in known if a.email == email)
        return self.runtime.run(SYSTEM, accounts.open_session, account.id)


@contextmanager
def serve(folder: Path, *, testing: bool = False) -> Iterator[Site]:
    """The site of the installation in `folder`, live on a free port. testing: pages hand their scripts over."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from server.app import create_app

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
            pass

    runtime = open_installation(folder)
    site = Site(runtime)
    app = create_app(runtime)
    app.config.update(TESTING=testing, PROPAGATE_EXCEPTIONS=False)
    server = make_server("127.0.0.1", 0, site.wrap(app), threaded=True, request_handler=Quiet)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        runtime.engine.dispose()


@dataclass
class Window:
    """A person's browser window; keeps what went wrong in it."""

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """What the console, scripts and the content policy complained about since the last look."""
        refused = self.page.evaluate("(window.refused ?? []).splice(0)")  # a blank page has none
        found, self.errors[:] = [*self.errors, *refused], []
        return found


def open_window(
    chrome: Browser, site: Site, *, language: str = "en", email: str = "", width: int = 1280, height: int = 900,
    **options: Any,
) -> Window:  # fmt: skip
    """A window with cookies of its own, signed in as `email` if given; its clock is the site's."""
    context = chrome.new_context(
        viewport={"width": width, "height": height}, base_url=site.address, locale=language,
        accept_downloads=True, **options,
    )  # fmt: skip
    cookies = {"language": language}
    if email:
        cookies["session"] = site.session_of(email)
    context.add_cookies([{"name": n, "value": v, "url": site.address} for n, v in cookies.items()])
    context.clock.set_fixed_time(site.clock.now())
    page = context.new_page()
    window = Window(page, context)
    page.add_init_script(WATCH_CSP)
    page.on("pageerror", lambda error: window.errors.append(f"script: {error}"))
    page.on("console", lambda told: told.type == "error" and window.errors.append(f"console: {told.text}"))
    return window


def wait_for_scripts(page: Page) -> None:
    """Until what scripts draw (diagram, form, API) is there."""
    from playwright.sync_api import expect

    for selector, drawn in (
        (".diagram", "svg .djs-element"),
        ("#form[data-xform-url]", ".odk-form"),
        ("#modeler", "svg .djs-element"),
    ):
        for place in page.locator(selector).all():
            expect(place.locator(drawn).first).to_be_visible(timeout=20_000)
