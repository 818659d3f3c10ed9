"""Every service we ship is complete: it assembles, passes lint, is drawn, and speaks three languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from itertools import combinations, pairwise

import pytest
from lxml import etree

from forms import xform
from service_library.library import available, load
from service_library.package import ServicePackage, assemble
from workflows import feel
from workflows.definitions.lint import lint
from workflows.definitions.model import LANGUAGES
from workflows.xml import parse

SHIPPED = [(code, version) for code, versions in available() for version in versions]
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
Box = tuple[float, float, float, float]


@pytest.fixture(params=SHIPPED, ids=lambda each: f"{each[0]}-{each[1]}")
def package(request: pytest.FixtureRequest) -> ServicePackage:
    return load(*request.param)


def texts_of(value: object, place: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of a card; the forms' texts are checked from their XForms."""
    if is_dataclass(value):
        for each in fields(value):
            yield from texts_of(getattr(value, each.name), f"{place}.{each.name}")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from texts_of(each, f"{place}[{index}]")
    elif isinstance(value, dict):
        yield place, value


def boxes(package: ServicePackage) -> dict[str, Box]:
    found = {}
    for shape in parse(package.bpmn).iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        assert bounds is not None
        found[shape.get("bpmnElement")] = box_of(bounds)
    return found


def box_of(bounds: etree._Element) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def label_boxes(package: ServicePackage) -> dict[str, Box]:
    root = parse(package.bpmn)
    return {
        str(label.getparent().get("bpmnElement")): box_of(bounds)
        for label in root.iter(f"{DI}BPMNLabel")
        for bounds in label.iterfind(f"{DC}Bounds")
    }


def waypoints(package: ServicePackage) -> dict[str, list[tuple[float, float]]]:
    return {
        edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAYPOINT)]
        for edge in parse(package.bpmn).iter(f"{DI}BPMNEdge")
    }


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def touches(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def crosses(box: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a horizontal or vertical line passes through the inside of a box."""
    line = (min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))
    return line[0] < box[2] and box[0] < line[2] and line[1] < box[3] and box[1] < line[3]


def test_the_two_services_of_the_demonstration_are_shipped() -> None:
    assert available() == (("community_profile", ("1.0.0", "1.1.0")), ("village_meeting", ("1.0.0",)))


def test_it_assembles_without_any_problem(package: ServicePackage) -> None:
    assert assemble(package.bpmn, package.form_sources, version=package.version).problems == ()


def test_it_passes_lint_for_publishing_without_warning(package: ServicePackage) -> None:
    assert [each.as_json() for each in lint(package.definition, level="executable")] == []


def test_every_text_of_the_diagram_is_in_three_languages(package: ServicePackage) -> None:
    cards = {package.code: package.definition.service} | {n.id: n.task for n in package.definition.tasks()}
    for place, card in cards.items():
        for path, text in texts_of(card):
            if text or not path.endswith(".reason"):
                assert set(text) == set(LANGUAGES), place + path
                assert all(value.strip() for value in text.values()), place + path


def test_no_translation_is_a_copy_of_the_english_sentence(package: ServicePackage) -> None:
    for node in package.definition.tasks():
        for path, text in texts_of(node.task):
            if len(text.get("en", "").split()) > 2:
                assert len(set(text.values())) == len(LANGUAGES), node.id + path


def test_every_form_is_in_three_languages(package: ServicePackage) -> None:
    for form in package.forms.values():
        assert set(form.languages) == set(LANGUAGES)


def test_every_form_has_an_own_id_and_the_version_of_its_service(package: ServicePackage) -> None:
    assert {ref: form.form_id for ref, form in package.forms.items()} == {
        ref: f"{package.code}-{ref}" for ref in package.forms
    }
    assert {form.version for form in package.forms.values()} == {package.version}


def test_every_answered_question_of_a_response_has_a_rule(package: ServicePackage) -> None:
    for ref, version in package.forms.items():
        form = xform.read(version.xform)
        numbers = [q for q in form.questions.values() if q.type in ("integer", "decimal")]
        unbounded = [q.name for q in numbers if form.binds[q.path].constraint is None]
        assert unbounded == [], ref


def test_evidence_is_required_where_it_is_mandatory(package: ServicePackage) -> None:
    for node in package.definition.tasks():
        assert node.task is not None
        form = xform.read(package.forms[node.task.forms[0].ref].xform)
        required = {q.name for q in form.questions.values() if form.binds[q.path].required is not None}
        for evidence in node.task.evidence:
            if evidence.kind != "form":
                assert evidence.mandatory == (evidence.field in required), f"{node.id} {evidence.id}"


def test_names_and_phones_are_marked_personal(package: ServicePackage) -> None:
    personal = {
        bind.get("nodeset").rpartition("/")[2]
        for form in package.forms.values()
        for bind in parse(form.xform).iter("{http://www.w3.org/2002/xforms}bind")
        if bind.get("{https://w3id.org/run-services/bpmn/1.0}personal") == "yes"
    }
    asked = {q.name for form in package.forms.values() for q in xform.read(form.xform).questions.values()}
    assert asked & {"requester", "phone", "head_name", "leader_name", "leader_phone"} <= personal


def test_no_form_asks_for_a_signature_drawn_on_the_screen(package: ServicePackage) -> None:
    for form in package.forms.values():
        assert all("signature" not in q.appearance for q in xform.read(form.xform).questions.values())


def test_pictures_are_made_small_on_the_phone(package: ServicePackage) -> None:
    for form in package.forms.values():
        for bind in parse(form.xform).iter("{http://www.w3.org/2002/xforms}bind"):
            if bind.get("type") == "binary":
                assert bind.get("{http://openrosa.org/xforms}max-pixels") == "1280"


def test_forms_use_no_date_function_that_the_browser_refuses(package: ServicePackage) -> None:
    """ODK Web Forms 0.22 does not open a form that gives a question to decimal-date-time()."""
    for form in package.forms.values():
        assert b"decimal-date" not in form.xform


def test_every_task_has_its_skill_and_is_paid_with_the_honorarium_of_that_skill(
    package: ServicePackage,
) -> None:
    for node in package.definition.tasks():
        assert node.task is not None
        assert node.task.honorarium is not None
        assert node.task.honorarium.item == f"FEE.{node.task.skill}"
        assert 2 <= len(node.task.activities) <= 4
        assert 1 <= len(node.task.expenses) <= 4
        assert node.estimate is not None
        assert node.estimate.duration_days is not None
        assert list(node.estimate.duration_days) == sorted(node.estimate.duration_days)


def test_a_parameter_default_lies_within_its_limits(package: ServicePackage) -> None:
    for parameter in package.definition.service.parameters:
        assert parameter.minimum is not None
        assert parameter.default is not None
        assert parameter.maximum is not None
        assert parameter.minimum <= parameter.default <= parameter.maximum


def test_the_quorum_decides_whether_the_meeting_is_repeated(package: ServicePackage) -> None:
    definition = package.definition
    gateway = definition.nodes["quorum_reached"]
    (onward,) = (flow for flow in map(definition.flows.__getitem__, gateway.outgoing) if flow.condition)
    condition = feel.compile(onward.condition)
    assert condition.evaluate({"present_adults": 40, "quorum": 40}) is True
    assert condition.evaluate({"present_adults": 39, "quorum": 40}) is False
    assert gateway.default == "flow_again"
    chances = [definition.flows[flow].estimate for flow in gateway.outgoing]
    assert sum(each.probability for each in chances if each is not None and each.probability) == Decimal(1)


def test_every_quantity_gives_a_number_at_the_defaults(package: ServicePackage) -> None:
    values = {parameter.id: parameter.default for parameter in package.definition.service.parameters}
    for node in package.definition.tasks():
        assert node.task is not None
        for expense in node.task.expenses:
            assert feel.compile(expense.quantity).evaluate(values) > 0, expense.id


def test_every_node_and_flow_is_drawn(package: ServicePackage) -> None:
    assert set(boxes(package)) == set(package.definition.nodes)
    assert set(waypoints(package)) == set(package.definition.flows)


def test_no_shape_or_label_lies_on_another(package: ServicePackage) -> None:
    drawn = list(boxes(package).items())
    drawn += [(f"label of {element}", box) for element, box in label_boxes(package).items()]
    for (one, first), (other, second) in combinations(drawn, 2):
        assert not overlap(first, second), f"{one} lies on {other}"


def test_flows_run_straight_from_shape_to_shape_and_through_none(package: ServicePackage) -> None:
    drawn = boxes(package)
    for flow_id, points in waypoints(package).items():
        flow = package.definition.flows[flow_id]
        assert touches(drawn[flow.source], points[0]), flow_id
        assert touches(drawn[flow.target], points[-1]), flow_id
        for start, end in pairwise(points):
            assert start[0] == end[0] or start[1] == end[1], flow_id
            crossed = [element for element, box in drawn.items() if crosses(box, start, end)]
            assert crossed == [], flow_id


def test_the_process_reads_from_left_to_right(package: ServicePackage) -> None:
    drawn = boxes(package)
    back = [
        flow.id
        for flow in package.definition.flows.values()
        if drawn[flow.source][0] >= drawn[flow.target][0]
    ]
    assert back == ["flow_again"]
