"""Two versions of a service compared for a page: drawings, elements, texts per language, forms, prices per region.

Also a draft against the published version it follows: the same page, before anything is decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pricing.quotes import Quote
from server.catalogue import service as catalogue
from server.catalogue.comparison import Change, ChangedElement, changed_elements, form_changes, name_of
from server.catalogue.models import ServiceVersionRow
from server.documents import RegionPrices, compare_document
from server.documents.comparison import drawings
from server.errors import NotFound
from server.http.locale import current_locale, localised
from server.quotes import prices, unpublished
from server.regions.service import RegionRow
from server.runtime import Tx
from service_library.compare import PackageComparison, compare
from service_library.package import ServicePackage


@dataclass(frozen=True, slots=True)
class PricePair:
    """What one instance costs in a region in both; None where it has no price there."""

    region: RegionRow
    old: Quote | None
    new: Quote | None

    @property
    def difference(self) -> int | None:
        """In minor units; None when the two cannot be compared."""
        if self.old is None or self.new is None or self.old.currency != self.new.currency:
            return None
        return self.new.charged_minor - self.old.charged_minor


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions side by side. old, new: their numbers; for a draft `new` is the number it is to have."""

    code: str
    names: dict[str, str]
    old: str
    new: str
    is_draft: bool
    versions: list[ServiceVersionRow]
    found: PackageComparison
    drawn: list[tuple[str, Markup]]
    counts: dict[str, int]
    elements: list[ChangedElement]
    moved: list[tuple[str, str]]
    forms: dict[str, list[Change]]
    prices: list[PricePair]
    languages: list[str]


def compare_versions(tx: Tx, code: str, old: str, new: str) -> Comparison | None:
    """Two versions, the newest two without numbers; None when the service has only one. Raises NotFound."""
    chosen = _chosen(tx, code, old, new)
    if chosen is None:
        return None
    before, after, rows = chosen
    pairs = [
        PricePair(was.region, was.quote, now.quote)
        for was, now in zip(prices.in_regions(tx, before.id), prices.in_regions(tx, after.id), strict=True)
    ]
    return _comparison(
        catalogue.package(tx, before.id), catalogue.package(tx, after.id), rows, pairs, is_draft=False
    )


def compare_draft(tx: Tx, package: ServicePackage) -> Comparison | None:
    """A draft's package with the newest published version; None when there is none."""
    rows = catalogue.versions(tx, package.code)
    if not rows:
        return None
    old = catalogue.package(tx, rows[0].id)
    before = prices.in_regions(tx, rows[0].id)
    after = unpublished.in_regions(tx, package.definition, [each.region.code for each in before])
    pairs = [
        PricePair(was.region, was.quote, None if now.missing else now.quote)
        for was, now in zip(before, after, strict=True)
    ]
    return _comparison(old, package, rows, pairs, is_draft=True)


def document_of(tx: Tx, code: str, old: str, new: str, locale: str) -> str:
    """The comparison of two versions as a file to print. Raises NotFound, also when there is only one version."""
    chosen = _chosen(tx, code, old, new)
    if chosen is None:
        raise NotFound(what="version to compare", key=code)
    before, after, _ = chosen
    packages = catalogue.package(tx, before.id), catalogue.package(tx, after.id)
    both = zip(prices.in_regions(tx, before.id), prices.in_regions(tx, after.id), strict=True)
    return compare_document(
        compare(*packages), old=packages[0], new=packages[1], locale=locale,
        prices=[RegionPrices(localised(w.region.names) or w.region.code, w.quote, n.quote) for w, n in both],
    )  # fmt: skip


def _chosen(
    tx: Tx, code: str, old: str, new: str
) -> tuple[ServiceVersionRow, ServiceVersionRow, list[ServiceVersionRow]] | None:
    rows = catalogue.versions(tx, code)
    if not rows:
        raise NotFound(what="service", key=code)
    if len(rows) < 2 and not (old and new):
        return None
    after = catalogue.find_version(tx, code, new) if new else rows[0]
    before = catalogue.find_version(tx, code, old) if old else rows[1]
    return before, after, rows


def _comparison(
    old: ServicePackage, new: ServicePackage, rows: list[ServiceVersionRow], pairs: Sequence[PricePair], *,
    is_draft: bool,
) -> Comparison:  # fmt: skip
    found = compare(old, new)
    drawn, marks = drawings(found, old=old, new=new, locale=current_locale())
    elements, forms = changed_elements(found, old, new), form_changes(found)
    changed = [change for element in elements for change in element.changes]
    changed += [change for changes in forms.values() for change in changes]
    return Comparison(
        code=new.code, names=dict(new.definition.service.name), old=old.version, new=new.version, is_draft=is_draft,
        versions=rows, found=found, drawn=drawn, counts=dict(Counter(marks.values())), elements=elements,
        moved=[(each, name_of(new.definition, each)) for each in found.definition.moved], forms=forms,
        prices=list(pairs), languages=sorted({change.language for change in changed if change.language}),
    )  # fmt: skip
