"""The demonstration's site in a real browser: one site that is only read, and copies for those who change it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import browser_support as support
from tests.browser import modeler
from tests.browser.crawl import WHO


@pytest.fixture(scope="session")
def showcase(tmp_path_factory) -> Path:
    """The folder of the loaded demonstration; the workers of a run share it."""
    support.build_hook().build_frontend(support.ROOT)
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    return support.load_showcase(base / "showcase")


@pytest.fixture(scope="module")
def site(showcase, tmp_path_factory) -> Iterator[support.Site]:
    """The live site of a copy of the demonstration."""
    folder = tmp_path_factory.mktemp("site") / "copy"
    shutil.copytree(showcase, folder)
    with support.serve(folder) as site:
        yield site


@pytest.fixture
def open_window(chromium, site):
    """open_window(language=, email=, width=): a window of its own; at the end none may have complained."""
    windows = []
    with ExitStack() as stack:

        def open_one(**given) -> support.Window:
            window = support.open_window(chromium, site, **given)
            stack.callback(window.context.close)
            windows.append(window)
            return window

        yield open_one
        assert [window.wrong() for window in windows] == [[]] * len(windows)


@pytest.fixture(scope="session", autouse=True)
def patience(chromium) -> None:
    """A machine that runs other tests beside these is slow at times; only a page that never comes is wrong."""
    from playwright.sync_api import expect

    expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    """The folder of an installation with published, priced services and no work; the workers share it."""
    support.build_hook().build_frontend(support.ROOT)
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    return modeler.load_library(base / "library")


@pytest.fixture
def drawing_site(library, tmp_path) -> Iterator[support.Site]:
    """The live site of a copy of it, which hands its modeler over to tests."""
    shutil.copytree(library, tmp_path / "copy")
    with support.serve(tmp_path / "copy", testing=True) as site:
        yield site


@pytest.fixture
def open_modeler_window(chromium, drawing_site):
    """open_modeler_window(source, language=, width=): the modeler of a new draft; at the end none may have complained.

    Requests that fail are no complaint: tests make them fail.
    """
    windows = []
    with ExitStack() as stack:

        def open_one(source, *, draft_id="", role="expert", **given):
            draft_id = draft_id or modeler.make_draft(drawing_site, source)
            window = support.open_window(chromium, drawing_site, email=WHO[role], **given)
            stack.callback(window.context.close)
            windows.append(window)
            modeler.open_modeler(window.page, draft_id)
            return window.page

        yield open_one
        told = [
            line for window in windows for line in window.wrong() if "Failed to load resource" not in line
        ]
        assert told == []
