"""Documents of translations."""

from __future__ import annotations

from marshmallow import fields

from server.http import documents as d
from server.texts.po import OUTCOMES


class LanguageProgress(d.Document):
    """How far a language is."""

    language = d.plain("The language.", required=True)
    total = d.number("Texts with an original.", required=True)
    done = d.number("Translated, and the original has not changed since.", required=True)
    stale = d.number("Their original has changed since.", required=True)
    missing = d.number("Not translated.", required=True)
    names = d.number(
        "Names in the diagram that nobody has begun to translate; in no other count.", required=True
    )


class DraftProgress(d.Document):
    """How far the languages of a draft are."""

    languages = d.many(LanguageProgress, "One for each language.", required=True)


class ImportedLine(d.Document):
    """What became of an entry of a PO file."""

    key = d.plain("Its context: where the text stands.", required=True)
    outcome = d.plain(f"One of {', '.join(OUTCOMES)}.", required=True)
    before = d.plain("What is, or was, there.", required=True)
    text = d.plain("What the file says.", required=True)


class Imported(d.Document):
    """What importing a PO file did, or would do."""

    changed = d.number("How many translations it changes.", required=True)
    dry_run = fields.Boolean(required=True, metadata={"description": "Nothing was stored."})
    entries = d.many(ImportedLine, "Every entry of the file.", required=True)
    problems = d.many(d.SingleProblem, "What is wrong with texts, by key.", required=True)
