"""The drawing of a diagram on paper: what `diagram_svg` draws, drawn again on a page of reportlab.

Only the parts of SVG that our own drawings use: rect, circle, path (M L H V l h v s c a Z), polyline, text with
tspans, translate and rotate. Arcs are turned into curves.
Source: SVG 1.1, 8.3 (path data), F.6 (elliptical arcs).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from lxml import etree
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from workflows import xml

_TOKEN: Final = re.compile(r"([A-Za-z])|(-?(?:\d+\.?\d*|\.\d+))")
_TRANSFORM: Final = re.compile(r"(translate|rotate)\(([^)]*)\)")
_COUNTS: Final = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "a": 7, "z": 0}
Point = tuple[float, float]


class Drawing(Flowable):  # type: ignore[misc]  # reportlab is not typed
    """An <svg> of ours as wide as the column, at most `height` points high, and never larger than it was drawn."""

    def __init__(self, svg: str, *, font: str, height: float, written: Callable[[str], str]) -> None:
        super().__init__()
        self._root = xml.parse(svg.encode())
        self._font, self._most, self._written = font, height, written
        self._box = [float(n) for n in self._root.get("viewBox", "0 0 1 1").split()]
        self._scale = 1.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The size on the page."""
        self._scale = min(width / self._box[2], min(self._most, height) / self._box[3], 1.0)
        return self._box[2] * self._scale, self._box[3] * self._scale

    def draw(self) -> None:
        """Draw with the y axis turned round, as SVG has it."""
        canvas: Canvas = self.canv
        canvas.saveState()
        canvas.scale(self._scale, -self._scale)
        canvas.translate(-self._box[0], -self._box[1] - self._box[3])
        for element in self._root.iter():
            self._element(canvas, element, element.tag.rpartition("}")[2])
        canvas.restoreState()

    def _element(self, canvas: Canvas, element: etree._Element, name: str) -> None:
        if name not in ("rect", "circle", "path", "polyline", "text"):
            return
        canvas.saveState()
        for kind, numbers in _TRANSFORM.findall(element.get("transform", "")):
            _transform(canvas, kind, [float(n) for n in numbers.replace(",", " ").split()])
        if name == "text":
            self._text(canvas, element)
        else:
            paint = _paint(canvas, element)
            if name == "rect":
                box = [_number(element, key) for key in ("x", "y", "width", "height")]
                canvas.roundRect(*box, _number(element, "rx"), **paint)
            elif name == "circle":
                canvas.circle(*(_number(element, key) for key in ("cx", "cy", "r")), **paint)
            else:
                canvas.drawPath(_path(canvas, _steps(element, name)), **paint)
        canvas.restoreState()

    def _text(self, canvas: Canvas, element: etree._Element) -> None:
        size = _number(element, "font-size")
        canvas.setFillColor(HexColor(element.get("fill", "#000000")))
        canvas.setFont(self._font, size)
        spans = list(element) or [element]
        for span in spans:
            words = self._written(span.text or "")
            x, y = _number(span, "x"), _number(span, "y")
            anchor = element.get("text-anchor", "start")
            width = canvas.stringWidth(words, self._font, size)
            x -= {"middle": width / 2, "end": width}.get(anchor, 0)
            canvas.saveState()
            canvas.translate(x, y)
            canvas.scale(1, -1)
            canvas.drawString(0, 0, words)
            canvas.restoreState()


def _number(element: etree._Element, name: str) -> float:
    return float(element.get(name, "0"))


def _transform(canvas: Canvas, kind: str, numbers: list[float]) -> None:
    if kind == "translate":
        canvas.translate(numbers[0], numbers[1] if len(numbers) > 1 else 0)
    elif len(numbers) == 3:
        canvas.translate(numbers[1], numbers[2])
        canvas.rotate(numbers[0])
        canvas.translate(-numbers[1], -numbers[2])
    else:
        canvas.rotate(numbers[0])


def _paint(canvas: Canvas, element: etree._Element) -> dict[str, Any]:
    fill, stroke = element.get("fill", "#000000"), element.get("stroke", "none")
    if fill != "none":
        canvas.setFillColor(HexColor(fill))
    if stroke != "none":
        canvas.setStrokeColor(HexColor(stroke))
        canvas.setLineWidth(float(element.get("stroke-width", "1")))
        canvas.setLineJoin(1)
        canvas.setDash([float(n) for n in element.get("stroke-dasharray", "").replace(",", " ").split()])
    return {"fill": int(fill != "none"), "stroke": int(stroke != "none")}


def _steps(element: etree._Element, name: str) -> Iterator[tuple[str, list[float]]]:
    """The commands of a path, each with its numbers; those of a polyline as lines."""
    if name == "polyline":
        numbers = [float(n) for n in element.get("points", "").replace(",", " ").split()]
        for index in range(0, len(numbers) - 1, 2):
            yield ("L" if index else "M"), numbers[index : index + 2]
        return
    command, numbers = "", list[float]()
    for letter, number in _TOKEN.findall(element.get("d", "")):
        if letter:
            command, numbers = letter, []
            if letter in "Zz":
                yield letter, []
            continue
        numbers.append(float(number))
        if command and len(numbers) == _COUNTS[command.lower()]:
            yield command, numbers
            # further pairs after a move are lines (SVG 1.1, 8.3.2)
            command, numbers = {"M": "L", "m": "l"}.get(command, command), []


def _path(canvas: Canvas, steps: Iterator[tuple[str, list[float]]]) -> Any:  # noqa: ANN401  (reportlab's)
    path = canvas.beginPath()
    at, start, handle = (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)
    for command, numbers in steps:
        kind = command.lower()
        dx, dy = at if command.islower() else (0.0, 0.0)
        before, handle_before = at, handle
        if kind == "z":
            path.close()
            at = start
        elif kind in ("m", "l", "h", "v"):
            at = _next(kind, command.islower(), at, numbers)
            (path.moveTo if kind == "m" else path.lineTo)(*at)
            start = at if kind == "m" else start
        elif kind in ("c", "s"):
            points = [(numbers[i] + dx, numbers[i + 1] + dy) for i in range(0, len(numbers), 2)]
            first = points[0] if kind == "c" else (2 * at[0] - handle[0], 2 * at[1] - handle[1])
            handle, at = points[-2], points[-1]
            path.curveTo(*first, *handle, *at)
        elif kind == "a":
            end = (numbers[5] + dx, numbers[6] + dy)
            for curve in _arc(at, end, numbers[0], numbers[1], numbers[3] != 0, numbers[4] != 0):
                path.curveTo(*curve)
            at = end
        if handle == handle_before and at != before:
            handle = at
    return path


def _next(kind: str, relative: bool, at: Point, numbers: list[float]) -> Point:
    dx, dy = at if relative else (0.0, 0.0)
    if kind == "h":
        return numbers[0] + dx, at[1]
    if kind == "v":
        return at[0], numbers[0] + dy
    return numbers[0] + dx, numbers[1] + dy


def _arc(start: Point, end: Point, rx: float, ry: float, large: bool, sweep: bool) -> Iterator[list[float]]:
    """An arc without rotation as cubic curves of at most a quarter (SVG 1.1, F.6.5)."""
    if not rx or not ry or start == end:
        return
    x, y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    grow = max(1.0, math.sqrt(x * x / (rx * rx) + y * y / (ry * ry)))
    rx, ry = rx * grow, ry * grow
    inside = (rx * rx * ry * ry - rx * rx * y * y - ry * ry * x * x) / (rx * rx * y * y + ry * ry * x * x)
    root = math.sqrt(max(0.0, inside)) * (1 if large != sweep else -1)
    cx, cy = root * rx * y / ry, -root * ry * x / rx
    middle = ((start[0] + end[0]) / 2 + cx, (start[1] + end[1]) / 2 + cy)
    begin, stop = math.atan2((y - cy) / ry, (x - cx) / rx), math.atan2((-y - cy) / ry, (-x - cx) / rx)
    turn = stop - begin
    if sweep and turn < 0:
        turn += 2 * math.pi
    if not sweep and turn > 0:
        turn -= 2 * math.pi
    parts = max(1, math.ceil(abs(turn) / (math.pi / 2) - 1e-9))
    step = turn / parts
    lever = 4 / 3 * math.tan(step / 4)
    for part in range(parts):
        a, b = begin + part * step, begin + (part + 1) * step
        yield [
            middle[0] + rx * (math.cos(a) - lever * math.sin(a)), middle[1] + ry * (math.sin(a) + lever * math.cos(a)),
            middle[0] + rx * (math.cos(b) + lever * math.sin(b)), middle[1] + ry * (math.sin(b) - lever * math.cos(b)),
            middle[0] + rx * math.cos(b), middle[1] + ry * math.sin(b),
        ]  # fmt: skip
