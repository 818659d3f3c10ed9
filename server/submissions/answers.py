"""The answers of a submission as people read them: questions in their language, choices by their label.

A question the form marks as personal (`bind::run:personal`) is shown to reviewers only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from forms.xform import LIMITS, Form, Question, choose
from workflows import xml

_HIDDEN = frozenset(("note", "hidden", "start", "end", "today", "calculate", "deviceid", "username"))
_PICTURES = frozenset(("image", "audio", "video", "file"))
_TRUE = frozenset(("yes", "true", "1", "true()"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question. file: name of its attachment, or ""; place: (latitude, longitude) or None."""

    name: str
    label: str
    text: str
    file: str = ""
    place: tuple[float, float] | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """The entries of a repeat as a table: headings, and a row of texts per entry."""

    label: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=128)
def personal_paths(xform: bytes) -> frozenset[str]:
    """The paths of the questions a form marks as personal."""
    root = xml.parse(xform, limits=LIMITS)
    found = set()
    for element in root.iter("{*}bind"):
        marks = {str(k).rpartition("}")[2]: str(v) for k, v in element.attrib.items()}
        if marks.get("personal", "").lower() in _TRUE:
            found.add(str(element.get("nodeset", "")))
    return frozenset(found)


def without_personal(form: Form, values: Mapping[str, Any], personal: frozenset[str]) -> dict[str, Any]:
    """The answers without those of personal questions, also within repeats."""
    hidden = {q.key for q in form.questions.values() if q.path in personal}
    return _without(values, hidden)


def _without(values: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key in hidden:
            continue
        if isinstance(value, list):
            found[key] = [_without(v, hidden) if isinstance(v, Mapping) else v for v in value]
        else:
            found[key] = value
    return found


def files_in(form: Form, values: Mapping[str, Any]) -> frozenset[str]:
    """The names of the files these answers hold, also within repeats."""
    keys = {q.key for q in form.questions.values() if q.type in _PICTURES}
    return frozenset(_files(values, keys))


def _files(values: Mapping[str, Any], keys: Collection[str]) -> Iterable[str]:
    for key, value in values.items():
        if key in keys and isinstance(value, str):
            yield value
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, Mapping):
                yield from _files(entry, keys)


def read(
    form: Form, values: Mapping[str, Any], *, locale: str, personal: frozenset[str], reviewer: bool
) -> tuple[list[Answer], list[Repeat]]:
    """What was answered, in the form's order. reviewer: also show personal answers."""
    asked = [q for q in form.questions.values() if q.type not in _HIDDEN and q.key]
    shown = [q for q in asked if reviewer or q.path not in personal]
    answers = [
        _answer(q, values[q.key], locale, personal=q.path in personal)
        for q in shown
        if not q.repeat and values.get(q.key) not in (None, "", [])
    ]
    return answers, list(_repeats(form, shown, values, locale))


def _repeats(
    form: Form, shown: Iterable[Question], values: Mapping[str, Any], locale: str
) -> Iterable[Repeat]:
    questions = list(shown)
    for path, group in form.repeats.items():
        entries = values.get(form.keys.get(path, ""))
        columns = [q for q in questions if q.repeat == path and q.type not in _PICTURES]
        if isinstance(entries, list) and columns:
            yield Repeat(
                choose(group.label, locale, form.default_language) or path.rpartition("/")[2],
                tuple(choose(q.label, locale, form.default_language) or q.name for q in columns),
                tuple(
                    tuple(text_of(q, e.get(q.key), locale) for q in columns)
                    for e in entries
                    if isinstance(e, Mapping)
                ),
            )


def _answer(question: Question, value: Any, locale: str, *, personal: bool) -> Answer:  # noqa: ANN401
    file = str(value) if question.type in _PICTURES else ""
    label = choose(question.label, locale, "en") or question.name
    return Answer(question.name, label, text_of(question, value, locale), file, _place(value), personal)


def text_of(question: Question, value: Any, locale: str) -> str:  # noqa: ANN401  (any answer)
    """An answer in words; "" when there is none."""
    if value is None:
        return ""
    if question.choices:
        labels = {c.value: choose(c.label, locale, "en") or c.value for c in question.choices}
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(str(v), str(v)) for v in chosen)
    place = _place(value)
    if place is not None:
        return f"{place[0]:.5f}, {place[1]:.5f}"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return str(value)


def _place(value: Any) -> tuple[float, float] | None:  # noqa: ANN401
    if isinstance(value, Mapping) and {"latitude", "longitude"} <= value.keys():
        return float(value["latitude"]), float(value["longitude"])
    return None
