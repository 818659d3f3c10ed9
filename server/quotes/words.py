"""The words and numbers of prices that only their pages need."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from pricing.contributions import Contribution
from pricing.quotes import QuotedContribution, QuoteLine
from server import formatting
from server.documents.words import CATEGORIES
from server.http.locale import current_locale, format_minor, format_number, format_share, gettext
from server.http.navigation import N_
from server.http.words import party_word

OVERHEADS = {
    "coordination": N_("Regional coordination"), "franchise_fee": N_("Franchise fee"),
    "contingency": N_("Flat contingency"), "tax": N_("Tax"), "other": N_("Another overhead"),
}  # fmt: skip
_EXACT = 6
_SMALL = 2


def precise(value: Decimal | Fraction) -> str:
    """A factor with up to six decimals: enough to reckon with."""
    return formatting.number(current_locale(), value, decimals=_EXACT)


def percentage(value: Fraction) -> str:
    """A share (0 to 1) in per cent, with at most two decimals: "12.5 %"."""
    return formatting.share(current_locale(), value, decimals=_SMALL)


def month(value: date) -> str:
    """A month in short."""
    return formatting.month(current_locale(), value)


def change_share(before: int, after: int) -> str:
    """How much more or less, in per cent with its sign; "" when it cannot be said or is nothing."""
    if not before or before == after:
        return ""
    share = Fraction(after - before, before)
    return ("+" if share > 0 else "\u2212") + (format_share(abs(share)) or "")


def contribution_words(rule: Contribution | QuotedContribution, currency: str) -> str:
    """What a third party agreed to bear: "20 % of the whole service"."""
    scope = scope_words(rule.scope)
    if rule.kind == "fixed" and rule.value is not None:
        amount = format_number(rule.value)
        words = gettext("%(amount)s %(currency)s of %(scope)s", amount=amount, currency=currency, scope=scope)
    else:
        share = percentage((Fraction(100) if rule.value is None else rule.value) / 100)
        words = (
            gettext("%(share)s of %(scope)s, in kind", share=share, scope=scope)
            if rule.kind == "in_kind"
            else gettext("%(share)s of %(scope)s", share=share, scope=scope)
        )
    return gettext("%(contribution)s; shown, not paid", contribution=words) if rule.memo else words


def scope_words(scope: str) -> str:
    """Which lines an agreement is about."""
    kind, _, name = scope.partition(":")
    return {
        "item": gettext("the item %(name)s", name=name),
        "category": gettext("the category %(name)s", name=category_word(name)),
        "task": gettext("the task %(name)s", name=name),
        "line": gettext("the line %(name)s", name=name),
    }.get(kind, gettext("the whole service"))


def overhead_word(code: str) -> str:
    """An overhead that has no name of its own; an unknown code as it is."""
    return gettext(OVERHEADS[code]) if code in OVERHEADS else code


def category_word(category: str) -> str:
    """A category of items in words; one without a word as it is."""
    return gettext(CATEGORIES[category]).lower() if category in CATEGORIES else category


def payer_words(line: QuoteLine, currency: str) -> str:
    """Who bears which part of a line; "" when the fund bears all of it."""
    others = [(party_word(party), minor) for party, minor in line.party_minor.items() if minor]
    others += [
        (gettext("%(party)s, in kind", party=party_word(party)), minor)
        for party, minor in line.in_kind_minor.items()
        if minor
    ]
    if not others:
        return ""
    parts = [(party_word("fund"), line.fund_minor), *others] if line.fund_minor else others
    return "; ".join(
        gettext("%(label)s: %(text)s", label=party, text=format_minor(minor, currency))
        for party, minor in parts
    )
