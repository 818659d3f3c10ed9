"""What a file is that is no BPMN 2.0, or has no process: named, so that its sender knows what to export instead.

Source: the namespaces of XPDL (WfMC), CMMN, XMI and the drafts of BPMN (OMG), WS-BPEL (OASIS), jPDL; the root
elements of draw.io, Visio and ARIS.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from workflows.definitions import bpmn
from workflows.problems import Problem

_BY_NAMESPACE: Final = (
    ("wfmc.org/", "XPDL"),
    ("omg.org/spec/CMMN/", "CMMN"),
    ("omg.org/spec/DMN/", "DMN"),
    ("wsbpel/", "BPEL"),
    ("business-process/", "BPEL"),
    ("jbpm.org:jpdl", "jPDL"),
    ("stp.eclipse.org/bpmn", "BPMN 1"),
    ("bpmn.org/bpmn1", "BPMN 1"),
    ("schema.omg.org/spec/BPMN/2.0", "BPMN 2.0 beta"),
    ("omg.org/bpmn20", "BPMN 2.0 beta"),
    ("microsoft.com/visio/", "Visio"),
    ("/XMI", "XMI"),
    ("w3.org/2000/svg", "SVG"),
)
_BY_ROOT: Final = {
    "mxfile": "draw.io", "mxGraphModel": "draw.io", "VisioDocument": "Visio", "AML": "ARIS (AML)", "XMI": "XMI",
    "Package": "XPDL", "html": "HTML", "svg": "SVG",
}  # fmt: skip


def not_bpmn(root: etree._Element) -> Problem:
    """Its root element is not BPMN's."""
    name = etree.QName(root)
    namespace = name.namespace or ""
    known = next((form for part, form in _BY_NAMESPACE if part in namespace), _BY_ROOT.get(name.localname))
    if known:
        return Problem(
            "not-bpmn",
            "This is not a BPMN 2.0 file but %(format)s. Export the diagram as BPMN 2.0 XML.",
            severity="fatal",
            params={"format": known},
        )
    if name.localname == "definitions":
        return Problem(
            "not-bpmn",
            "This is not a BPMN 2.0 file: its namespace is “%(namespace)s”, not “%(expected)s”. Export the diagram "
            "as BPMN 2.0 XML.",
            severity="fatal",
            params={"namespace": namespace[:200], "expected": bpmn.MODEL},
        )
    return Problem(
        "not-bpmn",
        "This is not a BPMN 2.0 file (it begins with “%(name)s”). Export the diagram as BPMN 2.0 XML.",
        severity="fatal",
        params={"name": name.localname},
    )


def no_process(root: etree._Element) -> Problem:
    """BPMN of another kind than processes."""
    if root.find(bpmn.tag("choreography")) is not None:
        return Problem(
            "no-process",
            "The file has a choreography but no process. Draw who does what as a process and export it again.",
            severity="fatal",
        )
    if (
        root.find(bpmn.tag("collaboration")) is not None
        or root.find(bpmn.tag("globalConversation")) is not None
    ):
        return Problem(
            "no-process",
            "The file has pools or a conversation but no process. Draw what is done in a pool and export it again.",
            severity="fatal",
        )
    return Problem(
        "no-process",
        "The file has no process. Draw at least one task and export it again.",
        severity="fatal",
    )
