"""The handbook of a service as PDF: what it is for, its diagram, and each task with what it takes and proves.

For people without the site: it is printed, carried along and handed to the village. One language a file. The same
package gives the same bytes (reportlab's `invariant` mode), and a published version's handbook says its digest.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from xml.sax.saxutils import escape

import reportlab
from markdown_it import MarkdownIt
from markdown_it.token import Token
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from forms import xform
from pricing.quantities import quantity
from server import formatting
from server.documents.diagram_svg import diagram_svg
from server.documents.drawing_pdf import Drawing
from server.documents.words import Words
from service_library.package import ServicePackage, digest
from translations import LOCALES, catalogue
from workflows.definitions.model import Node, TaskCard, Text
from workflows.problems import Problem

_FONT, _BOLD, _ITALIC, _BOLD_ITALIC = "Vera", "Vera-Bold", "Vera-Italic", "Vera-BoldItalic"
_FILES: Final = {_FONT: "Vera", _BOLD: "VeraBd", _ITALIC: "VeraIt", _BOLD_ITALIC: "VeraBI"}
_INK, _SOFT, _LINE, _ACCENT = (HexColor(c) for c in ("#1c2420", "#55605a", "#c9cfcb", "#1f6b4a"))
_SPELLED: Final = {"→": "->", "←": "<-", "✓": "x", "Δ": "D", "ŋ": "n", "Ŋ": "N", "ɛ": "e", "ɔ": "o", "ɖ": "d"}
"""Letters that the font lacks."""
_QUESTIONS: Final = {
    "note", "calculate", "hidden", "start", "end", "today", "deviceid", "username", "audit",
}  # fmt: skip
"""Types of questions that nobody answers."""
_LONGEST_LIST: Final = 12
"""Choices of a question that are listed; of more it is said how many there are."""


def handbook(
    package: ServicePackage, *, locale: str, skills: Mapping[str, Text], items: Mapping[str, Text],
    state: str, base_url: str = "", deadlines: Mapping[str, int] = MappingProxyType({}),
) -> bytes:  # fmt: skip
    """The handbook in a language, English for one we do not have.

    state: draft, published, deprecated or recalled. skills, items: names by code.
    base_url: where the site is reached; "" leaves the address out. deadlines: in working days by task, where a
    region has set them.
    """
    _register_fonts()
    language = locale if locale in LOCALES else "en"
    return _Handbook(package, language, skills, items, state, base_url, deadlines).write()


def _register_fonts() -> None:
    if _FONT in pdfmetrics.getRegisteredFontNames():
        return
    folder = Path(reportlab.__file__).parent / "fonts"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_ITALIC, boldItalic=_BOLD_ITALIC)


def written(text: str) -> str:
    """The text in letters that the font has: others are spelled with plain ones, or shown as a question mark."""
    known = pdfmetrics.getFont(_FONT).face.charToGlyph
    found = []
    for letter in text:
        if ord(letter) in known or letter in "\n\t":
            found.append(letter)
            continue
        plain = _SPELLED.get(letter) or unicodedata.normalize("NFKD", letter)[0]
        found.append(plain if all(ord(each) in known for each in plain) else "?")
    return "".join(found)


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:  # noqa: ANN401
    given: dict[str, Any] = {
        "fontName": _FONT, "textColor": _INK, "leading": size * 1.4, "spaceAfter": 4, "splitLongWords": 1,
    }  # fmt: skip
    return ParagraphStyle(name, fontSize=size, **(given | more))


_BODY = _style("body", 9.5)
_SMALL = _style("small", 8, textColor=_SOFT, spaceAfter=2)
_CELL = _style("cell", 8.5, spaceAfter=0)
_HEAD = _style("head", 8.5, fontName=_BOLD, spaceAfter=0)
_LEAD = _style("lead", 11, textColor=_SOFT, spaceAfter=8)
_TITLE = _style("title", 22, fontName=_BOLD, spaceAfter=6)
_H1 = _style("h1", 14, fontName=_BOLD, spaceBefore=10, spaceAfter=5, textColor=_ACCENT, keepWithNext=1)
_H2 = _style("h2", 10.5, fontName=_BOLD, spaceBefore=7, spaceAfter=3, keepWithNext=1)
_BULLET = _style("bullet", 9.5, leftIndent=14, bulletIndent=3, spaceAfter=2)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Handbook:
    """One handbook while it is being written."""

    def __init__(
        self, package: ServicePackage, locale: str, skills: Mapping[str, Text], items: Mapping[str, Text],
        state: str, base_url: str, deadlines: Mapping[str, int],
    ) -> None:  # fmt: skip
        self.package, self.locale, self.state, self.base_url = package, locale, state, base_url
        self.skills, self.items, self.deadlines = skills, items, deadlines
        self.words, self._text = Words(locale), catalogue(locale).gettext
        self.ngettext = catalogue(locale).ngettext
        self.forms = {ref: xform.read(form.xform) for ref, form in package.forms.items()}

    def write(self) -> bytes:
        out = io.BytesIO()
        width, height = A4
        frame = Frame(
            18 * mm, 18 * mm, width - 36 * mm, height - 36 * mm, id="page", leftPadding=0, rightPadding=0
        )
        document = BaseDocTemplate(
            out, pagesize=A4, invariant=1, title=self._plain(self._name()), author="RUN",
            subject=self._plain(self._text("Handbook")), lang=self.locale,
        )  # fmt: skip
        document.addPageTemplates(PageTemplate(id="all", frames=[frame], onPage=self._footer))
        document.build(list(self._story()))
        return out.getvalue()

    # words ----------------------------------------------------------------------------------------

    def _name(self) -> str:
        return self._of(self.package.definition.service.name) or self.package.code

    def _of(self, text: object) -> str:
        return formatting.localised(self.locale, text)

    def _plain(self, text: str) -> str:
        return written(text)

    def _p(self, text: str, style: ParagraphStyle = _BODY) -> Paragraph:
        return Paragraph(escape(self._plain(text)).replace("\n", "<br/>"), style)

    def _bullets(self, texts: Sequence[str], numbered: bool = False) -> Iterator[Flowable]:
        for number, text in enumerate(texts, 1):
            yield Paragraph(escape(self._plain(text)), _BULLET, bulletText=f"{number}." if numbered else "•")

    def _footer(self, canvas: Canvas, _document: object) -> None:
        canvas.saveState()
        canvas.setFont(_FONT, 7.5)
        canvas.setFillColor(_SOFT)
        line = f"{self._name()} {self.package.version} · {self._state()}"
        canvas.drawString(18 * mm, 11 * mm, self._plain(line)[:110])
        canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    def _state(self) -> str:
        return self.words.state(self.state)

    # parts ----------------------------------------------------------------------------------------

    def _story(self) -> Iterator[Flowable]:
        yield from self._cover()
        yield from self._diagram()
        tasks = self.package.definition.tasks()
        for number, node in enumerate(tasks, 1):
            if node.task is not None:
                yield PageBreak()
                yield from self._task(number, node, node.task)
        yield from self._common_forms()

    def _cover(self) -> Iterator[Flowable]:
        card = self.package.definition.service
        yield self._p(self._text("Handbook"), _SMALL)
        yield self._p(self._name(), _TITLE)
        yield self._p(
            self._text("Version %(version)s, %(state)s")
            % {"version": self.package.version, "state": self._state().lower()},
            _LEAD,
        )
        if self.state == "draft":
            yield self._p(self._text("This is a draft. Do not work by it before it is published."), _H2)
        if self.state == "recalled":
            yield self._p(self._text("This version was recalled. Do not begin anything new with it."), _H2)
        for heading, text in (
            (self._text("Purpose"), card.purpose),
            (self._text("Justification"), card.justification),
        ):
            if self._of(text):
                yield self._p(heading, _H2)
                yield self._p(self._of(text))
        yield from self._outputs()
        yield from self._parameters()
        yield self._p(self._text("Tasks"), _H2)
        yield from self._bullets(
            [self._title(node) for node in self.package.definition.tasks()], numbered=True
        )
        yield Spacer(1, 6)
        yield self._p(self._text("SHA-256 of the version, over its diagram, forms and texts:"), _SMALL)
        yield self._p(digest(self.package), _SMALL)
        if self.base_url and self.state != "draft":
            address = f"{self.base_url.rstrip('/')}/services/{self.package.code}/{self.package.version}"
            yield self._p(self._text("Check it at %(address)s") % {"address": address}, _SMALL)

    def _outputs(self) -> Iterator[Flowable]:
        outputs = self.package.definition.service.outputs
        if outputs:
            yield self._p(self._text("Outputs"), _H2)
            yield self._table(
                [self._text("Output"), self._text("Quantity")],
                [
                    [self._of(each.label) or each.id, self._quantity(each.quantity, each.unit)]
                    for each in outputs
                ],
                (3, 1),
            )

    def _parameters(self) -> Iterator[Flowable]:
        parameters = self.package.definition.service.parameters
        if not parameters:
            return
        yield self._p(self._text("What a project chooses"), _H2)
        head = [self._text("Parameter"), self._text("Usually"), self._text("From"), self._text("To")]
        rows = [
            [self._of(p.label) or p.id, *(self._number(n) for n in (p.default, p.minimum, p.maximum))]
            for p in parameters
        ]
        yield self._table(head, rows, (4, 1, 1, 1))

    def _number(self, value: Any) -> str:  # noqa: ANN401  (Decimal or None)
        return "–" if value is None else formatting.number(self.locale, value)

    def _diagram(self) -> Iterator[Flowable]:
        definition = self.package.definition
        names = {
            id_: self._of(text) for each in definition.family() for id_, text in each.own_names().items()
        }
        names |= {node.id: self._title(node) for node in definition.tasks()}
        drawn = diagram_svg(self.package.bpmn, title=self._name(), names=names)
        if drawn:
            yield KeepTogether(
                [
                    self._p(self._text("Diagram"), _H1),
                    Drawing(str(drawn), font=_FONT, height=150 * mm, written=self._plain),
                ]
            )

    def _title(self, node: Node) -> str:
        return (
            (self._of(node.task.title) if node.task else "") or self._of(node.names) or node.name or node.id
        )

    def _task(self, number: int, node: Node, card: TaskCard) -> Iterator[Flowable]:
        yield self._p(f"{number}. {self._title(node)}", _H1)
        if self._of(card.outcome):
            yield self._p(self._of(card.outcome), _LEAD)
        who = self._of(self.skills.get(card.skill, {})) or card.skill
        facts = [(self._text("Skill"), who)]
        deadline = self.deadlines.get(node.id, card.deadline_days)
        if deadline:
            days = self.ngettext("%(num)s working day", "%(num)s working days", deadline)
            facts.append((self._text("Deadline"), days % {"num": deadline}))
        yield self._table([], [[name, value] for name, value in facts if value], (1, 4))
        if card.activities:
            yield self._p(self._text("Activities"), _H2)
            yield from self._bullets([self._of(a.label) or a.id for a in card.activities], numbered=True)
        if self._of(card.instructions):
            yield self._p(self._text("Instructions"), _H2)
            yield from self._markdown(self._of(card.instructions))
        yield from self._proofs(card)
        yield from self._money(card)
        yield from self._checking(card)
        for use in card.forms:
            if use.ref in self.forms:
                yield from self._form(use.ref, self._of(card.title))

    def _proofs(self, card: TaskCard) -> Iterator[Flowable]:
        if card.criteria:
            yield self._p(self._text("Criteria"), _H2)
            yield from self._bullets([self._of(each.label) or each.id for each in card.criteria])
        if card.evidence:
            yield self._p(self._text("Evidence"), _H2)
            head = [self._text("Evidence"), self._text("Kind"), self._text("How many")]
            rows = []
            for proof in card.evidence:
                count = str(proof.min) if proof.max in (None, proof.min) else f"{proof.min}–{proof.max}"
                if not proof.mandatory:
                    count = f"{count} ({self._text('optional')})"
                rows.append([self._of(proof.label) or proof.id, self.words.evidence(proof.kind), count])
            yield self._table(head, rows, (3, 2, 1.4))

    def _money(self, card: TaskCard) -> Iterator[Flowable]:
        rows = []
        if card.honorarium:
            name = self._of(self.items.get(card.honorarium.item, {})) or card.honorarium.item
            rows.append(
                [self._text("%(label)s: %(text)s") % {"label": self._text("Honorarium"), "text": name},
                 self._quantity(card.honorarium.quantity, card.honorarium.unit), self.words.party("fund")]
            )  # fmt: skip
        for each in card.expenses:
            payer = self.words.party(each.payer)
            if each.in_kind:
                payer = f"{payer} ({self._text('in kind')})"
            name = self._of(each.label) or self._of(self.items.get(each.item, {})) or each.item
            rows.append([name, self._quantity(each.quantity, each.unit), payer])
        if rows:
            yield self._p(self._text("What it takes"), _H2)
            head = [self._text("Item"), self._text("Quantity"), self._text("Who pays")]
            yield self._table(head, rows, (3, 2, 1.6))

    def _quantity(self, text: str, unit: str) -> str:
        """A number with its unit in words; of a formula what it usually gives, else the formula as it is written."""
        usual = {p.id: p.default for p in self.package.definition.service.parameters if p.default is not None}
        found = quantity(text, usual, "")
        if isinstance(found, Problem):
            return text if unit == "C62" else f"{text} {formatting.unit(self.locale, unit, 2)}"
        words = formatting.measure(self.locale, float(found), unit)
        return words if _is_number(text) else self._text("usually %(quantity)s") % {"quantity": words}

    def _checking(self, card: TaskCard) -> Iterator[Flowable]:
        rule = card.verification
        yield self._p(self._text("Verification"), _H2)
        sentences = [
            {
                "automatic": self._text("By the machine, when the form is complete"),
                "coordinator": self._text("By a coordinator or verifier"),
                "counter_visit": self._text("By a counter-visit"),
            }[rule.policy]
            + "."
        ]
        if rule.gate:
            sentences.append(self._text("The next task waits for it."))
        if rule.second_check:
            share = formatting.share(self.locale, float(rule.second_check))
            sentences.append(self._text("%(share)s are checked twice.") % {"share": share})
        sentences.append(
            {
                "none": self._text("A repetition is not paid."),
                "expenses": self._text("A repetition pays the expenses."),
                "full": self._text("A repetition is paid in full."),
            }[rule.rework]
        )
        yield self._p(" ".join(sentences))

    # forms ----------------------------------------------------------------------------------------

    def _common_forms(self) -> Iterator[Flowable]:
        uses = [use for use in self.package.definition.service.forms if use.ref in self.forms]
        titles = {"request": self._text("Request"), "evaluation": self._text("Evaluation")}
        if uses:
            yield PageBreak()
            yield self._p(self._text("Forms of the service"), _H1)
            for use in uses:
                yield from self._form(use.ref, titles.get(use.role, ""))

    def _form(self, ref: str, title: str) -> Iterator[Flowable]:
        """title: in the reader's language; a form's own title has one language only."""
        form = self.forms[ref]
        asked = [q for q in form.questions.values() if q.type not in _QUESTIONS and q.label]
        if not asked:
            return
        yield self._p(self._text("Form: %(form)s") % {"form": title or form.title}, _H2)
        yield self._p(self._text("* must be answered"), _SMALL)
        head = [self._text("Question"), self._text("Answer")]
        rows = []
        for question in asked:
            bind = form.binds.get(question.path)
            label = self._of(question.label) + (
                " *" if bind is not None and bind.required is not None else ""
            )
            hint = self._of(question.hint)
            rows.append([f"{label}\n{hint}" if hint else label, self._answer(question)])
        yield self._table(head, rows, (3, 2))

    def _answer(self, question: xform.Question) -> str:
        if question.choices:
            names = [self._of(each.label) or each.value for each in question.choices]
            if len(names) <= _LONGEST_LIST:
                return " / ".join(names)
            return self._text("one of %(count)s") % {"count": len(names)}
        words = {
            "text": self._text("Text"), "integer": self._text("Whole number"), "decimal": self._text("Number"),
            "date": self._text("Date"), "time": self._text("Time"), "dateTime": self._text("Date and time"),
            "geopoint": self._text("GPS point"), "geotrace": self._text("GPS track"),
            "geoshape": self._text("GPS area"), "image": self._text("Photo"), "audio": self._text("Sound recording"),
            "video": self._text("Video"), "file": self._text("File"), "barcode": self._text("Barcode"),
        }  # fmt: skip
        return words.get(question.type, question.type)

    # layout ---------------------------------------------------------------------------------------

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
        whole = A4[0] - 36 * mm
        data = [[self._p(cell, _HEAD) for cell in head]] if head else []
        data += [[self._p(cell, _CELL) for cell in row] for row in rows]
        style: list[Any] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]  # fmt: skip
        return Table(
            data, colWidths=[whole * width / sum(widths) for width in widths], style=style,
            repeatRows=1 if head else 0, spaceAfter=4, hAlign="LEFT",
        )  # fmt: skip

    def _markdown(self, text: str) -> Iterator[Flowable]:
        """CommonMark as paragraphs and lists; what is neither is shown as text."""
        numbers: list[int | None] = []
        heading = False
        for token in MarkdownIt("commonmark", {"html": False}).parse(text):
            if token.type in ("ordered_list_open", "bullet_list_open"):
                numbers.append(0 if token.type.startswith("ordered") else None)
            elif token.type in ("ordered_list_close", "bullet_list_close"):
                numbers.pop()
            elif token.type == "list_item_open" and numbers and numbers[-1] is not None:
                numbers[-1] += 1
            elif token.type in ("heading_open", "heading_close"):
                heading = token.type == "heading_open"
            elif token.type == "inline":
                yield self._line(token, numbers, heading=heading)
            elif token.type in ("fence", "code_block"):
                yield self._p(token.content)

    def _line(self, token: Token, numbers: Sequence[int | None], *, heading: bool) -> Paragraph:
        markup = "".join(self._inline(child) for child in token.children or ())
        if heading:
            return Paragraph(markup, _H2)
        if not numbers:
            return Paragraph(markup, _BODY)
        style = ParagraphStyle(
            "list", parent=_BULLET, leftIndent=16 * len(numbers), bulletIndent=16 * len(numbers) - 13
        )
        return Paragraph(markup, style, bulletText="•" if numbers[-1] is None else f"{numbers[-1]}.")

    def _inline(self, token: Token) -> str:
        marks = {
            "strong_open": "<b>", "strong_close": "</b>", "em_open": "<i>", "em_close": "</i>",
            "softbreak": " ", "hardbreak": "<br/>",
        }  # fmt: skip
        return marks.get(token.type) or escape(self._plain(token.content))
