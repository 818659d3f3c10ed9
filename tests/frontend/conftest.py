"""The bundle, a small server with the site's security headers, and a real browser."""

import json
import mimetypes
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from server.http.security import POLICIES
from tests.browser_support import ROOT, WATCH_CSP, build_hook

SITE_CSP, STRICT_CSP, FORM_CSP = POLICIES["diagram"], POLICIES["strict"], POLICIES["form"]


@dataclass
class PageServer:
    """Serves the bundle and the pages a test puts in `answers`, each with a Content-Security-Policy."""

    SITE_CSP = SITE_CSP
    STRICT_CSP = STRICT_CSP
    FORM_CSP = FORM_CSP
    dist: Path
    address: str = ""
    answers: dict[str, Callable[[Request], Response]] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with Request(environ) as request:
            return self.answer(request)(environ, start_response)

    def answer(self, request: Request) -> Response:
        if request.path in self.answers:
            return self.answers[request.path](request)
        file = self.dist / request.path.removeprefix("/static/dist/")
        if request.path.startswith("/static/dist/") and file.is_file():
            return Response(file.read_bytes(), mimetype=mimetypes.guess_type(file.name)[0] or "font/woff2")
        return Response("not found", 404)

    @staticmethod
    def text(body: str, status: int = 200, mimetype: str = "text/html") -> Response:
        return Response(body, status, mimetype=mimetype)

    def put(self, path: str, content: str | bytes, mimetype: str = "text/html", csp: str = SITE_CSP) -> None:
        headers = {"Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff"}
        self.answers[path] = lambda _: Response(content, mimetype=mimetype, headers=headers)

    def put_page(
        self, path: str, body: str, *entries: str, language: str = "en", csp: str = SITE_CSP
    ) -> None:
        manifest = json.loads((self.dist / ".vite" / "manifest.json").read_text("utf-8"))
        chunks = [manifest[f"src/{entry}/main.js"] for entry in ("site", *entries)]
        styles = "".join(
            f'<link rel="stylesheet" href="/static/dist/{css}">'
            for chunk in chunks
            for css in chunk.get("css", [])
        )
        scripts = "".join(
            f'<script type="module" src="/static/dist/{chunk["file"]}"></script>' for chunk in chunks
        )
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        body = body if "<body" in body else f"<body>{body}</body>"
        self.put(
            path,
            f'<!doctype html><html lang="{language}"><head>{head}<meta name="csrf-token" content="token">'
            f"<title>Check</title>{styles}{scripts}</head>{body}</html>",
            csp=csp,
        )


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The build hook as a module."""
    return build_hook()


@pytest.fixture(scope="session")
def dist(build: ModuleType) -> Path:
    build.build_frontend(ROOT)
    return ROOT / "server" / "static" / "dist"


@pytest.fixture
def pages(dist: Path) -> Iterator[PageServer]:
    pages = PageServer(dist)
    pages.put("/favicon.ico", b"", "image/x-icon")
    server = make_server("127.0.0.1", 0, pages, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    pages.address = f"http://127.0.0.1:{server.server_port}"
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(chromium: Browser, pages: PageServer) -> Iterator[Callable[..., Page]]:
    """Opens a page at a width; at the end no page may have broken the policy or thrown an error."""
    contexts, opened = [], []

    def open_page(path: str, width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        errors: list[str] = []
        page.add_init_script(WATCH_CSP)
        page.on("pageerror", lambda error: errors.append(str(error)))
        opened.append((page, errors))
        page.goto(pages.address + path)
        return page

    yield open_page
    told = [(page.evaluate("refused"), errors) for page, errors in opened]
    for context in contexts:
        context.close()
    assert told == [([], [])] * len(told)


@pytest.fixture
def photograph() -> Callable[[Page, str], None]:
    """Keeps a picture of a page in the folder SCREENSHOTS names, if it names one."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take
