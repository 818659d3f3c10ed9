"""Diagrams as other tools write them are read, drawn and priced: at preview nothing of them is an error.

The fixtures are our own; each imitates one habit of some exporter of the BPMN Model Interchange tests.
"""

import pytest

from workflows.definitions.lint import lint
from workflows.definitions.read import read

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
FLOW = (
    '<sequenceFlow id="f1" sourceRef="s" targetRef="t"/><sequenceFlow id="f2" sourceRef="t" targetRef="e"/>'
)
NODES = '<startEvent id="s"/><task id="t" name="Task 1"/><endEvent id="e"/>'
PROCESS = f'<process id="p">{NODES}{FLOW}</process>'


def file(inside, *, attributes="", before=""):
    return f'{before}<definitions xmlns="{MODEL}" {DI} {attributes}>{inside}</definitions>'


PREFIXED = (
    file(PROCESS)
    .replace("<", "<semantic:")
    .replace("<semantic:/", "</semantic:")
    .replace("xmlns=", "xmlns:semantic=")
)
SHAPES = (
    '<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p"><bpmndi:BPMNShape bpmnElement="t">'
    '<dc:Bounds x="1.5" y="2" width="100" height="80"/></bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>'
)
FILES = {
    "no diagram, no target namespace, no ids where none is needed": file(PROCESS),
    "a prefix": PREFIXED,
    "a byte order mark and a declaration": "\ufeff" + file(PROCESS, before='<?xml version="1.0" encoding="utf-8"?>'),
    "a Latin-1 declaration on plain ASCII": file(PROCESS, before='<?xml version="1.0" encoding="ISO-8859-1"?>'),
    "standalone, comments and instructions": file(
        f"<!-- made by --><?tool x?>{PROCESS.replace('<task', '<!-- t --><task')}",
        before='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<?xml-stylesheet href="x.css"?>\n',
    ),
    "a target namespace that is no address": file(
        PROCESS,
        attributes='targetNamespace="sample1" xmlns:tns="sample1"',
    ),
    "the same with an empty text of unparsed characters": file(
        PROCESS.replace("</process>", "<documentation><![CDATA[]]></documentation></process>"),
        attributes='xmlns:tns="sample1"',
    ),
    "qualified references": file(
        PROCESS.replace('sourceRef="s"', 'sourceRef="tns:s"').replace('targetRef="t"', 'targetRef="tns:t"'),
        attributes='targetNamespace="urn:x" xmlns:tns="urn:x"',
    ),
    "ids with a colon": file(PROCESS.replace('"s"', '"x:s"').replace('"t"', '"x:t"').replace('"e"', '"y:e"')),
    "ids with braces, spaces and accents": file(
        PROCESS.replace('"s"', '"{9F-1}"').replace('"t"', '"Tâche 1"').replace('"e"', '"1"')
    ),
    "attributes with the namespace of BPMN": file(PROCESS, attributes=f'xmlns:b="{MODEL}"')
    .replace(" id=", " b:id=").replace(" name=", " b:name=").replace(" sourceRef", " b:sourceRef"),
    "upper-case booleans and unknown attributes": file(
        PROCESS.replace('id="p"', 'id="p" isExecutable="TRUE" isClosed="False" processType="None" xx="1"')
    ),
    "incoming and outgoing that contradict the arrows": file(
        PROCESS.replace('<startEvent id="s"/>', '<startEvent id="s"><outgoing>f9</outgoing></startEvent>')
    ),
    "a pool for each process, one of them black": file(
        '<collaboration id="c"><participant id="a" processRef="p"/><participant id="b" name="Client"/>'
        '<participant id="x" processRef="q"/><messageFlow id="m" sourceRef="t" targetRef="b"/>'
        '<textAnnotation id="n"><text>see</text></textAnnotation><association sourceRef="n" targetRef="t"/>'
        f'</collaboration>{PROCESS}<process id="q"/>'
    ),
    "two drawn pools": file(
        PROCESS + PROCESS.replace('id="p"', 'id="q"').replace('"s"', '"s2"').replace('"t"', '"t2"')
        .replace('"e"', '"e2"').replace('"f1"', '"g1"').replace('"f2"', '"g2"')
    ),
    "lanes without nodes, nodes without lanes, two sets of lanes": file(
        PROCESS.replace(
            "<startEvent",
            '<laneSet id="l1"><lane id="a" name="A"><flowNodeRef>t</flowNodeRef></lane><lane id="b"/></laneSet>'
            '<laneSet><lane id="c"><flowNodeRef>t</flowNodeRef><flowNodeRef>gone</flowNodeRef></lane></laneSet>'
            "<startEvent",
            1,
        )
    ),
    "data, groups and annotations": file(
        '<dataStore id="ds"/><category id="cat"><categoryValue id="cv" value="x"/></category>'
        + PROCESS.replace(
            "<startEvent",
            '<ioSpecification><inputSet/><outputSet/></ioSpecification><dataObject id="do" isCollection="true"/>'
            '<dataObjectReference id="dor" name="List of things" dataObjectRef="do"/>'
            '<dataStoreReference id="dsr" dataStoreRef="ds"/><group id="g" categoryValueRef="cv"/>'
            '<textAnnotation id="ta"><text>note</text></textAnnotation>'
            '<association id="as" sourceRef="ta" targetRef="t"/><startEvent',
            1,
        ).replace(
            "<task id=\"t\" name=\"Task 1\"/>",
            '<task id="t"><ioSpecification><dataInput id="di"/><inputSet><dataInputRefs>di</dataInputRefs></inputSet>'
            "<outputSet/></ioSpecification><dataInputAssociation><sourceRef>dor</sourceRef>"
            "<targetRef>di</targetRef></dataInputAssociation></task>",
        )
    ),
    "an id given to a shape and again to data": file(
        PROCESS.replace("<startEvent", '<dataObject id="d"/><dataObjectReference id="d"/><startEvent', 1)
        + SHAPES.replace("bpmnElement=", 'id="t" bpmnElement=', 2)
    ),
    "extensions of a tool, also between our elements": file(
        '<extension mustUnderstand="false" definition="v:x"/>'
        + PROCESS.replace(
            "<task id=\"t\" name=\"Task 1\"/>",
            '<task id="t" v:color="red"><documentation textFormat="text/html"><![CDATA[<b>x</b>]]></documentation>'
            '<extensionElements><v:meta><task id="t"/></v:meta></extensionElements></task><v:shape id="t"/>',
        ),
        attributes='xmlns:v="http://vendor.example/ext" exporter="Tool" exporterVersion="1.0.0"',
    ),
    "every kind of task": file(
        PROCESS.replace(
            "<task", "".join(f'<{kind}Task id="{kind}"/>' for kind in
            ("user", "manual", "service", "script", "send", "receive", "businessRule")) + "<task", 1)
    ),
    "events without details, events of every kind": file(
        PROCESS.replace(
            "<task",
            "".join(
                f'<intermediateCatchEvent id="c{n}"><{kind}EventDefinition/></intermediateCatchEvent>'
                f'<intermediateThrowEvent id="h{n}"><{kind}EventDefinition id="d{n}"/></intermediateThrowEvent>'
                for n, kind in enumerate(
                    ("message", "timer", "signal", "link", "compensate", "conditional", "escalation")
                )
            ) + "<task",
            1,
        )
    ),
    "a boundary event that lost its host": file(
        PROCESS.replace("<task", '<boundaryEvent id="b"><timerEventDefinition/></boundaryEvent><task', 1)
    ),
    "an arrow that lost its end": file(PROCESS.replace('targetRef="e"', 'targetRef=""')),
    "an arrow without any end": file(PROCESS.replace("</process>", '<sequenceFlow id="f3"/></process>')),
    "arrows kept outside their sub-process": file(
        '<process id="p"><startEvent id="s"/><subProcess id="t"><task id="i"/><task id="j"/></subProcess>'
        f'<endEvent id="e"/>{FLOW}<sequenceFlow id="f3" sourceRef="i" targetRef="j"/></process>'
    ),
    "a call of a global task, collapsed and empty sub-processes": file(
        '<globalUserTask id="gt" name="Ask"/>'
        + PROCESS.replace(
            "<task",
            '<callActivity id="c1" calledElement="gt"/><callActivity id="c2"/><callActivity id="c3" '
            'calledElement="other:Process"/><subProcess id="sp"/><adHocSubProcess id="ah"/><transaction id="tr"/>'
            '<subProcess id="es" triggeredByEvent="true"/><task',
            1,
        )
    ),
    "conditions as formal expressions with a prefix": file(
        PROCESS.replace(
            'targetRef="t"/>',
            'targetRef="t"><m:conditionExpression xmlns:m="' + MODEL + '" xsi:type="m:tFormalExpression" '
            'language="http://www.w3.org/1999/XPath">getDataObject("x") &gt; 1</m:conditionExpression></sequenceFlow>',
        )
    ),
    "a join that does not fit its split": file(
        '<process id="p"><startEvent id="s"/><exclusiveGateway id="x"/><task id="a"/><task id="b"/>'
        '<parallelGateway id="j"/><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="x"/>'
        '<sequenceFlow id="f2" sourceRef="x" targetRef="a"/><sequenceFlow id="f3" sourceRef="x" targetRef="b"/>'
        '<sequenceFlow id="f4" sourceRef="a" targetRef="j"/><sequenceFlow id="f5" sourceRef="b" targetRef="j"/>'
        '<sequenceFlow id="f6" sourceRef="j" targetRef="e"/></process>'
    ),
    "a choreography and conversations beside": file(
        '<choreography id="ch"><choreographyTask id="ct"/></choreography>'
        '<collaboration id="co"><conversation id="cv"/></collaboration>' + PROCESS
    ),
    "a process and arrows without ids": file(PROCESS.replace(' id="p"', "").replace(' id="f1"', "")),
    "two performers": file(
        PROCESS.replace(
            '<task id="t" name="Task 1"/>', '<userTask id="t"><potentialOwner/><potentialOwner/></userTask>'
        )
    ),
    "shapes only partly": file(PROCESS + SHAPES),
}  # fmt: skip


@pytest.mark.parametrize("habit", FILES)
def test_what_other_tools_write_can_be_drawn_and_priced(habit):
    reading = read(FILES[habit].encode())
    assert reading.definition is not None, reading.problems
    found = (*reading.problems, *lint(reading.definition, level="preview"))
    assert [problem for problem in found if problem.severity in ("fatal", "error")] == []
    for problem in found:
        problem.text()
    assert len(reading.definition.nodes) >= 3
    again = read(reading.definition.xml)
    assert (again.definition, again.definition.xml) == (reading.definition, reading.definition.xml)


def test_the_arrows_of_ids_with_a_colon_are_joined():
    found = read(FILES["ids with a colon"].encode()).definition
    assert found.nodes["x:t"].incoming == ("f1",)
    assert found.nodes["x:t"].outgoing == ("f2",)


def test_a_file_with_a_namespace_that_is_no_address_has_one_form():
    text = FILES["a target namespace that is no address"]
    other = text.replace('id="t" name="Task 1"', 'name="Task 1"   id="t"').replace(
        "<startEvent", "\n\n<startEvent"
    )
    assert read(text.encode()).definition.xml == read(other.encode()).definition.xml


def written(encoding, *, declared):
    text = file(
        PROCESS.replace("Task 1", "Tâche"),
        before=f'<?xml version="1.0" encoding="{declared}"?>\r\n<!-- x -->',
    )
    return text.encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("cp1252", "windows-1252"),
        ("cp1252", "Cp1252"),
        ("latin-1", "ISO-8859-1"),
        ("iso8859-15", "ISO-8859-15"),
        ("mac_roman", "macintosh"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-16", "UTF-8"),
        ("utf-8", "UTF-16"),
        ("utf-8", "windows-1252"),
        ("utf-8-sig", "ISO-8859-1"),
    ],
)
def test_a_file_in_the_encoding_of_an_older_tool_is_the_same_diagram(encoding, declared):
    expected = read(written("utf-8", declared="UTF-8")).definition
    assert expected.nodes["t"].name == "Tâche"
    reading = read(written(encoding, declared=declared))
    assert reading.problems == ()
    assert (reading.definition, reading.definition.xml) == (expected, expected.xml)


def test_what_calls_itself_latin_1_may_have_the_signs_of_windows():
    data = written("utf-8", declared="ISO-8859-1").decode().replace("Tâche", "Prix – 5 €").encode("cp1252")
    assert read(data).definition.nodes["t"].name == "Prix – 5 €"


@pytest.mark.parametrize(
    ("encoding", "declared", "said"),
    [
        ("utf-32", "UTF-32", "in the encoding UTF-32"),
        ("utf-32-le", "UTF-32", "in the encoding UTF-32"),
        ("cp1252", "UTF-8", "is of another encoding (often Windows-1252)"),
        ("cp1252", "EBCDIC-CP-FR", "in the encoding ebcdic-cp-fr"),
        ("utf-7", "UTF-7", "in the encoding utf-7"),
    ],
)
def test_any_other_encoding_is_refused_with_its_name_and_what_to_do(encoding, declared, said):
    (problem,) = read(written(encoding, declared=declared)).problems
    assert (problem.code, problem.severity) == ("xml-encoding", "fatal")
    assert said in problem.text()
    assert "save it with the encoding UTF-8" in problem.text()


def test_a_byte_that_is_not_in_the_declared_encoding_is_refused():
    data = written("cp1252", declared="windows-1252").replace("â".encode("cp1252"), b"\x81")
    (problem,) = read(data).problems
    assert (problem.code, problem.params["encoding"]) == ("xml-encoding", "windows-1252")


def test_only_an_xml_declaration_says_the_encoding():
    data = written("cp1252", declared="windows-1252")
    data = data.replace(b"<?xml version", b"<?xml-stylesheet version", 1)
    (problem,) = read(data).problems
    assert (problem.code, problem.params["encoding"]) == ("xml-encoding", "?")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_no_encoding_hides_a_doctype(encoding):
    text = '<?xml version="1.0" encoding="windows-1252"?><!DOCTYPE é [<!ENTITY x "y">]><é>&x;</é>'
    assert [problem.code for problem in read(text.encode(encoding)).problems] == ["xml-doctype"]


@pytest.mark.parametrize(
    ("root", "code", "said"),
    [
        ('Package xmlns="http://www.wfmc.org/2009/XPDL2.2"', "not-bpmn", "but XPDL"),
        ('Package xmlns="http://www.wfmc.org/2002/XPDL1.0"', "not-bpmn", "but XPDL"),
        ('definitions xmlns="http://www.omg.org/spec/CMMN/20151109/MODEL"', "not-bpmn", "but CMMN"),
        ('definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"', "not-bpmn", "but BPMN 2.0 beta"),
        ('BpmnDiagram xmlns="http://stp.eclipse.org/bpmn"', "not-bpmn", "but BPMN 1."),
        ('mxfile host="app.diagrams.net"', "not-bpmn", "but draw.io"),
        ('VisioDocument xmlns="http://schemas.microsoft.com/visio/2003/core"', "not-bpmn", "but Visio"),
        ('process xmlns="http://docs.oasis-open.org/wsbpel/2.0/process/executable"', "not-bpmn", "but BPEL"),
        (
            'definitions xmlns="https://www.omg.org/spec/BPMN/20100524/MODEL"',
            "not-bpmn",
            "is “https://www.omg.org",
        ),
        ("definitions", "not-bpmn", "its namespace is “”"),
        (f'process xmlns="{MODEL}"', "not-bpmn", "begins with “process”"),
    ],
)
def test_a_file_of_another_format_is_called_by_its_name(root, code, said):
    (problem,) = read(f"<{root}/>".encode()).problems
    assert (problem.code, problem.severity) == (code, "fatal")
    assert said in problem.text()


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            '<collaboration/><choreography id="c"><choreographyTask id="t"/></choreography>',
            "a choreography but no process",
        ),
        (
            '<collaboration id="c"><participant id="a" name="A"/></collaboration>',
            "pools or a conversation but no process",
        ),
        ('<globalConversation id="c"/>', "pools or a conversation but no process"),
        ("", "The file has no process"),
    ],
)
def test_bpmn_without_a_process_says_what_the_file_has(inside, said):
    (problem,) = read(file(inside).encode()).problems
    assert (problem.code, problem.severity) == ("no-process", "fatal")
    assert said in problem.text()


def test_a_name_on_two_lines_is_told_on_one():
    text = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">'
        '<task id="t" name="Hold&#10; the meeting"/></process></definitions>'
    )
    drawn = read(text.encode()).definition
    messages = [problem.text() for problem in lint(drawn, level="preview") if problem.code == "untyped-task"]
    assert messages == [
        "“Hold the meeting” is a task without a type and would be skipped. Make it a user task."
    ]
