"""What other tools write to say which decision, operation, process or list a task uses.

Only pointed out, so that an author who imports a diagram does not believe that it is followed.
Sources: Camunda 7 extension attributes, Zeebe (Camunda 8) extension elements, jBPM and Flowable attributes;
matched by local name, since each has several namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from workflows.definitions import bpmn
from workflows.schema.descriptor import is_run_namespace, namespace_of

_ATTRIBUTES: Final = frozenset(
    {"decisionRef", "topic", "class", "expression", "delegateExpression", "ruleFlowGroup", "collection"}
)
_ELEMENTS: Final = {
    "calledDecision": "decisionId",
    "taskDefinition": "type",
    "calledElement": "processId",
    "loopCharacteristics": "inputCollection",
}
"""Element in bpmn:extensionElements -> its attribute that says what is used."""


def meanings(node: etree._Element) -> Iterator[tuple[str, str]]:
    """(spelling, value) of everything by which another tool makes an activity use something."""
    loop = node.find(bpmn.tag("multiInstanceLoopCharacteristics"))
    for element in (node, *(() if loop is None else (loop,))):
        for key, value in element.items():
            if _is_foreign(str(key)) and etree.QName(key).localname in _ATTRIBUTES and value:
                yield etree.QName(key).localname, str(value)
        for extension in element.iterfind(f"{bpmn.tag('extensionElements')}/*"):
            name = etree.QName(extension).localname
            value = (extension.get(_ELEMENTS[name]) or "") if name in _ELEMENTS else ""
            if value and _is_foreign(str(extension.tag)):
                yield name, value


def _is_foreign(name: str) -> bool:
    namespace = namespace_of(name)
    return bool(namespace) and namespace not in (bpmn.MODEL, bpmn.XSI) and not is_run_namespace(namespace)
