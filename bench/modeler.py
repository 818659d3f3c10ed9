"""How soon the modeler can be used, and how much JavaScript it brings.

Usable: the page is asked for until the diagram is drawn, the list and the card of the service are there and the
vocabulary is known, in a Chromium that has nothing in its cache. Beside it the floor: the same browser and site
with a page that holds no diagram. Prints the floor's seconds, `bench modeler-usable limit SECONDS s bar 2`, the
median of five, and `bench modeler-js limit KB kB bar 520`, gzipped.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from server.drafts import service as drafts
from tests import browser_support as support
from tests.browser import modeler

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUNS = 5
BAR_SECONDS = 2
BAR_KILOBYTES = 520
DIST = support.ROOT / "server" / "static" / "dist"


def seconds(chrome: Browser, site: support.Site, address: str, ready: str) -> float:
    """Seconds until `ready` is there, in a window of its own with an empty cache."""
    window = support.open_window(chrome, site, email=modeler.WHO["expert"])
    started = time.perf_counter()
    window.page.goto(address)
    window.page.wait_for_selector(ready)
    taken = time.perf_counter() - started
    window.context.close()
    return taken


def usable() -> tuple[float, float]:
    """Median seconds of the modeler and of a page without a diagram."""
    program = support.chromium_program()
    if not program:
        sys.exit(support.NO_CHROMIUM)
    with tempfile.TemporaryDirectory() as folder:
        support.build_hook().build_frontend(support.ROOT)
        installation = modeler.load_library(Path(folder))
        with support.serve(installation, testing=True) as site, support.open_chromium(program) as chrome:
            draft = modeler.make_draft(site, drafts.FromVersion("community_profile", "1.0.0"))
            seconds(chrome, site, f"/drafts/{draft}/modeler", modeler.KNOWING)  # the server's own first time
            pairs = [
                (
                    seconds(chrome, site, f"/drafts/{draft}/modeler", modeler.KNOWING),
                    seconds(chrome, site, "/drafts", "main"),
                )
                for _ in range(RUNS)
            ]
    return statistics.median(own for own, _ in pairs), statistics.median(floor for _, floor in pairs)


def scripts(entry: str = "src/modeler/main.js") -> set[str]:
    """The files of JavaScript the page asks for at once: the entry and its imports, not what it may load later."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text("utf-8"))
    found: set[str] = set()
    waiting = [entry, "src/site/main.js"]
    while waiting:
        chunk = manifest[waiting.pop()]
        if chunk["file"] not in found:
            found.add(chunk["file"])
            waiting += chunk.get("imports", [])
    return found


def kilobytes() -> float:
    """Gzipped size of those scripts, and of those the modeler may load later: all it can ever bring."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text("utf-8"))
    later = manifest["src/modeler/main.js"].get("dynamicImports", [])
    files = scripts().union(*(scripts(key) for key in later))
    return sum(len(gzip.compress((DIST / file).read_bytes(), 9)) for file in files) / 1000


def main() -> int:
    """Measure and print; 1 when a bar is not reached."""
    own, floor = usable()
    size = kilobytes()
    print(f"a page without a diagram: {floor:.2f} s")
    print(f"bench modeler-usable limit {own:.2f} s bar {BAR_SECONDS}")
    print(f"bench modeler-js limit {size:.0f} kB bar {BAR_KILOBYTES}")
    return int(own > BAR_SECONDS or size > BAR_KILOBYTES)


if __name__ == "__main__":
    raise SystemExit(main())
