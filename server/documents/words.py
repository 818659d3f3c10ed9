"""The words of states, parties, events and parts in the language of a document."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from pricing.quotes import Notice
from server import formatting
from server.catalogue.comparison import PARTS
from server.http.navigation import N_
from server.http.words import EVIDENCE, LEVELS, PARTIES, STATES
from translations import catalogue

EVENTS: Final = {
    "request:made": N_("The village asked for the service"),
    "instance:started": N_("The work was ordered"),
    "task:ready": N_("A task became ready"),
    "task:assigned": N_("A task was given to a facilitator"),
    "task:completed": N_("A task was done"),
    "instance:work_done": N_("All work was done"),
    "instance:accepted": N_("All work was accepted"),
    "instance:incident": N_("Something needed a person's decision"),
    "submission:received": N_("A form was received"),
    "submission:faulty": N_("A form had mistakes"),
    "delivery:made": N_("A result was delivered"),
    "delivery:sent_back": N_("A result was sent back"),
    "delivery:second_check_asked": N_("A second check was asked for"),
    "delivery:second_check_made": N_("A second check was made"),
    "delivery:accepted": N_("A result was accepted"),
}
"""What happens to an instance; other events are shown by their code."""
CATEGORIES: Final = {
    "honorarium": N_("Honorarium"),
    "communication": N_("Communication"),
    "venue": N_("Venue"),
    "catering": N_("Catering"),
    "materials": N_("Materials"),
    "equipment": N_("Equipment"),
    "transport": N_("Transport"),
}
LANGUAGES: Final = {"en": N_("English"), "fr": N_("French"), "es": N_("Spanish")}
FORM_PARTS: Final = {
    "hint": N_("Hint"),
    "type": N_("Type"),
    "question": N_("Question"),
    "required": N_("Required"),
    "required_message": N_("Message when empty"),
    "relevant": N_("Asked when"),
    "constraint": N_("Constraint"),
    "constraint_message": N_("Message when the constraint is broken"),
    "read_only": N_("Read only"),
    "calculation": N_("Calculation"),
    "appearance": N_("Appearance"),
    "choice_filter": N_("Choice filter"),
    "repeat_count": N_("Number of repetitions"),
    "min": N_("at least"),
    "max": N_("at most"),
}
QUALITIES: Final = {
    "quote": N_("price offered by a seller"),
    "survey": N_("market survey"),
    "public": N_("public price"),
    "illustrative": N_("illustrative"),
}
_STEP: Final = re.compile(r"([a-z_]+)(?:\[([^\]]*)\])?")


class Words:
    """The words of one language; a code without a word stays as it is."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._text = catalogue(locale).gettext

    def state(self, code: str) -> str:
        return self._text(STATES[code]) if code in STATES else code.replace("_", " ")

    def party(self, code: str) -> str:
        """Who pays; "" is the fund."""
        code = code or "fund"
        return self._text(PARTIES[code]) if code in PARTIES else code

    def unit(self, code: str) -> str:
        """A unit as people say it of one, without its synonyms."""
        return formatting.unit(self.locale, code)

    def measure(self, quantity: Fraction, unit: str) -> str:
        """A quantity with its unit: "50 km", "4 working days"; things that are counted have none."""
        return formatting.measure(self.locale, quantity, unit, decimals=4)

    def level(self, code: str) -> str:
        return self._text(LEVELS[code]) if code in LEVELS else code

    def event(self, code: str) -> str:
        return self._text(EVENTS[code]) if code in EVENTS else code

    def category(self, code: str) -> str:
        return self._text(CATEGORIES[code]) if code in CATEGORIES else code

    def evidence(self, code: str) -> str:
        return self._text(EVIDENCE[code]) if code in EVIDENCE else code

    def quality(self, code: str) -> str:
        return self._text(QUALITIES[code]) if code in QUALITIES else code

    def language(self, code: str) -> str:
        return self._text(LANGUAGES[code]) if code in LANGUAGES else code

    def warning(self, notice: Notice) -> str:
        """A warning kept with a quote; a place that its parameters do not fill leaves the text as it is."""
        text = self._text(notice.message)
        try:
            return text % notice.params if notice.params else text
        except (KeyError, TypeError, ValueError):
            return text

    def part(self, path: str) -> str:
        """Say "Expense rice, quantity" for "task.expenses[rice].quantity"."""
        if path.startswith("choice "):
            return f"{self._text('Choice')} {path.removeprefix('choice ')}"
        steps = _STEP.findall(path.removeprefix("task.").removeprefix("service."))
        words = [f"{self._part(name)} {key}" if key else self._part(name) for name, key in steps]
        return ", ".join(words) or path

    def _part(self, name: str) -> str:
        word = PARTS.get(name) or FORM_PARTS.get(name)
        return self._text(word) if word else name.replace("_", " ")
