"""What the pages of drafts show, gathered in one read each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.accounts import service as accounts
from server.actor import Action, can
from server.catalogue import service as catalogue
from server.catalogue.comparison import Change, ChangedElement, changed_elements, form_changes
from server.catalogue.service import ServiceVersionRow
from server.drafts import review
from server.drafts import service as drafts
from server.drafts.contents import Content
from server.drafts.review import DraftCommentRow, DraftReviewRow, Readiness
from server.drafts.service import DraftRevisionRow, DraftRow
from server.http.locale import current_locale, gettext, localised
from server.http.words import node_title
from server.quotes import prices, unpublished
from server.runtime import Tx
from service_library.texts import SOURCE_LANGUAGE
from workflows.definitions.model import Definition
from workflows.problems import Problem

NextStep = Literal[
    "correct", "ask", "wait", "review", "publish", "wait_for_publisher", "published", "abandoned"
]
_MOST_REVISIONS = 30


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list. waits_for_me: the next step is mine."""

    row: DraftRow
    step: NextStep
    open_comments: int
    waits_for_me: bool


@dataclass(frozen=True, slots=True)
class DraftList:
    """waiting: for me; mine: I wrote in them; others; over: published or put away, the newest ones."""

    waiting: list[DraftLine]
    mine: list[DraftLine]
    others: list[DraftLine]
    over: list[DraftLine]
    people: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment with the answers to it."""

    first: DraftCommentRow
    answers: list[DraftCommentRow]
    place: str

    @property
    def open(self) -> bool:
        return self.first.resolved_at is None


@dataclass(frozen=True, slots=True)
class FileLine:
    """A form or decision model of a draft with its problems. title: of a form that can be built."""

    ref: str
    name: str
    title: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class DraftPage:
    """Everything the overview and the review say. mine: the reader wrote in it, so does not decide about it."""

    row: DraftRow
    ready: Readiness
    definition: Definition | None
    step: NextStep
    mine: bool
    threads: list[Thread]
    steps: list[DraftReviewRow]
    revisions: list[DraftRevisionRow]
    people: Mapping[str, str]
    forms: list[FileLine]
    decisions: list[FileLine]
    newest: ServiceVersionRow | None
    published: ServiceVersionRow | None
    elements: list[ChangedElement] = field(default_factory=list)
    form_changes: dict[str, list[Change]] = field(default_factory=dict)

    @property
    def open_threads(self) -> list[Thread]:
        return [thread for thread in self.threads if thread.open]

    @property
    def worth_a_look(self) -> tuple[Problem, ...]:
        """What hinders publication, then the checker's advice."""
        advice = tuple(p for p in self.ready.problems if p.severity not in ("fatal", "error"))
        return (*self.ready.hindrances, *advice)

    @property
    def places(self) -> list[tuple[str, str, str]]:
        """The tasks, events and gateways one can speak about: (id, name, its language, "" = the reader's)."""
        nodes = self.definition.every_node().values() if self.definition else ()
        return [
            (
                node.id,
                self.name_of(node.id),
                ""
                if (node.task and localised(node.task.title)) or current_locale() in node.names
                else SOURCE_LANGUAGE,
            )
            for node in nodes
            if node.name or node.task
        ]

    def name_of(self, element: str) -> str:
        """What an element is called now; its id when it is gone."""
        return place_name(self.definition, element)

    def element_of(self, place: str) -> str:
        """The element of the diagram that the place of a problem is at or in; "" for another place."""
        element = place.split(":")[1] if place.startswith("diagram:") else place
        known = self.definition
        if known is None:
            return ""
        found = element == known.process_id or element in known.flows or element in known.every_node()
        return element if found else ""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """The price of one village in a region, published and as the draft says. minor units; None = prices missing."""

    name: str
    currency: str
    before: int | None
    after: int | None
    missing: int


def draft_list(tx: Tx) -> DraftList:
    """The drafts, sorted by what the reader has to do with them."""
    waiting: list[DraftLine] = []
    mine: list[DraftLine] = []
    others: list[DraftLine] = []
    over: list[DraftLine] = []
    rows = drafts.drafts(tx)
    written, unresolved, last = (
        review.written_by(tx, tx.actor.user_id),
        review.open_threads(tx),
        review.last_steps(tx),
    )
    for row in rows:
        by_me = row.id in written
        line = _line(tx, row, by_me, unresolved.get(row.id, 0), last.get(row.id, ""))
        if line.waits_for_me:
            waiting.append(line)
        elif row.state in ("published", "abandoned"):
            over.append(line)
        else:
            (mine if by_me else others).append(line)
    return DraftList(waiting, mine, others, over[:20], _people(tx, (row.changed_by for row in rows)))


def _line(tx: Tx, row: DraftRow, by_me: bool, unresolved: int, last: str) -> DraftLine:
    step = _next_step(tx, row, by_me, mistakes=False)
    sent_back = row.state == "draft" and by_me and last == "sent_back"
    return DraftLine(row, step, unresolved, step in ("review", "publish") or sent_back)


def draft_page(tx: Tx, draft_id: str) -> DraftPage:
    """A draft, with everything that is known about it."""
    row = drafts.draft(tx, draft_id)
    ready = review.readiness(tx, draft_id)
    definition = drafts.opened(ready.held).definition
    steps, revisions = review.steps(tx, draft_id), drafts.revisions(tx, draft_id)[:_MOST_REVISIONS]
    said = review.comments(tx, draft_id)
    by_me = tx.actor.user_id in drafts.authors(tx, draft_id)
    newest = ready.published[0] if ready.published else None
    package, old = ready.package, catalogue.package(tx, newest.id) if newest else None
    compared = ready.found is not None and package is not None and old is not None
    wrote = [s.done_by for s in steps] + [r.saved_by for r in revisions]
    wrote += [by for c in said for by in (c.said_by, c.resolved_by) if by] + [row.created_by, row.changed_by]
    return DraftPage(
        row=row, ready=ready, definition=definition, step=_next_step(tx, row, by_me, mistakes=bool(ready.hindrances)),
        mine=by_me, threads=_threads(said, definition), steps=steps, revisions=revisions,
        people=_people(tx, wrote), forms=_files(ready, "forms"), decisions=_files(ready, "decisions"), newest=newest,
        published=catalogue.version(tx, row.published_version_id) if row.published_version_id else None,
        elements=changed_elements(ready.found, old, package) if compared else [],  # type: ignore[arg-type]
        form_changes=form_changes(ready.found) if ready.found else {},
    )  # fmt: skip


def _next_step(tx: Tx, row: DraftRow, by_me: bool, *, mistakes: bool) -> NextStep:
    if row.state == "draft":
        return "correct" if mistakes else "ask"
    if row.state == "in_review":
        return "review" if not by_me and can(tx.actor, Action.SERVICE_REVIEW) else "wait"
    if row.state == "approved":
        return "publish" if can(tx.actor, Action.SERVICE_PUBLISH) else "wait_for_publisher"
    return "published" if row.state == "published" else "abandoned"


def _threads(said: list[DraftCommentRow], definition: Definition | None) -> list[Thread]:
    """Open ones first; each with its answers, in the order of time."""
    threads = [
        Thread(
            first,
            [c for c in said if c.answers == first.id],
            place_name(definition, first.element, first.element_name),
        )
        for first in said
        if first.answers is None
    ]
    return sorted(threads, key=lambda thread: not thread.open)


def place_name(definition: Definition | None, element: str, known_as: str = "") -> str:
    """What an element of a diagram is called: a task by its title; one that is gone as it was called."""
    if not element:
        return ""
    if element.startswith("diagram:"):  # a text of an element, as translations name it
        element = element.split(":")[1]
    if definition is not None:
        if element == definition.process_id:
            return gettext("Service card")
        node, flow = definition.every_node().get(element), definition.flows.get(element)
        if node is not None:
            return node_title(node)
        if flow is not None:
            ends = (place_name(definition, flow.source), place_name(definition, flow.target))
            return localised(flow.names) or " → ".join(ends)
        if element in definition.lanes:
            return localised(definition.lane_names.get(element)) or definition.lanes[element] or element
    return gettext("%(element)s (removed)", element=known_as) if known_as else element


def _files(ready: Readiness, kind: Literal["forms", "decisions"]) -> list[FileLine]:
    held: Content = ready.held
    files = held.forms if kind == "forms" else held.decisions
    built = ready.package.forms if ready.package and kind == "forms" else {}
    return [
        FileLine(ref, file.name, built[ref].title if ref in built else "", drafts.problems_of_file(ready.problems, ref))
        for ref, file in sorted(files.items())
    ]  # fmt: skip


def price_lines(tx: Tx, page: DraftPage) -> list[PriceLine]:
    """What one village costs in up to three regions, now and as the draft says; [] for a reader without prices."""
    regions = prices.priced_regions(tx)[: prices.MOST_REGIONS]
    if page.definition is None or not regions:
        return []
    codes = [region.code for region in regions]
    old = {p.region.code: p for p in prices.in_regions(tx, page.newest.id, codes)} if page.newest else {}
    lines = []
    for after in unpublished.in_regions(tx, page.definition, codes):
        before = old.get(after.region.code)
        quote = after.quote or (before.quote if before else None)
        lines.append(
            PriceLine(
                localised(after.region.names), quote.currency if quote else "",
                before.quote.charged_minor if before and before.quote else None,
                after.quote.charged_minor if after.quote else None, len(after.missing),
            )
        )  # fmt: skip
    return lines


def _people(tx: Tx, ids: Iterable[str]) -> dict[str, str]:
    return accounts.names(tx, ids)


def draft_people(tx: Tx, draft_id: str) -> dict[str, str]:
    """The names of those who commented on a draft."""
    return _people(tx, (row.said_by for row in review.comments(tx, draft_id)))
