"""The services we ship, as package data in services/<code>/<version>/.

A version is a folder with service.bpmn, forms/<ref>.md and, where it asks decisions, decisions/<ref>.dmn. A
published version is never edited: a change is a new folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from service_library.errors import BrokenService, UnknownService
from service_library.package import CODE, VERSION, ServicePackage, assemble
from workflows.problems import blocking

DIAGRAM = "service.bpmn"
FORMS = "forms"
FORM_SUFFIX = ".md"
DECISIONS = "decisions"
DECISION_SUFFIX = ".dmn"


def available() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every shipped service with its versions: services by code, versions from the oldest to the newest."""
    found = []
    for folder in _folders(_services(), CODE.fullmatch):
        versions = sorted((each.name for each in _folders(folder, VERSION.fullmatch)), key=_order)
        if versions:
            found.append((folder.name, tuple(versions)))
    return tuple(sorted(found))


@cache
def load(code: str, version: str) -> ServicePackage:
    """One shipped version, assembled. Raises UnknownService; BrokenService if it does not assemble."""
    if version not in dict(available()).get(code, ()):
        names = [f"{known} {each}" for known, versions in available() for each in versions]
        raise UnknownService(service=code, version=version, available=", ".join(names))
    folder = _services() / code / version
    assembly = assemble(
        (folder / DIAGRAM).read_bytes(),
        _sources(folder / FORMS, FORM_SUFFIX),
        version=version,
        decision_sources=_sources(folder / DECISIONS, DECISION_SUFFIX),
    )
    if assembly.package is None:
        raise BrokenService(service=code, version=version, problems=blocking(assembly.problems))
    return assembly.package


def _services() -> Traversable:
    return files("service_library") / "services"


def _sources(folder: Traversable, suffix: str) -> dict[str, bytes]:
    """The files of a folder by their name without suffix; none when there is no such folder."""
    if not folder.is_dir():
        return {}
    return {
        each.name.removesuffix(suffix): each.read_bytes()
        for each in folder.iterdir()
        if each.name.endswith(suffix)
    }


def _folders(parent: Traversable, accepts: Callable[[str], object]) -> list[Traversable]:
    return [each for each in parent.iterdir() if each.is_dir() and accepts(each.name)]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
