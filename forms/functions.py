"""The functions an expression of a form may call: those of XPath 1.0 and those of ODK.

Source: XPath 1.0 section 4; ODK XForms specification, "XPath functions". Each takes (context, node, values).
Functions that need what a server does not have (`pulldata`, external files) are known and refuse at
evaluation, so that a form that uses them is accepted and its check says what was not checked.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import itertools
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from forms.errors import RegexError
from forms.evaluation import (
    DATE_PATTERN,
    Context,
    Value,
    to_boolean,
    to_days,
    to_number,
    to_string,
)
from forms.regex import compile_regex
from forms.tree import Node

EARTH_RADIUS = 6_378_100.0
"""Metres; the sphere of JavaRosa's distance() and area()."""
_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - forms compare local times
_ANY = 1_000
_CLOCK = ("now", "today")
VOLATILE = frozenset({*_CLOCK, "random", "uuid", "once", "property", "randomize", "version"})
"""Functions whose value cannot be computed a second time."""

Run = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Function:
    """run(context, node, *arguments); least and most: how many arguments."""

    run: Run
    least: int
    most: int


FUNCTIONS: dict[str, Function] = {}


def _function(names: str, least: int, most: int | None = None) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        for name in names.split():
            FUNCTIONS[name] = Function(run, least, least if most is None else most)
        return run

    return register


def _flat(values: Sequence[Value]) -> Iterator[str]:
    """The texts of values, a node-set giving one for each node."""
    for value in values:
        if isinstance(value, list):
            for node in value:
                yield node.string()
        else:
            yield to_string(value)


def _own(node: Node, values: Sequence[Value]) -> Value:
    return values[0] if values else [node]


def _whole(value: Value, otherwise: int = 0) -> int:
    number = to_number(value)
    return int(number) if math.isfinite(number) else otherwise


# ---------------------------------------------------------------- XPath 1.0


@_function("true", 0)
def _true(_c: Context, _n: Node) -> Value:
    return True


@_function("false", 0)
def _false(_c: Context, _n: Node) -> Value:
    return False


@_function("not", 1)
def _not(_c: Context, _n: Node, value: Value) -> Value:
    return not to_boolean(value)


@_function("boolean", 1)
def _boolean(_c: Context, _n: Node, value: Value) -> Value:
    return to_boolean(value)


@_function("number", 0, 1)
def _number(_c: Context, node: Node, *values: Value) -> Value:
    return to_number(_own(node, values))


@_function("string", 0, 1)
def _string(_c: Context, node: Node, *values: Value) -> Value:
    return to_string(_own(node, values))


@_function("count", 1)
def _count(context: Context, _n: Node, nodes: Value) -> Value:
    if not isinstance(nodes, list):
        raise context.refuse("count() counts questions or repeats, not a value")
    return float(len(nodes))


@_function("sum", 1, _ANY)
def _sum(_c: Context, _n: Node, *values: Value) -> Value:
    return sum((to_number(text) for text in _flat(values) if text), 0.0)


@_function("name local-name", 0, 1)
def _name(_c: Context, node: Node, *values: Value) -> Value:
    nodes = _own(node, values)
    return nodes[0].name if isinstance(nodes, list) and nodes else ""


@_function("string-length", 0, 1)
def _string_length(_c: Context, node: Node, *values: Value) -> Value:
    return float(len(to_string(_own(node, values))))


@_function("normalize-space", 0, 1)
def _normalize_space(_c: Context, node: Node, *values: Value) -> Value:
    return " ".join(to_string(_own(node, values)).split())


@_function("concat", 0, _ANY)
def _concat(_c: Context, _n: Node, *values: Value) -> Value:
    return "".join(_flat(values))


@_function("starts-with", 2)
def _starts_with(_c: Context, _n: Node, text: Value, part: Value) -> Value:
    return to_string(text).startswith(to_string(part))


@_function("ends-with", 2)
def _ends_with(_c: Context, _n: Node, text: Value, part: Value) -> Value:
    return to_string(text).endswith(to_string(part))


@_function("contains", 2)
def _contains(_c: Context, _n: Node, text: Value, part: Value) -> Value:
    return to_string(part) in to_string(text)


@_function("substring-before", 2)
def _substring_before(_c: Context, _n: Node, text: Value, part: Value) -> Value:
    before, found, _after = to_string(text).partition(to_string(part) or "\0")
    return before if found else ""


@_function("substring-after", 2)
def _substring_after(_c: Context, _n: Node, text: Value, part: Value) -> Value:
    wanted = to_string(part)
    return to_string(text).partition(wanted)[2] if wanted else to_string(text)


@_function("substring", 2, 3)
def _substring(_c: Context, _n: Node, text: Value, start: Value, *length: Value) -> Value:
    subject, first = to_string(text), _half_up(to_number(start))
    end = first + _half_up(to_number(length[0])) if length else math.inf
    if math.isnan(first) or math.isnan(end):
        return ""
    last = len(subject) + 1
    return subject[int(min(max(first, 1), last)) - 1 : int(min(max(end, 1), last)) - 1]


@_function("translate", 3)
def _translate(_c: Context, _n: Node, text: Value, old: Value, new: Value) -> Value:
    targets = to_string(new)
    table: dict[int, str | None] = {}
    for index, char in enumerate(to_string(old)):
        table.setdefault(ord(char), targets[index] if index < len(targets) else None)
    return to_string(text).translate(table)


def _half_up(number: float) -> float:
    return math.floor(number + 0.5) if math.isfinite(number) else number


@_function("floor", 1)
def _floor(_c: Context, _n: Node, value: Value) -> Value:
    number = to_number(value)
    return float(math.floor(number)) if math.isfinite(number) else number


@_function("ceiling", 1)
def _ceiling(_c: Context, _n: Node, value: Value) -> Value:
    number = to_number(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


@_function("round", 1, 2)
def _round(_c: Context, _n: Node, value: Value, *digits: Value) -> Value:
    number = to_number(value)
    if not math.isfinite(number):
        return number
    places = max(-15, min(15, _whole(digits[0]) if digits else 0))
    if abs(number) >= 1e15:
        return number
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


# ---------------------------------------------------------------- ODK: choices


@_function("selected is-selected", 2)
def _selected(_c: Context, _n: Node, chosen: Value, value: Value) -> Value:
    return to_string(value).strip() in to_string(chosen).split()


@_function("count-selected", 1)
def _count_selected(_c: Context, _n: Node, chosen: Value) -> Value:
    return float(len(to_string(chosen).split()))


@_function("selected-at", 2)
def _selected_at(_c: Context, _n: Node, chosen: Value, index: Value) -> Value:
    values, place = to_string(chosen).split(), _whole(index, -1)
    return values[place] if 0 <= place < len(values) else ""


@_function("jr:choice-name", 2)
def _choice_name(context: Context, _n: Node, value: Value, path: Value) -> Value:
    return context.choice_label(to_string(path).strip(), to_string(value))


@_function("jr:itext", 1)
def _itext(context: Context, _n: Node, identifier: Value) -> Value:
    return context.text(to_string(identifier))


@_function("checklist", 2, _ANY)
def _checklist(_c: Context, _n: Node, least: Value, most: Value, *values: Value) -> Value:
    count = sum(text.strip().lower() in ("true", "1", "yes") for text in _flat(values))
    low, high = to_number(least), to_number(most)
    return (low < 0 or count >= low) and (high < 0 or count <= high)


@_function("weighted-checklist", 2, _ANY)
def _weighted_checklist(_c: Context, _n: Node, least: Value, most: Value, *values: Value) -> Value:
    texts = list(_flat(values))
    pairs = zip(texts[::2], texts[1::2], strict=False)
    total = sum(to_number(weight) for text, weight in pairs if text.strip().lower() in ("true", "1", "yes"))
    low, high = to_number(least), to_number(most)
    return (low < 0 or total >= low) and (high < 0 or total <= high)


# ---------------------------------------------------------------- ODK: texts


@_function("regex", 2)
def _regex(context: Context, _n: Node, text: Value, pattern: Value) -> Value:
    subject = to_string(text)
    try:
        regex = compile_regex(to_string(pattern))
    except RegexError as error:
        raise context.refuse(str(error)) from error
    context.spend(regex.cost(subject))
    return regex.matches(subject)


@_function("coalesce", 2, _ANY)
def _coalesce(_c: Context, _n: Node, *values: Value) -> Value:
    return next((value for value in values if to_string(value) != ""), "")


@_function("join", 1, _ANY)
def _join(_c: Context, _n: Node, separator: Value, *values: Value) -> Value:
    return to_string(separator).join(_flat(values))


@_function("substr", 2, 3)
def _substr(_c: Context, _n: Node, text: Value, start: Value, *end: Value) -> Value:
    subject = to_string(text)
    return subject[_whole(start) : _whole(end[0]) if end else None]


@_function("boolean-from-string", 1)
def _boolean_from_string(_c: Context, _n: Node, value: Value) -> Value:
    return to_string(value).strip().lower() in ("true", "1")


@_function("digest", 2, 3)
def _digest(context: Context, _n: Node, text: Value, algorithm: Value, *encoding: Value) -> Value:
    name = to_string(algorithm).replace("-", "").lower()
    if name not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        raise context.refuse(f"digest() does not know {name}")
    digest = hashlib.new(name, to_string(text).encode(), usedforsecurity=False)
    if encoding and to_string(encoding[0]) == "hex":
        return digest.hexdigest()
    return base64.b64encode(digest.digest()).decode("ascii")


@_function("base64-decode", 1)
def _base64_decode(_c: Context, _n: Node, text: Value) -> Value:
    return base64.b64decode(to_string(text)).decode("utf-8", "replace")


# ---------------------------------------------------------------- ODK: numbers


@_function("int", 1)
def _int(_c: Context, _n: Node, value: Value) -> Value:
    number = to_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else math.nan


def _extreme(values: Sequence[Value], choose: Callable[[list[float]], float]) -> float:
    numbers = [to_number(text) for text in _flat(values) if text]
    return choose(numbers) if numbers else math.nan


@_function("min", 0, _ANY)
def _min(_c: Context, _n: Node, *values: Value) -> Value:
    return _extreme(values, min)


@_function("max", 0, _ANY)
def _max(_c: Context, _n: Node, *values: Value) -> Value:
    return _extreme(values, max)


@_function("count-non-empty", 1)
def _count_non_empty(_c: Context, _n: Node, nodes: Value) -> Value:
    return float(sum(1 for text in _flat([nodes]) if text))


@_function("pow", 2)
def _pow(_c: Context, _n: Node, base: Value, exponent: Value) -> Value:
    try:
        return math.pow(to_number(base), to_number(exponent))
    except OverflowError:
        return math.inf


def _mathematical(name: str, compute: Callable[[float], float]) -> None:
    def run(_c: Context, _n: Node, value: Value) -> Value:
        try:
            return float(compute(to_number(value)))
        except (ValueError, OverflowError):
            return math.nan

    FUNCTIONS[name] = Function(run, 1, 1)


_MATHEMATICAL: Mapping[str, Callable[[float], float]] = {
    "abs": math.fabs, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log10": math.log10,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos,
    "atan": math.atan,
}  # fmt: skip
for _called, _compute in _MATHEMATICAL.items():
    _mathematical(_called, _compute)
_mathematical("exp10", lambda number: math.pow(10, number))


@_function("atan2", 2)
def _atan2(_c: Context, _n: Node, y: Value, x: Value) -> Value:
    return math.atan2(to_number(y), to_number(x))


@_function("pi", 0)
def _pi(_c: Context, _n: Node) -> Value:
    return math.pi


# ---------------------------------------------------------------- ODK: dates


@_function("today", 0)
def _today(context: Context, _n: Node) -> Value:
    return context.today


@_function("now", 0)
def _now(context: Context, _n: Node) -> Value:
    return context.now


@_function("date date-time", 1)
def _date(_c: Context, _n: Node, value: Value) -> Value:
    if isinstance(value, float):
        return "" if math.isnan(value) else _moment(value).date().isoformat()
    return to_string(value)


@_function("decimal-date-time decimal-date", 1)
def _decimal_date_time(_c: Context, _n: Node, value: Value) -> Value:
    return to_number(value)


@_function("decimal-time", 1)
def _decimal_time(_c: Context, _n: Node, value: Value) -> Value:
    match = re.match(r"(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?", to_string(value))
    if match is None:
        return math.nan
    return (int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0)) / 86400


def _moment(days: float) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(days=days)


def _moment_of(value: Value) -> datetime.datetime | None:
    text = to_string(value).strip()
    days = to_number(value) if DATE_PATTERN.fullmatch(text) is None else to_days(text)
    if days is None or not math.isfinite(days):
        return None
    moment = _moment(days)
    return moment + datetime.timedelta(
        microseconds=500
    )  # days are floats: 08:30 must not become 08:29:59.9999


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@_function("format-date format-date-time", 2)
def _format_date(_c: Context, _n: Node, value: Value, pattern: Value) -> Value:
    moment = _moment_of(value)
    if moment is None:
        return ""
    parts = {
        "Y": f"{moment.year:04}", "y": f"{moment.year % 100:02}", "m": f"{moment.month:02}",
        "n": str(moment.month), "b": _MONTHS[moment.month - 1], "d": f"{moment.day:02}", "e": str(moment.day),
        "H": f"{moment.hour:02}", "h": str(moment.hour), "M": f"{moment.minute:02}",
        "S": f"{moment.second:02}",
        "3": f"{moment.microsecond // 1000:03}", "a": _WEEKDAYS[moment.weekday()],
        "W": f"{moment.isocalendar().week:02}", "%": "%",
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: parts.get(match[1], match[0]), to_string(pattern))


# ---------------------------------------------------------------- ODK: places


def _points(values: Sequence[Value]) -> list[tuple[float, float]]:
    """Latitude and longitude in radians of geopoints, traces or shapes."""
    points = []
    for text in _flat(values):
        for point in text.split(";"):
            parts = point.split()
            if len(parts) >= 2:
                points.append((math.radians(to_number(parts[0])), math.radians(to_number(parts[1]))))
    return points


@_function("distance", 1, _ANY)
def _distance(_c: Context, _n: Node, *values: Value) -> Value:
    points = _points(values)
    total = 0.0
    for (lat1, lon1), (lat2, lon2) in itertools.pairwise(points):
        cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
        total += math.acos(max(-1.0, min(1.0, cosine))) * EARTH_RADIUS
    return round(total, 2)


@_function("area", 1)
def _area(_c: Context, _n: Node, *values: Value) -> Value:
    points = _points(values)
    if len(points) < 3:
        return 0.0
    total = 0.0
    for (lat1, lon1), (lat2, lon2) in zip(points, points[1:] + points[:1], strict=True):
        total += (lon2 - lon1) * (2 + math.sin(lat1) + math.sin(lat2))
    return round(abs(total * EARTH_RADIUS * EARTH_RADIUS / 2), 2)


# ---------------------------------------------------------------- ODK: the form itself


@_function("current", 0)
def _current(context: Context, _n: Node) -> Value:
    return [context.origin]


@_function("instance", 1)
def _instance(context: Context, _n: Node, identifier: Value) -> Value:
    name = to_string(identifier)
    found = context.instances.get(name)
    if found is not None:
        return [found]
    if context.document.children and context.document.children[0].attributes.get("id") == name:
        return [context.document]
    raise context.refuse(f"the list {name} comes from a file that is not here")


@_function("position", 1)
def _position(context: Context, _n: Node, nodes: Value) -> Value:
    if not isinstance(nodes, list) or not nodes:
        return math.nan
    context.spend(len(nodes[0].parent.children) // 16 + 1 if nodes[0].parent else 1)
    return float(nodes[0].position())


@_function("indexed-repeat", 3, 7)
def _indexed_repeat(context: Context, _n: Node, nodes: Value, *pairs: Value) -> Value:
    found = nodes if isinstance(nodes, list) else []
    for repeat, index in zip(pairs[::2], pairs[1::2], strict=False):
        entry = _entry(repeat, _whole(index))
        if entry is None:
            return []
        context.spend(len(found) * 4)
        found = [node for node in found if entry in node.chain()]
    return found


def _entry(repeat: Value, index: int) -> Node | None:
    if not isinstance(repeat, list) or not repeat:
        return None
    parent = repeat[0].parent
    entries = parent.named(repeat[0].name) if parent is not None else []
    return entries[index - 1] if 1 <= index <= len(entries) else None


@_function("once", 1)
def _once(context: Context, _n: Node, value: Value) -> Value:
    return context.origin.text or value


@_function("version", 0)
def _version(context: Context, _n: Node) -> Value:
    return context.version


@_function("property", 1)
def _property(context: Context, _n: Node, name: Value) -> Value:
    return context.properties.get(to_string(name), "")


@_function("randomize", 1, 2)
def _randomize(_c: Context, _n: Node, nodes: Value, *_seed: Value) -> Value:
    return nodes


@_function("random", 0)
def _random(context: Context, _n: Node) -> Value:
    digest = hashlib.sha256(f"{context.seed} {context.origin.path}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


@_function("uuid", 0, 1)
def _uuid(context: Context, _n: Node, *_length: Value) -> Value:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.seed} {context.origin.path}"))


@_function("depend", 1, _ANY)
def _depend(_c: Context, _n: Node, value: Value, *_others: Value) -> Value:
    return to_string(value)


@_function("pulldata lookup", 4)
def _pulldata(context: Context, _n: Node, file: Value, *_rest: Value) -> Value:
    raise context.refuse(f"pulldata() needs the file {to_string(file)}, which is not here")


@_function("intersects geofence", 1, 2)
def _geometry(context: Context, _n: Node, *_values: Value) -> Value:
    raise context.refuse("questions about shapes crossing are not computed here")
