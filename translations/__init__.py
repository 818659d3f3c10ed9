"""The catalogues of the interface in English, French and Spanish.

English is the source: msgids are the English texts. The .po files are read directly, once a process; there is
no compiled form that could lag behind them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALES = ("en", "fr", "es")
FOLDER = Path(__file__).parent / "locales"
SCRIPTS = "server/frontend/src/modeler"
"""Where the scripts are whose texts a page brings along, relative to the repository."""


class Catalogue:
    """The texts of one language; a text that is missing comes back in English."""

    def __init__(self, locale: str, texts: dict[str, str], plurals: dict[str, tuple[str, ...]]) -> None:
        self.locale = locale
        self.texts = texts
        self._plurals = plurals

    def gettext(self, message: str) -> str:
        """The text in this language; a text that also counts something is found by its singular."""
        counted = self._plurals.get(message)
        return self.texts.get(message) or (counted[0] if counted else message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The singular or the plural for a number, as this language counts."""
        forms = self._plurals.get(singular)
        # French counts 0 as one; English and Spanish do not
        one = number in (0, 1) if self.locale == "fr" else number == 1
        if forms:
            return forms[0] if one else forms[1]
        return singular if one else plural


@cache
def catalogue(locale: str) -> Catalogue:
    """The catalogue of a language; that of English for one we do not have."""
    if locale not in LOCALES or locale == "en":
        return Catalogue("en", {}, {})
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    path = FOLDER / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        for message in read_po(source, locale):
            if not message.id or message.fuzzy:
                continue
            if isinstance(message.id, (tuple, list)):
                forms = tuple(message.string or ())
                if forms and all(forms):
                    plurals[message.id[0]] = forms
            elif message.string:
                texts[str(message.id)] = str(message.string)
    return Catalogue(locale, texts, plurals)


@cache
def script_words(locale: str) -> dict[str, str]:
    """What the scripts of the modeler say: English text to that of the language; empty for English.

    A catalogue notes where each text is from (`make messages`), so it says itself which ones scripts need.
    """
    if locale not in LOCALES or locale == "en":
        return {}
    with (FOLDER / locale / "LC_MESSAGES" / "messages.po").open("rb") as source:
        theirs = [
            m for m in read_po(source, locale) if any(path.startswith(SCRIPTS) for path, _ in m.locations)
        ]
    return {_first(m.id): _first(m.string) for m in theirs if not m.fuzzy and _first(m.string)}


def _first(text: object) -> str:
    """The text, or the singular of one that counts."""
    return str((text[0] if text else "") if isinstance(text, (tuple, list)) else text or "")
