"""Rules for the cards: what an expert must write about a service and its tasks.

Source: design/source, the seven steps of defining a service: a task is done by a single agent without
interacting with any other; every criterion has a source of verification; every expense says where it is
bought.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from workflows.definitions import bpmn
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Node, ServiceCard, TaskCard, Text
from workflows.problems import Problem

_SKILL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,49}")
_SEVERAL: Final = re.compile(r"[,;/+&|]|\s(?:and|et|y|e|ou|or|o)\s|\s")
_PERFORMERS: Final = ("performer", "humanPerformer", "potentialOwner")


def service(subject: Subject) -> Iterator[Problem]:
    """The service has a code, a name, a justification, a purpose and an output."""
    card, place = subject.definition.service, subject.definition.process_id
    parts = {
        "code": card.code,
        "name": card.name,
        "justification": card.justification,
        "purpose": card.purpose,
        "output": card.outputs,
    }
    for part, value in parts.items():
        if not value:
            yield Problem(
                "incomplete-service",
                "The service has no %(part)s. Write it on the service's card.",
                place=place,
                params={"part": part},
            )
    roles = {form.role for form in card.forms}
    for role in ("request", "evaluation"):
        if role not in roles:
            yield _missing_form(place, role)
    yield from _ids(place, "service", (*card.outputs, *card.parameters))
    for parameter in card.parameters:
        low, high, default = parameter.minimum, parameter.maximum, parameter.default
        bounds = [value for value in (low, default, high) if value is not None]
        if bounds != sorted(bounds):
            yield _range(place, f"parameter {parameter.id}")


def _missing_form(place: str, role: str) -> Problem:
    return Problem(
        "missing-form",
        "There is no %(role)s form. Add one to the card.",
        place=place,
        params={"role": role},
    )


def tasks(subject: Subject) -> Iterator[Problem]:
    """Every human task has a complete card."""
    for node in subject.human_tasks:
        if node.task is None:
            yield Problem(
                "task-without-card",
                "The task “%(name)s” is not described yet. Fill its card.",
                place=node.id,
                params={"name": shown(node)},
            )
        else:
            yield from _parts(node, node.task)
            yield from _ids(node.id, shown(node), (*node.task.activities, *node.task.criteria))
            yield from _ids(node.id, shown(node), (*node.task.evidence, *node.task.expenses))


def _parts(node: Node, card: TaskCard) -> Iterator[Problem]:
    params = {"name": shown(node)}
    if not card.title:
        yield Problem("missing-title", "“%(name)s” has no title. Write one.", place=node.id, params=params)
    if not card.outcome:
        yield Problem(
            "missing-outcome",
            "“%(name)s” does not say what exists when it is done. Write its outcome.",
            place=node.id,
            params=params,
        )
    if not card.activities:
        yield Problem(
            "missing-activities",
            "“%(name)s” has no activities. Say step by step what is done.",
            place=node.id,
            params=params,
        )
    if not card.criteria:
        yield Problem(
            "missing-criteria",
            "“%(name)s” has no criterion. Say how one sees that it is done well.",
            place=node.id,
            params=params,
        )
    if not card.evidence:
        yield Problem(
            "missing-evidence",
            "Nothing proves “%(name)s”. Add a photo, a document or another evidence.",
            place=node.id,
            params=params,
        )
    if card.honorarium is None:
        yield Problem(
            "missing-honorarium",
            "“%(name)s” is not paid. Add its honorarium (0 days if it is done for nothing).",
            place=node.id,
            params=params,
        )
    if not any(form.role == "response" for form in card.forms):
        yield _missing_form(node.id, "response")


def _ids(place: str, name: str, things: Iterable[object]) -> Iterator[Problem]:
    counts = Counter(str(getattr(thing, "id", "")) for thing in things)
    for own_id, count in counts.items():
        if not own_id:
            yield Problem(
                "missing-id",
                "A part of the card of “%(name)s” has no id. Remove it and add it again in the modeler.",
                place=place,
                params={"name": name},
            )
        elif count > 1:
            yield Problem(
                "repeated-part",
                "Two parts of the card of “%(name)s” have the id “%(id)s”. Remove one and add it again in the "
                "modeler.",
                place=place,
                params={"id": own_id, "name": name},
            )


def evidence(subject: Subject) -> Iterator[Problem]:
    """Each evidence proves a criterion, each criterion is proved."""
    for node in subject.definition.own_tasks():
        card = node.task or TaskCard()
        known = {criterion.id for criterion in card.criteria}
        for each in card.evidence:
            for missing in sorted(set(each.criteria) - known):
                yield Problem(
                    "unknown-criterion",
                    "The evidence “%(evidence)s” refers to the criterion “%(criterion)s”, which is not "
                    "there. Choose another.",
                    place=node.id,
                    params={"evidence": each.id, "criterion": missing},
                )
            if not each.criteria:
                yield Problem(
                    "evidence-without-criterion",
                    "The evidence “%(evidence)s” of “%(name)s” proves no criterion. Choose which one.",
                    place=node.id,
                    params={"evidence": each.id, "name": shown(node)},
                )
            if each.min < 0 or (each.max is not None and each.max < max(each.min, 1)):
                yield _range(node.id, f"evidence {each.id}")
        proved = {criterion for each in card.evidence for criterion in each.criteria}
        for unproved in sorted(known - proved):
            yield Problem(
                "criterion-without-evidence",
                "The criterion “%(criterion)s” of “%(name)s” has no source of verification. Add one.",
                place=node.id,
                params={"criterion": unproved, "name": shown(node)},
            )


def _range(place: str, what: str) -> Problem:
    return Problem(
        "invalid-range",
        "The numbers of %(what)s contradict each other or are not possible. Correct them.",
        place=place,
        params={"what": what},
    )


def costs(subject: Subject) -> Iterator[Problem]:
    """Expenses and honoraria name their item; what is imported says why."""
    for node in subject.definition.own_tasks():
        card = node.task or TaskCard()
        for expense in card.expenses:
            if not expense.item or not expense.unit:
                yield _missing_item(node, f"expense {expense.id}")
            if expense.procurement == "imported" and not expense.reason:
                yield Problem(
                    "imported-without-reason",
                    "The expense “%(expense)s” of “%(name)s” is imported. Say why not bought locally.",
                    place=node.id,
                    params={"expense": expense.id, "name": shown(node)},
                )
        if card.honorarium is not None and not card.honorarium.item:
            yield _missing_item(node, "honorarium")
        check = card.verification
        if not 0 <= check.second_check <= 1 or check.max_rework < 0:
            yield _range(node.id, "verification")
        if card.deadline_days is not None and card.deadline_days < 1:
            yield _range(node.id, "deadlineDays")


def _missing_item(node: Node, what: str) -> Problem:
    return Problem(
        "missing-item",
        "The %(what)s of “%(name)s” has no item of the price list, or no unit. Choose them.",
        place=node.id,
        params={"what": what, "name": shown(node)},
    )


def agents(subject: Subject) -> Iterator[Problem]:
    """A task is done by one agent: one skill, one lane, one performer."""
    lanes, performers = _lanes(subject.process), _performers(subject.process)
    for node in subject.human_tasks:
        skill = "" if node.task is None else node.task.skill
        if node.task is not None and not skill:
            yield Problem(
                "missing-skill",
                "“%(name)s” does not say which skill it needs. Choose one.",
                place=node.id,
                params={"name": shown(node)},
            )
        several = [part for part in _SEVERAL.split(skill) if part]
        if len(several) > 1 or lanes[node.id] > 1 or performers[node.id] > 1:
            yield Problem(
                "several-agents",
                "“%(name)s” is done by several agents. Divide it: each task is done by one person alone.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif skill and not _SKILL.fullmatch(skill):
            yield Problem(
                "invalid-skill",
                "“%(skill)s” is not a code of a skill (a letter, then letters, digits, _ - .). Choose one.",
                place=node.id,
                params={"skill": skill[:60]},
            )


def _lanes(process: etree._Element) -> Counter[str]:
    """In how many lanes a node is, a lane and the lane around it counted once."""
    found: Counter[str] = Counter()
    for lane in process.iter(bpmn.tag("lane")):
        own = {bpmn.reference(ref.text) for ref in lane.iterchildren(bpmn.tag("flowNodeRef"))}
        inner = lane.find(bpmn.tag("childLaneSet"))
        below = (
            set()
            if inner is None
            else {bpmn.reference(ref.text) for ref in inner.iter(bpmn.tag("flowNodeRef"))}
        )
        found.update(own - below)
    return found


def _performers(process: etree._Element) -> Counter[str]:
    """How many performers an activity names."""
    found = process.iter(*(bpmn.tag(name) for name in _PERFORMERS))
    return Counter(_id_of_parent(performer) for performer in found)


def _id_of_parent(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else parent.get("id") or ""


def translations(subject: Subject) -> Iterator[Problem]:
    """Every text is there in every language that is asked for."""
    definition = subject.definition
    own = () if subject.is_called else texts(definition.process_id, definition.service)
    for place, field, text in own:
        yield from _languages(subject, place, field, text)
    for node in definition.own_tasks():
        for place, field, text in texts(node.id, node.task or TaskCard()):
            yield from _languages(subject, place, field, text)
    for place, names in definition.own_names().items():
        if len(names) > 1:  # a name that nobody has begun to translate is the file's own, and read as it is
            yield from _languages(subject, place, "name", names)


def _languages(subject: Subject, place: str, field: str, text: Text) -> Iterator[Problem]:
    missing = [language for language in subject.languages if language not in text]
    if text and missing:
        yield Problem(
            "missing-translation",
            "“%(field)s” is not translated into: %(languages)s. Add the translation.",
            place=place,
            params={"field": field, "languages": ", ".join(missing)},
        )


def texts(place: str, card: ServiceCard | TaskCard) -> Iterator[tuple[str, str, Text]]:
    """(place, field, text) of every text of a card; a label that is missing altogether is not among them."""
    if isinstance(card, ServiceCard):
        yield from ((place, name, getattr(card, name)) for name in ("name", "justification", "purpose"))
        labelled: tuple[object, ...] = (*card.outputs, *card.parameters)
    else:
        yield from ((place, name, getattr(card, name)) for name in ("title", "outcome", "instructions"))
        labelled = (*card.activities, *card.criteria, *card.evidence, *card.expenses)
        yield from ((place, f"{each.id} (reason)", each.reason) for each in card.expenses)
    for each in labelled:
        yield place, str(getattr(each, "id", "")), getattr(each, "label", {})


RULES: Final = (tasks, evidence, costs, agents, translations)
MAIN_RULES: Final = (service,)
