"""The modeler behind a small site: people, places, prices and services, nothing of the work done."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TYPE_CHECKING

from server.actor import SYSTEM, Actor
from tests import browser_support as support
from tests.browser.crawl import WHO

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = "#modeler[data-ready]"
KNOWING = "#modeler[data-vocabulary]"


def load_library(folder: Path) -> Path:
    """An installation whose services are published and priced, in `folder`; loaded by whoever comes first."""
    from server.demo import story

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "done"
        if not done.exists():
            (folder / "site").mkdir()
            runtime = support.open_installation(folder / "site")
            told = story.begin(runtime, runtime.clock, seed=46, villages=2)  # type: ignore[arg-type]
            story.publish(told, "1.0.0")
            story.publish_other(told)
            story.import_prices(told)
            runtime.engine.dispose()
            done.touch()
    return folder / "site"


def actor(site: support.Site, role: str = "expert") -> Actor:
    """The demonstration's person of that role."""
    from server.accounts import service as accounts

    found = site.runtime.read(SYSTEM, accounts.actor_of_session, site.session_of(WHO[role]))
    assert found is not None
    return found


def make_draft(site: support.Site, source: object) -> str:
    """The id of a draft that the expert begins from `source`."""
    from server.drafts import service as drafts

    return site.runtime.run(actor(site), drafts.make, source).row.id  # type: ignore[arg-type]


def open_modeler(page: Page, draft_id: str) -> None:
    """The modeler of the draft, with its diagram and vocabulary."""
    page.goto(f"/drafts/{draft_id}/modeler")
    page.wait_for_selector(KNOWING, timeout=20_000)


def saved_xml(page: Page) -> str:
    """What the modeler would save."""
    xml: str = page.evaluate("modeler.saveXML({format: true}).then(({xml}) => xml)")
    return xml
