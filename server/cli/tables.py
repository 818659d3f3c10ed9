"""Plain tables for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Columns as wide as their content; a column whose every cell begins with a digit is set to the right."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(head)
    widths = [max([_width(h), *(_width(c) for c in column)]) for h, column in zip(head, columns, strict=True)]
    right = [bool(column) and all(_is_number(c) for c in column) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, width, to_the_right in zip(cells, widths, right, strict=True):
            space = " " * (width - _width(cell))
            padded.append(space + cell if to_the_right else cell + space)
        return (indent + "  ".join(padded)).rstrip()

    lines = [line(row) for row in rows]
    if any(head):
        lines = [line(head), indent + "  ".join("-" * w for w in widths), *lines]
    return "\n".join(lines)
