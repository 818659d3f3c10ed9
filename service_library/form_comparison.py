"""What changed between two versions of a form, text by text and rule by rule.

Idea: each form is laid out flat as (question, part, language) -> text, and the two layouts are compared. A
question that is new or gone is told once, with its label, and not part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from forms.xform import Bind, Form, Question, Text
from forms.xpath import Expression
from workflows.definitions.model import LANGUAGES

ChangeKind = Literal["added", "removed", "changed"]
SOURCE_LANGUAGE = LANGUAGES[0]
TEXT_PARTS = frozenset({"label", "hint", "constraint_message", "required_message"})


@dataclass(frozen=True, slots=True)
class FormChange:
    """One difference.

    path: of the question, from the root of the form ("household/size"). part: "question" for a whole
    question, else the XLSForm column, or "choice <value>". language: of a text, "" for what has none.
    before and after: "" where there is nothing.
    """

    path: str
    part: str
    language: str
    kind: ChangeKind
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {
            "path": self.path,
            "part": self.part,
            "language": self.language,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class StaleTranslation:
    """A text whose English changed while its translation stayed as it was.

    place: id in the diagram, or "<ref>: <path>" in a form. field: which text. language: the one that lags.
    """

    place: str
    field: str
    language: str

    def as_json(self) -> dict[str, str]:
        return {"place": self.place, "field": self.field, "language": self.language}


@dataclass(frozen=True, slots=True)
class FormComparison:
    """What changed in one form; kind "added" or "removed" when the other version has no such form."""

    ref: str
    kind: ChangeKind
    changes: tuple[FormChange, ...] = ()
    stale: tuple[StaleTranslation, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "ref": self.ref,
            "kind": self.kind,
            "changes": [change.as_json() for change in self.changes],
            "stale": [each.as_json() for each in self.stale],
        }


def compare_forms(old: Mapping[str, Form], new: Mapping[str, Form]) -> tuple[FormComparison, ...]:
    """The forms that differ, by reference in the order of the new version, then those that are gone.

    The version in a form's settings is that of its service and is not a change.
    """
    found = []
    for ref, form in new.items():
        if ref not in old:
            found.append(FormComparison(ref, "added"))
            continue
        changes = tuple(_changes(old[ref], form))
        if changes:
            found.append(FormComparison(ref, "changed", changes, tuple(_stale(ref, changes, form))))
    found += [FormComparison(ref, "removed") for ref in old if ref not in new]
    return tuple(found)


_Key = tuple[str, str, str]


def _changes(old: Form, new: Form) -> Iterator[FormChange]:
    before, after = _layout(old), _layout(new)
    old_paths, new_paths = {key[0] for key in before}, {key[0] for key in after}
    told: set[str] = set()
    for key in (*after, *(key for key in before if key not in after)):
        path, part, language = key
        if path in old_paths and path in new_paths:
            if before.get(key) != after.get(key):
                kind = _kind(before.get(key), after.get(key))
                yield FormChange(path, part, language, kind, before.get(key, ""), after.get(key, ""))
        elif path not in told:
            told.add(path)
            whole: _Key = (path, "label", SOURCE_LANGUAGE)
            kind = "added" if path in new_paths else "removed"
            yield FormChange(path, "question", "", kind, before.get(whole, ""), after.get(whole, ""))


def _kind(before: str | None, after: str | None) -> ChangeKind:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def _stale(ref: str, changes: tuple[FormChange, ...], new: Form) -> Iterator[StaleTranslation]:
    """Where the source text changed but a translation that exists did not."""
    touched = {(change.path, change.part, change.language) for change in changes}
    layout = _layout(new)
    for change in changes:
        if change.language != SOURCE_LANGUAGE or change.kind != "changed":
            continue
        for language in LANGUAGES:
            key = (change.path, change.part, language)
            if language != SOURCE_LANGUAGE and key in layout and key not in touched:
                yield StaleTranslation(f"{ref}: {change.path}", change.part, language)


def _layout(form: Form) -> dict[_Key, str]:
    """Everything a person reads or a rule says, in the order of the form."""
    layout: dict[_Key, str] = {}
    for path, question in form.questions.items():
        name = path.removeprefix(f"/{form.root}/")
        layout[(name, "type", "")] = question.type
        layout |= _texts(name, "label", question.label)
        layout |= _texts(name, "hint", question.hint)
        layout |= _rules(name, form.binds.get(path))
        layout |= _appearance(name, question)
        for choice in question.choices:
            layout |= _texts(name, f"choice {choice.value}", choice.label)
    for path, group in form.groups.items():
        name = path.removeprefix(f"/{form.root}/")
        layout[(name, "type", "")] = "repeat" if group.repeats else "group"
        layout |= _texts(name, "label", group.label)
        layout |= _expression(name, "repeat_count", group.count)
    for node in form.template.descendants():
        if not node.children and node.text:
            layout[(node.path.removeprefix(f"/{form.root}/"), "default", "")] = node.text
    return layout


def _texts(name: str, part: str, text: Text) -> dict[_Key, str]:
    return {(name, part, language): value for language, value in text.items()}


def _expression(name: str, part: str, expression: Expression | None) -> dict[_Key, str]:
    return {} if expression is None else {(name, part, ""): " ".join(expression.source.split())}


def _rules(name: str, bind: Bind | None) -> dict[_Key, str]:
    if bind is None:
        return {}
    return {
        **_expression(name, "required", bind.required),
        **_texts(name, "required_message", bind.required_message),
        **_expression(name, "relevant", bind.relevant),
        **_expression(name, "constraint", bind.constraint),
        **_texts(name, "constraint_message", bind.constraint_message),
        **_expression(name, "read_only", bind.readonly),
        **_expression(name, "calculation", bind.calculate),
    }


def _appearance(name: str, question: Question) -> dict[_Key, str]:
    found = {(name, "appearance", ""): question.appearance} if question.appearance else {}
    if question.itemset is not None:
        sources = [" ".join(each.source.split()) for each in question.itemset.predicates]
        found |= {(name, "choice_filter", ""): " and ".join(sources)} if sources else {}
    return found
