"""A process drawn as SVG from its diagram interchange: what the expert laid out, readable without a modeler.

Source: BPMN 2.0.2, clause 12 (BPMN DI) and its notation (clauses 7.3, 10). Shapes without a place in the
diagram are not drawn. The drawing carries its own colours as presentation attributes and no ids, so several fit
into one page under a strict content security policy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from lxml import etree
from markupsafe import Markup, escape

from workflows import xml as safe_xml
from workflows.definitions.bpmn import DI, MODEL

Mark = Literal["added", "removed", "changed", "moved"]
INK, SOFT, LINE, PAPER = "#1c2420", "#55605a", "#8a938d", "#ffffff"
COLOURS: Final[Mapping[str, tuple[str, str, str]]] = {
    "added": ("#1f6b4a", "#e6f2eb", "+"), "removed": ("#b3261e", "#fbe9e7", "−"),
    "changed": ("#8a5a10", "#fdf3df", "Δ"), "moved": ("#2a5db0", "#e8effa", "↔"),
}  # fmt: skip
"""Line, fill and sign of a mark: never the colour alone."""
HEAT: Final = ("#ffffff", "#fdf3df", "#f8dfae", "#f0c376", "#e3a13c")
"""Fills from cheap to dear; the text on each keeps a contrast of 7:1."""
_DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
_DDI: Final = "http://www.omg.org/spec/DD/20100524/DI"
_FURTHEST: Final = 100_000.0
"""Coordinates beyond are mistakes; they would make a drawing nobody can see."""
_MARGIN: Final = 24.0
_FONT: Final = 12.0
_LEADING: Final = 14.5
_LETTER: Final = 6.3
"""Average width of a letter at the size of the labels."""


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class _Shape:
    id: str
    element: etree._Element
    kind: str
    box: _Box
    label: _Box | None
    expanded: bool
    horizontal: bool


@dataclass(frozen=True, slots=True)
class _Edge:
    id: str
    element: etree._Element | None
    kind: str
    points: tuple[tuple[float, float], ...]
    label: _Box | None


def diagram_svg(
    bpmn: bytes,
    *,
    title: str,
    names: Mapping[str, str] | None = None,
    marks: Mapping[str, Mark] | None = None,
    heat: Mapping[str, int] | None = None,
) -> Markup:
    """The first diagram of a BPMN file as an <svg>; empty when the file has no layout.

    names: other words than the file's for an element. marks: elements to be highlighted, with colour and sign.
    heat: elements with a fill of `HEAT`, by its number.
    Raises XmlRefused for what is no XML.
    """
    root = safe_xml.parse(bpmn)
    elements = {each.get("id", ""): each for each in root.iter(f"{{{MODEL}}}*") if each.get("id")}
    plane = root.find(f".//{{{DI}}}BPMNPlane")
    shapes = list(_shapes(plane, elements)) if plane is not None else []
    edges = list(_edges(plane, elements)) if plane is not None else []
    if not shapes:
        return Markup("")
    return _Drawing(names or {}, marks or {}, heat or {}).draw(title, shapes, edges)


# reading ------------------------------------------------------------------------------------------------


def _shapes(plane: etree._Element, elements: Mapping[str, etree._Element]) -> Iterator[_Shape]:
    for shape in plane.iterchildren(f"{{{DI}}}BPMNShape"):
        element = elements.get(_local(shape.get("bpmnElement")))
        box = _bounds(shape)
        if element is not None and box is not None and box.width > 0 and box.height > 0:
            yield _Shape(
                element.get("id", ""), element, etree.QName(element).localname, box, _label(shape),
                shape.get("isExpanded") == "true", shape.get("isHorizontal") != "false",
            )  # fmt: skip


def _edges(plane: etree._Element, elements: Mapping[str, etree._Element]) -> Iterator[_Edge]:
    for edge in plane.iterchildren(f"{{{DI}}}BPMNEdge"):
        found = [_point(each) for each in edge.iterchildren(f"{{{_DDI}}}waypoint")]
        points = tuple(point for point in found if point is not None)
        element = elements.get(_local(edge.get("bpmnElement")))
        if len(points) > 1 and element is not None:
            kind = etree.QName(element).localname
            yield _Edge(element.get("id", ""), element, kind, points, _label(edge))


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


def _label(shape: etree._Element) -> _Box | None:
    label = shape.find(f"{{{DI}}}BPMNLabel")
    return None if label is None else _bounds(label)


def _bounds(shape: etree._Element) -> _Box | None:
    bounds = shape.find(f"{{{_DC}}}Bounds")
    if bounds is None:
        return None
    values = [_coordinate(bounds.get(name)) for name in ("x", "y", "width", "height")]
    known = [value for value in values if value is not None]
    return _Box(*known) if len(known) == len(values) else None


def _point(waypoint: etree._Element) -> tuple[float, float] | None:
    x, y = _coordinate(waypoint.get("x")), _coordinate(waypoint.get("y"))
    return None if x is None or y is None else (x, y)


def _coordinate(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= _FURTHEST else None


# drawing ------------------------------------------------------------------------------------------------


class _Drawing:
    """One drawing: lanes at the bottom, then arrows, shapes, labels, and the signs of marks on top."""

    def __init__(self, names: Mapping[str, str], marks: Mapping[str, Mark], heat: Mapping[str, int]) -> None:
        self.names = names
        self.marks = marks
        self.heat = heat
        self.parts: list[str] = []

    def draw(self, title: str, shapes: Sequence[_Shape], edges: Sequence[_Edge]) -> Markup:
        frames = [s for s in shapes if s.kind in ("participant", "lane") or _is_open(s)]
        for shape in frames:
            self._frame(shape)
        for edge in edges:
            self._edge(edge)
        for shape in shapes:
            if shape not in frames:
                self._shape(shape)
        for edge in edges:
            self._edge_label(edge)
        for shape in shapes:
            self._sign(shape)
        x, y, width, height = _extent(shapes, edges)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_n(x)} {_n(y)} {_n(width)} {_n(height)}" '
            f'role="img" aria-label="{escape(title)}" '
            'font-family="Source Sans 3, system-ui, Liberation Sans, sans-serif">'
        )
        # every text went through escape(), every number through _n()
        return Markup(f"{head}<title>{escape(title)}</title>{''.join(self.parts)}</svg>")  # noqa: S704

    def _name(self, id_: str, element: etree._Element) -> str:
        return " ".join((self.names.get(id_) or element.get("name") or "").split())

    def _colours(self, id_: str) -> tuple[str, str]:
        mark = self.marks.get(id_)
        if mark:
            return COLOURS[mark][:2]
        return INK, HEAT[self.heat[id_]] if id_ in self.heat else PAPER

    def _add(self, *parts: str) -> None:
        self.parts += parts

    def _frame(self, shape: _Shape) -> None:
        box, (stroke, _) = shape.box, self._colours(shape.id)
        radius = 10 if _is_open(shape) else 0
        self._add(_rect(box, stroke if shape.id in self.marks else LINE, "none", 1.2, radius=radius))
        name = self._name(shape.id, shape.element)
        if _is_open(shape):
            self._text([name], box.x + 10, box.y + 18, anchor="start")
        elif shape.horizontal and name:
            x, y = box.x + 19, box.centre[1]
            self._add(
                f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="middle" font-size="{_n(_FONT)}" fill="{SOFT}" '
                f'transform="rotate(-90 {_n(x)} {_n(y)})">{escape(name)}</text>'
            )
        else:
            self._text([name], box.centre[0], box.y + 18)

    def _shape(self, shape: _Shape) -> None:
        if shape.kind.endswith("Event"):
            self._event(shape)
        elif shape.kind.endswith("Gateway"):
            self._gateway(shape)
        elif shape.kind == "textAnnotation":
            self._annotation(shape)
        elif shape.kind.startswith("data"):
            self._object(shape)
        elif shape.kind != "group":
            self._activity(shape)

    def _activity(self, shape: _Shape) -> None:
        box, (stroke, fill) = shape.box, self._colours(shape.id)
        thick = 3.2 if shape.kind == "callActivity" else (2.2 if shape.id in self.marks else 1.5)
        self._add(_rect(box, stroke, fill, thick, radius=8))
        if shape.kind == "transaction":
            self._add(_rect(_inset(box, 3), stroke, "none", 1, radius=6))
        icon = _ICONS.get(shape.kind)
        if icon:
            self._add(
                f'<path d="{icon}" transform="translate({_n(box.x + 7)} {_n(box.y + 6)})" fill="none" '
                f'stroke="{stroke}" stroke-width="1.2" stroke-linejoin="round"/>'
            )
        self._activity_markers(shape, stroke)
        lines = _wrapped(self._name(shape.id, shape.element), box.width - 12, 4 if icon else 5)
        x, y = box.centre
        self._text(lines, x, y - (len(lines) - 1) * _LEADING / 2 + 4 + (4 if icon and len(lines) > 2 else 0))

    def _activity_markers(self, shape: _Shape, stroke: str) -> None:
        x, y = shape.box.centre[0], shape.box.y + shape.box.height - 13
        multiple = shape.element.find(f"{{{MODEL}}}multiInstanceLoopCharacteristics")
        path = ""
        if multiple is not None:
            steps = (0, 4, 8)
            sequential = multiple.get("isSequential") == "true"
            path = "".join(f"M0 {s}h10" if sequential else f"M{s + 1} 0v9" for s in steps)
        elif shape.element.find(f"{{{MODEL}}}standardLoopCharacteristics") is not None:
            path = "M3 8.5A4 4 0 1 1 7 8.5M3 8.5h-3M3 8.5v-3"
        elif shape.kind in ("subProcess", "transaction", "adHocSubProcess", "callActivity"):
            path = "M0 0h10v10h-10zM5 2v6M2 5h6"
        if path:
            self._add(
                f'<path d="{path}" transform="translate({_n(x - 5)} {_n(y)})" fill="none" stroke="{stroke}" '
                'stroke-width="1.4"/>'
            )

    def _event(self, shape: _Shape) -> None:
        (x, y), (stroke, fill) = shape.box.centre, self._colours(shape.id)
        radius = min(shape.box.width, shape.box.height) / 2
        interrupts = shape.element.get("cancelActivity", shape.element.get("isInterrupting", "true"))
        dash = "" if interrupts == "true" else ' stroke-dasharray="4 3"'
        thick = 3.6 if shape.kind == "endEvent" else 1.6
        self._add(_circle(x, y, radius - (1 if shape.kind == "endEvent" else 0), stroke, fill, thick, dash))
        if shape.kind.startswith(("intermediate", "boundary")):
            self._add(_circle(x, y, radius - 3.5, stroke, "none", 1.2, dash))
        thrown = shape.kind in ("endEvent", "intermediateThrowEvent")
        for child in shape.element.iterchildren(f"{{{MODEL}}}*"):
            name = etree.QName(child).localname
            if name in _SYMBOLS:
                inside = stroke if thrown or name == "terminateEventDefinition" else "none"
                self._add(
                    f'<path d="{_SYMBOLS[name]}" transform="translate({_n(x)} {_n(y)})" fill="{inside}" '
                    f'stroke="{PAPER if thrown and name == "messageEventDefinition" else stroke}" '
                    'stroke-width="1.2" stroke-linejoin="round"/>'
                )
        self._outside_label(shape)

    def _gateway(self, shape: _Shape) -> None:
        (x, y), (stroke, fill) = shape.box.centre, self._colours(shape.id)
        half, tall = shape.box.width / 2, shape.box.height / 2
        thick = 2.2 if shape.id in self.marks else 1.5
        self._add(
            f'<path d="M{_n(x)} {_n(y - tall)}L{_n(x + half)} {_n(y)}L{_n(x)} {_n(y + tall)}'
            f'L{_n(x - half)} {_n(y)}Z" fill="{fill}" stroke="{stroke}" stroke-width="{_n(thick)}" '
            'stroke-linejoin="round"/>'
        )
        if shape.kind in _GATEWAYS:
            path, width = _GATEWAYS[shape.kind]
            self._add(
                f'<path d="{path}" transform="translate({_n(x)} {_n(y)})" fill="none" stroke="{stroke}" '
                f'stroke-width="{_n(width)}"/>'
            )
        self._outside_label(shape)

    def _annotation(self, shape: _Shape) -> None:
        box = shape.box
        self._add(
            f'<path d="M{_n(box.x + 10)} {_n(box.y)}H{_n(box.x)}V{_n(box.y + box.height)}h10" fill="none" '
            f'stroke="{LINE}" stroke-width="1.2"/>'
        )
        text = shape.element.findtext(f"{{{MODEL}}}text") or ""
        lines = _wrapped(self.names.get(shape.id) or text, box.width - 10, max(1, int(box.height / _LEADING)))
        self._text(lines, box.x + 6, box.y + 14, anchor="start", colour=SOFT)

    def _object(self, shape: _Shape) -> None:
        box, (stroke, fill) = shape.box, self._colours(shape.id)
        fold = min(10.0, box.width / 3)
        self._add(
            f'<path d="M{_n(box.x)} {_n(box.y)}h{_n(box.width - fold)}l{_n(fold)} {_n(fold)}'
            f'v{_n(box.height - fold)}h{_n(-box.width)}z" fill="{fill}" stroke="{stroke}" stroke-width="1.2"/>'
        )
        self._outside_label(shape)

    def _outside_label(self, shape: _Shape) -> None:
        name = self._name(shape.id, shape.element)
        if not name:
            return
        if shape.label is None:
            lines = _wrapped(name, max(90.0, shape.box.width), 3)
            self._text(lines, shape.box.centre[0], shape.box.y + shape.box.height + 15, halo=True)
            return
        x = shape.label.centre[0]
        lines = _wrapped(name, max(shape.label.width + 24, 84.0), 3)
        above = shape.label.centre[1] < shape.box.y
        y = shape.label.y + 11
        if above:
            y = min(y, shape.box.y - 6 - (len(lines) - 1) * _LEADING)
        self._text(lines, x, y, halo=True)

    def _edge(self, edge: _Edge) -> None:
        stroke = self._colours(edge.id)[0] if edge.id in self.marks else SOFT
        width = 2.4 if edge.id in self.marks else 1.4
        dash = {"association": "2 4", "dataInputAssociation": "2 4", "dataOutputAssociation": "2 4",
                "messageFlow": "7 4"}.get(edge.kind, "")  # fmt: skip
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in edge.points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._add(
            f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}" '
            f'stroke-linejoin="round"{dashes}/>'
        )
        if edge.kind != "association":
            self._add(_arrow_head(edge.points, PAPER if edge.kind == "messageFlow" else stroke, stroke))

    def _edge_label(self, edge: _Edge) -> None:
        name = self._name(edge.id, edge.element) if edge.element is not None else ""
        if name and edge.label is not None:
            self._text(_wrapped(name, 110, 3), edge.label.centre[0], edge.label.y + 11, halo=True)
        elif name:
            x, y = _middle(edge.points)
            self._text(_wrapped(name, 110, 3), x, y - 6, halo=True)
        if edge.id in self.marks:
            self._add(_sign(self.marks[edge.id], *_middle(edge.points)))

    def _sign(self, shape: _Shape) -> None:
        if shape.id in self.marks:
            self._add(_sign(self.marks[shape.id], shape.box.x + shape.box.width - 2, shape.box.y + 2))

    def _text(
        self, lines: Sequence[str], x: float, y: float, *, anchor: str = "middle", colour: str = INK,
        halo: bool = False,
    ) -> None:  # fmt: skip
        spans = "".join(
            f'<tspan x="{_n(x)}" y="{_n(y + i * _LEADING)}">{escape(line)}</tspan>'
            for i, line in enumerate(lines)
        )
        # a label over an arrow stays readable
        around = f' stroke="{PAPER}" stroke-width="3.5" paint-order="stroke" stroke-linejoin="round"'
        if spans:
            self._add(
                f'<text font-size="{_n(_FONT)}" fill="{colour}" text-anchor="{anchor}"'
                f"{around if halo else ''}>{spans}</text>"
            )


# the notation: small pictures, around their own origin -----------------------------------------------------

_ICONS: Final = {
    "userTask": "M6 6.2a2.9 2.9 0 1 0-.01 0M0 14v-2.2c0-2.6 2-4.2 6-4.2s6 1.6 6 4.2V14z",
    "manualTask": "M0 7l4-4h4c1.5 0 1.5 2 0 2H6h6c1.5 0 1.5 2 0 2 1 0 1 2 0 2-.3 0 .6 2-.8 2H3L0 10z",
    "serviceTask": "M7 4.2a2.8 2.8 0 1 0 .01 0M7 0v2M7 12v2M0 7h2M12 7h2M2 2l1.5 1.5M10.5 10.5l1.5 1.5M2 12l1.5-1.5"
                   "M10.5 3.5L12 2",
    "scriptTask": "M2 0h9c-3 4 2 8-1 13H1c3-5-2-9 1-13M4 4h4M4 7h4M4 10h4",
    "sendTask": "M0 1h14v10H0zM0 1l7 6 7-6",
    "receiveTask": "M0 1h14v10H0zM0 1l7 6 7-6",
    "businessRuleTask": "M0 0h14v11H0zM0 3.5h14M4.5 3.5v7.5",
}  # fmt: skip
_GATEWAYS: Final = {
    "exclusiveGateway": ("M-7 -8L7 8M7 -8L-7 8", 3.0),
    "parallelGateway": ("M0 -11V11M-11 0H11", 3.0),
    "inclusiveGateway": ("M0 -11A11 11 0 1 1 -0.01 -11Z", 2.6),
    "eventBasedGateway": (
        "M0 -13A13 13 0 1 1 -0.01 -13ZM0 -10A10 10 0 1 1 -0.01 -10ZM0 -6L5.7 -1.9L3.5 4.9H-3.5L-5.7 -1.9Z", 1.2,
    ),
    "complexGateway": ("M0 -11V11M-11 0H11M-8 -8L8 8M8 -8L-8 8", 2.4),
}  # fmt: skip
_SYMBOLS: Final = {
    "messageEventDefinition": "M-8 -5.5H8V5.5H-8ZM-8 -5.5L0 1.5L8 -5.5",
    "timerEventDefinition": "M0 -9.5A9.5 9.5 0 1 1 -0.01 -9.5ZM0 -6V0L4.5 2.5",
    "signalEventDefinition": "M0 -8L8 6H-8Z",
    "errorEventDefinition": "M-8 7L-3 -7L2 2L8 -7L3 7L-2 -2Z",
    "escalationEventDefinition": "M0 -8L7 8L0 1L-7 8Z",
    "conditionalEventDefinition": "M-6 -8H6V8H-6ZM-4 -4H4M-4 0H4M-4 4H4",
    "compensateEventDefinition": "M0 -6V6L-8 0ZM8 -6V6L0 0Z",
    "linkEventDefinition": "M-8 -3H2V-7L9 0L2 7V3H-8Z",
    "terminateEventDefinition": "M0 -10A10 10 0 1 1 -0.01 -10Z",
    "cancelEventDefinition": "M-6 -6L6 6M6 -6L-6 6",
}


def _is_open(shape: _Shape) -> bool:
    return shape.expanded and shape.kind in ("subProcess", "transaction", "adHocSubProcess")


def _inset(box: _Box, by: float) -> _Box:
    return _Box(box.x + by, box.y + by, max(0, box.width - 2 * by), max(0, box.height - 2 * by))


def _rect(box: _Box, stroke: str, fill: str, thick: float, *, radius: float) -> str:
    return (
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" '
        f'rx="{_n(radius)}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(thick)}"/>'
    )


def _circle(x: float, y: float, radius: float, stroke: str, fill: str, thick: float, dash: str = "") -> str:
    return (
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(max(radius, 1))}" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{_n(thick)}"{dash}/>'
    )


def _sign(mark: Mark, x: float, y: float) -> str:
    colour, _, sign = COLOURS[mark]
    return (
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="9" fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/>'
        f'<text x="{_n(x)}" y="{_n(y + 4.5)}" font-size="13" font-weight="700" text-anchor="middle" '
        f'fill="{PAPER}">{sign}</text>'
    )


def _arrow_head(points: Sequence[tuple[float, float]], fill: str, stroke: str) -> str:
    (x0, y0), (x, y) = points[-2], points[-1]
    angle = math.degrees(math.atan2(y - y0, x - x0))
    return (
        f'<path d="M0 0L-9 -4.5V4.5Z" transform="translate({_n(x)} {_n(y)}) rotate({_n(angle)})" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="1"/>'
    )


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The middle of the longest piece of a line."""
    pieces = list(pairwise(points))
    (x0, y0), (x1, y1) = max(pieces, key=lambda p: abs(p[1][0] - p[0][0]) + abs(p[1][1] - p[0][1]))
    return (x0 + x1) / 2, (y0 + y1) / 2


def _extent(shapes: Sequence[_Shape], edges: Sequence[_Edge]) -> tuple[float, float, float, float]:
    labels = [s.label for s in shapes] + [e.label for e in edges]
    boxes = [s.box for s in shapes] + [label for label in labels if label is not None]
    points = [point for edge in edges for point in edge.points]
    left = min([b.x for b in boxes] + [x for x, _ in points]) - _MARGIN
    top = min([b.y for b in boxes] + [y for _, y in points]) - _MARGIN
    right = max([b.x + b.width for b in boxes] + [x for x, _ in points]) + _MARGIN
    bottom = max([b.y + b.height for b in boxes] + [y for _, y in points]) + _MARGIN
    return left, top, right - left, bottom - top


def _wrapped(text: str, width: float, most: int) -> list[str]:
    """Lines of at most `width`; what does not fit in `most` lines ends in an ellipsis."""
    room = max(4, int(width / _LETTER))
    lines: list[str] = []
    for word in text.split()[:60]:
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            while len(word) > room + 2:
                lines.append(f"{word[: room - 1]}-")
                word = word[room - 1 :]
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: room - 1]}…"]
    return lines


def _n(value: float) -> str:
    """A number with at most one decimal, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
