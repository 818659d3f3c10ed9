"""How complete a service is, step by step and language by language.

The seven steps are those of defining a franchised service: planning, description, workflow, tasks,
instructions, forms, pricing. A text that is missing in a language counts there; order as on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from forms import xform
from service_library.package import ServicePackage
from workflows.definitions.model import LANGUAGES, Definition, TaskCard, Text

Step = Literal["planning", "description", "workflow", "tasks", "instructions", "forms"]


@dataclass(frozen=True, slots=True)
class StepState:
    """A step. missing: by language, how many of its texts that language lacks. count: what it has of it."""

    step: Step
    count: int
    missing: dict[str, int]


def steps(package: ServicePackage) -> tuple[StepState, ...]:
    """The first six steps of a service; the seventh, its price, depends on the place."""
    definition = package.definition
    card = definition.service
    tasks = definition.tasks()
    cards = [node.task for node in tasks if node.task is not None]
    describing = (card.justification, card.purpose, *(p.label for p in card.parameters))
    return (
        _state("planning", len(card.outputs), (card.name, *(o.label for o in card.outputs))),
        _state("description", len(card.parameters), describing),
        _state("workflow", len(definition.nodes), (task.title for task in cards)),
        _state("tasks", len(tasks), (text for task in cards for text in _task_texts(task))),
        _state("instructions", len(tasks), (task.instructions for task in cards)),
        _state("forms", len(package.forms), _form_texts(package)),
    )


def untranslated(definition: Definition, language: str) -> tuple[str, ...]:
    """Ids of the tasks that lack a text in a language."""
    return tuple(
        node.id
        for node in definition.tasks()
        if node.task is not None
        and any(not text.get(language) for text in (*_task_texts(node.task), node.task.instructions))
    )


def _state(step: Step, count: int, texts: Iterable[Text]) -> StepState:
    known = list(texts)
    return StepState(step, count, {lang: sum(not t.get(lang) for t in known) for lang in LANGUAGES})


def _task_texts(card: TaskCard) -> Iterator[Text]:
    yield card.title
    yield card.outcome
    yield from (part.label for part in (*card.activities, *card.criteria))
    yield from (proof.label for proof in card.evidence)
    yield from (expense.label for expense in card.expenses)


def _form_texts(package: ServicePackage) -> Iterator[Text]:
    for form in package.forms.values():
        for question in xform.read(form.xform).questions.values():
            if question.label:
                yield question.label
