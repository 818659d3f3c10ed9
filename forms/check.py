"""Checking a submission against its form, as strictly as the phone did and a little more.

The phone has checked already, but phones are old, apps differ, a file can be written by hand, and a
submission is paid for. So the server repeats the client's checks (required, relevance, constraint, choice
filters, number of repeat entries) and adds what only it can see: types, unknown and doubled nodes, read-only
answers, calculations done again, attachments.

Source: ODK XForms specification, "Bindings"; verdicts as JavaRosa's FormDef.validate.

Time: `today()` and `now()` are those of the phone, taken from the submission's own `today`, `start` and `end`
(work done offline arrives days later); a constraint that depends on them may hold at the start or at the end.
Answers that are not relevant are reported as a warning and count as blank. What cannot be evaluated here
(external files, forms with expressions beyond us) is a warning, "not-checked", never a silent pass.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from forms import data, instance
from forms.errors import XPathError, XPathLimit
from forms.evaluation import NUMBER_PATTERN, Context, to_boolean, to_days, to_number
from forms.functions import VOLATILE
from forms.instance import Instance, place_of
from forms.tree import Node
from forms.xform import Bind, Form, Question, choose
from forms.xpath import Expression
from workflows.problems import Problem, blocking
from workflows.xml import XmlRefused

CLOCK_TOLERANCE = datetime.timedelta(days=1, hours=2)
"""How far a phone's clock may be ahead of the server's before somebody should look: zones, and some drift."""

_CLOCK = frozenset(("today", "now"))
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-4]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)

_REQUIRED = Problem("required-missing", "%(label)s is not answered. Answer it and send again.")
_REQUIRED_BECAUSE = Problem("required-missing", "%(label)s is not answered: %(detail)s")
_CONSTRAINT = Problem(
    "constraint-failed", "%(label)s: the answer %(value)s is not possible here. Correct it and send again."
)
_CONSTRAINT_BECAUSE = Problem(
    "constraint-failed", "%(label)s: the answer %(value)s is not accepted. %(detail)s"
)
_CHOICE = Problem(
    "not-a-choice",
    "%(label)s: %(value)s is not one of the choices offered here. Choose again; if an earlier answer was "
    "changed, the choices have changed with it.",
)
_NOT_RELEVANT = Problem(
    "not-relevant",
    "%(label)s is answered although it is not asked after the other answers; the answer was left out. "
    "Check the answers it depends on.",
    severity="warning",
)
_CALCULATION = Problem(
    "calculation-differs",
    "%(label)s should be %(expected)s by the other answers, but the submission says %(value)s. "
    "Open the form again so that it is computed anew, and send it.",
)
_READ_ONLY = Problem(
    "read-only-changed",
    "%(label)s is given by the form as %(expected)s and must not be changed, but the submission says "
    "%(value)s. Get the form again and fill it in anew.",
)
_FEW_ENTRIES = Problem(
    "too-few-entries", "%(label)s needs %(expected)s entries and has %(count)s. Add the missing ones."
)
_MANY_ENTRIES = Problem(
    "too-many-entries",
    "%(label)s should have %(expected)s entries and has %(count)s. Remove those too many, or correct "
    "the number.",
    severity="warning",
)
_ATTACHMENT = Problem(
    "attachment-missing",
    "%(label)s: the file %(value)s has not arrived. Keep the phone connected until all files are sent.",
)
_NOT_CHECKED = Problem(
    "not-checked",
    "%(label)s could not be checked here: %(reason)s. Look at the answer yourself.",
    severity="warning",
)
_TOO_COSTLY = Problem(
    "check-too-costly",
    "The form's rules take too long to check; the check stopped at %(label)s. Ask the author to simplify "
    "the form.",
)
_TYPES: Mapping[str, Problem] = {
    "int": Problem("wrong-type", "%(label)s: %(value)s is not a whole number. Write digits only, as in 12."),
    "decimal": Problem("wrong-type", "%(label)s: %(value)s is not a number. Write it as in 12.5."),
    "boolean": Problem("wrong-type", "%(label)s: %(value)s is neither true nor false. Answer it again."),
    "date": Problem("wrong-type", "%(label)s: %(value)s is not a date. Choose the day again."),
    "dateTime": Problem("wrong-type", "%(label)s: %(value)s is not a date and time. Choose them again."),
    "time": Problem("wrong-type", "%(label)s: %(value)s is not a time of the day. Choose it again."),
    "geopoint": Problem("wrong-type", "%(label)s: %(value)s is not a place. Take the position again."),
    "geotrace": Problem("wrong-type", "%(label)s: %(value)s is not a path of places. Record it again."),
    "geoshape": Problem("wrong-type", "%(label)s: %(value)s is not an area. Record it again."),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. values: see `forms.data`, without answers that are not relevant.

    deprecated_id: instanceID of the submission this one corrects. missing_attachments: names, in form order.
    """

    problems: tuple[Problem, ...]
    values: dict[str, Any]
    instance_id: str = ""
    deprecated_id: str | None = None
    missing_attachments: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """All files that the answers name have arrived."""
        return not self.missing_attachments

    @property
    def valid(self) -> bool:
        """No problem that forbids to use the answers; files may still be on their way."""
        return not [p for p in blocking(self.problems) if p.code != "attachment-missing"]


def check(
    form: Form,
    xml: bytes,
    attachments: Collection[str],
    *,
    now: datetime.datetime,
    defaults: Mapping[str, str] | None = None,
) -> Checked:
    """Check a submission; gives all its problems, in the order of the form.

    attachments: names of the files that arrived with it. now: aware, of the server. defaults: what
    `forms.prefill` wrote into this person's form, by name or path: read-only questions must still say it.
    """
    try:
        submission = instance.read(form, xml)
    except XmlRefused as error:
        return Checked(error.problems, {})
    if any(found.severity == "fatal" for found in submission.problems):
        return Checked(tuple(submission.problems), {}, submission.instance_id, submission.deprecated_id)
    checker = _Checker(form, submission, frozenset(attachments), now, defaults or {})
    checker.run()
    return Checked(
        tuple(submission.problems),
        data.of_tree(form, submission.root),
        submission.instance_id,
        submission.deprecated_id,
        tuple(checker.missing),
    )


class _Checker:
    """One submission; problems are added to it in the order of the form."""

    def __init__(
        self,
        form: Form,
        submission: Instance,
        attachments: frozenset[str],
        now: datetime.datetime,
        defaults: Mapping[str, str],
    ) -> None:
        self.form = form
        self.submission = submission
        self.problems = submission.problems
        self.attachments = attachments
        self.defaults = defaults
        self.missing: list[str] = []
        self.named: set[str] = set()
        (self.today, self.now), self.later = self.clocks(now)
        self.context: Context = instance.context(
            form, submission, self.today, self.now, seed=submission.instance_id
        )

    # -------------------------------------------------------- time

    def clocks(self, now: datetime.datetime) -> tuple[tuple[str, str], tuple[str, str] | None]:
        """(today, now) when the form was opened, and when it was finished if that differs."""
        today, start, end = (
            self.preloaded(preload) for preload in ("date today", "timestamp start", "timestamp end")
        )
        begun = start or end or (f"{today}T12:00:00" if today else now.isoformat(timespec="milliseconds"))
        first = ((today or begun)[:10], begun)
        last = (end[:10], end) if end else None
        latest = max(to_days(moment) or 0.0 for moment in (first[1], end or first[1]))
        server = to_days(now.replace(tzinfo=None).isoformat(timespec="seconds")) or 0.0
        if latest > server + CLOCK_TOLERANCE / datetime.timedelta(days=1):
            self.problems.append(
                Problem(
                    "device-clock-ahead",
                    "The phone's clock is ahead: the form was filled in on %(found)s, but it arrived on "
                    "%(now)s. Correct the date of the phone.",
                    place=f"/{self.form.root}",
                    severity="warning",
                    params={"found": (end or first[1])[:16], "now": now.isoformat()[:16]},
                )
            )
        return first, last

    def preloaded(self, preload: str) -> str:
        """The value of the node with a preload, when it is a date."""
        path = self.form.preloads.get(preload)
        node: Node | None = self.submission.root if path else None
        for name in path.split("/")[2:] if path else ():
            node = node.child(name) if node is not None else None
        return node.text if node is not None and to_days(node.text) is not None else ""

    # -------------------------------------------------------- the passes

    def run(self) -> None:
        try:
            self.relevance(self.submission.root, self.form.template)
            self.rules(self.submission.root)
        except XPathLimit as error:
            node = self.context.origin
            self.problems.append(
                replace(
                    _TOO_COSTLY,
                    place=place_of(self.form, node),
                    params={"label": node.name, "reason": error.params["reason"]},
                )
            )
        for name in sorted(self.attachments - self.named):
            self.problems.append(
                Problem(
                    "attachment-unexpected",
                    "The file %(name)s came with the submission, but no answer names it. It is not used.",
                    severity="warning",
                    params={"name": name},
                )
            )

    def report(self, template: Problem, node: Node, **params: object) -> None:
        self.problems.append(instance.located(template, self.form, node, **params))

    def relevance(self, node: Node, declared: Node) -> None:
        """Blank what is not relevant, from the top down and in the order of the form."""
        bind = self.form.binds.get(node.path)
        if (
            bind is not None
            and bind.relevant is not None
            and not self.holds(bind.relevant, node, unknown=True)
        ):
            if any(part.text for part in (node, *node.descendants())):
                self.report(_NOT_RELEVANT, node)
            for part in (node, *node.descendants()):
                part.relevant, part.text = False, ""
            return
        if not node.children and not declared.children:
            return
        for below in declared.children:
            entries = node.named(below.name)
            for entry in entries:
                self.relevance(entry, below)
            if self.form.is_repeat(below.path):
                self.count_entries(node, below, entries)

    def count_entries(self, parent: Node, declared: Node, entries: list[Node]) -> None:
        """Compare with jr:count, which makes the client offer exactly that many entries."""
        count = self.form.groups[declared.path].count
        if count is None:
            return
        at = entries[0] if entries else instance.probe(declared, parent)
        bind = self.form.binds.get(declared.path)
        if (
            bind is not None
            and bind.relevant is not None
            and not self.holds(bind.relevant, at, unknown=False)
        ):
            return
        try:
            wanted = count.number(self.context, at)
        except XPathLimit:
            raise
        except XPathError as error:
            self.report(_NOT_CHECKED, parent, reason=error.params["reason"])
            return
        expected = max(0, int(min(wanted, 1e9))) if wanted == wanted else 0
        if expected == len(entries):
            return
        template = _FEW_ENTRIES if len(entries) < expected else _MANY_ENTRIES
        group = self.form.groups[declared.path]
        labels = {
            language: choose(group.label, language, self.form.default_language) or declared.name
            for language in self.form.languages
        }
        params = {"label": labels[self.form.default_language], "labels": labels}
        place = f"{place_of(self.form, parent)}/{declared.name}"
        self.problems.append(
            replace(template, place=place, params={**params, "expected": expected, "count": len(entries)})
        )

    def rules(self, node: Node) -> None:
        for child in node.children:
            if not child.relevant:
                continue
            if child.children:
                if not (child.name == "meta" and node is self.submission.root):
                    self.rules(child)
            else:
                self.answer(child, self.form.binds.get(child.path) or Bind(child.path))

    # -------------------------------------------------------- one answer

    def answer(self, node: Node, bind: Bind) -> None:
        if not node.text:
            self.blank(node, bind)
            return
        if not _of_type(bind.type, node.text):
            self.report(_TYPES[bind.type], node, value=_short(node.text))
            return
        if bind.type == "binary":
            self.file(node)
        question = self.form.questions.get(node.path)
        if question is not None and question.type in ("select_one", "select_multiple", "rank"):
            bad = self.bad_choice(question, node)
            if bad is not None:
                self.report(_CHOICE, node, value=_short(bad))
                return
        if bind.calculate is not None:
            self.calculation(node, bind.calculate)
        elif bind.readonly is not None and not bind.preload:
            self.read_only(node, bind.readonly)
        if bind.constraint is not None and not self.constraint_holds(bind.constraint, node):
            self.explain(_CONSTRAINT, _CONSTRAINT_BECAUSE, node, bind.constraint_message, _short(node.text))

    def blank(self, node: Node, bind: Bind) -> None:
        if bind.required is not None and self.holds(bind.required, node, unknown=False):
            self.explain(_REQUIRED, _REQUIRED_BECAUSE, node, bind.required_message, "")
        elif bind.calculate is not None:
            self.calculation(node, bind.calculate)

    def explain(
        self, plain: Problem, because: Problem, node: Node, message: Mapping[str, str], value: str
    ) -> None:
        """Report with the author's own words where the form has some; `details` has them by language."""
        if not message:
            self.report(plain, node, value=value)
            return
        detail = choose(message, self.form.default_language)
        self.report(because, node, value=value, detail=detail, details=dict(message))

    def holds(self, expression: Expression, node: Node, *, unknown: bool) -> bool:
        """The truth of a rule; `unknown` when it cannot be evaluated, which is reported."""
        try:
            return expression.boolean(self.context, node)
        except XPathLimit:
            raise
        except XPathError as error:
            self.report(_NOT_CHECKED, node, reason=error.params["reason"])
            return unknown

    def constraint_holds(self, constraint: Expression, node: Node) -> bool:
        if self.holds(constraint, node, unknown=True):
            return True
        if self.later is None or not constraint.functions & _CLOCK:
            return False
        self.context.today, self.context.now = self.later
        try:
            return self.holds(constraint, node, unknown=True)
        finally:
            self.context.today, self.context.now = self.today, self.now

    def calculation(self, node: Node, calculate: Expression) -> None:
        if calculate.functions & VOLATILE:
            return
        try:
            expected = calculate.string(self.context, node)
        except XPathLimit:
            raise
        except XPathError as error:
            self.report(_NOT_CHECKED, node, reason=error.params["reason"])
            return
        if not _same(expected, node.text):
            self.report(_CALCULATION, node, expected=_short(expected), value=_short(node.text))

    def read_only(self, node: Node, readonly: Expression) -> None:
        if any(path == node.path for path, _ in self.form.initial):
            return
        if node.path in self.form.preloads.values():
            return
        expected = self.form.defaults.get(node.path, "")
        for name in (node.path, self.form.keys.get(node.path, node.name)):
            expected = self.defaults.get(name, expected)
        if not _same(expected, node.text) and self.holds(readonly, node, unknown=False):
            self.report(_READ_ONLY, node, expected=_short(expected), value=_short(node.text))

    def file(self, node: Node) -> None:
        self.named.add(node.text)
        if node.text not in self.attachments:
            self.missing.append(node.text)
            self.report(_ATTACHMENT, node, value=_short(node.text))

    def bad_choice(self, question: Question, node: Node) -> str | None:
        """The first chosen value that is not offered, or None."""
        chosen = [node.text] if question.type == "select_one" else node.text.split()
        try:
            return next((value for value in chosen if not self.offered(question, node, value)), None)
        except XPathLimit:
            raise
        except XPathError as error:
            self.report(_NOT_CHECKED, node, reason=error.params["reason"])
            return None

    def offered(self, question: Question, node: Node, value: str) -> bool:
        itemset = question.itemset
        if itemset is None:
            return any(choice.value == value for choice in question.choices)
        if itemset.items:
            return any(
                all(to_boolean(test.evaluate(self.context, item, node)) for test in itemset.predicates)
                for item in itemset.items.get(value, ())
            )
        items = itemset.nodes.evaluate(self.context, node)
        if not isinstance(items, list):
            return False
        values = (item.child(itemset.value) for item in items)
        return any(column is not None and column.text == value for column in values)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _same(expected: str, text: str) -> bool:
    """Equal as text, as numbers up to rounding of floats, or as dates; NaN of a calculation is blank."""
    if expected.strip() == text or (expected == "NaN" and not text):
        return True
    left, right = to_number(expected), to_number(text)
    return abs(left - right) <= 1e-6 * max(1.0, abs(right)) if left == left and right == right else False


def _is_point(text: str) -> bool:
    parts = text.split()
    if not 2 <= len(parts) <= 4 or not all(NUMBER_PATTERN.fullmatch(part) for part in parts):
        return False
    latitude, longitude = float(parts[0]), float(parts[1])
    return -90 <= latitude <= 90 and -180 <= longitude <= 180 and (len(parts) < 4 or float(parts[3]) >= 0)


def _is_trace(text: str, least: int) -> bool:
    points = [point for point in text.split(";") if point.strip()]
    return len(points) >= least and all(_is_point(point) for point in points)


def _of_type(kind: str, text: str) -> bool:
    if kind == "int":
        return _INTEGER.fullmatch(text) is not None
    if kind == "decimal":
        return NUMBER_PATTERN.fullmatch(text) is not None
    if kind == "boolean":
        return text in ("true", "false", "1", "0")
    if kind in ("date", "dateTime"):
        return to_days(text) is not None
    if kind == "time":
        return _TIME.fullmatch(text) is not None
    if kind == "geopoint":
        return _is_point(text)
    if kind in ("geotrace", "geoshape"):
        return _is_trace(text, 2 if kind == "geotrace" else 4)
    return True
