"""How a number of a quote came about: one sentence and the numbers it is made of, which open in turn.

Every number has a name: "charged", "expected", "direct", "contingency", "fund", "party:NAME", "in_kind:NAME",
"overhead:CODE", "contribution:1", "task:ID", "line:TASK/ID", "executions:TASK/ID", "quantity:TASK/ID",
"price:TASK/ID". Following the parts from "charged" reaches every line, and from a line the row of a price list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pricing.quoted import Quote, QuoteLine


@dataclass(frozen=True, slots=True)
class Part:
    """A number that another one is made of. amount_minor: what it adds, None where it multiplies."""

    number: str
    amount_minor: int | None = None
    exact: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A number with its reason.

    amount_minor: whole minor units; None for what is no money. exact: before rounding, major units or a plain
    number. message: English msgid with places that params fill. parts: what it is made of; where they add up,
    their amounts sum to amount_minor.
    """

    number: str
    amount_minor: int | None
    exact: Fraction | None
    message: str
    params: Mapping[str, str]
    parts: tuple[Part, ...] = ()


def explain(quote: Quote, number: str) -> Explanation:
    """Explain a number of a quote by its name. Raises KeyError for a name that the quote does not have."""
    kind, _, name = number.partition(":")
    found = _TOTALS.get(number)
    if found is not None:
        return found(quote)
    return _NAMED[kind](quote, name)


def _charged(quote: Quote) -> Explanation:
    parts = (Part("expected", quote.expected_minor), Part("contingency", quote.contingency_minor))
    return Explanation(
        "charged", quote.charged_minor, None,
        "The expected cost, and what the fund holds on top so that the price is enough.",
        {"basis": quote.basis, "count": str(quote.count)}, parts,
    )  # fmt: skip


def _expected(quote: Quote) -> Explanation:
    overheads = [Part(f"overhead:{o.code}", o.amount_minor) for o in quote.overheads]
    return Explanation(
        "expected", quote.expected_minor, None,
        "The direct cost at expected quantities and typical prices, with the overheads.",
        {}, (Part("direct", quote.direct_minor), *overheads),
    )  # fmt: skip


def _direct(quote: Quote) -> Explanation:
    tasks = tuple(Part(f"task:{task.id}", task.amount_minor) for task in quote.tasks.values())
    return Explanation("direct", quote.direct_minor, None, "The sum of all tasks.", {}, tasks)


def _contingency(quote: Quote) -> Explanation:
    messages: dict[str, str] = {
        "p80": "What is missing from the expected cost to P80, which four of five simulated cases do not exceed, "
        "and %(rounding)s for the rounding of payments.",
        "maximum": "What is missing from the expected cost to the greatest cost, and %(rounding)s for the rounding "
        "of payments.",
        "expected": "What the rounding of payments to whole units may cost: %(rounding)s.",
    }
    params = {"rounding": str(quote.rounding_minor)}
    if quote.risk:
        params |= {
            "p80": str(quote.risk.p80_minor),
            "seed": str(quote.risk.seed),
            "draws": str(quote.risk.draws),
        }
    return Explanation("contingency", quote.contingency_minor, None, messages[quote.basis], params)


def _fund(quote: Quote) -> Explanation:
    others = [Part(f"party:{party}", -minor) for party, minor in quote.party_minor.items()]
    given = [Part(f"in_kind:{party}", -minor) for party, minor in quote.in_kind_minor.items()]
    return Explanation(
        "fund", quote.fund_minor, None, "The price without what third parties pay and give.", {},
        (Part("charged", quote.charged_minor), *others, *given),
    )  # fmt: skip


def _party(quote: Quote, name: str) -> Explanation:
    lines = ((line, line.party_minor.get(name, 0)) for line in quote.lines)
    return Explanation(
        f"party:{name}", quote.party_minor[name], None, "What %(party)s pays, line by line.", {"party": name},
        tuple(Part(_line_name(line), minor) for line, minor in lines if minor),
    )  # fmt: skip


def _in_kind(quote: Quote, name: str) -> Explanation:
    lines = ((line, line.in_kind_minor.get(name, 0)) for line in quote.lines)
    return Explanation(
        f"in_kind:{name}", quote.in_kind_minor[name], None, "What %(party)s gives, line by line.",
        {"party": name}, tuple(Part(_line_name(line), minor) for line, minor in lines if minor),
    )  # fmt: skip


def _overhead(quote: Quote, code: str) -> Explanation:
    found = next((o for o in quote.overheads if o.code == code), None)
    if found is None:
        raise KeyError(code)
    message = {
        ("percent", "direct"): "%(value)s percent of the direct cost.",
        ("percent", "running"): "%(value)s percent of the direct cost and the overheads before it.",
    }.get((found.kind, found.base), "A fixed amount of %(value)s.")
    base: tuple[Part, ...] = (Part("direct", None),) if found.kind == "percent" else ()
    if found.base == "running":
        before = quote.overheads[: quote.overheads.index(found)]
        base += tuple(Part(f"overhead:{o.code}") for o in before)
    return Explanation(
        f"overhead:{code}", found.amount_minor, found.amount, message, {"value": _decimal(found.value)}, base
    )


def _contribution(quote: Quote, name: str) -> Explanation:
    if not name.isascii() or not name.isdigit() or not 1 <= int(name) <= len(quote.contributions):
        raise KeyError(name)
    rule = quote.contributions[int(name) - 1]
    message = {
        "percent": "%(party)s bears %(value)s percent of what the fund would still pay of %(scope)s.",
        "fixed": "%(party)s bears %(value)s of what the fund would still pay of %(scope)s.",
        "in_kind": "%(party)s gives %(value)s percent of what the fund would still pay of %(scope)s.",
    }[rule.kind]
    params = {
        "party": rule.party, "scope": rule.scope, "value": "100" if rule.value is None else _decimal(rule.value),
        "cap": "" if rule.cap is None else _decimal(rule.cap),
    }  # fmt: skip
    return Explanation(f"contribution:{name}", rule.amount_minor, rule.amount, message, params)


def _task(quote: Quote, task: str) -> Explanation:
    lines = tuple(Part(_line_name(line), line.amount_minor) for line in quote.lines if line.task == task)
    return Explanation(
        f"task:{task}", quote.tasks[task].amount_minor, None, "The sum of its lines.",
        {"executions": _decimal(quote.tasks[task].executions)}, lines,
    )  # fmt: skip


def _line(quote: Quote, name: str) -> Explanation:
    line = _find(quote, name)
    return Explanation(
        f"line:{name}", line.amount_minor, line.amount,
        "%(count)s times %(executions)s executions, times %(quantity)s %(unit)s, times the price of one.",
        {"count": str(quote.count), "executions": _decimal(line.executions), "quantity": _decimal(line.quantity),
         "unit": line.unit},
        (
            Part(f"executions:{name}", None, line.executions), Part(f"quantity:{name}", None, line.quantity),
            Part(f"price:{name}", None, line.price.typical),
        ),
    )  # fmt: skip


def _executions(quote: Quote, name: str) -> Explanation:
    line = _find(quote, name)
    message = {
        "execution": "Each execution is charged; expected in one instance, with paid repetitions.",
        "acceptance": "Each accepted delivery is charged; expected in one instance.",
        "once": "Charged once if the task is reached at all: the chance that it is.",
        "instance": "Charged once in each instance.",
    }[line.charge]
    return Explanation(
        f"executions:{name}", None, line.executions, message,
        {"charge": line.charge, "exact": str(line.executions), "rework": str(line.rework)},
    )  # fmt: skip


def _quantity(quote: Quote, name: str) -> Explanation:
    line = _find(quote, name)
    numbers = {key: _decimal(value) for key, value in quote.parameters.items() if key in line.quantity_text}
    return Explanation(
        f"quantity:{name}", None, line.quantity, "The quantity for one execution is %(formula)s.",
        {"formula": line.quantity_text, "unit": line.unit, **numbers},
    )  # fmt: skip


def _price(quote: Quote, name: str) -> Explanation:
    price = _find(quote, name).price
    return Explanation(
        f"price:{name}", None, price.typical,
        "Row %(row)s of the list %(list)s for %(region)s, valid from %(valid_from)s: %(listed)s "
        "%(listed_currency)s for one %(listed_unit)s.",
        {
            "list": price.list, "row": str(price.row), "region": price.region, "level": price.level,
            "depth": str(price.depth), "valid_from": price.valid_from.isoformat(),
            "valid_to": price.valid_to.isoformat() if price.valid_to else "", "listed": _decimal(price.listed),
            "listed_unit": price.listed_unit, "listed_currency": price.listed_currency,
            "unit_factor": str(price.unit_factor), "exchange_rate": str(price.exchange_rate),
            "exchange_source": price.exchange_source, "quality": price.quality, "source": price.source,
            "observed_on": price.observed_on.isoformat() if price.observed_on else "", "observer": price.observer,
        },
    )  # fmt: skip


_TOTALS: Final = {
    "charged": _charged, "expected": _expected, "direct": _direct, "contingency": _contingency, "fund": _fund,
}  # fmt: skip
_NAMED: Final = {
    "party": _party, "in_kind": _in_kind, "overhead": _overhead, "contribution": _contribution, "task": _task,
    "line": _line, "executions": _executions, "quantity": _quantity, "price": _price,
}  # fmt: skip


def _line_name(line: QuoteLine) -> str:
    return f"line:{line.task}/{line.id}"


def _find(quote: Quote, name: str) -> QuoteLine:
    found = next((line for line in quote.lines if f"{line.task}/{line.id}" == name), None)
    if found is None:
        raise KeyError(name)
    return found


def _decimal(value: Fraction) -> str:
    """Exact where six places are enough, else rounded to them."""
    return f"{round(value * 10**6) / 10**6:.6f}".rstrip("0").rstrip(".")
