"""String functions (DMN 1.5, 10.3.4.3); regular expressions as in XPath and XQuery Functions 3.1."""

from __future__ import annotations

from decimal import Decimal

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import out_of_range, unusable, wrong_arguments
from workflows.feel.patterns import Pattern, PatternError, compile_pattern
from workflows.feel.values import FeelValue


@builtin("string length", "string: string")
def _string_length(_: Evaluation, text: str) -> FeelValue:
    return Decimal(len(text))


@builtin("substring", "string: string, start position: number, length?: number")
def _substring(run: Evaluation, text: str, start: Decimal, length: Decimal | None = None) -> FeelValue:
    if abs(start) > len(text) + 1 or int(start) == 0 or (length is not None and length < 1):
        return run.null(out_of_range("substring"))
    position = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return (
        text[position:]
        if length is None
        else text[position : position + int(min(length, Decimal(len(text))))]
    )


@builtin("upper case", "string: string")
def _upper_case(run: Evaluation, text: str) -> FeelValue:
    return run.text(text.upper())


@builtin("lower case", "string: string")
def _lower_case(run: Evaluation, text: str) -> FeelValue:
    return run.text(text.lower())


@builtin("trim", "string: string")
def _trim(run: Evaluation, text: str) -> FeelValue:
    return run.text(text.strip())


@builtin("substring before", "string: string, match: string")
def _substring_before(run: Evaluation, text: str, match: str) -> FeelValue:
    run.step(len(text) // 64)
    before, found, _ = text.partition(match) if match else ("", "", text)
    return before if found else ""


@builtin("substring after", "string: string, match: string")
def _substring_after(run: Evaluation, text: str, match: str) -> FeelValue:
    run.step(len(text) // 64)
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string, match: string")
def _contains(run: Evaluation, text: str, match: str) -> FeelValue:
    run.step(len(text) // 64)
    return match in text


@builtin("starts with", "string: string, match: string")
def _starts_with(_: Evaluation, text: str, match: str) -> FeelValue:
    return text.startswith(match)


@builtin("ends with", "string: string, match: string")
def _ends_with(_: Evaluation, text: str, match: str) -> FeelValue:
    return text.endswith(match)


@builtin("string join", "list: list, delimiter?: string?")
def _string_join(run: Evaluation, items: list[FeelValue], delimiter: str | None = None) -> FeelValue:
    """Nulls are left out."""
    parts: list[str] = []
    length = 0
    for item in items:
        if type(item) is str:
            parts.append(item)
            length += len(item) + len(delimiter or "")
            if length > run.limits.text + len(delimiter or ""):
                run.text("".join(parts) + " " * run.limits.text)
        elif item is not None:
            return run.null(wrong_arguments("string join"))
    run.step(len(items))
    return run.text((delimiter or "").join(parts))


def _pattern(run: Evaluation, text: str, flags: str | None) -> Pattern | None:
    run.step(8 + len(text))
    try:
        return compile_pattern(text, flags or "")
    except PatternError:
        run.null(unusable("regular expression", text))
        return None


@builtin("matches", "input: string, pattern: string, flags?: string?")
def _matches(run: Evaluation, text: str, pattern: str, flags: str | None = None) -> FeelValue:
    compiled = _pattern(run, pattern, flags)
    return None if compiled is None else compiled.search(run, text, 0) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string?")
def _replace(
    run: Evaluation, text: str, pattern: str, replacement: str, flags: str | None = None
) -> FeelValue:
    """$1 to $9 (or more digits) are the groups, $0 the whole match; null where nothing at all would match."""
    compiled = _pattern(run, pattern, flags)
    if compiled is None:
        return None
    if compiled.search(run, "", 0) is not None:  # XPath: FORX0003
        return run.null(unusable("regular expression", pattern))
    pieces: list[str] = []
    length = end = 0
    for match in compiled.matches(run, text):
        filled = compiled.expand(match, text, replacement)
        if filled is None:
            return run.null(unusable("replacement", replacement))
        pieces += [text[end : match[0]], filled]
        length += len(filled)
        if length > run.limits.text:
            run.text(" " * (run.limits.text + 1))
        end = match[1]
    return run.text("".join([*pieces, text[end:]]))


@builtin("split", "string: string, delimiter: string")
def _split(run: Evaluation, text: str, delimiter: str) -> FeelValue:
    """The delimiter is a regular expression."""
    compiled = _pattern(run, delimiter, "")
    if compiled is None:
        return None
    pieces: list[FeelValue] = []
    end = 0
    for match in compiled.matches(run, text):
        if match[1] == match[0]:
            continue
        pieces.append(text[end : match[0]])
        end = match[1]
    pieces.append(text[end:])
    run.room_for(len(pieces))
    return pieces
