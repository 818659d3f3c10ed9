"""Reads any BPMN 2.0 file into a `Definition`, with every mistake that hinders the reading.

Idea: be generous in reading (other tools' files can be drawn and priced) and strict in lint. Sequence flows
are the truth about connections; the `incoming` and `outgoing` elements, which tools forget, are not read.
The file is kept whole, in one canonical form, so that equal diagrams have equal bytes and unknown vendor
elements survive. Nothing of our metadata is dropped silently: what is not understood is a problem.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 8, 10, 13 and 15.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from lxml import etree

from workflows.definitions import bpmn, bpsim, cards
from workflows.definitions.model import (
    Definition,
    Estimate,
    EventKind,
    Flow,
    MultiInstance,
    Node,
    NodeKind,
    ServiceCard,
    TaskCard,
)
from workflows.problems import Problem
from workflows.schema.descriptor import Descriptor, Values, descriptor, is_run_namespace, namespace_of
from workflows.xml import DEFAULT, Limits, XmlRefused, canonical, parse

MAX_FLOW_NODES: Final = 2_000
"""Of one process. A diagram a person can read has some dozens; checks take time with the square."""
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_REFERENCED: Final = {
    "message": "messageRef",
    "signal": "signalRef",
    "error": "errorRef",
    "escalation": "escalationRef",
}


READING_CODES: Final = frozenset(
    {
        "diagram-too-large", "element-without-id", "metadata-misplaced", "metadata-missing",
        "metadata-newer", "metadata-number",
        "metadata-repeated", "metadata-unknown", "metadata-value", "no-process", "not-bpmn",
        "several-processes", "xml-doctype", "xml-encoding", "xml-malformed", "xml-too-large", "xml-xinclude",
    }
)  # fmt: skip
"""Every code that reading can give; each has a page in docs/reference/lint."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave. definition is None when a problem is fatal."""

    definition: Definition | None
    problems: tuple[Problem, ...]


def read(data: bytes, *, limits: Limits = DEFAULT) -> Reading:
    """The definition in a BPMN file: of its executable process, else of the first one that has elements.

    Reading `definition.xml` again gives an equal definition. Never raises for what is in `data`.
    """
    try:
        root = parse(data, limits=limits)
        xml = normalised(root)
        _check_size(xml, limits)
    except XmlRefused as refused:
        return Reading(None, refused.problems)
    if bpmn.local_name(root) != "definitions":
        return Reading(None, (_not_bpmn(root),))
    problems: list[Problem] = []
    process = _chosen_process(root, problems)
    if process is None:
        return Reading(None, tuple(problems))
    size = sum(1 for element in process.iter("*") if bpmn.local_name(element) in bpmn.NODE_KINDS)
    if size > MAX_FLOW_NODES:
        return Reading(None, (*problems, _diagram_too_large(process, size)))
    definition = _ProcessReader(root, process, problems).definition(xml)
    return Reading(definition, tuple(problems))


def _check_size(xml: bytes, limits: Limits) -> None:
    """Indenting makes a file longer; it must still be readable from where it is stored."""
    if len(xml) > limits.size:
        raise XmlRefused(
            [
                Problem(
                    "xml-too-large",
                    "The file has %(size)s bytes; at most %(limit)s are read. Make it smaller or split it.",
                    severity="fatal",
                    params={"size": len(xml), "limit": limits.size},
                )
            ]
        )


def normalised(root: etree._Element) -> bytes:
    """The file in its one form: UTF-8, canonical, indented by two spaces. Changes only blanks in `root`."""
    _indent(root, "\n")
    return _DECLARATION + canonical(root) + b"\n"


def _indent(element: etree._Element, margin: str) -> None:
    children = list(element)
    if not children or (element.text or "").strip() or any((child.tail or "").strip() for child in children):
        return  # a text, or a text with elements in it: its blanks are its own
    element.text = margin + "  "
    for child in children:
        child.tail = margin + "  "
        _indent(child, margin + "  ")
    children[-1].tail = margin


def _not_bpmn(root: etree._Element) -> Problem:
    return Problem(
        "not-bpmn",
        "This is not a BPMN 2.0 file (it begins with “%(name)s”). Export the diagram as BPMN 2.0 XML.",
        severity="fatal",
        params={"name": etree.QName(root).localname},
    )


def _diagram_too_large(process: etree._Element, size: int) -> Problem:
    return Problem(
        "diagram-too-large",
        "The process has %(size)s elements; at most %(limit)s are read. Divide it into several services.",
        place=str(process.get("id")),
        severity="fatal",
        params={"size": size, "limit": MAX_FLOW_NODES},
    )


def _chosen_process(root: etree._Element, problems: list[Problem]) -> etree._Element | None:
    found = [each for each in bpmn.processes(root) if each.get("id")]
    if not found:
        problems.append(
            Problem(
                "no-process",
                "The file has no process. Draw at least one task and export it again.",
                severity="fatal",
            )
        )
        return None
    drawn = [each for each in found if any(True for _ in bpmn.flow_nodes(each))]
    executable = [each for each in drawn if each.get("isExecutable") == "true"]
    chosen = (executable or drawn or found)[0]
    if len(drawn) > 1:
        problems.append(
            Problem(
                "several-processes",
                "The file has %(count)s processes; only “%(name)s” is used. Save each in its own file.",
                place=str(chosen.get("id")),
                severity="warning",
                params={"count": len(drawn), "name": chosen.get("name") or chosen.get("id")},
            )
        )
    return chosen


class _ProcessReader:
    """Reads one process; each method reads one kind of thing."""

    def __init__(self, root: etree._Element, process: etree._Element, problems: list[Problem]) -> None:
        self._root = root
        self._process = process
        self._problems = problems
        self._declared: Descriptor = descriptor()
        self._schema = ""
        self._probabilities = bpsim.probabilities(root)
        self._names = _names_of_root_elements(root)
        self._lanes: dict[str, str] = {}
        self._lane_of: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._flows: dict[str, Flow] = {}

    def definition(self, xml: bytes) -> Definition:
        process_id = str(self._process.get("id"))
        self._report_misplaced()
        service = self._service(process_id)
        self._read_lanes()
        self._read_scope(self._process, None)
        self._connect()
        return Definition(
            process_id=process_id,
            name=self._process.get("name") or self._participant(process_id) or process_id,
            service=service,
            nodes=self._nodes,
            flows=self._flows,
            lanes=self._lanes,
            xml=xml,
            schema=self._schema,
        )

    def _participant(self, process_id: str) -> str:
        for participant in self._root.iter(bpmn.tag("participant")):
            if bpmn.reference(participant.get("processRef")) == process_id:
                return participant.get("name") or ""
        return ""

    # metadata

    def _report_misplaced(self) -> None:
        """Our elements anywhere but in the extensionElements of what they may describe are never read."""
        for element in self._process.iter("*"):
            namespace = namespace_of(element.tag)
            parent = element.getparent()
            if not is_run_namespace(namespace) or parent is None:
                continue
            if is_run_namespace(namespace_of(parent.tag)):
                continue  # seen with its parent
            if namespace != self._declared.uri:
                self._report_newer(element, namespace)
            elif parent.tag != bpmn.tag("extensionElements"):
                self._report_place(element)

    def _report_newer(self, element: etree._Element, namespace: str) -> None:
        self._problems.append(
            Problem(
                "metadata-newer",
                "“%(name)s” is of another version of RUN (%(namespace)s) and is not read. Update RUN.",
                place=_owner_id(element),
                params={"name": etree.QName(element).localname, "namespace": namespace},
            )
        )

    def _report_place(self, element: etree._Element) -> None:
        self._problems.append(
            Problem(
                "metadata-misplaced",
                "“%(name)s” cannot stand here and is not read. Open the element in the modeler and fill "
                "its card there.",
                place=_owner_id(element),
                params={"name": etree.QName(element).localname},
            )
        )

    def _extensions(self, owner: etree._Element, bpmn_types: frozenset[str]) -> Mapping[str, Values]:
        found: dict[str, Values] = {}
        for extension in owner.iterfind(f"{bpmn.tag('extensionElements')}/{{{self._declared.uri}}}*"):
            name = etree.QName(extension).localname
            type_name = self._declared.extensions.get(name)
            if type_name is None:
                self._problems.append(_unknown_extension(owner, name))
            elif not bpmn_types & set(self._declared.allowed_in[type_name]):
                self._report_place(extension)
            elif type_name in found:
                self._problems.append(_repeated_extension(owner, name))
            else:
                self._schema = self._declared.uri
                values, problems = self._declared.read(extension, type_name, str(owner.get("id")))
                self._problems.extend(problems)
                found[type_name] = values
        return found

    def _service(self, process_id: str) -> ServiceCard:
        values = self._extensions(self._process, frozenset({"bpmn:Process"})).get("Service")
        if values is None:
            return ServiceCard()
        return cards.service_card(values, process_id, self._problems.append)

    def _task_and_estimate(
        self, element: etree._Element, kind: NodeKind
    ) -> tuple[TaskCard | None, Estimate | None]:
        types = frozenset(
            {"bpmn:Activity"}
            if kind in bpmn.ACTIVITIES
            else {"bpmn:BoundaryEvent"}
            if kind == "boundaryEvent"
            else {"bpmn:FlowNode"}
        )
        found = self._extensions(element, types)
        task = found.get("Task")
        node_id = str(element.get("id"))
        card = None if task is None else cards.task_card(task, node_id, self._problems.append)
        return card, self._estimate(node_id, found.get("Estimate"), with_bpsim=kind == "boundaryEvent")

    def _estimate(self, element_id: str, values: Values | None, *, with_bpsim: bool) -> Estimate | None:
        own = None if values is None else cards.estimate(values, element_id, self._problems.append)
        simulated = self._probabilities.get(element_id) if with_bpsim else None
        if simulated is None or (own is not None and own.probability is not None):
            return own
        return replace(own or Estimate(), probability=simulated)

    # the diagram

    def _read_lanes(self) -> None:
        for lane in self._process.iter(bpmn.tag("lane")):
            lane_id = lane.get("id")
            if not lane_id:
                continue
            self._lanes[lane_id] = lane.get("name") or lane_id
            for ref in lane.iterchildren(bpmn.tag("flowNodeRef")):
                # an inner lane comes after the one around it, and wins
                self._lane_of[bpmn.reference(ref.text)] = lane_id

    def _read_scope(self, scope: etree._Element, parent: str | None) -> None:
        for child in scope.iterchildren("*"):
            kind = bpmn.local_name(child)
            if kind != "sequenceFlow" and kind not in bpmn.NODE_KINDS:
                continue
            if not child.get("id"):
                self._problems.append(_without_id(child, kind, parent))
            elif kind == "sequenceFlow":
                self._read_flow(child, parent)
            else:
                self._read_node(child, cast(NodeKind, kind), parent)

    def _read_node(self, element: etree._Element, kind: NodeKind, parent: str | None) -> None:
        node_id = str(element.get("id"))
        if node_id in self._nodes:
            return  # lint reports it
        card, estimate = self._task_and_estimate(element, kind)
        event, detail = self._event(element, kind)
        interrupts = element.get("cancelActivity" if kind == "boundaryEvent" else "isInterrupting")
        lane = self._lane_of.get(node_id) or (self._nodes[parent].lane if parent in self._nodes else None)
        self._nodes[node_id] = Node(
            id=node_id,
            kind=kind,
            name=(element.get("name") or "").strip(),
            parent=parent,
            lane=lane,
            default=element.get("default"),
            task=card,
            estimate=estimate,
            multi_instance=_multi_instance(element),
            event=event,
            detail=detail,
            attached_to=bpmn.reference(element.get("attachedToRef")) or None,
            interrupting=interrupts != "false",
            triggered_by_event=element.get("triggeredByEvent") == "true",
            called_element=bpmn.reference(element.get("calledElement")),
            script=bpmn.text_of(element, "script"),
        )
        if kind in bpmn.SUB_PROCESSES:
            self._read_scope(element, node_id)

    def _event(self, element: etree._Element, kind: NodeKind) -> tuple[EventKind, str]:
        if kind in ("receiveTask", "sendTask"):
            return "none", self._name(element, "messageRef")
        if kind not in bpmn.EVENTS:
            return "none", ""
        definitions = [
            child
            for child in element.iterchildren("*")
            if bpmn.local_name(child).endswith(bpmn.EVENT_DEFINITION)
        ]
        if not definitions:
            return "none", ""
        if len(definitions) > 1:
            return "multiple", ""
        (only,) = definitions
        event = cast(EventKind, bpmn.local_name(only).removesuffix(bpmn.EVENT_DEFINITION))
        return event, self._detail(only, event)

    def _detail(self, definition: etree._Element, event: EventKind) -> str:
        if event in _REFERENCED:
            return self._name(definition, _REFERENCED[event])
        if event == "timer":
            texts = (bpmn.text_of(definition, name) for name in ("timeDate", "timeDuration", "timeCycle"))
            return next((text for text in texts if text), "")
        if event == "conditional":
            return bpmn.text_of(definition, "condition")
        return definition.get("name") or "" if event == "link" else ""

    def _name(self, element: etree._Element, attribute: str) -> str:
        ref = bpmn.reference(element.get(attribute))
        return self._names.get(ref, ref)

    def _read_flow(self, element: etree._Element, parent: str | None) -> None:
        flow_id = str(element.get("id"))
        if flow_id in self._flows:
            return  # lint reports it
        found = self._extensions(element, frozenset({"bpmn:SequenceFlow"}))
        self._flows[flow_id] = Flow(
            id=flow_id,
            source=bpmn.reference(element.get("sourceRef")),
            target=bpmn.reference(element.get("targetRef")),
            name=(element.get("name") or "").strip(),
            condition=bpmn.text_of(element, "conditionExpression"),
            estimate=self._estimate(flow_id, found.get("Estimate"), with_bpsim=True),
            parent=parent,
        )

    def _connect(self) -> None:
        incoming: dict[str, list[str]] = defaultdict(list)
        outgoing: dict[str, list[str]] = defaultdict(list)
        for flow in self._flows.values():
            outgoing[flow.source].append(flow.id)
            incoming[flow.target].append(flow.id)
        for node in self._nodes.values():
            self._nodes[node.id] = replace(
                node, incoming=tuple(incoming[node.id]), outgoing=tuple(outgoing[node.id])
            )


def _names_of_root_elements(root: etree._Element) -> Mapping[str, str]:
    """Id -> name (error: code before name) of the messages, signals, errors and escalations."""
    names: dict[str, str] = {}
    for kind in _REFERENCED:
        for element in root.iterchildren(bpmn.tag(kind)):
            code = element.get("errorCode") or element.get("escalationCode")
            names[element.get("id") or ""] = code or element.get("name") or ""
    return names


def _multi_instance(element: etree._Element) -> MultiInstance | None:
    many = element.find(bpmn.tag("multiInstanceLoopCharacteristics"))
    if many is not None:
        item = many.find(bpmn.tag("inputDataItem"))
        return MultiInstance(
            sequential=many.get("isSequential") == "true",
            cardinality=bpmn.text_of(many, "loopCardinality"),
            collection=bpmn.text_of(many, "loopDataInputRef"),
            item="" if item is None else item.get("name") or item.get("id") or "",
            completion=bpmn.text_of(many, "completionCondition"),
        )
    loop = element.find(bpmn.tag("standardLoopCharacteristics"))
    if loop is None:
        return None
    maximum = cards.decimal(loop.get("loopMaximum") or "")
    return MultiInstance(
        sequential=True,
        completion=bpmn.text_of(loop, "loopCondition"),
        standard_loop=True,
        loop_maximum=None if maximum is None else int(maximum),
    )


def _owner_id(element: etree._Element) -> str:
    """Id of the nearest BPMN element around one of ours."""
    owner: Any = element.getparent()
    while owner is not None and not (bpmn.local_name(owner) and owner.get("id")):
        owner = owner.getparent()
    return "" if owner is None else str(owner.get("id"))


def _without_id(element: etree._Element, kind: str, parent: str | None) -> Problem:
    return Problem(
        "element-without-id",
        "A %(kind)s (line %(line)s) has no id and is not read. Save the file with a BPMN tool.",
        place=parent or "",
        params={"kind": kind, "line": element.sourceline},
    )


def _unknown_extension(owner: etree._Element, name: str) -> Problem:
    return Problem(
        "metadata-unknown",
        "“%(element)s” has “%(name)s”, which this version of RUN does not know. "
        "It may come from a newer version: update RUN, or remove it.",
        place=str(owner.get("id")),
        params={"element": bpmn.local_name(owner), "name": name},
    )


def _repeated_extension(owner: etree._Element, name: str) -> Problem:
    return Problem(
        "metadata-repeated",
        "“%(element)s” has “%(name)s” twice; only the first is read. Remove one.",
        place=str(owner.get("id")),
        params={"element": bpmn.local_name(owner), "name": name},
    )
