"""The catalogue: services by their newest version, searched and filtered; and where a version is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from markupsafe import Markup

from pricing.quotes import Quote
from server.actor import Action, Object, can
from server.adoptions import service as adoptions
from server.catalogue import service as catalogue
from server.catalogue.models import ServiceVersionRow
from server.documents import diagram_svg
from server.documents.diagram_svg import HEAT
from server.http.locale import localised
from server.http.words import node_titles
from server.people import service as people
from server.projects import service as projects
from server.quotes import prices
from server.regions import service as regions
from server.regions.service import RegionRow
from server.runtime import Tx
from service_library import texts
from service_library.package import ServicePackage
from workflows.definitions.model import Text

STATES: Final = ("published", "deprecated", "recalled")
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; "" = anything. words: in names, codes and purposes. output: in what is delivered."""

    words: str = ""
    output: str = ""
    skill: str = ""
    region: str = ""
    language: str = ""
    state: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Filters:
        """From the parameters of an address; `words` is ?q=."""
        given = {"words": values.get("q", ""), **{f.name: values.get(f.name, "") for f in fields(cls)[1:]}}
        return cls(**{name: text.strip()[:_LONGEST] for name, text in given.items()})

    @property
    def is_set(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service in the list: its newest version that fits.

    complete: languages in which no text is missing. adopted: where; priced: in the region that is looked for.
    """

    row: ServiceVersionRow
    purpose: Text
    outputs: tuple[Text, ...]
    skills: tuple[str, ...]
    tasks: int
    versions: int
    complete: tuple[str, ...]
    adopted: tuple[str, ...]
    priced: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer."""

    skills: list[tuple[str, str]]
    regions: list[tuple[str, str]]


def services(tx: Tx, wanted: Filters) -> list[ServiceLine]:
    """The services that fit, by code; of each the newest version in the state that is looked for."""
    by_code: dict[str, list[ServiceVersionRow]] = {}
    for row in catalogue.versions(tx):
        by_code.setdefault(row.service_code, []).append(row)
    known = regions.regions(tx)
    where = known.get(wanted.region)
    lines = []
    for rows in by_code.values():
        in_state = [row for row in rows if not wanted.state or row.status == wanted.state]
        if not in_state or (wanted.region and where is None):
            continue
        line = _line(tx, in_state[0], len(rows), known, where)
        if _fits(line, wanted):
            lines.append(line)
    return lines


def _line(
    tx: Tx, row: ServiceVersionRow, versions: int, known: Mapping[str, RegionRow], where: RegionRow | None
) -> ServiceLine:
    package = catalogue.package(tx, row.id)
    card, tasks = package.definition.service, package.definition.tasks()
    adopted = [
        known[each.region_code]
        for each in adoptions.adoptions(tx, service=row.service_code, status="adopted")
    ]
    return ServiceLine(
        row=row, purpose=card.purpose, outputs=tuple(output.label for output in card.outputs),
        skills=tuple(dict.fromkeys(node.task.skill for node in tasks if node.task and node.task.skill)),
        tasks=len(tasks), versions=versions,
        complete=tuple(p.language for p in texts.progress(texts.entries_of(package)) if not p.missing),
        adopted=tuple(localised(each.names) or each.code for each in adopted if where is None or _near(each, where)),
        priced=where is not None and _priced(tx, row.id, where),
    )  # fmt: skip


def _near(adopting: RegionRow, where: RegionRow) -> bool:
    """Whether an adoption holds in a region, or for a part of it."""
    return where.path.startswith(adopting.path) or adopting.path.startswith(where.path)


def _priced(tx: Tx, version_id: str, where: RegionRow) -> bool:
    if not can(tx.actor, Action.PRICE_READ, Object(region_path=where.path)):
        return False
    return prices.in_region(tx, version_id, where, draws=0).quote is not None


def _fits(line: ServiceLine, wanted: Filters) -> bool:
    said = (line.row.service_code, *line.row.names.values(), *line.purpose.values())
    delivers = tuple(text for label in line.outputs for text in label.values())
    return (
        _has(wanted.words, (*said, *delivers))
        and _has(wanted.output, delivers)
        and (not wanted.skill or wanted.skill in line.skills)
        and (not wanted.language or wanted.language in line.complete)
        and (not wanted.region or bool(line.adopted) or line.priced)
    )


def _has(words: str, texts_there: tuple[str, ...]) -> bool:
    return not words or any(words.casefold() in text.casefold() for text in texts_there)


def choices(tx: Tx) -> Choices:
    """The skills and places that may be chosen."""
    return Choices(
        sorted(((code, localised(names) or code) for code, names in people.skills(tx).items()), key=lambda e: e[1]),
        [
            (row.code, "\u2003" * (row.path.count("/") - 1) + (localised(row.names) or row.code))
            for row in regions.regions(tx).values()
            if row.level != "village"
        ],
    )  # fmt: skip


# Where a version is used ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Projects the actor may see, adoptions in force and proposed, other services whose diagrams call this one."""

    projects: list[projects.ProjectRow]
    adoptions: list[tuple[adoptions.ServiceAdoptionRow, str, str, bool]]
    called_by: list[ServiceVersionRow]


def usage(tx: Tx, row: ServiceVersionRow, package: ServicePackage) -> Usage:
    """Where a version is used."""
    known = regions.regions(tx)
    versions = {v.id: v.version for v in catalogue.versions(tx, row.service_code)}
    seen = projects.visible_projects(tx) if can(tx.actor, Action.PROJECT_READ) else []
    return Usage(
        [each for each in seen if each.service_version_id == row.id],
        [
            (
                each, localised(known[each.region_code].names) or each.region_code,
                versions[each.service_version_id],
                can(tx.actor, Action.PRICE_READ, Object(region_path=known[each.region_code].path)),
            )
            for each in adoptions.adoptions(tx, service=row.service_code)
            if each.status in ("proposed", "adopted")
        ],
        _callers(tx, row, package),
    )  # fmt: skip


def _callers(tx: Tx, row: ServiceVersionRow, package: ServicePackage) -> list[ServiceVersionRow]:
    """The newest versions of other services that have a call activity of this process or service."""
    called = {package.definition.process_id, row.service_code}
    newest = {each.service_code: each for each in reversed(catalogue.versions(tx))}
    return [
        each
        for code, each in sorted(newest.items())
        if code != row.service_code
        and any(
            node.called_element in called
            for node in catalogue.package(tx, each.id).definition.every_node().values()
            if node.called_element
        )
    ]


def thumbnail(package: ServicePackage, quote: Quote | None) -> Markup:
    """The diagram as a drawing, its tasks the darker the more they cost."""
    definition = package.definition
    title = localised(definition.service.name) or definition.name
    heat = cost_heat(quote) if quote is not None else {}
    return diagram_svg(package.bpmn, title=title, names=node_titles(definition), heat=heat)


def cost_heat(quote: Quote) -> dict[str, int]:
    """Task -> number of its colour, by its share of the dearest task."""
    most = max((task.amount_minor for task in quote.tasks.values()), default=0)
    if most <= 0:
        return {}
    return {
        id_: min(len(HEAT) - 1, max(0, round(task.amount_minor / most * (len(HEAT) - 1))))
        for id_, task in quote.tasks.items()
    }
