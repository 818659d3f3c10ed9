"""The answers of a submission as Python values, under names an expression can use.

Groups are for the screen: their answers stand flat beside the others, so that a condition of a diagram says
`present_adults >= 40`. A repeat is a list of dictionaries of the same kind. A name that two groups share gets
the groups' names before it ("mother_age"), and "-" and "." become "_" (see `Form.keys`). Every question of
the form is there: None when it was not asked or not answered.

Values: int, Decimal, bool, str, date, time, datetime (as written by the phone, with its offset), list of str
for select_multiple and rank, dict with latitude, longitude, altitude and accuracy (Decimal or None) for
geopoint, list of these for geotrace and geoshape; a file is its name. A calculation is int, Decimal or bool
where its expression can give nothing else, else text. Text that is not of its type stays text: see
`forms.check`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from forms import instance
from forms.evaluation import NUMBER_PATTERN
from forms.tree import Node
from forms.xform import Bind, Form
from forms.xpath import Expression, Path, kind_of

Answers = dict[str, Any]


def values(form: Form, xml: bytes) -> Answers:
    """The typed answers of a submission, unchecked; raises XmlRefused when it is no XML."""
    return of_tree(form, instance.read(form, xml).root)


def of_tree(form: Form, root: Node) -> Answers:
    """The typed answers below a node: the root, or an entry of a repeat."""
    answers: Answers = {}
    for child in root.children:
        _add(form, child, answers)
    for declared in _missing_repeats(form, root):
        answers.setdefault(declared, [])
    return answers


def _missing_repeats(form: Form, root: Node) -> list[str]:
    """Keys of the repeats of this level, so that a repeat without entries is an empty list."""
    found = []
    for path in form.repeats:
        inside = path.startswith(f"{root.path}/")
        above = any(
            path.startswith(f"{other}/") and other.startswith(f"{root.path}/") for other in form.repeats
        )
        if inside and not above and path in form.keys:
            found.append(form.keys[path])
    return found


def _add(form: Form, node: Node, answers: Answers) -> None:
    key = form.keys.get(node.path)
    if form.is_repeat(node.path):
        if key is not None and node.relevant:
            answers.setdefault(key, []).append(of_tree(form, node))
    elif node.children:
        for child in node.children:
            _add(form, child, answers)
    elif key is not None:
        answers[key] = typed(form, node.path, node.text)


def typed(form: Form, path: str, text: str) -> Any:  # noqa: ANN401 - the type is the form's
    """An answer's text as the value of its question's type; None when blank."""
    if not text:
        return None
    question = form.questions.get(path)
    if question is not None and question.type in ("select_multiple", "rank"):
        return text.split()
    bind = form.binds.get(path, Bind(path))
    kind = bind.type
    if kind == "string" and bind.calculate is not None:
        kind = _kind_of_calculation(form, path, bind.calculate)
    convert = _CONVERT.get(kind)
    if convert is None:
        return text
    try:
        return convert(text)
    except (ValueError, ArithmeticError, IndexError):
        return text


def _kind_of_calculation(form: Form, path: str, expression: Expression) -> str:
    kind = kind_of(expression.tree)
    if kind == "nodes" and isinstance(expression.tree, Path):
        target = _target(expression.tree, path)
        bind = form.binds.get(target)
        return bind.type if bind is not None and target != path else "string"
    return {"number": "number", "boolean": "boolean"}.get(kind, "string")


def _target(tree: Path, path: str) -> str:
    """The path a reference names, seen from a node."""
    parts = [] if tree.absolute else path.split("/")[1:]
    for step in tree.steps:
        if step.axis == "parent":
            parts = parts[:-1]
        elif step.axis == "child":
            parts.append(step.test)
    return "/" + "/".join(parts)


def _number(text: str) -> int | Decimal | None:
    """A number in the shortest exact type; "NaN" of a calculation is no number."""
    if not NUMBER_PATTERN.fullmatch(text):
        return None
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() and abs(number) < Decimal(10) ** 18 else number


def _decimal(text: str) -> Decimal:
    if not NUMBER_PATTERN.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError(text)
    return int(text)


def _date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text[:10])


def _boolean(text: str) -> bool:
    return text.strip().lower() in ("true", "1")


def _point(text: str) -> dict[str, Decimal | None]:
    """Latitude and longitude in degrees (WGS 84), altitude and accuracy in metres."""
    parts = [_decimal(part) for part in text.split()]
    names = ("latitude", "longitude", "altitude", "accuracy")
    return {"latitude": parts[0], "longitude": parts[1]} | {
        name: parts[place] if place < len(parts) else None for place, name in enumerate(names) if place > 1
    }


def _points(text: str) -> list[dict[str, Decimal | None]]:
    return [_point(point) for point in text.split(";") if point.strip()]


_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "int": _integer,
    "decimal": _decimal,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "dateTime": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "geopoint": _point,
    "geotrace": _points,
    "geoshape": _points,
}
