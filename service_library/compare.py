"""What changed between two versions of a service, and which translations lag behind.

The diagram and its texts are compared by `workflows.definitions.compare`, the forms by `form_comparison`. Two
things are set right here: that forms carry the version of their service is no change, and the order of a
task's activities, which a facilitator follows, is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from forms import xform
from service_library.form_comparison import FormComparison, StaleTranslation, compare_forms
from service_library.package import ServicePackage
from workflows import xml
from workflows.decisions import LIMITS
from workflows.definitions.compare import Comparison, FieldChange
from workflows.definitions.compare import compare as compare_definitions
from workflows.definitions.model import Definition

_PARAMETERS: Final = "service.parameters["


@dataclass(frozen=True, slots=True)
class Reordering:
    """The activities of a task that both versions have, in their old and new order (ids)."""

    element: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionModelChange:
    """A decision model that only one version has, or whose content differs."""

    ref: str
    kind: Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class PackageComparison:
    """The difference of two packages.

    definition: nodes, flows and texts of the diagram. forms: those that differ. reordered: tasks whose
    activities have another order. stale: translations that lag, of diagram and forms. decisions: decision
    models that differ.
    """

    code: str
    old_version: str
    new_version: str
    definition: Comparison
    forms: tuple[FormComparison, ...]
    reordered: tuple[Reordering, ...]
    stale: tuple[StaleTranslation, ...]
    decisions: tuple[DecisionModelChange, ...] = ()

    @property
    def parameters(self) -> tuple[FieldChange, ...]:
        """The changes of the service's parameters, which are among those of the definition."""
        return tuple(each for each in self.definition.changes if each.path.startswith(_PARAMETERS))

    @property
    def is_same_service(self) -> bool:
        """Whether nothing but the version and the coordinates of shapes differs."""
        return self.definition.is_same_service and not (self.forms or self.reordered or self.decisions)

    def as_json(self) -> dict[str, Any]:
        """As plain values for JSON; numbers of the diagram are written as text."""
        diagram = self.definition
        return {
            "code": self.code,
            "old_version": self.old_version,
            "new_version": self.new_version,
            "is_same_service": self.is_same_service,
            "diagram": {
                "added_nodes": list(diagram.added_nodes),
                "removed_nodes": list(diagram.removed_nodes),
                "added_flows": list(diagram.added_flows),
                "removed_flows": list(diagram.removed_flows),
                "moved": list(diagram.moved),
                "changes": [_change_as_json(each) for each in diagram.changes],
                "reordered": [
                    {"element": each.element, "before": list(each.before), "after": list(each.after)}
                    for each in self.reordered
                ],
            },
            "parameters": [_change_as_json(each) for each in self.parameters],
            "forms": [each.as_json() for each in self.forms],
            "decisions": [{"ref": each.ref, "kind": each.kind} for each in self.decisions],
            "stale": [each.as_json() for each in self.stale],
        }


def compare(old: ServicePackage, new: ServicePackage) -> PackageComparison:
    """Everything that differs from `old` to `new`."""
    definition = compare_definitions(old.definition, new.definition)
    changes = tuple(each for each in definition.changes if not _is_form_version(each, old, new))
    definition = replace(definition, changes=changes)
    forms = compare_forms(_models(old), _models(new))
    stale = [StaleTranslation(each.element, each.path, each.language) for each in definition.stale]
    stale += [each for form in forms for each in form.stale]
    return PackageComparison(
        code=new.code,
        old_version=old.version,
        new_version=new.version,
        definition=definition,
        forms=forms,
        reordered=tuple(_reordered(old.definition, new.definition)),
        stale=tuple(stale),
        decisions=tuple(_decision_changes(old, new)),
    )


def _models(package: ServicePackage) -> Mapping[str, xform.Form]:
    return {ref: xform.read(form.xform) for ref, form in package.forms.items()}


def _decision_changes(old: ServicePackage, new: ServicePackage) -> Iterator[DecisionModelChange]:
    before, after = _canonical_decisions(old), _canonical_decisions(new)
    for ref in sorted({*before, *after}):
        if ref not in before:
            yield DecisionModelChange(ref, "added")
        elif ref not in after:
            yield DecisionModelChange(ref, "removed")
        elif before[ref] != after[ref]:
            yield DecisionModelChange(ref, "changed")


def _canonical_decisions(package: ServicePackage) -> Mapping[str, bytes]:
    return {
        ref: xml.canonical(xml.parse(data, limits=LIMITS)) for ref, data in package.decision_sources.items()
    }


def _is_form_version(change: FieldChange, old: ServicePackage, new: ServicePackage) -> bool:
    """Whether a reference to a form only follows the version of the service."""
    is_version = ".forms[" in change.path and change.path.endswith("].version")
    return is_version and (change.old, change.new) == (old.version, new.version)


def _reordered(old: Definition, new: Definition) -> Iterator[Reordering]:
    before, after = _activities(old), _activities(new)
    for element, ids in after.items():
        earlier = before.get(element, ())
        was = tuple(each for each in earlier if each in ids)
        is_now = tuple(each for each in ids if each in earlier)
        if was != is_now:
            yield Reordering(element, was, is_now)


def _activities(definition: Definition) -> Mapping[str, tuple[str, ...]]:
    return {
        node.id: tuple(activity.id for activity in node.task.activities)
        for node in definition.tasks()
        if node.task is not None
    }


def _change_as_json(change: FieldChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "element": change.element,
        "path": change.path,
        "language": change.language,
        "old": _plain(change.old),
        "new": _plain(change.new),
    }


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
