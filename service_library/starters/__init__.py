"""Services to start from: small, complete, runnable; an expert keeps what fits and changes the rest.

A starter is a folder here with service.bpmn and forms/<ref>.md, written for the code `starter` and the version
0.1.0. `make` gives it another code, name and version; everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from service_library.editing import with_identity
from service_library.errors import UnknownStarter

NAMES: Final = ("single_delivery", "village_meeting", "two_skills")
"""In the order in which they are offered: from the simplest on."""
VERSION: Final = "0.1.0"


@dataclass(frozen=True, slots=True)
class Starter:
    """The files of a starter. forms: XLSForm sources by reference."""

    name: str
    bpmn: bytes
    forms: Mapping[str, bytes]


def load(name: str) -> Starter:
    """A starter as it is shipped. Raises UnknownStarter."""
    if name not in NAMES:
        raise UnknownStarter(name=name, available=", ".join(NAMES))
    folder = files("service_library.starters") / name
    forms = {
        each.name.removesuffix(".md"): each.read_bytes()
        for each in (folder / "forms").iterdir()
        if each.name.endswith(".md")
    }
    return Starter(name, (folder / "service.bpmn").read_bytes(), forms)


def make(name: str, *, code: str, names: Mapping[str, str], version: str) -> Starter:
    """A starter as a service of one's own. names: by language; without any the starter's stay.

    Raises UnknownStarter.
    """
    found = load(name)
    return Starter(name, with_identity(found.bpmn, code=code, names=names, version=version), found.forms)
