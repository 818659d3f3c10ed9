"""The words of reports in a language given: files are written outside requests too."""

from __future__ import annotations

from datetime import date

from payments.reports import Measure, Period
from server import formatting
from server.batches.pages import COMPONENTS, WORDS
from server.http.words import BANK_REASONS, FUNDS, PARTIES
from server.ledger.pages import KINDS
from translations import catalogue


def N_(message: str) -> str:  # noqa: N802  (the name that the extractor of messages knows)
    """Mark a text for the catalogues; it is translated where it is shown."""
    return message


_MEASURES: dict[Measure, str] = {
    "granted": N_("Granted"), "committed": N_("Set aside"), "from_reserve": N_("From the reserve"),
    "taken_over": N_("Taken over by a fund"), "released": N_("Given back"), "repaid": N_("Repaid"),
    "open": N_("Still set aside"), "consumed": N_("Used by accepted work"), "unfunded": N_("Without a budget"),
    "cost": N_("Cost of accepted work"),
    "paid": N_("Paid"),
}  # fmt: skip
_GROUPS = {
    "project": N_("Project"), "region": N_("Region"), "fund": N_("Fund"), "funder": N_("Funder"),
    "month": N_("Month"),
}  # fmt: skip


class Words:
    """The words in one language."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.say = catalogue(locale).gettext

    def period(self, period: Period) -> str:
        """Its days as in 1 Mar 2026 – 31 Mar 2026; an open end is left out."""
        ends = (formatting.day(self.locale, period.first), formatting.day(self.locale, period.last))
        return " – ".join(ends).strip()

    def days(self, first: int, last: int | None) -> str:
        """A band of days."""
        if last is None:
            return self.say(N_("more than %(days)s days")) % {"days": first - 1}
        return self.say(N_("%(first)s to %(last)s days")) % {"first": first, "last": last}

    def month(self, month: date) -> str:
        """A month as programs sort it: 2026-03."""
        return f"{month:%Y-%m}"

    def measure(self, measure: Measure) -> str:
        return self.say(_MEASURES[measure])

    def group(self, by: str) -> str:
        return self.say(_GROUPS[by])

    def entry(self, kind: str) -> str:
        return self.say(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")

    def component(self, component: str) -> str:
        return self.say(COMPONENTS[component]) if component in COMPONENTS else component

    def state(self, state: str) -> str:
        """Of a batch."""
        return self.say(WORDS[state][1]) if state in WORDS else state

    def bank(self, said: str) -> str:
        """Why a payment failed, in words where the bank's code is known, and what the bank wrote."""
        code = said.partition(" ")[0]
        return f"{self.say(BANK_REASONS[code])} ({said})" if code in BANK_REASONS else said

    def fund(self, fund: str) -> str:
        return self.say(FUNDS[fund]) if fund in FUNDS else fund

    def party(self, party: str) -> str:
        return self.say(PARTIES[party]) if party in PARTIES else party
