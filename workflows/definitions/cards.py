"""From `run:` values (workflows.schema.descriptor) to the cards of the model; a thin mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from workflows.definitions.model import (
    Estimate,
    Evidence,
    Expense,
    FormRef,
    Honorarium,
    Labelled,
    Output,
    Parameter,
    ServiceCard,
    TaskCard,
    Verification,
)
from workflows.problems import Problem
from workflows.schema.descriptor import Values

_DURATIONS: Final = ("durationMin", "durationTypical", "durationMax")
Report = Callable[[Problem], None]
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


def decimal(text: str) -> Decimal | None:
    """The number written in `text` with a decimal point and no exponent; None when it is not one."""
    text = text.strip()
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def service_card(values: Values, place: str, report: Report) -> ServiceCard:
    """The card of the service from a `run:service` element."""
    return ServiceCard(
        code=values.get("code", ""),
        name=values.get("name", {}),
        justification=values.get("justification", {}),
        purpose=values.get("purpose", {}),
        outputs=tuple(
            Output(
                id=each.get("id", ""),
                unit=each.get("unit", ""),
                quantity=each.get("quantity", ""),
                label=each.get("label", {}),
            )
            for each in values.get("output", ())
        ),
        parameters=tuple(_parameter(each, place, report) for each in values.get("parameter", ())),
        forms=_forms(values.get("form", ()), place, report),
    )


def task_card(values: Values, place: str, report: Report) -> TaskCard:
    """The card of a task from a `run:task` element."""
    return TaskCard(
        skill=values.get("skill", ""),
        title=values.get("title", {}),
        outcome=values.get("outcome", {}),
        instructions=values.get("instructions", {}),
        activities=_labelled(values.get("activity", ())),
        criteria=_labelled(values.get("criterion", ())),
        evidence=tuple(
            evidence
            for each in values.get("evidence", ())
            if (evidence := _evidence(each, place, report)) is not None
        ),
        expenses=tuple(_expense(each) for each in values.get("expense", ())),
        honorarium=_honorarium(values.get("honorarium")),
        forms=_forms(values.get("form", ()), place, report),
        verification=_verification(values.get("verification"), place, report),
        deadline_days=values.get("deadlineDays"),
    )


def estimate(values: Values, place: str, report: Report) -> Estimate:
    """What the expert expects, from a `run:estimate` element; durations only when all three are there."""
    durations = {name: _number(values, name, place, report) for name in _DURATIONS}
    given = [each for each in durations.values() if each is not None]
    for name, each in durations.items():
        if given and each is None and name not in values:
            _report_missing(report, place, "estimate", "", name)
    return Estimate(
        probability=_number(values, "probability", place, report),
        repetitions=_number(values, "repetitions", place, report),
        rework=_number(values, "rework", place, report),
        duration_days=(given[0], given[1], given[2]) if len(given) == len(durations) else None,
        max_rounds=values.get("maxRounds"),
    )


def _number(values: Values, name: str, place: str, report: Report) -> Decimal | None:
    text = values.get(name)
    if text is None:
        return None
    number = decimal(text)
    if number is None:
        _report_number(report, place, name, text)
    return number


def _report_number(report: Report, place: str, name: str, text: str) -> None:
    report(
        Problem(
            "metadata-number",
            "“%(value)s” is not a number for %(property)s. Write it with digits and a point, like 0.25.",
            place=place,
            params={"value": text[:60], "property": name},
        )
    )


def _labelled(items: Iterable[Values]) -> tuple[Labelled, ...]:
    return tuple(Labelled(id=each.get("id", ""), label=each.get("label", {})) for each in items)


def _parameter(values: Values, place: str, report: Report) -> Parameter:
    return Parameter(
        id=values.get("id", ""),
        label=values.get("label", {}),
        unit=values.get("unit", ""),
        default=_number(values, "default", place, report),
        minimum=_number(values, "minimum", place, report),
        maximum=_number(values, "maximum", place, report),
    )


def _evidence(values: Values, place: str, report: Report) -> Evidence | None:
    if "kind" not in values:
        _report_missing(report, place, "evidence", values.get("id", ""), "kind")
        return None
    return Evidence(
        id=values.get("id", ""),
        kind=values["kind"],
        label=values.get("label", {}),
        min=values["min"],
        max=values.get("max"),
        mandatory=values["mandatory"],
        criteria=tuple(values.get("criteria", "").replace(",", " ").split()),
        field=values.get("field", ""),
    )


def _expense(values: Values) -> Expense:
    return Expense(
        id=values.get("id", ""),
        item=values.get("item", ""),
        quantity=expression(values.get("quantity")),
        unit=values.get("unit", ""),
        label=values.get("label", {}),
        payer=values.get("payer") or "fund",
        in_kind=values["inKind"],
        procurement=values["procurement"],
        reason=values.get("reason", {}),
        charge=values["charge"],
    )


def _honorarium(values: Values | None) -> Honorarium | None:
    if values is None:
        return None
    return Honorarium(
        item=values.get("item", ""),
        quantity=expression(values.get("quantity")),
        unit=values.get("unit") or "DAY",
        charge=values["charge"],
    )


def expression(values: Values | None) -> str:
    """The FEEL text of a `run:` element that holds nothing else; "" when there is none."""
    return "" if values is None else str(values.get("body", "")).strip()


def _forms(items: Iterable[Values], place: str, report: Report) -> tuple[FormRef, ...]:
    found = []
    for each in items:
        missing = [name for name in ("role", "ref", "version") if not each.get(name)]
        for name in missing:
            _report_missing(report, place, "form", each.get("ref", ""), name)
        if not missing:
            found.append(FormRef(role=each["role"], ref=each["ref"], version=each["version"]))
    return tuple(found)


def _report_missing(report: Report, place: str, element: str, own_id: object, name: str) -> None:
    report(
        Problem(
            "metadata-missing",
            "%(element)s %(id)s has no %(property)s; it is left out. Add it.",
            place=place,
            params={"element": element, "id": own_id, "property": name},
        )
    )


def _verification(values: Values | None, place: str, report: Report) -> Verification:
    if values is None:
        return Verification()
    return Verification(
        policy=values["policy"],
        gate=values["gate"],
        second_check=_number(values, "secondCheck", place, report) or Decimal(0),
        rework=values["rework"],
        max_rework=values["maxRework"],
    )
