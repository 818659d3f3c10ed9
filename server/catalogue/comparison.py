"""The difference of two versions, put in the order people read it: element by element, part by part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from server.http.locale import gettext, localised
from server.http.navigation import N_
from server.http.words import node_title
from service_library.compare import PackageComparison
from service_library.package import ServicePackage
from workflows.definitions.compare import FieldChange
from workflows.definitions.model import Definition

PARTS: Mapping[str, str] = {
    "name": N_("Name"),
    "names": N_("Name"),
    "title": N_("Title"),
    "outcome": N_("Outcome"),
    "instructions": N_("Instructions"),
    "activities": N_("Activity"),
    "criteria": N_("Criterion"),
    "evidence": N_("Evidence"),
    "expenses": N_("Expense"),
    "honorarium": N_("Honorarium"),
    "forms": N_("Form"),
    "verification": N_("Verification"),
    "deadline_days": N_("Deadline"),
    "skill": N_("Skill"),
    "justification": N_("Justification"),
    "purpose": N_("Purpose"),
    "outputs": N_("Output"),
    "parameters": N_("Parameter"),
    "condition": N_("Condition"),
    "estimate": N_("Estimate"),
    "quantity": N_("quantity"),
    "unit": N_("unit"),
    "item": N_("item"),
    "payer": N_("payer"),
    "label": N_("text"),
    "default": N_("default"),
    "minimum": N_("minimum"),
    "maximum": N_("maximum"),
    "probability": N_("probability"),
    "repetitions": N_("repetitions"),
    "rework": N_("share sent back"),
    "duration_days": N_("duration"),
    "kind": N_("kind"),
    "policy": N_("who checks"),
    "gate": N_("next task waits"),
    "second_check": N_("second check"),
    "version": N_("version"),
    "charge": N_("charged"),
    "mandatory": N_("mandatory"),
    "reason": N_("reason"),
}
_OF_TEXTS = {
    "activity": "activities", "criterion": "criteria", "expense": "expenses", "output": "outputs",
    "parameter": "parameters",
}  # fmt: skip
"""Texts are found under the names of their elements."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_CONTEXT = 24
_MOST_PAIRS = 4_000_000
_STEP = re.compile(r"([a-z_]+)(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. what: the part in words; language: "" for what is no text."""

    what: str
    language: str
    before: str
    after: str

    @property
    def words(self) -> list[tuple[str, str]]:
        """Both texts as one: ("same" | "removed" | "added", text), word by word."""
        return word_by_word(self.before, self.after)


@dataclass(slots=True)
class ChangedElement:
    """An element of the diagram that differs. kind: added, removed or changed."""

    id: str
    name: str
    kind: str
    changes: list[Change] = field(default_factory=list)


def changed_elements(
    found: PackageComparison, old: ServicePackage, new: ServicePackage
) -> list[ChangedElement]:
    """The nodes, flows and the service card that differ, with their changes in words."""
    diagram = found.definition
    elements: dict[str, ChangedElement] = {}
    for ids, kind, package in (
        ((*diagram.added_nodes, *diagram.added_flows), "added", new),
        ((*diagram.removed_nodes, *diagram.removed_flows), "removed", old),
    ):
        for each in ids:
            elements[each] = ChangedElement(each, element_name(package, each), kind)
    for change in diagram.changes:
        element = elements.setdefault(
            change.element, ChangedElement(change.element, element_name(new, change.element), "changed")
        )
        element.changes.append(_in_words(change))
    for order in found.reordered:
        element = elements.setdefault(
            order.element, ChangedElement(order.element, element_name(new, order.element), "changed")
        )
        words = gettext("Order of the activities")
        labels = _activities(new, order.element)
        before, after = (
            " → ".join(labels.get(each, each) for each in ids) for ids in (order.before, order.after)
        )
        element.changes.append(Change(words, "", before, after))
    return list(elements.values())


def _activities(package: ServicePackage, element: str) -> dict[str, str]:
    node = package.definition.nodes.get(element)
    return {each.id: localised(each.label) for each in node.task.activities} if node and node.task else {}


def element_name(package: ServicePackage, element: str) -> str:
    """What an element of a version is called."""
    return name_of(package.definition, element)


def name_of(definition: Definition, element: str) -> str:
    """What an element is called: a task by its title, an arrow by what it joins."""
    node, flow = definition.nodes.get(element), definition.flows.get(element)
    if node is not None:
        return node_title(node)
    if flow is not None:
        ends = (name_of(definition, flow.source), name_of(definition, flow.target))
        return localised(flow.names) or " → ".join(ends)
    if element == definition.process_id:
        return gettext("Service card")
    return definition.lanes.get(element, element)


def form_changes(found: PackageComparison) -> dict[str, list[Change]]:
    """The changes of each form that differs, in words."""
    return {
        form.ref: [
            Change(f"{each.path}, {each.part}", each.language, each.before, each.after)
            for each in form.changes
        ]
        for form in found.forms
    }


def word_by_word(before: str, after: str) -> list[tuple[str, str]]:
    """Two texts as one sequence of ("same" | "removed" | "added", text); long equal parts are shortened."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) * len(new) > _MOST_PAIRS:
        return [("removed", before), ("added", after)]
    parts: list[tuple[str, str]] = []
    for step, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if step == "equal":
            parts.append(("same", _shortened(old[i:j])))
            continue
        parts += [
            (kind, text)
            for kind, text in (("removed", "".join(old[i:j])), ("added", "".join(new[k:m])))
            if text
        ]
    return parts


def _shortened(words: list[str]) -> str:
    """The ends of a long equal part: enough to see where one is."""
    if len(words) <= 2 * _CONTEXT:
        return "".join(words)
    return "".join(words[:_CONTEXT]) + " … " + "".join(words[-_CONTEXT:])


def _in_words(change: FieldChange) -> Change:
    return Change(path_in_words(change.path), change.language, _text(change.old), _text(change.new))


def path_in_words(path: str) -> str:
    """Say "Expense rice, quantity" for "task.expenses[rice].quantity"; unknown parts as they are."""
    words = []
    for name, key in _STEP.findall(path.removeprefix("task.").removeprefix("service.")):
        name = _OF_TEXTS.get(name, name)
        word = gettext(PARTS[name]) if name in PARTS else name.replace("_", " ")
        words.append(f"{word} {key}" if key else word)
    return ", ".join(words)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, tuple | list):
        return ", ".join(_text(each) for each in value)
    return str(value)
