"""The built front end: which files a page needs, from vite's manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from server.errors import Misconfigured

DIST = Path(__file__).resolve().parent.parent / "static" / "dist"


@dataclass(frozen=True, slots=True)
class Entry:
    """script: address of the module; styles: addresses of its style sheets, those of its imports first."""

    script: str
    styles: tuple[str, ...]


@cache
def entry(name: str) -> Entry:
    """The files of "site", "diagram" or "form". Raises Misconfigured when the front end is not built."""
    path = DIST / ".vite" / "manifest.json"
    if not path.is_file():
        raise Misconfigured(what="The front end is not built. Run: make frontend")
    manifest = json.loads(path.read_text("utf-8"))
    key = f"src/{name}/main.js"
    return Entry("/static/dist/" + manifest[key]["file"], tuple(_styles(manifest, key, set())))


def _styles(manifest: dict[str, dict[str, list[str]]], key: str, seen: set[str]) -> list[str]:
    if key in seen:
        return []
    seen.add(key)
    found = [s for imported in manifest[key].get("imports", []) for s in _styles(manifest, imported, seen)]
    return [*found, *("/static/dist/" + css for css in manifest[key].get("css", []))]
