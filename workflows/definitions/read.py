"""Reads any BPMN 2.0 file into a `Definition`, with every mistake that hinders the reading.

Idea: be generous in reading (other tools' files can be drawn and priced) and strict in lint. Sequence flows
are the truth about connections; the `incoming` and `outgoing` elements, which tools forget, are not read.
The file is kept whole, in one canonical form, so that equal diagrams have equal bytes and unknown vendor
elements survive. Nothing of our metadata is dropped silently: what is not understood is a problem.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 8, 10, 13 and 15.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from workflows.definitions import bpmn, calls, other_formats
from workflows.definitions.model import Definition
from workflows.definitions.processes import open_file, read_process
from workflows.problems import Problem
from workflows.xml import DEFAULT, Limits, XmlRefused, as_utf8, canonical, parse

MAX_FLOW_NODES: Final = 2_000
"""Of one process and those it calls. A diagram a person can read has some dozens; checks take time with the square."""
_WITH_ID: Final = bpmn.NODE_KINDS | {"sequenceFlow", "process"}
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
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


def read(data: bytes, *, limits: Limits = DEFAULT, process_id: str = "") -> Reading:
    """The definition in a BPMN file: of the process with that id, else of its main process.

    The main process is executable, has elements and is called by no other, as far as there is such a one; the
    first in the file of several. What it calls in the same file is in `processes`.
    Reading `definition.xml` again gives an equal definition. Never raises for what is in `data`.
    """
    problems: list[Problem] = []
    try:
        root = parse(as_utf8(data, limits=limits), limits=limits)
        if bpmn.local_name(root) != "definitions":
            return Reading(None, (other_formats.not_bpmn(root),))
        _unqualify(root)
        _give_ids(root, problems)
        xml = normalised(root)
        _check_size(xml, limits)
    except XmlRefused as refused:
        return Reading(None, refused.problems)
    process = _chosen_process(root, process_id, problems)
    if process is None:
        return Reading(None, tuple(problems))
    definition = _with_called(root, process, xml, problems)
    return Reading(definition, tuple(problems))


def _unqualify(root: etree._Element) -> None:
    """Attributes of BPMN have no namespace (BPMN20.xsd); some tools write them with BPMN's."""
    for element in root.iter(f"{{{bpmn.MODEL}}}*"):
        for key, value in element.items():
            name = etree.QName(key)
            if name.namespace == bpmn.MODEL:
                del element.attrib[key]
                element.set(name.localname, element.get(name.localname, value))


def _give_ids(root: etree._Element, problems: list[Problem]) -> None:
    """An id for each process, node and flow that has none: what has no id could not be spoken of."""
    nameless = [
        element
        for process in bpmn.processes(root)
        for scope in bpmn.scopes(process)
        for element in (*([process] if scope is process else []), *scope.iterchildren("*"))
        if not element.get("id") and bpmn.local_name(element) in _WITH_ID
    ]
    known = {element.get("id") for element in root.iter("*")} if nameless else set()
    number = 0
    for element in nameless:
        kind = bpmn.local_name(element)
        while (own_id := f"{kind}_without_id_{number}") in known or not number:
            number += 1
        known.add(own_id)
        element.set("id", own_id)
        problems.append(_without_id(element, kind, own_id))


def _without_id(element: etree._Element, kind: str, own_id: str) -> Problem:
    return Problem(
        "element-without-id",
        "A %(kind)s (line %(line)s) has no id; it is called “%(id)s” here. Save the file with a BPMN tool.",
        place=own_id,
        severity="warning",
        params={"kind": kind, "line": element.sourceline, "id": own_id},
    )


def _with_called(
    root: etree._Element, process: etree._Element, xml: bytes, problems: list[Problem]
) -> Definition | None:
    """The definition of a process with all that it calls; None when that is too much for a person to read."""
    by_id = _first_by_id(bpmn.processes(root))
    order, calling = calls.without_cycles(calls.graph(root), str(process.get("id")))
    size = sum(
        1 for each in order for node in by_id[each].iter("*") if bpmn.local_name(node) in bpmn.NODE_KINDS
    )
    if size > MAX_FLOW_NODES:
        problems.append(_diagram_too_large(process, size))
        return None
    file = open_file(root)
    made: dict[str, Definition] = {}
    for each in order:
        reached: dict[str, Definition] = {}
        for called in calling[each]:
            reached |= {called: made[called], **made[called].processes}
        made[each] = replace(read_process(file, by_id[each], problems, xml), processes=reached)
    return made[order[-1]]


def _first_by_id(processes: Iterable[etree._Element]) -> Mapping[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for each in processes:
        found.setdefault(str(each.get("id")), each)
    return found


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
    """The file in its one form: UTF-8, canonical, indented by two spaces. Changes only blanks in `root`.

    Namespaces that are no absolute addresses, which Canonical XML forbids and some tools write, are kept: then
    the attributes are sorted by their names and everything else is as it was.
    """
    _indent(root, "\n")
    try:
        return _DECLARATION + canonical(root) + b"\n"
    except XmlRefused:
        for element in root.iter("*"):
            element.text = element.text or None  # an empty CDATA section is no text
            attributes = sorted(element.items())
            element.attrib.clear()
            element.attrib.update(attributes)
        return _DECLARATION + etree.tostring(root, encoding="UTF-8", with_tail=False) + b"\n"


def _indent(element: etree._Element, margin: str) -> None:
    children = list(element)
    if not children or (element.text or "").strip() or any((child.tail or "").strip() for child in children):
        return  # a text, or a text with elements in it: its blanks are its own
    element.text = margin + "  "
    for child in children:
        child.tail = margin + "  "
        _indent(child, margin + "  ")
    children[-1].tail = margin


def _diagram_too_large(process: etree._Element, size: int) -> Problem:
    return Problem(
        "diagram-too-large",
        "The process has %(size)s elements; at most %(limit)s are read. Divide it into several services.",
        place=str(process.get("id")),
        severity="fatal",
        params={"size": size, "limit": MAX_FLOW_NODES},
    )


def _chosen_process(root: etree._Element, process_id: str, problems: list[Problem]) -> etree._Element | None:
    by_id = _first_by_id(bpmn.processes(root))
    if not by_id or (process_id and process_id not in by_id):
        problems.append(other_formats.no_process(root))
        return None
    calling = calls.graph(root)
    drawn = [each for each in by_id.values() if any(True for _ in bpmn.flow_nodes(each))]
    chosen = by_id[process_id] if process_id else _main_process(list(by_id.values()), drawn, calling)
    used = set(calls.without_cycles(calling, str(chosen.get("id")))[0])
    if any(each.get("id") not in used for each in drawn):
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


def _main_process(
    found: list[etree._Element], drawn: list[etree._Element], calling: calls.Calls
) -> etree._Element:
    executable = [each for each in drawn if bpmn.is_true(each, "isExecutable")]
    candidates = executable or drawn or found
    called = {target for source, targets in calling.items() for target in targets if target != source}
    return next((each for each in candidates if each.get("id") not in called), candidates[0])
