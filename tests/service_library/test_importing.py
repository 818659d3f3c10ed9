"""Importing BPMN of any tool: nothing is lost silently, what is not drawn is drawn."""

import pytest

from service_library import library, starters
from service_library.drawing import with_drawing
from service_library.importing import code_of, import_bpmn
from workflows import xml
from workflows.definitions.bpmn import DI
from workflows.definitions.read import read

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def file(body, more=""):
    return (
        f'<?xml version="1.0"?><definitions xmlns="{MODEL}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
        f'targetNamespace="x" id="d">{more}{body}</definitions>'
    ).encode()


PLAIN = file(
    '<process id="p" name="Creuser un puits"><startEvent id="s"/><subProcess id="sub"><startEvent id="s2"/>'
    '<task id="t" name="Dig" camunda:assignee="demo"/><sequenceFlow id="f2" sourceRef="s2" targetRef="t"/></subProcess>'
    '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition/></boundaryEvent><endEvent id="e"/>'
    '<sequenceFlow id="f" sourceRef="s" targetRef="sub"/><sequenceFlow id="g" sourceRef="sub" targetRef="e"/>'
    '<sequenceFlow id="h" sourceRef="late" targetRef="e"/></process>'
)


def codes(found):
    return {p.code for p in found.problems}


def test_each_change_is_told_and_the_diagram_can_be_read_and_shown():
    found = import_bpmn(PLAIN.replace(b"<process", b"<!-- secret --><process"), version="1.0.0")
    assert found.bpmn is not None
    assert codes(found) >= {
        "import-comments-left-out", "import-made-executable", "import-card-added", "import-not-drawn",
    }  # fmt: skip
    definition = read(found.bpmn).definition
    assert definition is not None
    assert (definition.service.code, definition.service.name) == (
        "creuser_un_puits",
        {"en": "Creuser un puits"},
    )
    assert found.bpmn.count(b"BPMNShape ") == len(definition.nodes)
    assert found.bpmn.count(b"BPMNEdge ") == len(definition.flows)


def test_elements_of_other_tools_are_kept():
    found = import_bpmn(PLAIN, version="1.0.0")
    assert found.bpmn is not None
    assert b'camunda:assignee="demo"' in found.bpmn


def test_what_cannot_be_carried_out_is_told_with_its_element():
    body = file('<process id="p"><startEvent id="s"/><complexGateway id="c"/></process>')
    found = import_bpmn(body, version="1.0.0")
    assert "c" in {p.place for p in found.problems if p.severity == "error"}


def test_a_drawing_that_is_there_stays():
    shipped = library.load("village_meeting", "1.0.0").bpmn
    found = import_bpmn(shipped, version="1.0.0")
    assert found.bpmn is not None
    assert not codes(found) & {"import-not-drawn", "import-card-added", "import-made-executable"}
    before, after = (read(b).definition for b in (shipped, found.bpmn))
    assert before == after


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<html/>", PLAIN[:200], file(""), b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
)  # fmt: skip
def test_what_is_no_diagram_is_refused_with_problems(data):
    found = import_bpmn(data, version="1.0.0")
    assert found.bpmn is None
    assert found.problems


def test_shapes_of_one_scope_do_not_lie_on_each_other():
    bare = xml.parse(starters.load("village_meeting").bpmn)
    for diagram in bare.findall(f"{{{DI}}}BPMNDiagram"):
        bare.remove(diagram)
    drawn = xml.parse(with_drawing(xml.serialize(bare)))
    boxes = [
        tuple(float(b.get(k)) for k in ("x", "y", "width", "height"))
        for b in drawn.iter("{http://www.omg.org/spec/DD/20100524/DC}Bounds")
    ]
    assert len(boxes) == 7
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = (
                one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
                or one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
            )  # fmt: skip
            assert apart, (one, other)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Creuser un puits", "creuser_un_puits"),
        ("3 Éléments!", "elements"),
        ("井戸", "service"),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_code_is_made_of_a_name(name, code):
    assert code_of(name) == code


@pytest.mark.parametrize(("encoding", "declared"), [("cp1252", "windows-1252"), ("utf-16", "UTF-16")])
def test_a_file_of_an_older_tool_gives_the_same_diagram_and_is_told_the_same(encoding, declared):
    body = (
        '<process id="p" name="Été"><!-- vu --><startEvent id="s"/><userTask id="t" name="Fête"/></process>'
    )
    text = file(body).decode().removeprefix('<?xml version="1.0"?>')
    plain = import_bpmn(f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), version="1.0.0")
    other = import_bpmn(
        f'<?xml version="1.0" encoding="{declared}"?>{text}'.encode(encoding), version="1.0.0"
    )
    assert plain.bpmn is not None
    assert other == plain
