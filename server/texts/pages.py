"""Translating for people: the texts of a draft side by side, saved one by one; PO files; what an import did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action
from server.catalogue import compared
from server.catalogue import service as catalogue
from server.catalogue.comparison import name_of, path_in_words, word_by_word
from server.catalogue.pages import shown_language
from server.drafts import service as drafts
from server.drafts.service import DraftRow
from server.errors import Conflict
from server.http.frame import go
from server.http.locale import current_catalogue, current_locale, gettext, ngettext
from server.http.operations import attachment
from server.http.problems import message_of
from server.http.security import permission
from server.http.words import names_by_language, problem_text
from server.runtime import Tx
from server.texts import po
from server.texts import service as texts
from server.texts.service import TARGETS, Sheet
from service_library.texts import SOURCE_LANGUAGE, Entry, Progress, State, fingerprint
from workflows.definitions.model import Definition
from workflows.errors import InvalidInput, RunError
from workflows.problems import blocking

pages = Blueprint("texts", __name__)
PO_TYPE = "text/x-gettext-translation"
SHOWN = ("todo", "missing", "stale", "names", "all")
_WIDTH, _MOST_ROWS = 55, 30
"""Characters in a line of a field, and lines of the tallest one."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A text on the page. id: of its element there. before: the source it was translated from, word by word."""

    id: str
    entry: Entry
    part: str
    state: State
    source: str
    text: str
    seen_source: str
    seen_text: str
    before: list[tuple[str, str]]
    rows: int


@dataclass(frozen=True, slots=True)
class Group:
    """The texts of an element or a form. language: of its name."""

    name: str
    language: str
    code: str
    in_form: bool
    lines: list[TextLine]


@dataclass(frozen=True, slots=True)
class Page:
    """The texts of a draft side by side.

    may_edit: nobody translates while a draft is reviewed or published. without_source: texts that nobody can
    translate here, because they are not written in the language that translations are made of.
    """

    row: DraftRow
    language: str
    shown: str
    groups: list[Group]
    progress: Progress
    all_progress: Sequence[Progress]
    counts: dict[str, int]
    may_edit: bool
    without_source: int


@pages.get("/drafts/<uuid:draft_id>/texts")
@permission(Action.SERVICE_TRANSLATE)
def texts_of_draft(draft_id: object) -> BaseResponse:
    """The texts in the language that needs most, of those the person does not read the site in last."""
    sheet = g.runtime.read(g.actor, texts.sheet, str(draft_id))
    most = max((p for p in sheet.progress if p.language in TARGETS), key=lambda p: p.missing + p.stale)
    return go(url_for("texts.side_by_side", draft_id=draft_id, language=most.language))


@pages.get("/drafts/<uuid:draft_id>/texts/<language>")
@permission(Action.SERVICE_TRANSLATE)
def side_by_side(draft_id: object, language: str) -> str:
    """Original at the left, translation at the right; ?show=todo|missing|stale|names|all.

    names: those in the diagram that nobody has begun to translate.
    """
    return _page(str(draft_id), language)


def _page(draft_id: str, language: str, **more: object) -> str:
    shown = request.args.get("show", "")
    page = g.runtime.read(g.actor, _read, draft_id, language, shown)
    return render_template("texts/side_by_side.html", page=page, targets=TARGETS, **more)


def _read(tx: Tx, draft_id: str, language: str, shown: str) -> Page:
    texts.check_language(language)
    sheet = texts.sheet(tx, draft_id)
    (progress,) = (each for each in sheet.progress if each.language == language)
    counts = {
        "todo": progress.missing + progress.stale, "missing": progress.missing, "stale": progress.stale,
        "names": progress.names, "all": progress.total + progress.names,
    }  # fmt: skip
    if shown not in SHOWN:
        shown = "todo" if counts["todo"] else "all"
    definition = drafts.opened(drafts.content(tx, draft_id)).definition
    return Page(
        sheet.row, language, shown, _groups(sheet, language, shown, definition), progress,
        [each for each in sheet.progress if each.language in TARGETS], counts,
        sheet.row.state in drafts.EDITABLE,
        sum(not e.is_only_a_name and sheet.state(e, language) == "no_source" for e in sheet.entries),
    )  # fmt: skip


def _groups(sheet: Sheet, language: str, shown: str, definition: Definition | None) -> list[Group]:
    wanted = {"todo": ("missing", "stale"), "all": ("missing", "stale", "done")}.get(shown, (shown,))
    names = {} if definition is None else names_by_language(definition)
    groups: dict[tuple[str, bool], Group] = {}

    def spoken_here(place: str) -> bool:
        return place not in names or current_locale() in names[place]

    for number, entry in enumerate(sheet.entries):
        state = sheet.state(entry, language)
        listed = shown in ("names", "all") if entry.is_only_a_name else state in wanted
        if not listed or state == "no_source":
            continue
        group = groups.get((entry.place, entry.in_form))
        if group is None:
            name = entry.place if entry.in_form or definition is None else name_of(definition, entry.place)
            spoken = current_locale() if spoken_here(entry.place) else SOURCE_LANGUAGE
            group = groups[entry.place, entry.in_form] = Group(name, spoken, entry.place, entry.in_form, [])
        group.lines.append(_line(sheet, entry, language, state, number))
    return list(groups.values())


def _line(sheet: Sheet, entry: Entry, language: str, state: State, number: int) -> TextLine:
    source, text = entry.texts.get(SOURCE_LANGUAGE, ""), entry.texts.get(language, "")
    before = sheet.before(entry) if state == "stale" else ""
    needed = max(sum(len(each) // _WIDTH + 1 for each in words.split("\n")) for words in (source, text))
    rows = min(_MOST_ROWS, max(2, needed))
    return TextLine(
        f"text-{number}", entry, part_in_words(entry), state, source, text, fingerprint(source), fingerprint(text),
        word_by_word(before, source) if before else [], rows,
    )  # fmt: skip


def part_in_words(entry: Entry) -> str:
    """Which text it is: "Activity announce_call, text"; of a form the question and the column."""
    if not entry.in_form:
        return path_in_words(entry.part)
    path, _, column = entry.part.rpartition(":")
    columns = {
        "label": gettext("text"), "hint": gettext("hint"), "constraint_message": gettext("message when it is wrong"),
        "required_message": gettext("message when it is empty"), "guidance_hint": gettext("guidance"),
    }  # fmt: skip
    return f"{path}, {columns.get(column, column)}"


@pages.post("/drafts/<uuid:draft_id>/texts/<language>")
@permission(Action.SERVICE_TRANSLATE)
def save(draft_id: object, language: str) -> BaseResponse | Response | tuple[Response, int] | tuple[str, int]:
    """Save one text; a script gets JSON, a browser without it comes back to the text."""
    sent = request.form
    key, text = sent.get("key", ""), sent.get("text", "")
    by_script = request.accept_mimetypes.best == "application/json"
    try:
        saved = g.runtime.run(
            g.actor, texts.save_text, str(draft_id), key, language, text, source=sent.get("source", ""),
            before=sent.get("before", ""),
        )  # fmt: skip
    except (Conflict, InvalidInput) as refused:
        if by_script:
            return jsonify(_refusal(refused)), 409 if isinstance(refused, Conflict) else 422
        problems = [("", "error", message) for message in _messages(refused)]
        return _page(str(draft_id), language, problems=problems), 422
    if by_script:
        return jsonify(
            {
                "state": saved.state, "seen": fingerprint(saved.entry.texts.get(language, "")),
                "warnings": [problem_text(p) for p in saved.problems],
                "progress": _progress_words(saved.progress), "share": saved.progress.share,
            }
        )  # fmt: skip
    anchor = sent.get("id", "")
    back = url_for(
        "texts.side_by_side", draft_id=draft_id, language=language, show=request.args.get("show", "")
    )
    return go(
        f"{back}#{anchor}" if anchor.startswith("text-") else back, gettext("The translation is saved.")
    )


def _refusal(refused: RunError) -> dict[str, object]:
    """What a script needs to show a refusal: words, and what is there now."""
    now = str(refused.params.get("text", ""))
    return {
        "code": refused.code, "messages": _messages(refused), "text": now, "seen": fingerprint(now),
    }  # fmt: skip


def _messages(refused: RunError) -> list[str]:
    problems = getattr(refused, "problems", ())
    return [problem_text(p) for p in problems] or [message_of(refused, current_catalogue())]


def _progress_words(progress: Progress) -> str:
    return gettext(
        "%(done)s of %(total)s, %(stale)s to look at again", done=progress.done, total=progress.total,
        stale=progress.stale,
    )  # fmt: skip


@pages.get("/drafts/<uuid:draft_id>/compare")
@permission(Action.SERVICE_TRANSLATE)
def compare_draft(draft_id: object) -> str:
    """What a draft changes from the newest published version: diagram, texts, forms, price."""
    assembly = drafts.opened(g.runtime.read(g.actor, drafts.content, str(draft_id))).assembly
    both = g.runtime.read(g.actor, compared.compare_draft, assembly.package) if assembly.package else None
    return render_template(
        "catalogue/compare.html", code=both.code if both else "", both=both, shown=shown_language(),
        draft_id=str(draft_id), problems_left=0 if assembly.package else len(blocking(assembly.problems)),
    )  # fmt: skip


@pages.get("/drafts/<uuid:draft_id>/texts/<language>.po")
@permission(Action.SERVICE_TRANSLATE)
def export_po(draft_id: object, language: str) -> Response:
    """The texts of a draft as a PO file."""
    row = g.runtime.read(g.actor, drafts.draft, str(draft_id))
    content = g.runtime.read(g.actor, texts.export_draft, str(draft_id), language)
    return attachment(content, f"{row.service_code or 'draft'}-{row.version}-{language}.po", PO_TYPE)


@pages.get("/services/<code>/<version>/texts/<language>.po")
@permission(Action.SERVICE_READ)
def export_version(code: str, version: str, language: str) -> Response:
    """The texts of a published version as a PO file."""
    content = g.runtime.read(g.actor, _version_po, code, version, language)
    return attachment(content, f"{code}-{version}-{language}.po", PO_TYPE)


def _version_po(tx: Tx, code: str, version: str, language: str) -> bytes:
    return texts.export_version(tx, catalogue.find_version(tx, code, version).id, language)


@pages.post("/drafts/<uuid:draft_id>/texts/<language>/import")
@permission(Action.SERVICE_TRANSLATE)
def import_po(draft_id: object, language: str) -> str | tuple[str, int]:
    """Take over a PO file, or only look what it would do; the page says what became of every entry."""
    file = request.files.get("file")
    if file is None:
        raise BadRequest
    only_look = bool(request.form.get("dry_run"))
    carry_out = g.runtime.read if only_look else g.runtime.run
    try:
        report = carry_out(g.actor, texts.import_po, str(draft_id), file.read(), language, dry_run=only_look)
    except InvalidInput as refused:
        problems = [(p.place, p.severity, problem_text(p)) for p in refused.problems]
        return _page(str(draft_id), language, problems=problems), 422
    row = g.runtime.read(g.actor, drafts.draft, str(draft_id))
    return render_template(
        "texts/imported.html", row=row, language=language, report=report, dry_run=only_look,
        outcomes=_outcomes(report), words_of=word_by_word,
    )  # fmt: skip


def _outcomes(report: po.Report) -> list[tuple[str, str, str, list[po.Line]]]:
    """(words, tone, what it means, entries) of each outcome that occurred, what needs a person first."""
    count: dict[str, int] = {each: len(report.of(each)) for each in po.OUTCOMES}
    known = {
        "applied": (ngettext("%(number)s taken over", "%(number)s taken over", count["applied"]), "done", ""),
        "refused": (
            ngettext("%(number)s not possible", "%(number)s not possible", count["refused"]), "fail",
            gettext("They would break the text. Correct them in the file, or here."),
        ),
        "other_source": (
            ngettext("%(number)s of another original", "%(number)s of another original", count["other_source"]),
            "needs", gettext("The original has changed since the file was exported. Look at them here."),
        ),
        "fuzzy": (
            ngettext("%(number)s marked as unsure", "%(number)s marked as unsure", count["fuzzy"]), "needs",
            gettext("They are “fuzzy” in the file. Confirm them in your tool, or here."),
        ),
        "duplicate": (
            ngettext("%(number)s there twice", "%(number)s there twice", count["duplicate"]), "needs",
            gettext("The file has them more than once, so none was taken."),
        ),
        "unknown": (
            ngettext("%(number)s unknown", "%(number)s unknown", count["unknown"]), "needs",
            gettext("The service has no such text (any more)."),
        ),
        "empty": (
            ngettext("%(number)s empty", "%(number)s empty", count["empty"]), "going",
            gettext("What was translated here stays."),
        ),
    }  # fmt: skip
    by_outcome: dict[str, list[po.Line]] = {each: report.of(each) for each in po.OUTCOMES}
    return [(*told, by_outcome[name]) for name, told in known.items() if by_outcome[name]]
