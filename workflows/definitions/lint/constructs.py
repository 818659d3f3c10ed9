"""Rules for what the engine cannot run, or would run wrong without a word.

Source: BPMN 2.0.2 clause 10; measured on SpiffWorkflow 3.2: an abstract task passes, and so does what it does
not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from workflows.definitions import bpmn
from workflows.definitions.lint import vendors
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Node
from workflows.problems import Problem
from workflows.schema.descriptor import is_run_namespace, namespace_of

MAX_NESTING: Final = 20
"""Sub-processes and calls within each other."""
_IN_SCOPE: Final = bpmn.NODE_KINDS | frozenset(
    {
        "sequenceFlow", "laneSet", "dataObject", "dataObjectReference", "dataStoreReference", "textAnnotation",
        "association", "group", "documentation", "extensionElements", "auditing", "monitoring", "property",
        "ioSpecification", "ioBinding", "dataInputAssociation", "dataOutputAssociation", "incoming", "outgoing",
        "performer", "humanPerformer", "potentialOwner", "resourceRole", "correlationSubscription", "supports",
        "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "completionCondition",
        "supportedInterfaceRef", "categoryValueRef",
    }
)  # fmt: skip
"""What may stand in a process or sub-process: executed, or without meaning for the execution."""
_BESIDE: Final = frozenset(
    {"choreography", "globalChoreographyTask", "conversation", "callConversation", "subConversation"}
)
"""What may stand beside a process and would claim a part in its execution."""
_CHANGING: Final[tuple[tuple[str, str, str], ...]] = (
    ("eventBasedGateway", "eventGatewayType", "Parallel"),
    ("eventBasedGateway", "instantiate", "true"),
    ("receiveTask", "instantiate", "true"),
    ("*", "isForCompensation", "true"),
)
"""Element, attribute and value that would change the execution and are not executed."""
_QUANTITIES: Final = ("startQuantity", "completionQuantity")
_LOOP_EVENTS: Final = ("oneBehaviorEventRef", "noneBehaviorEventRef")
_DATA: Final = ("ioSpecification", "dataInputAssociation", "dataOutputAssociation", "dataStoreReference")
_NAME: Final = re.compile(r"[^\W\d]\w*")


def elements(subject: Subject) -> Iterator[Problem]:
    """Elements and attributes that the engine has no answer for."""
    for scope in bpmn.scopes(subject.process):
        for element in scope.iterchildren("*"):
            name = bpmn.local_name(element)
            if name == "complexGateway" or (name and name not in _IN_SCOPE):
                yield _unsupported(element, name)
            elif name in bpmn.NODE_KINDS:
                yield from (_unsupported(element, what) for what in _not_executed(element, name))


def _not_executed(element: etree._Element, name: str) -> Iterator[str]:
    for tag, attribute, value in _CHANGING:
        if tag in ("*", name) and _normal(element.get(attribute)) == value:
            yield attribute if value == "true" else f"{value} {name}"
    for attribute in _QUANTITIES:
        if (element.get(attribute) or "1").strip() != "1":
            yield attribute
    many = element.find(bpmn.tag("multiInstanceLoopCharacteristics"))
    if many is not None:
        if many.find(bpmn.tag("complexBehaviorDefinition")) is not None:
            yield "complexBehaviorDefinition"
        yield from (attribute for attribute in _LOOP_EVENTS if many.get(attribute))


def _normal(value: str | None) -> str:
    text = (value or "").strip()
    return "true" if text == "1" else text


def beside(subject: Subject) -> Iterator[Problem]:
    """Choreographies and conversations of the file are not executed."""
    for element in subject.root.iter(*(bpmn.tag(name) for name in sorted(_BESIDE))):
        yield _unsupported(element, bpmn.local_name(element))


def _unsupported(element: etree._Element, what: str) -> Problem:
    return Problem(
        "unsupported-element",
        "“%(name)s” is a %(what)s, which RUN cannot run. Draw it with tasks and simple gateways.",
        place=element.get("id") or "",
        params={"name": element.get("name") or element.get("id") or what, "what": what},
    )


def untyped_tasks(subject: Subject) -> Iterator[Problem]:
    """An abstract task would be passed without anybody doing it."""
    for node in subject.definition.nodes.values():
        if node.kind == "task":
            yield Problem(
                "untyped-task",
                "“%(name)s” is a task without a type and would be skipped. Make it a user task.",
                place=node.id,
                params={"name": shown(node)},
            )


def repetitions(subject: Subject) -> Iterator[Problem]:
    """Repetitions say how often, in one way."""
    for node in subject.definition.nodes.values():
        many = node.multi_instance
        if many is None:
            continue
        if many.standard_loop:
            if not many.completion and many.loop_maximum is None:
                yield Problem(
                    "loop-without-bound",
                    "The loop “%(name)s” does not say how long it is repeated. Give a condition or a maximum.",
                    place=node.id,
                    params={"name": shown(node)},
                )
        elif bool(many.cardinality) == bool(many.collection):
            yield _count(node, has_both=bool(many.cardinality))
        if bool(many.output) != bool(many.output_item):
            yield Problem(
                "multi-instance-output",
                "“%(name)s” names a list for its results without the value that is collected, or the value "
                "without the list. Name both, or none.",
                place=node.id,
                params={"name": shown(node)},
            )


def _count(node: Node, *, has_both: bool) -> Problem:
    if has_both:
        return Problem(
            "multi-instance-with-two-counts",
            "“%(name)s” has a number and a list, and it is not clear which says how often. Remove one.",
            place=node.id,
            params={"name": shown(node)},
        )
    return Problem(
        "multi-instance-without-count",
        "“%(name)s” is done several times, but not said how often. Give a number or a list.",
        place=node.id,
        params={"name": shown(node)},
    )


def automatic_tasks(subject: Subject) -> Iterator[Problem]:
    """Service and business-rule tasks say what is asked of whom."""
    for node in subject.definition.nodes.values():
        if node.kind == "serviceTask" and not node.operation:
            yield Problem(
                "service-without-operation",
                "The service task “%(name)s” does not say which operation it calls. Choose one "
                "(run:operation), or make it a user task.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif node.kind == "businessRuleTask" and not node.decision:
            yield Problem(
                "decision-missing",
                "The business rule task “%(name)s” does not say which decision it asks. Choose one "
                "(run:decision), or make it a user task.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif node.decision and subject.decisions is not None and node.decision not in subject.decisions:
            yield Problem(
                "unknown-decision",
                "“%(name)s” asks the decision “%(decision)s”, which is in no DMN file of the service. "
                "Add it, or choose another.",
                place=node.id,
                params={"name": shown(node), "decision": node.decision},
            )


def value_names(subject: Subject) -> Iterator[Problem]:
    """What a task gives has a name that expressions can use; so should the data objects."""
    definition = subject.definition
    for node in definition.nodes.values():
        many = node.multi_instance
        names = (node.result,) if many is None else (node.result, many.item, many.output, many.output_item)
        for name in names:
            if name and not _NAME.fullmatch(name):
                yield Problem(
                    "invalid-name",
                    "“%(value)s” of “%(name)s” cannot be the name of a value: use letters, digits and _ "
                    "without spaces.",
                    place=node.id,
                    params={"value": name[:60], "name": shown(node)},
                )
    declared = {definition.process_id: definition.data_objects}
    declared |= {node.id: node.data_objects for node in definition.nodes.values()}
    for place, objects in declared.items():
        for name in objects:
            if not _NAME.fullmatch(name):
                yield Problem(
                    "data-object-name",
                    "Expressions cannot read the data object “%(value)s”. Name it with letters, digits and _ "
                    "without spaces.",
                    place=place,
                    params={"value": name[:60]},
                )


def ad_hoc(subject: Subject) -> Iterator[Problem]:
    """The tasks of an ad hoc sub-process are done in any order: nothing says where it starts or ends."""
    nodes = subject.definition.nodes
    for node in nodes.values():
        parent = nodes.get(node.parent or "")
        if (
            parent is not None
            and parent.kind == "adHocSubProcess"
            and node.kind in ("startEvent", "endEvent")
        ):
            yield Problem(
                "ad-hoc-with-start-or-end",
                "The ad hoc sub-process “%(name)s” has a start or end event, but its tasks are done in any "
                "order. Remove it, or make the sub-process a plain one.",
                place=node.id,
                params={"name": shown(parent)},
            )


def nesting(subject: Subject) -> Iterator[Problem]:
    """Sub-processes and calls lie in each other to a depth that can be followed."""
    depth: dict[str, int] = {}
    for node in subject.definition.nodes.values():
        depth[node.id] = depth.get(node.parent or "", subject.depth) + 1
        if depth[node.id] == MAX_NESTING + 2:
            yield Problem(
                "nested-too-deep",
                "“%(name)s” lies in more than %(limit)s sub-processes and calls. Flatten them.",
                place=node.id,
                params={"name": shown(node), "limit": MAX_NESTING},
            )


def calls(subject: Subject) -> Iterator[Problem]:
    """A call activity calls another process of the same file."""
    process_id = subject.definition.process_id
    for node in subject.definition.nodes.values():
        if node.kind != "callActivity":
            continue
        if not node.called_element:
            yield Problem(
                "call-without-process",
                "“%(name)s” does not say which process it calls. Choose one, or make it a task.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif node.called_element not in subject.calls:
            yield Problem(
                "call-outside-file",
                "“%(name)s” calls “%(called)s”, which is no process of this file. Draw it as a sub-process instead.",
                place=node.id,
                params={"name": shown(node), "called": node.called_element},
            )
        elif (process_id, node.called_element) in subject.circles:
            yield Problem(
                "call-cycle",
                "“%(name)s” calls its own process again, without end. Use a loop instead.",
                place=node.id,
                params={"name": shown(node)},
            )


def ignored(subject: Subject) -> Iterator[Problem]:
    """What is kept in the file and has no effect: data objects' wiring, other tools' extensions."""
    wired = (element for name in _DATA for element in subject.process.iter(bpmn.tag(name)))
    for place in dict.fromkeys(_owner(element) for element in wired):
        yield Problem(
            "ignored-data",
            "The data connections of “%(id)s” are shown, but nothing is read or written. Use form fields.",
            place=place,
            params={"id": place},
        )


def vendor(subject: Subject) -> Iterator[Problem]:
    """What other tools wrote for their own engines: kept, never run, and named where it had a meaning."""
    holders: dict[str, str] = {}
    for holder in subject.process.iter(bpmn.tag("extensionElements")):
        for extension in holder.iterchildren("*"):
            holders.setdefault(namespace_of(extension.tag), _owner(holder) or subject.definition.process_id)
    for namespace, place in sorted(holders.items()):
        if namespace and not is_run_namespace(namespace):
            yield Problem(
                "vendor-extension",
                "Extensions of another tool (%(namespace)s) are kept in the file, but not run.",
                place=place,
                params={"namespace": namespace},
            )
    for node in subject.process.iter(*(bpmn.tag(kind) for kind in sorted(bpmn.ACTIVITIES))):
        for what, value in vendors.meanings(node):
            yield Problem(
                "vendor-meaning",
                "Another tool's words make “%(name)s” depend on “%(value)s” (%(what)s). RUN does not follow "
                "them. Say it in the properties of RUN.",
                place=node.get("id") or "",
                params={"name": node.get("name") or node.get("id"), "value": value[:60], "what": what},
            )


def _owner(element: etree._Element) -> str:
    owner: etree._Element | None = element
    while owner is not None and not (owner.get("id") and bpmn.local_name(owner) in bpmn.NODE_KINDS):
        owner = owner.getparent()
    return (element if owner is None else owner).get("id") or ""


RULES: Final = (
    elements, untyped_tasks, repetitions, automatic_tasks, value_names, ad_hoc, nesting, calls, ignored, vendor,
)  # fmt: skip
FILE_RULES: Final = (beside,)
