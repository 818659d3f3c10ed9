"""Translating a draft: its texts side by side, one saved after the other, and whole PO files.

A text is saved with fingerprints of what the translator saw: of the source, and of the translation that was there.
When either has changed meanwhile nothing is overwritten, and the translator sees both. What a translation was made
of is remembered, so that a source that changes later marks it as stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.accounts import service as accounts
from server.actor import Action, require
from server.catalogue import service as catalogue
from server.drafts import service as drafts
from server.drafts.contents import Content
from server.drafts.service import DraftRow
from server.errors import Conflict, NotFound
from server.runtime import Tx
from server.texts import po
from server.texts.background import background, remember, who_translated
from service_library import texts
from service_library.package import ServicePackage
from service_library.texts import SOURCE_LANGUAGE, Background, Entry, Made, Progress, State, fingerprint
from workflows.definitions.model import LANGUAGES
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

TARGETS: Final = tuple(language for language in LANGUAGES if language != SOURCE_LANGUAGE)


class TextChanged(Conflict):
    """Somebody translated the same text meanwhile: by, at and text say what is there now."""

    code = "text-changed"
    message = "%(by)s changed this translation at %(at)s. Look at both before you save yours."


class SourceChanged(Conflict):
    """The source is not the one that was translated; source says what is there now."""

    code = "source-changed"
    message = (
        "The text in the original language has changed meanwhile. Look whether the translation still fits."
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """The texts of a draft with how far they are."""

    row: DraftRow
    entries: tuple[Entry, ...]
    background: Background
    progress: tuple[Progress, ...]

    def state(self, entry: Entry, language: str) -> State:
        """How far an entry is in a language."""
        return texts.state(entry, language, self.background)

    def before(self, entry: Entry) -> str:
        """The source as it was in the last published version; "" when that is not known or is the same."""
        was = self.background.base.get(entry.key, {}).get(SOURCE_LANGUAGE, "")
        return was if was != entry.texts.get(SOURCE_LANGUAGE, "") else ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A text after it was saved; problems: warnings about it. progress: of its language."""

    entry: Entry
    language: str
    state: State
    problems: tuple[Problem, ...]
    progress: Progress


def sheet(tx: Tx, draft_id: str) -> Sheet:
    """The texts of a draft. Raises NotFound."""
    require(tx.actor, Action.SERVICE_TRANSLATE)
    return _sheet(tx, drafts.draft(tx, draft_id), drafts.content(tx, draft_id))


def _sheet(tx: Tx, row: DraftRow, held: Content) -> Sheet:
    entries = texts.entries(held.bpmn, held.form_sources)
    known = background(tx, row.id, newest(tx, row.service_code))
    return Sheet(row, entries, known, texts.progress(entries, known))


def newest(tx: Tx, service_code: str) -> ServicePackage | None:
    """The newest published version of a service; None when there is none."""
    rows = catalogue.versions(tx, service_code) if service_code else []
    return catalogue.package(tx, rows[0].id) if rows else None


def save_text(
    tx: Tx, draft_id: str, key: str, language: str, text: str, *, source: str, before: str
) -> Saved:
    """Save one translation. source, before: fingerprints of the source and of the translation the translator saw.

    The same text again confirms that it still says what the source says. Raises TextChanged, SourceChanged,
    NotFound; InvalidInput for what would break the text (placeholders, line breaks in a form).
    """
    require(tx.actor, Action.SERVICE_TRANSLATE)
    check_language(language)
    row = drafts.locked(tx, draft_id)
    held = drafts.content(tx, draft_id)
    entry = _entry(texts.entries(held.bpmn, held.form_sources), key)
    original, current = entry.texts.get(SOURCE_LANGUAGE, ""), entry.texts.get(language, "")
    text = text.replace("\r\n", "\n").strip()
    if fingerprint(original) != source:
        raise SourceChanged(text=original)
    if fingerprint(current) != before and current != text:
        raise _changed(tx, row, key, language, current)
    problems = tuple(texts.check(original, text, place=key, format=entry.format)) if text else ()
    if blocking(problems):
        raise InvalidInput(blocking(problems))
    applied = texts.apply(held.bpmn, held.form_sources, {key: {language: text}})
    if applied.problems:
        raise InvalidInput(applied.problems)
    if applied.changed:
        drafts.save_texts(
            tx, draft_id, bpmn=applied.bpmn, forms=applied.form_sources, expected=row.revision,
            detail=f"{language} {key}",
        )  # fmt: skip
    else:
        drafts.check_editable(tx, draft_id)
    if text:
        remember(tx, draft_id, {(key, language): Made(fingerprint(original), fingerprint(text))})
    after = sheet(tx, draft_id)
    found = _entry(after.entries, key) if key in {e.key for e in after.entries} else entry
    (progress,) = (each for each in after.progress if each.language == language)
    return Saved(found, language, after.state(found, language), problems, progress)


def _entry(entries: tuple[Entry, ...], key: str) -> Entry:
    for entry in entries:
        if entry.key == key:
            return entry
    raise NotFound(what="text", key=key)


def check_language(language: str) -> None:
    """Raises NotFound for what is not translated into."""
    if language not in TARGETS:
        raise NotFound(what="language", key=language)


def _changed(tx: Tx, row: DraftRow, key: str, language: str, current: str) -> TextChanged:
    who = who_translated(tx, row.id, key, language)
    known = who is not None and who.text_sha256 == fingerprint(current)
    by, at = (who.made_by, who.made_at) if who is not None and known else (row.changed_by, row.changed_at)
    return TextChanged(
        by=accounts.names(tx, [by]).get(by, "?"), at=at.strftime("%Y-%m-%d %H:%M UTC"), text=current
    )


def export_draft(tx: Tx, draft_id: str, language: str, *, template: bool = False) -> bytes:
    """The texts of a draft as a PO file. Raises NotFound."""
    check_language(language)
    found = sheet(tx, draft_id)
    return po.write(
        found.entries, language, name=found.row.service_code or "draft", version=found.row.version,
        background=found.background, now=_second(tx.now), template=template,
    )  # fmt: skip


def export_version(tx: Tx, version_id: str, language: str) -> bytes:
    """The texts of a published version as a PO file, for reading and for the memory of translation tools."""
    check_language(language)
    row = catalogue.version(tx, version_id)
    entries = texts.entries_of(catalogue.package(tx, version_id))
    return po.write(
        entries, language, name=row.service_code, version=row.version, background=Background(), now=row.published_at
    )  # fmt: skip


def _second(now: datetime) -> datetime:
    return now.replace(microsecond=0)


def import_po(tx: Tx, draft_id: str, data: bytes, language: str, *, dry_run: bool = False) -> po.Report:
    """Take over the translations of a PO file, as one revision of the draft; what is not taken over is reported.

    Raises InvalidPo; InvalidInput when the texts cannot be written; WrongState.
    """
    require(tx.actor, Action.SERVICE_TRANSLATE)
    check_language(language)
    row = drafts.locked(tx, draft_id)
    drafts.check_editable(tx, draft_id)
    held = drafts.content(tx, draft_id)
    entries = texts.entries(held.bpmn, held.form_sources)
    report = po.read(data, entries, language)
    if dry_run or not report.changes:
        return report
    applied = texts.apply(
        held.bpmn, held.form_sources, {key: {language: text} for key, text in report.changes.items()}
    )
    if applied.problems:
        raise InvalidInput(applied.problems)
    drafts.save_texts(
        tx, draft_id, bpmn=applied.bpmn, forms=applied.form_sources, expected=row.revision, detail=f"{language} PO"
    )  # fmt: skip
    remember(tx, draft_id, _made(entries, report.changes, language))
    return report


def _made(
    entries: tuple[Entry, ...], changes: Mapping[str, str], language: str
) -> dict[tuple[str, str], Made]:
    """What the imported translations were made of: the source as it is."""
    sources = {entry.key: entry.texts.get(SOURCE_LANGUAGE, "") for entry in entries}
    return {
        (key, language): Made(fingerprint(sources[key]), fingerprint(text)) for key, text in changes.items()
    }


def progress_of(tx: Tx, version_id: str) -> tuple[Progress, ...]:
    """How far each language of a published version is."""
    return texts.progress(texts.entries_of(catalogue.package(tx, version_id)))
