"""Regions: a tree of any depth, from the country down to the village.

A price is looked for from the place upwards: village, arrondissement, commune, department, country. Codes are
the caller's keys and must be unique; national codes of villages often are not, so build them as paths
("BJ-DO-COP-ANANDANA").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pricing.errors import UnknownRegion
from workflows.errors import InvalidInput
from workflows.problems import Problem


@dataclass(frozen=True, slots=True)
class Region:
    """A place. level: "country", "department", "commune", "arrondissement", "village" or another."""

    code: str
    parent: str | None
    level: str
    names: Mapping[str, str] = field(default_factory=dict)


class RegionTree:
    """All places, each with its parent."""

    def __init__(self, regions: Iterable[Region]) -> None:
        """Raises InvalidInput for a code used twice, an unknown parent or a circle of parents."""
        self._regions: dict[str, Region] = {}
        problems: list[Problem] = []
        for region in regions:
            if region.code in self._regions:
                problems.append(_duplicate(region))
            self._regions[region.code] = region
        problems += [_orphan(r) for r in self if r.parent is not None and r.parent not in self._regions]
        problems += [] if problems else self._circles()
        if problems:
            raise InvalidInput(problems)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions.values())

    def __contains__(self, code: object) -> bool:
        return code in self._regions

    def __len__(self) -> int:
        return len(self._regions)

    def get(self, code: str) -> Region | None:
        return self._regions.get(code)

    def chain(self, code: str) -> tuple[Region, ...]:
        """The place and all it lies in, from the place up to the country. Raises UnknownRegion."""
        if code not in self._regions:
            raise UnknownRegion(region=code)
        found: list[Region] = []
        step: str | None = code
        while step is not None:
            found.append(self._regions[step])
            step = found[-1].parent
        return tuple(found)

    def children(self, code: str) -> tuple[Region, ...]:
        """The places directly in that place, in their given order."""
        return tuple(r for r in self if r.parent == code)

    def _circles(self) -> list[Problem]:
        settled: set[str] = set()
        problems = []
        for start in self._regions:
            walked: dict[str, None] = {}
            step: str | None = start
            while step is not None and step not in settled and step not in walked:
                walked[step] = None
                step = self._regions[step].parent
            if step is not None and step in walked:
                problems.append(_circle(self._regions[step]))
            settled.update(walked)
        return problems


def _duplicate(region: Region) -> Problem:
    return Problem(
        "duplicate-region",
        "The code %(region)s is used by two regions. Give each its own code, for instance its full path.",
        place=region.code,
        params={"region": region.code},
    )


def _orphan(region: Region) -> Problem:
    return Problem(
        "unknown-parent-region",
        "%(region)s lies in %(parent)s, which is not in the list. Add it or correct the code.",
        place=region.code,
        params={"region": region.code, "parent": region.parent},
    )


def _circle(region: Region) -> Problem:
    return Problem(
        "region-circle",
        "%(region)s lies, through its parents, in itself. Correct the parent.",
        place=region.code,
        params={"region": region.code},
    )
