"""Two versions drawn: what is new, gone, changed and moved; and what tasks cost, as colour."""

from types import SimpleNamespace

from server.catalogue.listing import cost_heat
from server.documents.comparison import drawings
from server.documents.diagram_svg import COLOURS, HEAT, diagram_svg
from service_library import library
from service_library.compare import compare
from service_library.package import assemble

OLD = library.load("community_profile", "1.0.0")


def changed(*edits):
    bpmn = OLD.bpmn
    for before, after in edits:
        assert before in bpmn
        bpmn = bpmn.replace(before, after)
    package = assemble(bpmn, OLD.form_sources, version=OLD.version).package
    assert package is not None
    return package


def drawn(new):
    return drawings(compare(OLD, new), old=OLD, new=new, locale="en")


def shape_of(element):
    at = OLD.bpmn.index(f'bpmnElement="{element}"'.encode())
    return OLD.bpmn[at : OLD.bpmn.index(b"/>", at)]


def test_an_element_with_another_place_only_is_moved_and_drawn_on_both():
    shape = shape_of("survey")
    left = shape[shape.index(b' x="') :].split(b'"')[1]
    pictures, marks = drawn(changed((shape, shape.replace(b' x="' + left, b' x="' + left + b"1"))))
    assert marks == {"survey": "moved"}
    assert len(pictures) == 2
    assert all(COLOURS["moved"][0] in svg for _, svg in pictures)


def test_a_changed_element_that_moved_too_is_changed():
    shape = shape_of("survey")
    title = (b">Interview the households</run:title>", b">Ask the households</run:title>")
    left = shape[shape.index(b' x="') :].split(b'"')[1]
    _, marks = drawn(changed((shape, shape.replace(b' x="' + left, b' x="' + left + b"1")), title))
    assert marks == {"survey": "changed"}


def test_changes_inside_alone_need_one_drawing():
    pictures, marks = drawn(
        changed((b">Interview the households</run:title>", b">Ask the households</run:title>"))
    )
    assert (len(pictures), marks) == (1, {"survey": "changed"})


def test_the_dearest_task_is_the_darkest():
    tasks = {name: SimpleNamespace(amount_minor=minor) for name, minor in (("a", 0), ("b", 50), ("c", 100))}
    heat = cost_heat(SimpleNamespace(tasks=tasks))
    assert heat == {"a": 0, "b": 2, "c": len(HEAT) - 1}
    assert cost_heat(SimpleNamespace(tasks={"a": SimpleNamespace(amount_minor=0)})) == {}
    assert HEAT[-1] in diagram_svg(OLD.bpmn, title="x", heat={"survey": len(HEAT) - 1})
