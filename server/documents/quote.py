"""The quote on paper: the price, what it is made of down to the row of a price list, and who pays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pricing.money import round_half_up
from pricing.quotes import Due, Quote, QuotedTask, QuoteLine
from server.documents.figures import histogram, payers
from server.documents.rendering import render
from server.http.navigation import N_

_PERCENTILE: Final = {"p80": "P80"}
DUE_REASONS: Final = {
    "due": N_("Each accepted delivery"),
    "due_once": N_("Besides, with the first one in each village"),
    "due_instance": N_("Besides, once in each village"),
    "due_rework": N_("Besides, for each repetition after it was sent back"),
}


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as it is shown. times: expected executions in all villages."""

    line: QuoteLine
    times: Fraction
    has_formula: bool
    others: tuple[tuple[str, bool, int], ...]
    """(party, in kind, minor units) for what the fund does not pay."""


@dataclass(frozen=True, slots=True)
class DueView:
    reason: str
    due: Due


@dataclass(frozen=True, slots=True)
class TaskView:
    task: QuotedTask
    lines: tuple[LineView, ...]
    dues: tuple[DueView, ...]


def quote_document(
    quote: Quote,
    *,
    service_names: Mapping[str, str],
    region_name: str,
    locale: str,
    service_version: str = "",
    skill_names: Mapping[str, Mapping[str, str]] | None = None,
    region_names: Mapping[str, str] | None = None,
    parameter_names: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """The quote as one printable HTML file; the same quote gives the same bytes.

    service_names, skill_names, parameter_names: texts by language. region_names: of the regions whose prices
    were used, by code. What has no name is shown by its code.
    """
    return render(
        "quote.html",
        locale,
        quote=quote,
        digest=quote.digest(),
        service_names=service_names,
        service_version=service_version,
        region_name=region_name,
        skill_names=skill_names or {},
        region_names={quote.region: region_name, **(region_names or {})},
        parameter_names=parameter_names or {},
        per_village=round_half_up(Fraction(quote.charged_minor, quote.count)),
        divides=quote.charged_minor % quote.count == 0,
        payers=payers(quote.fund_minor, quote.party_minor, quote.in_kind_minor),
        figure=histogram(quote.risk, quote.charged_minor, _PERCENTILE.get(quote.basis, ""))
        if quote.risk
        else None,
        tasks=[_task(quote, quote.tasks[id_]) for id_ in _in_order(quote)],
        illustrative=any(line.price.quality == "illustrative" for line in quote.lines),
    )


def _in_order(quote: Quote) -> list[str]:
    """The tasks as the diagram has them, which the lines remember; a quote read back sorts its keys."""
    return list(
        dict.fromkeys([*(line.task for line in quote.lines if line.task in quote.tasks), *quote.tasks])
    )


def _task(quote: Quote, task: QuotedTask) -> TaskView:
    lines = tuple(_line(quote, line) for line in quote.lines if line.task == task.id)
    dues = []
    for name, reason in DUE_REASONS.items():
        due: Due = getattr(task, name)
        if name == "due" or due.cash_minor or due.in_kind_minor:
            dues.append(DueView(reason, due))
    return TaskView(task, lines, tuple(dues))


def _line(quote: Quote, line: QuoteLine) -> LineView:
    others = [(party, True, minor) for party, minor in line.in_kind_minor.items() if minor]
    others += [(party, False, minor) for party, minor in line.party_minor.items() if minor]
    return LineView(
        line=line,
        times=line.executions * quote.count,
        has_formula=any(letter.isalpha() for letter in line.quantity_text),
        others=tuple(others),
    )
