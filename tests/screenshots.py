"""Pictures of every page of the demonstration, at 1280 and 360 px, in English and French: `make screenshots`.

One folder for each role in screenshots/; the name of a picture is the page's address, the language and the width.
For looking at beside design notes, and for comparing before and after a change.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests import browser_support as support
from tests.browser.crawl import WHO, kind, links_of

FOLDER = support.ROOT / "screenshots"
WIDTHS = (1280, 360)
LANGUAGES = ("en", "fr")


def name_of(address: str) -> str:
    """The address as the name of a file."""
    path = kind(address).replace("*", "one").strip("/").rstrip("?")
    return re.sub(r"[^\w=.-]+", "-", path).strip("-") or "start"


def pages_of(window: support.Window, start: str) -> Iterator[str]:
    """One page of each kind that can be reached from the start page."""
    return links_of(window.page, start, of_a_kind=1)


def photograph(chrome: object, site: support.Site, role: str, email: str) -> int:
    """Take the pictures of a role; returns how many."""
    folder = FOLDER / role
    folder.mkdir(parents=True)
    windows = {
        language: support.open_window(chrome, site, language=language, email=email)  # type: ignore[arg-type]
        for language in LANGUAGES
    }
    taken = 0
    for address in pages_of(windows["en"], site.address + "/"):
        for language, window in windows.items():
            window.page.goto(address)
            support.wait_for_scripts(window.page)
            for width in WIDTHS:
                window.page.set_viewport_size({"width": width, "height": 900 if width > 600 else 740})
                name = f"{name_of(urlsplit(address)._replace(scheme='', netloc='').geturl())}.{language}.{width}.png"
                window.page.screenshot(path=folder / name, full_page=True)
                taken += 1
    for window in windows.values():
        window.context.close()
    return taken


def main() -> int:
    """Take all pictures; 1 when there is no browser."""
    program = support.chromium_program()
    if not program:
        print(support.NO_CHROMIUM, file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        print("Loading the demonstration ...", flush=True)
        installation = support.load_showcase(Path(folder))
        with support.open_chromium(program) as chrome, support.serve(installation) as site:
            for role, email in WHO.items():
                print(f"{role}: {photograph(chrome, site, role, email)} pictures", flush=True)
    print(f"They are in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
