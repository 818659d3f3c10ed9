"""A drawing for a diagram that has none: BPMN without diagram interchange can be run, but not shown.

Idea: columns by the longest way from a start, rows by order of the file; sub-processes are drawn around what is
in them. Simple and never wrong; an expert moves things afterwards.
Source: BPMN 2.0.2, clause 12 (BPMN DI).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from workflows import xml
from workflows.definitions import bpmn
from workflows.definitions.read import normalised

DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
_DD: Final = "http://www.omg.org/spec/DD/20100524/DI"
_GAP, _MARGIN = 60, 40
_SIZES: Final = {"Event": (36, 36), "Gateway": (50, 50)}
_TASK: Final = (100, 80)


def has_drawing(root: etree._Element) -> bool:
    """Whether at least one shape is drawn."""
    return next(root.iter(f"{{{DI}}}BPMNShape"), None) is not None


@dataclass(slots=True)
class _Box:
    """A node with its size and place; children: what is drawn inside it."""

    id: str
    width: int
    height: int
    x: int = 0
    y: int = 0
    host: str = ""
    children: list[_Box] = field(default_factory=list)

    def move(self, dx: int, dy: int) -> None:
        self.x, self.y = self.x + dx, self.y + dy
        for child in self.children:
            child.move(dx, dy)


def with_drawing(data: bytes) -> bytes:
    """The diagram with every process drawn below the one before. Raises XmlRefused."""
    root = xml.parse(data)
    for old in root.findall(f"{{{DI}}}BPMNDiagram"):
        root.remove(old)
    processes = bpmn.processes(root)
    if not processes:
        return normalised(root)
    diagram = etree.SubElement(root, f"{{{DI}}}BPMNDiagram", nsmap={"bpmndi": DI, "dc": _DC, "di": _DD})
    plane = etree.SubElement(
        diagram, f"{{{DI}}}BPMNPlane", bpmnElement=processes[0].get("id", ""), id=_free_id(root, "plane")
    )
    diagram.set("id", _free_id(root, "diagram"))
    top = _MARGIN
    for process in processes:
        boxes, height = _laid_out(process)
        for box in boxes:
            box.move(_MARGIN, top)
        _draw(plane, process, boxes)
        top += height + _GAP
    return normalised(root)


def _free_id(root: etree._Element, wanted: str) -> str:
    taken = {element.get("id") for element in root.iter()}
    return next(
        name for name in (wanted, *(f"{wanted}_{n}" for n in range(len(taken) + 1))) if name not in taken
    )


def _laid_out(scope: etree._Element) -> tuple[list[_Box], int]:
    """The boxes of a scope from (0, 0) on, and its height; boundary events sit on their hosts."""
    nodes = [element for element, _ in bpmn.flow_nodes(scope)]
    boxes = {node.get("id", ""): _box(node) for node in nodes}
    column: dict[str, list[_Box]] = {}
    levels = _levels(scope, [i for i, box in boxes.items() if not box.host])
    columns: list[list[_Box]] = [[] for _ in range(max(levels.values(), default=0) + 1)]
    for node_id, level in levels.items():
        columns[level].append(boxes[node_id])
    heights = [sum(b.height + _GAP for b in each) for each in columns]
    tallest = max(heights, default=0)
    x = 0
    for each, height in zip(columns, heights, strict=True):
        width = max((b.width for b in each), default=0)
        y = (tallest - height) // 2
        for box in each:
            box.move(x + (width - box.width) // 2, y)
            y += box.height + _GAP
        x += width + _GAP
    for box in boxes.values():
        if box.host in boxes:
            column.setdefault(box.host, []).append(box)
            host = boxes[box.host]
            box.move(host.x + 10 + 45 * (len(column[box.host]) - 1), host.y + host.height - 18)
    return list(boxes.values()), tallest


def _box(node: etree._Element) -> _Box:
    name = bpmn.local_name(node)
    size = next((size for ending, size in _SIZES.items() if name.endswith(ending)), _TASK)
    box = _Box(node.get("id", ""), *size, host=node.get("attachedToRef", ""))
    if next(bpmn.flow_nodes(node), None) is not None:
        box.children, height = _laid_out(node)
        for child in box.children:
            child.move(_MARGIN, _MARGIN)
        box.width = max(c.x + c.width for c in box.children) + _MARGIN
        box.height = max(height, max(c.y + c.height for c in box.children)) + _MARGIN
    return box


def _levels(scope: etree._Element, ids: list[str]) -> dict[str, int]:
    """Columns: the first time each node is reached, breadth first; what nothing leads to is in the first."""
    known = set(ids)
    follows: dict[str, list[str]] = {}
    entered = set()
    for flow in scope.findall(bpmn.tag("sequenceFlow")):
        source, target = flow.get("sourceRef", ""), flow.get("targetRef", "")
        host = next((e.get("attachedToRef", "") for e in scope if e.get("id") == source), "")
        source = host or source
        if source in known and target in known and source != target:
            follows.setdefault(source, []).append(target)
            entered.add(target)
    levels = {each: 0 for each in ids if each not in entered} or dict.fromkeys(ids[:1], 0)
    waiting = list(levels)
    while waiting:
        current = waiting.pop(0)
        for target in follows.get(current, ()):
            if target not in levels:
                levels[target] = levels[current] + 1
                waiting.append(target)
    for left in ids:
        levels.setdefault(left, 0)
    return levels


def _draw(plane: etree._Element, scope: etree._Element, boxes: list[_Box]) -> None:
    by_id = {box.id: box for box in boxes}
    for box in boxes:
        shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", id=f"{box.id}_di", bpmnElement=box.id)
        if box.children:
            shape.set("isExpanded", "true")
        etree.SubElement(
            shape,
            f"{{{_DC}}}Bounds",
            x=str(box.x),
            y=str(box.y),
            width=str(box.width),
            height=str(box.height),
        )
    for element, _ in bpmn.flow_nodes(scope):
        _draw(plane, element, by_id[element.get("id", "")].children)
    for flow in scope.findall(bpmn.tag("sequenceFlow")):
        source, target = by_id.get(flow.get("sourceRef", "")), by_id.get(flow.get("targetRef", ""))
        if source is None or target is None:
            continue
        edge = etree.SubElement(
            plane, f"{{{DI}}}BPMNEdge", id=f"{flow.get('id')}_di", bpmnElement=flow.get("id", "")
        )
        for x, y in _way(source, target):
            etree.SubElement(edge, f"{{{_DD}}}waypoint", x=str(x), y=str(y))


def _way(source: _Box, target: _Box) -> list[tuple[int, int]]:
    """Straight on, with a step in the gap between columns; backwards below both."""
    start, end = (
        (source.x + source.width, source.y + source.height // 2),
        (target.x, target.y + target.height // 2),
    )
    if source.host:
        start = (source.x + source.width // 2, source.y + source.height)
        return [start, (start[0], end[1]), end]
    if target.x > source.x:
        middle = target.x - _GAP // 2
        return [start, end] if start[1] == end[1] else [start, (middle, start[1]), (middle, end[1]), end]
    below = max(source.y + source.height, target.y + target.height) + _GAP // 3
    across = (source.x + source.width // 2, target.x + target.width // 2)
    return [
        (across[0], source.y + source.height), (across[0], below), (across[1], below),
        (across[1], target.y + target.height),
    ]  # fmt: skip
