"""Two versions of a service side by side: drawing, texts, forms, numbers, price, and what lags behind.

Texts are compared word by word, as on the site: what went is struck out, what came is underlined; unchanged
stretches of long texts are shortened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from forms import xform
from pricing.money import round_half_up
from pricing.quotes import Quote
from server import formatting
from server.catalogue.comparison import word_by_word
from server.documents.diagram_svg import Mark, diagram_svg
from server.documents.rendering import render
from server.documents.words import Words
from server.http.navigation import N_
from service_library.compare import PackageComparison
from service_library.form_comparison import FormComparison
from service_library.package import ServicePackage
from translations import catalogue
from workflows.definitions.model import Definition

ORDER: Final = N_("Order of the activities")


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """What one instance, or several, cost in a region in both versions; None where it has no price."""

    region_name: str
    old: Quote | None
    new: Quote | None


@dataclass(frozen=True, slots=True)
class _PriceRow:
    """Minor units for one village. share: of the old price, None without one."""

    region_name: str
    currency: str
    old: int | None
    new: int | None
    difference: int | None
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class TextView:
    """A text in one language ("" for what is none), as pieces: ("same", "removed" or "added", words)."""

    language: str
    pieces: Sequence[tuple[str, str]]


@dataclass(slots=True)
class ChangeView:
    """A part that differs, in the languages in which it does."""

    part: str
    texts: list[TextView] = field(default_factory=list)


@dataclass(slots=True)
class ElementView:
    """An element, or a question of a form, that differs."""

    name: str
    kind: str
    code: str = ""
    changes: dict[str, ChangeView] = field(default_factory=dict)

    def add(self, part: str, language: str, before: str, after: str) -> None:
        """Add a difference; parts and languages keep the order in which they come."""
        view = self.changes.setdefault(part, ChangeView(part))
        view.texts.append(TextView(language, word_by_word(before, after)))


def compare_document(
    comparison: PackageComparison,
    *,
    old: ServicePackage,
    new: ServicePackage,
    prices: Sequence[RegionPrices] = (),
    locale: str,
) -> str:
    """The difference of two versions as one printable HTML file; the same input gives the same bytes.

    prices: one row each; quotes of both versions should be of the same region, day and number of villages.
    """
    reader = _Reader(comparison, old, new, locale)
    forms = [(_form_title(each, old, new), each.kind, reader.questions(each)) for each in comparison.forms]
    elements = reader.elements()
    return render(
        "compare.html",
        locale,
        comparison=comparison,
        old=old,
        new=new,
        names=new.definition.service.name,
        drawings=reader.drawings(),
        marked=sorted(set(reader.marks().values())),
        prices=[_price(each) for each in prices],
        parameters=reader.parameters(),
        elements=elements,
        forms=forms,
        stale=[(reader.place(each.place), each.field, each.language) for each in comparison.stale],
        counts=(len(elements), sum(len(questions) for _, _, questions in forms)),
    )


def drawings(
    comparison: PackageComparison, *, old: ServicePackage, new: ServicePackage, locale: str
) -> tuple[list[tuple[str, Markup]], dict[str, Mark]]:
    """Both diagrams (version, <svg>) with what was added, removed, changed or moved, and the marks by element.

    One diagram when nothing has another place and nothing is new or gone.
    """
    reader = _Reader(comparison, old, new, locale)
    return reader.drawings(), reader.marks()


class _Reader:
    """The comparison in the words of one language."""

    def __init__(
        self, comparison: PackageComparison, old: ServicePackage, new: ServicePackage, locale: str
    ) -> None:
        self.comparison = comparison
        self.packages = (old, new)
        self.old = old.definition
        self.new = new.definition
        self.locale = locale
        self.words = Words(locale)
        self._text = catalogue(locale).gettext

    def name(self, element: str) -> str:
        """What an element is called: a task by its title, an arrow by what it joins."""
        for definition in (self.new, self.old):
            node, flow = definition.nodes.get(element), definition.flows.get(element)
            if node is not None:
                title = formatting.localised(self.locale, node.task.title) if node.task else ""
                return title or formatting.localised(self.locale, node.names) or node.name or element
            if flow is not None:
                return (
                    formatting.localised(self.locale, flow.names)
                    or f"{self.name(flow.source)} → {self.name(flow.target)}"
                )
            if element == definition.process_id:
                return self._text("Service card")
            if element in definition.lanes:
                return definition.lanes[element] or element
        return element

    def place(self, place: str) -> str:
        return place if ": " in place else self.name(place)

    def elements(self) -> list[ElementView]:
        """Added, removed and changed elements; parameters have their own table."""
        diagram, found = self.comparison.definition, dict[str, ElementView]()
        for ids, kind in (
            ((*diagram.added_nodes, *diagram.added_flows), "added"),
            ((*diagram.removed_nodes, *diagram.removed_flows), "removed"),
        ):
            found |= {id_: ElementView(self.name(id_), kind) for id_ in ids}
        for change in diagram.changes:
            if change not in self.comparison.parameters:
                view = found.setdefault(change.element, ElementView(self.name(change.element), "changed"))
                part = self.words.part(change.path)
                view.add(part, change.language, self._plain(change.old), self._plain(change.new))
        for order in self.comparison.reordered:
            view = found.setdefault(order.element, ElementView(self.name(order.element), "changed"))
            labels = self._activities(order.element)
            sides = (("removed", order.before), ("added", order.after))
            texts = [
                TextView(
                    "", ((piece, "\n".join(f"{i}. {labels.get(id_, id_)}" for i, id_ in enumerate(ids, 1))),)
                )
                for piece, ids in sides
            ]
            view.changes[ORDER] = ChangeView(self._text(ORDER), texts)
        return list(found.values())

    def _activities(self, element: str) -> Mapping[str, str]:
        node = self.new.nodes.get(element)
        if node is None or node.task is None:
            return {}
        return {a.id: formatting.localised(self.locale, a.label) or a.id for a in node.task.activities}

    def parameters(self) -> list[tuple[str, str, str, str]]:
        """(label, what of it, before, after)."""
        labels = {
            p.id: formatting.localised(self.locale, p.label) or p.id
            for definition in (self.old, self.new)
            for p in definition.service.parameters
        }
        rows = []
        for change in self.comparison.parameters:
            id_, _, part = change.path.removeprefix("service.parameters[").partition("]")
            part = self.words.part(part.removeprefix(".")) if part else self._text("Parameter")
            if change.language:
                part = f"{part} ({self.words.language(change.language)})"
            rows.append((labels.get(id_, id_), part, self._plain(change.old), self._plain(change.new)))
        return rows

    def questions(self, form: FormComparison) -> list[ElementView]:
        """The questions of a form that differ, by their label and, for the author, their path."""
        found: dict[str, ElementView] = {}
        labels = self._labels(form.ref)
        for change in form.changes:
            whole = change.part == "question"
            name = labels.get(change.path, "")
            kind = change.kind if whole else "changed"
            view = found.setdefault(
                change.path, ElementView(name or change.path, kind, code=change.path if name else "")
            )
            view.add(self.words.part(change.part), change.language, change.before, change.after)
        return list(found.values())

    def _labels(self, ref: str) -> Mapping[str, str]:
        """The label of each question of a form, by its path from the root; the newer version's where it has one."""
        labels: dict[str, str] = {}
        for package in self.packages:
            if ref in package.forms:
                form = xform.read(package.forms[ref].xform)
                labels |= {
                    path.removeprefix(f"/{form.root}/"): " ".join(
                        formatting.localised(self.locale, q.label).split()
                    )
                    for path, q in form.questions.items()
                }
        return labels

    # drawings -------------------------------------------------------------------------------------------

    def marks(self) -> dict[str, Mark]:
        """How each element of either drawing is highlighted."""
        diagram = self.comparison.definition
        marks: dict[str, Mark] = dict.fromkeys(diagram.moved, "moved")
        marks |= {change.element: "changed" for change in diagram.changes if change.kind != "service"}
        marks |= {order.element: "changed" for order in self.comparison.reordered}
        marks |= dict.fromkeys((*diagram.added_nodes, *diagram.added_flows), "added")
        marks |= dict.fromkeys((*diagram.removed_nodes, *diagram.removed_flows), "removed")
        return marks

    def drawings(self) -> list[tuple[str, Markup]]:
        """(version, drawing): one when both have the same elements at the same places."""
        diagram = self.comparison.definition
        same = not (
            diagram.added_nodes or diagram.removed_nodes or diagram.added_flows or diagram.removed_flows
            or diagram.moved
        )  # fmt: skip
        sides = [(self.comparison.new_version, self.new)]
        if not same:
            sides.insert(0, (self.comparison.old_version, self.old))
        drawn = [(version, self._drawing(version, definition)) for version, definition in sides]
        return [(version, svg) for version, svg in drawn if svg]

    def _drawing(self, version: str, definition: Definition) -> Markup:
        title = f"{formatting.localised(self.locale, definition.service.name) or definition.name} {version}"
        titles = {
            id_: formatting.localised(self.locale, names) for id_, names in definition.own_names().items()
        }
        titles |= {
            id_: formatting.localised(self.locale, node.task.title)
            for id_, node in definition.nodes.items()
            if node.task is not None
        }
        return diagram_svg(definition.xml, title=title, names=titles, marks=self.marks())

    def _plain(self, value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return self._text("yes") if value else self._text("no")
        if isinstance(value, int | Decimal | Fraction):
            return formatting.number(self.locale, value, decimals=6)
        if isinstance(value, tuple | list):
            return ", ".join(self._plain(each) for each in value)
        return str(value)


def _form_title(form: FormComparison, old: ServicePackage, new: ServicePackage) -> str:
    version = new.forms.get(form.ref) or old.forms.get(form.ref)
    return version.title if version and version.title else form.ref


def _price(prices: RegionPrices) -> _PriceRow:
    old, new = _per_village(prices.old), _per_village(prices.new)
    currency = next((q.currency for q in (prices.new, prices.old) if q), "")
    comparable = (
        prices.old is not None and prices.new is not None and prices.old.currency == prices.new.currency
    )
    difference = new - old if comparable and old is not None and new is not None else None
    share = Fraction(difference, old) if difference is not None and old else None
    return _PriceRow(prices.region_name, currency, old, new, difference, share)


def _per_village(quote: Quote | None) -> int | None:
    return None if quote is None else round_half_up(Fraction(quote.charged_minor, quote.count))
