"""Reads one process of a BPMN file: its nodes, flows, lanes, names of values and `run:` metadata.

Idea: each method reads one kind of thing and reports what it does not understand; what the file declares
beside its processes (messages, signals, errors, event definitions, simulated chances) is a `File`.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 8, 10, 13 and 15.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, cast

from lxml import etree

from workflows.definitions import bpmn, bpsim, cards
from workflows.definitions.model import (
    LANGUAGES,
    AdHoc,
    Definition,
    Estimate,
    EventKind,
    Flow,
    MultiInstance,
    Node,
    NodeKind,
    ServiceCard,
    Text,
)
from workflows.problems import Problem
from workflows.schema.descriptor import Descriptor, Values, descriptor, is_run_namespace, namespace_of

_REFERENCED: Final = {
    "message": "messageRef",
    "signal": "signalRef",
    "error": "errorRef",
    "escalation": "escalationRef",
}
_CATCHING: Final = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
_CORRELATED: Final = frozenset({"message", "signal"})
"""Events that a `run:message` may describe."""
_NAMED_VALUES: Final = ("dataObject", "dataInput", "dataOutput", "property")


@dataclass(frozen=True, slots=True)
class File:
    """What the elements of every process of a file may refer to.

    ids: every id. names: id -> name (error and escalation: code before name). event_definitions: those of the
    whole file, by id. pools: process id -> name of its pool. probabilities: element id -> chance of the BPSim
    scenario. language: in which the names of the file are written, see `language_of_names`.
    """

    ids: frozenset[str]
    names: Mapping[str, str]
    event_definitions: Mapping[str, etree._Element]
    pools: Mapping[str, str]
    probabilities: Mapping[str, Decimal]
    language: str = LANGUAGES[0]

    def reference(self, text: str | None) -> str:
        """The id in a QName reference. Some tools' ids have a colon themselves: such an id is not cut."""
        whole = (text or "").strip()
        return whole if whole in self.ids else bpmn.reference(whole)


def open_file(root: etree._Element) -> File:
    """What is declared once for all processes under `root`."""
    return File(
        ids=frozenset(str(each.get("id")) for each in root.iter("*") if each.get("id")),
        names=_names_of_root_elements(root),
        event_definitions={
            each.get("id", ""): each
            for each in root.iterchildren("*")
            if bpmn.local_name(each).endswith(bpmn.EVENT_DEFINITION)
        },
        pools={
            bpmn.reference(pool.get("processRef")): pool.get("name") or ""
            for pool in root.iter(bpmn.tag("participant"))
        },
        probabilities=bpsim.probabilities(root),
        language=language_of_names(root.iter(f"{{{descriptor().uri}}}service")),
    )


def language_of_names(services: Iterable[Any]) -> str:
    """The language in which a file's names are: of the first service that says one, else English.

    services: its `run:service` elements in file order, as lxml has them or as anything with `get`.
    """
    said = ((each.get("language") or "").strip() for each in services)
    return next((language for language in said if language), LANGUAGES[0])


def read_process(file: File, process: etree._Element, problems: list[Problem], xml: bytes) -> Definition:
    """The definition of one process, without those it calls; mistakes are added to `problems`."""
    return _ProcessReader(file, process, problems).definition(xml)


class _ProcessReader:
    """Reads one process; each method reads one kind of thing."""

    def __init__(self, file: File, process: etree._Element, problems: list[Problem]) -> None:
        self._file = file
        self._process = process
        self._problems = problems
        self._declared: Descriptor = descriptor()
        self._schema = ""
        self._values = _names_of_values(process)
        self._lanes: dict[str, str] = {}
        self._lane_names: dict[str, Text] = {}
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
            name=self._process.get("name") or self._file.pools.get(process_id) or process_id,
            service=service,
            nodes=self._nodes,
            flows=self._flows,
            lanes=self._lanes,
            xml=xml,
            schema=self._schema,
            data_objects=self._data_objects(self._process),
            lane_names=self._lane_names,
        )

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

    def _estimate(self, element_id: str, values: Values | None, *, with_bpsim: bool) -> Estimate | None:
        own = None if values is None else cards.estimate(values, element_id, self._problems.append)
        simulated = self._file.probabilities.get(element_id) if with_bpsim else None
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
            names = self._names(lane, self._extensions(lane, frozenset({"bpmn:Lane"})))
            if names:
                self._lane_names[lane_id] = names
            for ref in lane.iterchildren(bpmn.tag("flowNodeRef")):
                # an inner lane comes after the one around it, and wins
                self._lane_of[self._file.reference(ref.text)] = lane_id

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
        event, detail = self._event(element, kind)
        found = self._extensions(element, _bpmn_types(kind))
        task = found.get("Task")
        called = found.get("Operation") or found.get("Decision") or {}
        message = self._message(element, kind, event, found)
        interrupts = "cancelActivity" if kind == "boundaryEvent" else "isInterrupting"
        lane = self._lane_of.get(node_id) or (self._nodes[parent].lane if parent in self._nodes else None)
        self._nodes[node_id] = Node(
            id=node_id,
            kind=kind,
            name=(element.get("name") or "").strip(),
            parent=parent,
            lane=lane,
            default=self._file.reference(element.get("default")) or None,
            task=None if task is None else cards.task_card(task, node_id, self._problems.append),
            estimate=self._estimate(node_id, found.get("Estimate"), with_bpsim=kind == "boundaryEvent"),
            multi_instance=self._repetition(element),
            event=event,
            detail=detail,
            attached_to=self._file.reference(element.get("attachedToRef")) or None,
            interrupting=bpmn.is_true(element, interrupts, default=True),
            triggered_by_event=bpmn.is_true(element, "triggeredByEvent"),
            called_element=self._file.reference(element.get("calledElement")),
            script=bpmn.text_of(element, "script"),
            operation=found.get("Operation", {}).get("ref", ""),
            decision=found.get("Decision", {}).get("ref", ""),
            payload=cards.expression(called.get("payload") or message.get("payload")),
            result=called.get("result", ""),
            key=message.get("key", ""),
            ad_hoc=_ad_hoc(element) if kind == "adHocSubProcess" else None,
            data_objects=self._data_objects(element) if kind in bpmn.SUB_PROCESSES else (),
            names={} if task is not None else self._names(element, found),
        )
        if kind in bpmn.SUB_PROCESSES:
            self._read_scope(element, node_id)

    def _message(
        self, element: etree._Element, kind: NodeKind, event: EventKind, found: Mapping[str, Values]
    ) -> Values:
        """What a `run:message` says of a message or signal; on another event it means nothing."""
        if "Message" in found and kind in bpmn.EVENTS and event not in _CORRELATED:
            for extension in element.iter(f"{{{self._declared.uri}}}message"):
                self._report_place(extension)
            return {}
        return found.get("Message", {})

    def _event(self, element: etree._Element, kind: NodeKind) -> tuple[EventKind, str]:
        if kind in ("receiveTask", "sendTask"):
            return "none", self._name(element, "messageRef")
        if kind not in bpmn.EVENTS:
            return "none", ""
        definitions = list(self._event_definitions(element))
        if not definitions:
            return "none", ""
        if len(definitions) > 1 or bpmn.is_true(element, "parallelMultiple"):
            return "multiple", ""
        (only,) = definitions
        event = cast(EventKind, bpmn.local_name(only).removesuffix(bpmn.EVENT_DEFINITION))
        return event, self._detail(only, event)

    def _event_definitions(self, element: etree._Element) -> Iterator[etree._Element]:
        """The event's own definitions, and those of the file that it refers to."""
        for child in element.iterchildren("*"):
            name = bpmn.local_name(child)
            if name.endswith(bpmn.EVENT_DEFINITION):
                yield child
            elif name == "eventDefinitionRef":
                referred = self._file.event_definitions.get(self._file.reference(child.text))
                if referred is not None:
                    yield referred

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
        ref = self._file.reference(element.get(attribute))
        return self._file.names.get(ref, ref)

    def _names(self, element: etree._Element, found: Mapping[str, Values]) -> Text:
        """The file's name in its language, and its translations; nothing for what has no name."""
        name = (element.get("name") or "").strip()
        translated = found.get("Label", {}).get("name", {})
        return {self._file.language: name} | translated | {self._file.language: name} if name else {}

    def _repetition(self, element: etree._Element) -> MultiInstance | None:
        many = element.find(bpmn.tag("multiInstanceLoopCharacteristics"))
        if many is not None:
            return MultiInstance(
                sequential=bpmn.is_true(many, "isSequential"),
                cardinality=bpmn.text_of(many, "loopCardinality"),
                collection=self._value_name(many, "loopDataInputRef"),
                item=_item(many, "inputDataItem"),
                completion=bpmn.text_of(many, "completionCondition"),
                output=self._value_name(many, "loopDataOutputRef"),
                output_item=_item(many, "outputDataItem"),
            )
        loop = element.find(bpmn.tag("standardLoopCharacteristics"))
        if loop is None:
            return None
        maximum = cards.decimal(loop.get("loopMaximum") or "")
        return MultiInstance(
            sequential=True,
            completion=bpmn.text_of(loop, "loopCondition"),
            test_before=bpmn.is_true(loop, "testBefore"),
            standard_loop=True,
            loop_maximum=None if maximum is None else int(maximum),
        )

    def _value_name(self, many: etree._Element, name: str) -> str:
        """The name of the list that is referred to; what is no id of one stays as it is."""
        text = bpmn.text_of(many, name)
        return self._values.get(self._file.reference(text), text)

    def _data_objects(self, scope: etree._Element) -> tuple[str, ...]:
        objects = (
            str(each.get("id")) for each in scope.iterchildren(bpmn.tag("dataObject")) if each.get("id")
        )
        return tuple(dict.fromkeys(self._values[own_id] for own_id in objects))

    def _read_flow(self, element: etree._Element, parent: str | None) -> None:
        flow_id = str(element.get("id"))
        if flow_id in self._flows:
            return  # lint reports it
        found = self._extensions(element, frozenset({"bpmn:SequenceFlow"}))
        self._flows[flow_id] = Flow(
            id=flow_id,
            source=self._file.reference(element.get("sourceRef")),
            target=self._file.reference(element.get("targetRef")),
            name=(element.get("name") or "").strip(),
            condition=bpmn.text_of(element, "conditionExpression"),
            estimate=self._estimate(flow_id, found.get("Estimate"), with_bpsim=True),
            parent=parent,
            names=self._names(element, found),
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


def _names_of_values(process: etree._Element) -> Mapping[str, str]:
    """Id -> name by which expressions read a data object, a data input or output, or a property.

    Tools write the name on the data object or on what refers to it, often on both: the object's own wins.
    """
    names = {
        str(each.get("id")): (each.get("name") or "").strip()
        for each in process.iter(*(bpmn.tag(name) for name in _NAMED_VALUES))
        if each.get("id")
    }
    references = [each for each in process.iter(bpmn.tag("dataObjectReference")) if each.get("id")]
    for each in references:
        referred = bpmn.reference(each.get("dataObjectRef"))
        if not names.get(referred, "-"):
            names[referred] = (each.get("name") or "").strip()
    names = {own_id: name or own_id for own_id, name in names.items()}
    for each in references:
        own_name = (each.get("name") or "").strip() or str(each.get("id"))
        names[str(each.get("id"))] = names.get(bpmn.reference(each.get("dataObjectRef")), own_name)
    return names


def _bpmn_types(kind: NodeKind) -> frozenset[str]:
    """The BPMN types of a node that our metadata distinguishes: its own and the more general ones."""
    if kind in bpmn.ACTIVITIES:
        general = {"bpmn:Activity"}
    elif kind in bpmn.EVENTS:
        general = {"bpmn:Event", "bpmn:CatchEvent" if kind in _CATCHING else "bpmn:ThrowEvent"}
    else:
        general = {"bpmn:Gateway"}
    return frozenset({f"bpmn:{kind[0].upper()}{kind[1:]}", *general})


def _ad_hoc(element: etree._Element) -> AdHoc:
    return AdHoc(
        sequential=element.get("ordering") == "Sequential",
        completion=bpmn.text_of(element, "completionCondition"),
        cancel_remaining=bpmn.is_true(element, "cancelRemainingInstances", default=True),
    )


def _item(many: etree._Element, name: str) -> str:
    item = many.find(bpmn.tag(name))
    return "" if item is None else item.get("name") or item.get("id") or ""


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
