"""The sheet of paper that goes to the bank with a payment file: what is in it, whose word it has, and a QR code.

The figures are those that were read back out of the frozen file, never those of the database; the words make a
stroke of the pen visible. Everything is said in English, French and Spanish, for the bank reads one of them and
we another. The same facts always give the same bytes, so that the sheet can be made again and compared.

Sources: reportlab's `invariant` mode for bytes without date and chance; ISO/IEC 18004 (QR code, by segno);
letters beyond Windows-1252 are spelled in basic Latin, as in the file itself.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from payments.identifiers import latin_text
from payments.words import LANGUAGES, in_words
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Signer:
    """Who prepared or approved, as what, and when."""

    name: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CoverSheet:
    """What the sheet says.

    totals, count: read out of the frozen file; at least one total, one for each currency.
    account: masked. ledger_seq, ledger_head: number and seal of the entry of the export, the head of the chain.
    """

    reference: str
    holder: str
    account: str
    rail: str
    execution_date: date
    count: int
    totals: tuple[Money, ...]
    file_name: str
    file_sha256: str
    content_sha256: str
    ledger_seq: int
    ledger_head: str
    prepared: Signer
    approved: tuple[Signer, ...]


_TITLE: Final = ("Payment order: cover sheet", "Ordre de paiement : bordereau", "Orden de pago: carátula")
_LABELS: Final = {
    "reference": ("Reference", "Référence", "Referencia"),
    "account": ("Paid from", "Compte débité", "Cuenta de cargo"),
    "day": ("Day of execution", "Date d'exécution", "Fecha de ejecución"),
    "count": ("Number of payments", "Nombre de paiements", "Número de pagos"),
    "total": ("Total", "Total", "Total"),
    "file": ("File", "Fichier", "Archivo"),
    "sha": ("SHA-256 of the file", "SHA-256 du fichier", "SHA-256 del archivo"),
    "content": ("SHA-256 of what was approved", "SHA-256 du contenu approuvé", "SHA-256 de lo aprobado"),
    "ledger": ("Head of the ledger", "Tête du grand livre", "Cabeza del libro mayor"),
    "prepared": ("Prepared by", "Préparé par", "Preparado por"),
    "approved": ("Approved by", "Approuvé par", "Aprobado por"),
    "signature": ("Date and signature", "Date et signature", "Fecha y firma"),
}  # fmt: skip
_ROLES: Final = {
    "finance": ("finance", "finances", "finanzas"),
    "approver": ("approver", "approbateur", "aprobador"),
}
_RAILS: Final = {"mobile_money": ("mobile money", "argent mobile", "dinero móvil")}
_NOTE: Final = (
    "The figures were read out of the file. Compare the SHA-256 before the file is carried out.",
    "Les chiffres ont été relus dans le fichier. Comparez le SHA-256 avant l'exécution.",
    "Las cifras se leyeron del archivo. Compare el SHA-256 antes de la ejecución.",
)
_LEFT, _RIGHT, _TOP, _BOTTOM = 18 * mm, A4[0] - 18 * mm, A4[1] - 18 * mm, 18 * mm
_QR: Final = 34 * mm


def qr_text(sheet: CoverSheet) -> str:
    """What the code says, one fact a line: reference, count, totals, digests."""
    totals = [f"total={each.text()} {each.currency}" for each in sheet.totals]
    return "\n".join(
        [
            "RUN-PAYMENT-1", f"reference={sheet.reference}", f"count={sheet.count}", *totals,
            f"sha256={sheet.file_sha256}", f"ledger={sheet.ledger_seq}:{sheet.ledger_head}",
        ]
    )  # fmt: skip


def write(sheet: CoverSheet) -> bytes:
    """The sheet as PDF (A4), the same bytes for the same facts. Raises AmountNotInWords."""
    out = io.BytesIO()
    # not compressed: zlib's bytes are not promised to stay, and the text can be looked for in the file
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=0)
    canvas.setTitle(_shown(f"{_TITLE[0]} {sheet.reference}"))
    _Page(canvas).draw(sheet)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def figures(amount: Money) -> str:
    """An amount for a bank in any country: groups of three behind a space, the currency's decimals behind a point."""
    whole, point, rest = amount.text().partition(".")
    groups = f"{int(whole):,}".replace(",", " ")
    return f"{groups}{point}{rest} {amount.currency}"


def _shown(text: str) -> str:
    """The text in the letters of the built-in fonts; others spelled as in a bank file."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return latin_text(text, 200) or "?"
    return "".join(c for c in text if c.isprintable())


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _said(table: Mapping[str, tuple[str, ...]], code: str) -> str:
    """A code in the three languages; one without words as it is."""
    return " / ".join(table.get(code, (code.replace("_", " "),)))


def _roles(roles: str) -> str:
    return ", ".join(_said(_ROLES, role) for role in roles.split(","))


class _Page:
    """Draws downwards; begins another page when there is no room."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas, self.y = canvas, _TOP

    def draw(self, sheet: CoverSheet) -> None:
        self._code(qr_text(sheet))
        width = _RIGHT - _LEFT - _QR - 6 * mm
        self._lines([_TITLE[0]], 15, bold=True, width=width)
        self._lines(_TITLE[1:], 11, width=width)
        self.y = min(self.y - 4 * mm, _TOP - _QR - 4 * mm)
        self._fact("reference", [sheet.reference])
        self._fact("account", [f"{sheet.holder}, {sheet.account}", _said(_RAILS, sheet.rail)])
        self._fact("day", [sheet.execution_date.isoformat()])
        self._fact("count", [str(sheet.count)])
        for amount in sheet.totals:
            self._fact("total", [figures(amount)], bold=True)
            for language in LANGUAGES:
                self._lines([in_words(amount, language)], 10, left=_LEFT + 62 * mm)
            self.y -= mm
        self._fact("file", [sheet.file_name])
        self._fact("sha", [sheet.file_sha256], mono=True)
        self._fact("content", [sheet.content_sha256], mono=True)
        self._fact("ledger", [f"{sheet.ledger_seq}", sheet.ledger_head], mono=True)
        self.y -= 3 * mm
        self._signature("prepared", sheet.prepared)
        for signer in sheet.approved:
            self._signature("approved", signer)
        self.y -= 2 * mm
        self._lines(_NOTE, 8)

    def _fact(self, label: str, values: Sequence[str], *, bold: bool = False, mono: bool = False) -> None:
        self._room(12 * mm)
        top = self.y
        self._lines([" / ".join(dict.fromkeys(_LABELS[label]))], 8, width=58 * mm)
        below, self.y = self.y, top
        size = 8 if mono else 11
        self._lines(values, size, left=_LEFT + 62 * mm, bold=bold, mono=mono)
        self.y = min(self.y, below) - mm

    def _lines(
        self, texts: Sequence[str], size: int, *, left: float | None = None, width: float | None = None,
        bold: bool = False, mono: bool = False,
    ) -> None:  # fmt: skip
        font = "Courier" if mono else ("Helvetica-Bold" if bold else "Helvetica")
        start = _LEFT if left is None else left
        for text in texts:
            for line in simpleSplit(_shown(text), font, size, width or _RIGHT - start):
                self._room(size)
                self.canvas.setFont(font, size)
                self.y -= size * 5 // 4
                self.canvas.drawString(start, self.y, line)

    def _signature(self, label: str, signer: Signer) -> None:
        height = 24 * mm
        self._room(height + 3 * mm)
        middle = (_LEFT + _RIGHT) / 2
        self.canvas.rect(_LEFT, self.y - height, _RIGHT - _LEFT, height)
        self.canvas.line(middle, self.y - height, middle, self.y)
        top = self.y
        self.y -= 2 * mm
        inside = {"left": _LEFT + 3 * mm, "width": middle - _LEFT - 6 * mm}
        self._lines([" / ".join(_LABELS[label])], 8, **inside)
        self._lines([signer.name], 11, **inside)
        self._lines([_roles(signer.role), _moment(signer.at)], 8, **inside)
        self.y = top - 2 * mm
        self._lines(
            [" / ".join(_LABELS["signature"])], 8, left=middle + 3 * mm, width=middle - _LEFT - 6 * mm
        )
        self.y = top - height - 3 * mm

    def _room(self, height: float) -> None:
        if self.y - height < _BOTTOM:
            self.canvas.showPage()
            self.y = _TOP

    def _code(self, text: str) -> None:
        """The QR code in the upper right corner, as squares: sharp on any printer."""
        matrix = [bytes(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
        step = _QR / len(matrix)
        for row, cells in enumerate(matrix):
            for column, dark in enumerate(cells):
                if dark:
                    x, y = _RIGHT - _QR + column * step, _TOP - (row + 1) * step
                    self.canvas.rect(x, y, step, step, stroke=0, fill=1)
