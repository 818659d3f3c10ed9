"""Filling in a form without a phone: paper entry, the demo, tests.

Does what a client does when a person answers: sets defaults and preloads, computes calculations, leaves out
what is not relevant, and writes the submission. The answers have the shape of `forms.data.values`, so
values(form, fill(form, answers)) gives the answers back.

Source: ODK XForms specification, "Instance", "Preloads", "Event: odk-instance-first-load".
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from forms import instance
from forms.errors import AnswerRefused, UnknownQuestion
from forms.evaluation import Context
from forms.tree import Node
from forms.xform import Form
from workflows import xml

MAX_PASSES = 10
"""Calculations that need each other settle in as many passes as they are deep; more is a circle."""


def fill(
    form: Form,
    answers: Mapping[str, Any],
    *,
    instance_id: str,
    now: datetime.datetime,
    started: datetime.datetime | None = None,
    deprecated_id: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> bytes:
    """Write a submission with these answers; the same arguments give the same bytes.

    instance_id: as "uuid:…". now: aware, when it is finished; started: when it was begun, else `now`.
    deprecated_id: of the submission it corrects. properties: of the device ("deviceid", "username", …).
    An answer that is not relevant is left out. Raises UnknownQuestion, AnswerRefused, XPathError.
    """
    submission = instance.blank(form)
    begun = (started or now).isoformat(timespec="milliseconds")
    ended = now.isoformat(timespec="milliseconds")
    context = instance.context(form, submission, begun[:10], begun, seed=instance_id)
    context.properties = properties or {}
    filler = _Filler(
        form, context, {"timestamp start": begun, "timestamp end": ended, "date today": begun[:10]}
    )
    filler.put(form.template, submission.root, answers)
    filler.start()
    filler.settle(submission.root)
    element = _element(form.template, submission.root)
    _write_meta(element, instance_id, deprecated_id)
    return xml.serialize(element)


class _Filler:
    """given: id of a node -> its answer, kept while the node is not relevant."""

    def __init__(self, form: Form, context: Context, preloads: Mapping[str, str]) -> None:
        self.form = form
        self.context = context
        self.preloads = preloads
        self.given: dict[int, str] = {}
        self.answered: set[int] = set()

    def put(self, declared: Node, node: Node, answers: Mapping[str, Any]) -> None:
        """Write the answers of one level: the form, or an entry of a repeat."""
        unknown = dict(answers)
        self.level(declared, node, unknown)
        if unknown:
            raise UnknownQuestion(form=self.form.title, question=min(unknown))

    def level(self, declared: Node, node: Node, answers: dict[str, Any]) -> None:
        for below in declared.children:
            key = self.form.keys.get(below.path, "")
            if self.form.is_repeat(below.path):
                self.entries(below, node, key, answers.pop(key, None) or ())
            elif below.children:
                group = node.child(below.name)
                if group is not None:
                    self.level(below, group, answers)
            else:
                leaf = node.child(below.name)
                if leaf is not None:
                    self.leaf(leaf, key, answers)

    def entries(self, declared: Node, parent: Node, key: str, entries: object) -> None:
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            raise AnswerRefused(question=key, reason="a repeat needs a list of entries")
        if len(entries) > instance.MAX_ENTRIES:
            raise AnswerRefused(
                question=key, reason=f"{len(entries)} entries are more than {instance.MAX_ENTRIES}"
            )
        for entry in entries:
            self.put(declared, instance.add_entry(self.form, declared, parent), entry)

    def leaf(self, node: Node, key: str, answers: dict[str, Any]) -> None:
        bind = self.form.binds.get(node.path)
        text = self.form.defaults.get(node.path, "")
        if bind is not None and bind.preload:
            kind, _, name = bind.preload.partition(" ")
            text = self.context.properties.get(name, text) if kind == "property" else text
            text = self.preloads.get(bind.preload, text)
        if key and key in answers:
            text = _text(key, answers.pop(key))
            self.answered.add(id(node))
        self.given[id(node)] = node.text = text

    def start(self) -> None:
        """Dynamic defaults: evaluated once, for what is not answered."""
        for path, expression in self.form.initial:
            for node in self.context.document.descendants():
                if node.path == path and id(node) not in self.answered:
                    self.given[id(node)] = node.text = expression.string(self.context, node)

    def settle(self, root: Node) -> None:
        """Compute relevance and calculations until nothing changes."""
        for _ in range(MAX_PASSES):
            if not self.pass_over(root, relevant=True):
                return
        raise AnswerRefused(
            question=self.form.title, reason="its calculations depend on each other in a circle"
        )

    def pass_over(self, node: Node, *, relevant: bool) -> bool:
        bind = self.form.binds.get(node.path)
        if relevant and bind is not None and bind.relevant is not None:
            relevant = bind.relevant.boolean(self.context, node)
        changed = relevant != node.relevant
        node.relevant = relevant
        if node.children:
            below = [self.pass_over(child, relevant=relevant) for child in node.children]
            return changed or any(below)
        text = self.given.get(id(node), "") if relevant else ""
        if relevant and bind is not None and bind.calculate is not None and id(node) not in self.answered:
            text = bind.calculate.string(self.context, node)
            text = "" if text == "NaN" else text
        changed = changed or text != node.text
        node.text = text
        return changed


def _text(key: str, value: Any) -> str:  # noqa: ANN401 - the inverse of forms.data.typed
    """A value as the text of an answer."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _point(key, value)
    if isinstance(value, Sequence):
        parts = [_text(key, part) for part in value]
        return ";".join(parts) if value and isinstance(value[0], Mapping) else " ".join(parts)
    raise AnswerRefused(question=key, reason=f"{type(value).__name__} is no type of an answer")


def _point(key: str, value: Mapping[str, Any]) -> str:
    if value.get("latitude") is None or value.get("longitude") is None:
        raise AnswerRefused(question=key, reason="a place needs latitude and longitude")
    names = ["latitude", "longitude", "altitude", "accuracy"]
    while value.get(names[-1]) is None:
        names.pop()
    return " ".join(str(0 if value.get(name) is None else value[name]) for name in names)


def _element(declared: Node, node: Node) -> etree._Element:
    """The element of a node, its children in the order of the template, without what is not relevant."""
    element = etree.Element(node.name, dict(node.attributes))
    try:
        element.text = node.text or None
    except ValueError as error:
        raise AnswerRefused(question=node.name, reason="it has characters XML does not allow") from error
    for below in declared.children:
        for child in node.named(below.name):
            if child.relevant:
                element.append(_element(below, child))
    return element


def _write_meta(root: etree._Element, instance_id: str, deprecated_id: str | None) -> None:
    meta = root.find("meta")
    if meta is None:
        meta = etree.SubElement(root, "meta")
    for name, text in (("instanceID", instance_id), ("deprecatedID", deprecated_id)):
        if text is not None:
            element = meta.find(name)
            if element is None:
                element = etree.SubElement(meta, name)
            element.text = text
