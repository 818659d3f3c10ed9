"""What changed between two definitions, and which translations lag behind.

Idea: both sides are flattened to `path -> value` (cards) or compared field by field (nodes, flows); texts are
compared per language. A text lags in a language when its source language changed and that one did not.
Moving a shape on the canvas is no change of the service and is listed apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Final, Literal

from workflows.definitions import bpmn
from workflows.definitions.lint.registry import Subject
from workflows.definitions.model import LANGUAGES, Definition

Kind = Literal["node", "flow", "service", "lane"]
_CONNECTIONS: Final = frozenset({"incoming", "outgoing"})
"""Of a node; the flows say the same."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs.

    element: id of the node, flow, lane or process. path: "name", "task.expenses[rice].quantity",
    "task.title". language: of a text, "" otherwise. old, new: None when absent on that side.
    """

    kind: Kind
    element: str
    path: str
    old: object
    new: object
    language: str = ""


@dataclass(frozen=True, slots=True)
class StaleText:
    """A text whose source changed and whose translation did not, or is missing."""

    element: str
    path: str
    language: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two definitions; ids in the order of the newer file (removed: of the older)."""

    added_nodes: tuple[str, ...] = ()
    removed_nodes: tuple[str, ...] = ()
    added_flows: tuple[str, ...] = ()
    removed_flows: tuple[str, ...] = ()
    changes: tuple[FieldChange, ...] = ()
    moved: tuple[str, ...] = ()
    """Elements with other coordinates only: their shape or waypoints differ, nothing else."""
    stale: tuple[StaleText, ...] = ()

    @property
    def changed_nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.element for each in self.changes if each.kind == "node"))

    @property
    def changed_flows(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.element for each in self.changes if each.kind == "flow"))

    @property
    def is_same_service(self) -> bool:
        """Whether nothing but coordinates differs."""
        return not (
            self.added_nodes or self.removed_nodes or self.added_flows or self.removed_flows or self.changes
        )


def compare(old: Definition, new: Definition, *, source_language: str = "en") -> Comparison:
    """Everything that differs from `old` to `new`.

    A text of another language lags when the one in `source_language` changed and it did not, or is missing.
    """
    changes = (
        *_pairs("service", new.process_id, _process(old), _process(new)),
        *_elements("node", old.nodes, new.nodes),
        *_elements("flow", old.flows, new.flows),
        *_lanes(old, new),
    )
    touched = {each.element for each in changes}
    return Comparison(
        added_nodes=_only(new.nodes, old.nodes),
        removed_nodes=_only(old.nodes, new.nodes),
        added_flows=_only(new.flows, old.flows),
        removed_flows=_only(old.flows, new.flows),
        changes=changes,
        moved=tuple(each for each in _moved(old, new) if each not in touched),
        stale=tuple(_stale(changes, old, new, source_language)),
    )


def _only(these: Mapping[str, object], others: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in others)


def _process(definition: Definition) -> Mapping[str, object]:
    return {"name": definition.name, "schema": definition.schema, "service": definition.service}


def _elements(kind: Kind, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[FieldChange]:
    for element, value in new.items():
        if element in old:
            yield from _pairs(kind, element, old[element], value)


def _lanes(old: Definition, new: Definition) -> Iterator[FieldChange]:
    for lane, name in new.lanes.items():
        if lane in old.lanes:
            yield from _pairs("lane", lane, _lane(old, lane), _lane(new, lane))
        else:
            yield FieldChange("lane", lane, "name", None, name)
    for lane in _only(old.lanes, new.lanes):
        yield FieldChange("lane", lane, "name", old.lanes[lane], None)


def _lane(definition: Definition, lane: str) -> Mapping[str, object]:
    return {_NAMES: definition.lane_names[lane]} if lane in definition.lane_names else {}


_NAMES: Final = "names"
_Leaf = tuple[str, str]
"""(path, language)"""


def _pairs(kind: Kind, element: str, old: object, new: object) -> Iterator[FieldChange]:
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    for path, language in dict.fromkeys((*before, *after)):
        was, is_now = before.get((path, language)), after.get((path, language))
        if was != is_now:
            yield FieldChange(kind, element, path or "name", was, is_now, language)


def _leaves(value: object, path: str) -> Iterator[tuple[_Leaf, object]]:
    """Every simple value under `value`; parts with an id are found by it, so their order may change."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            said_by_language = each.name == "name" and getattr(value, "names", None)
            if each.name not in _CONNECTIONS and not said_by_language:
                yield from _leaves(getattr(value, each.name), _join(path, each.name))
    elif isinstance(value, Mapping):
        yield from _leaves_of_mapping(value, path)
    elif isinstance(value, tuple) and any(is_dataclass(each) for each in value):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{_key(each, index)}]")
    elif value is not None:
        yield (path, ""), value


def _leaves_of_mapping(value: Mapping[str, object], path: str) -> Iterator[tuple[_Leaf, object]]:
    if path:  # below the top every mapping is a Text
        yield from (((path, language), text) for language, text in value.items())
    else:
        for key, each in value.items():
            yield from _leaves(each, _join(path, key))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _key(part: object, index: int) -> str:
    """What identifies a part of a card: its id, a form's role and reference, else its position."""
    own = getattr(part, "id", "")
    if own:
        return str(own)
    role, ref = getattr(part, "role", ""), getattr(part, "ref", "")
    return f"{role} {ref}" if ref else str(index)


def _stale(
    changes: tuple[FieldChange, ...], old: Definition, new: Definition, source: str
) -> Iterator[StaleText]:
    """Also texts of new nodes that are there in the source language only."""
    changed = {(each.element, each.path, each.language) for each in changes}
    texts = {
        (each.element, each.path) for each in changes if each.language == source and each.new is not None
    }
    now = dict(_texts(new))
    fresh = {*_only(new.nodes, old.nodes), *_only(new.flows, old.flows), *_only(new.lanes, old.lanes)}
    texts |= {(element, path) for element, path, language in now if element in fresh and language == source}
    others = [language for language in LANGUAGES if language != source]
    # a name that nobody has begun to translate lags nowhere
    begun = {(element, path) for element, path, language in now if path != _NAMES or language != source}
    for element, path in sorted(texts & begun):
        for language in others:
            key = (element, path, language)
            followed = key in changed or element in fresh
            if key not in now or not followed:
                yield StaleText(element, path, language)


def _texts(definition: Definition) -> Iterator[tuple[tuple[str, str, str], object]]:
    """((element, path, language), text) of every text."""
    owners: dict[str, object] = {
        definition.process_id: _process(definition), **definition.nodes, **definition.flows,
        **{lane: _lane(definition, lane) for lane in definition.lane_names},
    }  # fmt: skip
    for element, owner in owners.items():
        for (path, language), text in _leaves(owner, ""):
            if language:
                yield (element, path, language), text


def _moved(old: Definition, new: Definition) -> Iterator[str]:
    before, after = _coordinates(old), _coordinates(new)
    for element, drawn in after.items():
        if element in before and before[element] != drawn:
            yield element


def _coordinates(definition: Definition) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Element id -> what is written in its shape or edge: bounds, waypoints, label."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    known = {*definition.nodes, *definition.flows, *definition.lanes}
    for shape in Subject(definition).root.iter(f"{{{bpmn.DI}}}BPMNShape", f"{{{bpmn.DI}}}BPMNEdge"):
        element = bpmn.reference(shape.get("bpmnElement"))
        if element in known:
            found[element] = tuple(
                tuple(str(part.get(name) or "") for name in ("x", "y", "width", "height"))
                for part in shape.iter("*")
            )
    return found
