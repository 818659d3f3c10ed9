"""The names of BPMN 2.0 XML and how its elements are found.

Source: BPMN 2.0.2 (OMG formal/2013-12-09), clause 15; BPMN20.xsd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast, get_args

from lxml import etree

from workflows.definitions.model import NodeKind

MODEL: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

NODE_KINDS: Final = frozenset(get_args(NodeKind))
SUB_PROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
EVENTS: Final = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"}
)
ACTIVITIES: Final = NODE_KINDS - EVENTS - GATEWAYS
HUMAN_TASKS: Final = frozenset({"task", "userTask", "manualTask"})
"""Work of a person: needs a task card. An abstract `task` counts, experts draw it first."""
NAMED: Final = NODE_KINDS | {"sequenceFlow", "lane"}
"""What has a name that people read, which `run:label` translates."""
EVENT_DEFINITION: Final = "EventDefinition"


def tag(name: str) -> str:
    """The lxml tag of a BPMN element."""
    return f"{{{MODEL}}}{name}"


def local_name(element: etree._Element) -> str:
    """The name of a BPMN element; "" for an element of another namespace."""
    name = etree.QName(element)
    return name.localname if name.namespace == MODEL else ""


def flow_nodes(scope: etree._Element) -> Iterator[tuple[etree._Element, NodeKind]]:
    """The flow nodes directly in a process or sub-process, in file order."""
    for child in scope.iterchildren("*"):
        name = local_name(child)
        if name in NODE_KINDS:
            yield child, cast(NodeKind, name)


def scopes(process: etree._Element) -> Iterator[etree._Element]:
    """The process and every sub-process in it, outer before inner."""
    yield process
    for child, kind in flow_nodes(process):
        if kind in SUB_PROCESSES:
            yield from scopes(child)


def text_of(parent: etree._Element, name: str) -> str:
    """The stripped text of the first BPMN child `name`; "" when there is none."""
    child = parent.find(tag(name))
    return "" if child is None else "".join(str(text) for text in child.itertext()).strip()


def reference(text: str | None) -> str:
    """The id in a QName reference (`tns:Message_1` -> `Message_1`); "" for None."""
    return (text or "").strip().rpartition(":")[2]


def is_true(element: etree._Element, name: str, *, default: bool = False) -> bool:
    """The value of a boolean attribute, as XML Schema writes it (true, 1, false, 0); what is neither: default."""
    text = (element.get(name) or "").strip()
    return default if text not in ("true", "1", "false", "0") else text in ("true", "1")


def processes(root: etree._Element) -> list[etree._Element]:
    """All processes of the file, in file order."""
    return list(root.iterchildren(tag("process")))


def process_of(root: etree._Element, process_id: str) -> etree._Element:
    """The process with that id. Raises KeyError."""
    for process in processes(root):
        if process.get("id") == process_id:
            return process
    raise KeyError(process_id)
