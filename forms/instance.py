"""A submission as a tree of nodes, complete after the form's template.

Clients leave out what is not relevant, write `meta` in one namespace or another, and may be wrong or hostile.
The tree has exactly the nodes the form declares: missing ones are added blank, what the form does not know is
reported and left out, so that expressions always find what they name.

Source: ODK XForms specification, "Instance"; OpenRosa Metadata (orx:meta).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lxml import etree

from forms.evaluation import Context
from forms.tree import Node
from forms.xform import Form, choose, local_name
from workflows import xml
from workflows.problems import Problem

MAX_ENTRIES = 1_000
"""Entries of one repeat. A submission with more is refused."""

LIMITS = xml.Limits(size=5_000_000, elements=50_000, depth=60)

_DUPLICATE = Problem(
    "duplicate-node",
    "%(label)s is answered %(count)s times; only the first answer was read. Answer it once and send again.",
)


@dataclass(slots=True)
class Instance:
    """A submission, read. document: nameless node above the root."""

    document: Node
    root: Node
    form_id: str
    version: str
    instance_id: str = ""
    deprecated_id: str | None = None
    problems: list[Problem] = field(default_factory=list)


def place_of(form: Form, node: Node) -> str:
    """XPath of a node, with the position of repeat entries: "/submission/household[3]/age"."""
    parts = []
    for ancestor in node.chain()[1:]:
        position = f"[{ancestor.position()}]" if form.is_repeat(ancestor.path) else ""
        parts.append(f"/{ancestor.name}{position}")
    return "".join(parts)


def labels_of(form: Form, node: Node) -> dict[str, str]:
    """How to name a node to a person, by language: the entry it is in, and its label."""
    return {language: _label(form, node, language) for language in form.languages}


def _label(form: Form, node: Node, language: str) -> str:
    parts = []
    for ancestor in node.chain()[1:]:
        if form.is_repeat(ancestor.path):
            name = choose(form.groups[ancestor.path].label, language, form.default_language)
            parts.append(f"{name or ancestor.name} {ancestor.position()}")
    question = form.questions.get(node.path)
    group = form.groups.get(node.path)
    if not (group and group.repeats):
        labelled = question or group
        label = choose(labelled.label, language, form.default_language) if labelled else ""
        parts.append(label or node.name)
    return " › ".join(parts)


def located(template: Problem, form: Form, node: Node, **params: object) -> Problem:
    """A problem of an answer; params gain `label` (in the default language) and `labels` (by language)."""
    labels = labels_of(form, node)
    return replace(
        template,
        place=place_of(form, node),
        params={"label": labels.get(form.default_language, node.name), "labels": labels, **params},
    )


def read(form: Form, data: bytes) -> Instance:
    """Read a submission; raises XmlRefused for what is no XML of acceptable size.

    `problems`: of its shape only: other form or version, unknown or doubled nodes, too many entries.
    """
    element = xml.parse(data, limits=LIMITS)
    document = Node("")
    root = Node(local_name(element), document)
    instance = Instance(document, root, element.get("id", ""), element.get("version", ""))
    _read_meta(instance, element)
    _check_form(form, instance)
    if root.name == form.root:
        root.attributes = {"id": instance.form_id, "version": instance.version}
        _fill(form, form.template, root, element, instance)
    return instance


def blank(form: Form) -> Instance:
    """An empty submission: the template without its defaults and without repeat entries."""
    document = Node("")
    root = Node(form.root, document, attributes=form.template.attributes)
    for child in form.template.children:
        _add(form, child, root)
    return Instance(document, root, form.form_id, form.version)


def add_entry(form: Form, template: Node, parent: Node) -> Node:
    """Add an empty entry of a repeat, after the entries that are there."""
    entry = Node(template.name, parent, added=True)
    for child in template.children:
        _add(form, child, entry)
    last = max((i for i, n in enumerate(parent.children[:-1]) if n.name == template.name), default=None)
    if last is not None:
        parent.children.insert(last + 1, parent.children.pop())
    return entry


def context(form: Form, instance: Instance, today: str, now: str, seed: str = "") -> Context:
    """What the form's expressions need to be evaluated on this submission."""
    return Context(
        document=instance.document,
        today=today,
        now=now,
        version=form.version,
        seed=seed,
        instances=form.instances,
        choice_label=form.choice_label,
        text=form.text,
    )


def _read_meta(instance: Instance, element: etree._Element) -> None:
    for child in element:
        if local_name(child) != "meta":
            continue
        for part in child:
            if local_name(part) == "instanceID":
                instance.instance_id = (part.text or "").strip()
            elif local_name(part) == "deprecatedID":
                instance.deprecated_id = (part.text or "").strip() or None


def probe(declared: Node, parent: Node) -> Node:
    """A node that knows its parent but is not among its children: to evaluate where nothing is."""
    node = Node(declared.name, added=True)
    node.path, node.parent = declared.path, parent
    return node


def _check_form(form: Form, instance: Instance) -> None:
    found = instance.problems
    place = f"/{instance.root.name}"
    if instance.root.name != form.root:
        found.append(
            Problem(
                "wrong-root",
                "This is not an answer to the form %(form)s: it starts with %(found)s instead of "
                "%(expected)s. Fill in the right form again.",
                place=place,
                severity="fatal",
                params={"form": form.title, "found": instance.root.name, "expected": form.root},
            )
        )
    if instance.form_id != form.form_id:
        found.append(
            Problem(
                "form-id-mismatch",
                "This is an answer to the form %(found)s, but %(expected)s is asked for. "
                "Send it to the task it belongs to.",
                place=place,
                severity="fatal",
                params={"found": instance.form_id, "expected": form.form_id},
            )
        )
    elif instance.version != form.version:
        found.append(
            Problem(
                "form-version-mismatch",
                "This answers version %(found)s of the form, but it was checked against version "
                "%(expected)s. Get the new form and fill it in again.",
                place=place,
                params={"found": instance.version, "expected": form.version},
            )
        )
    if not instance.instance_id:
        found.append(
            Problem(
                "instance-id-missing",
                "The submission has no instanceID, so it cannot be told from a second one. Send it with "
                "the app or the page, not by hand.",
                place=f"{place}/meta/instanceID",
            )
        )


def _fill(form: Form, template: Node, node: Node, element: etree._Element, instance: Instance) -> None:
    """Copy an element's children into a node in the order of the template."""
    given: dict[str, list[etree._Element]] = {}
    for child in element:
        given.setdefault(local_name(child), []).append(child)
    for declared in template.children:
        children = given.pop(declared.name, [])
        if form.is_repeat(declared.path):
            children = _entries(form, declared, node, children, instance)
        elif len(children) > 1:
            doubled = probe(declared, node)
            instance.problems.append(located(_DUPLICATE, form, doubled, count=len(children)))
        elif not children:
            _add(form, declared, node)
        for child in children if form.is_repeat(declared.path) else children[:1]:
            copy = Node(declared.name, node)
            if declared.children:
                _fill(form, declared, copy, child, instance)
            else:
                copy.text = _leaf_text(child)
    for name, children in given.items():
        _report_unknown(form, node, name, children, instance)


def _leaf_text(element: etree._Element) -> str:
    if len(element):
        return "".join(str(text) for text in element.itertext()).strip()
    return (element.text or "").strip()


def _entries(
    form: Form, declared: Node, parent: Node, children: list[etree._Element], instance: Instance
) -> list[etree._Element]:
    if len(children) <= MAX_ENTRIES:
        return children
    group = form.groups[declared.path]
    instance.problems.append(
        Problem(
            "repeat-limit",
            "%(label)s has %(count)s entries; at most %(most)s are read. Send the rest in a second "
            "submission.",
            place=f"{place_of(form, parent)}/{declared.name}",
            severity="fatal",
            params={
                "label": choose(group.label, form.default_language) or declared.name,
                "count": len(children),
                "most": MAX_ENTRIES,
            },
        )
    )
    return children[:MAX_ENTRIES]


def _report_unknown(
    form: Form, node: Node, name: str, children: list[etree._Element], instance: Instance
) -> None:
    if name == "meta" or node.name == "meta":
        return
    instance.problems.append(
        Problem(
            "unknown-node",
            "The form has no question %(name)s here. Get the form again and fill it in anew.",
            place=f"{place_of(form, node)}/{name[:80]}",
            params={"name": name[:80], "count": len(children)},
        )
    )


def _add(form: Form, declared: Node, parent: Node) -> None:
    """Add a blank copy of a declared node; a repeat has no entry then."""
    if form.is_repeat(declared.path):
        return
    node = Node(declared.name, parent, added=True)
    for child in declared.children:
        _add(form, child, node)
