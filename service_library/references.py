"""Where a diagram uses forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflows.definitions.model import Definition, FormRole


@dataclass(frozen=True, slots=True)
class FormUse:
    """One use of a form.

    place: id of the task, or of the process for forms of the whole service.
    on_task: it stands on a task's card.
    """

    role: FormRole
    ref: str
    version: str
    place: str
    on_task: bool


def form_uses(definition: Definition) -> Iterator[FormUse]:
    """All uses of forms: first those of the service, then task by task in the order of the file."""
    service = definition.service
    for form in service.forms:
        yield FormUse(form.role, form.ref, form.version, definition.process_id, on_task=False)
    for node in definition.tasks():
        card = node.task
        assert card is not None
        for form in card.forms:
            yield FormUse(form.role, form.ref, form.version, node.id, on_task=True)
