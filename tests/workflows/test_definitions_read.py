"""Any BPMN file is read whole or with every reason why not; nothing of the metadata is dropped silently."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definitions.model import AdHoc
from workflows.definitions.read import MAX_FLOW_NODES, READING_CODES, read
from workflows.xml import Limits

MODEL = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
RUN = 'xmlns:run="https://w3id.org/run-services/bpmn/1.0"'


def document(inside, *, outside="", attributes='id="p"'):
    return (
        f'<definitions {MODEL} {RUN} id="d"><process {attributes}>{inside}</process>{outside}</definitions>'
    )


def with_card(card):
    return document(f'<userTask id="t"><extensionElements>{card}</extensionElements></userTask>')


def reading(text):
    found = read(text.encode())
    assert {problem.code for problem in found.problems} <= READING_CODES
    for problem in found.problems:
        problem.text()
    return found


def definition(text):
    found = reading(text)
    assert found.problems == ()
    assert found.definition is not None
    return found.definition


def codes(text):
    return [problem.code for problem in reading(text).problems]


def card(text):
    return definition(with_card(text)).nodes["t"].task


# the file


def test_reading_the_normalised_file_again_gives_the_same_definition():
    once = definition(document('<startEvent   id="s"/>\n\n<userTask name="Répondre" id="t"></userTask>'))
    again = read(once.xml)
    assert again.definition == once


def test_indentation_comments_and_attribute_order_do_not_change_the_file():
    one = definition(document('<userTask id="t" name="n"/><endEvent id="e"/>'))
    other = definition(document('\n <!-- x -->\n<userTask  name="n" id="t" />\n<endEvent id="e"></endEvent>'))
    assert one.xml == other.xml


def test_the_blanks_of_texts_are_kept():
    text = '<run:task><run:instructions lang="en">one\n\n  two  \n</run:instructions></run:task>'
    once = definition(with_card(text))
    assert once.nodes["t"].task.instructions == {"en": "one\n\n  two  \n"}
    assert read(once.xml).definition.nodes["t"].task.instructions == {"en": "one\n\n  two  \n"}


def test_elements_of_other_tools_are_kept():
    vendor = '<v:thing xmlns:v="urn:v" colour="red"><v:nested>kept</v:nested></v:thing>'
    assert b"<v:nested>kept</v:nested>" in definition(with_card(vendor)).xml


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html/>", "not-bpmn"),
        (b'<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>', "not-bpmn"),
        (f"<definitions {MODEL}/>".encode(), "no-process"),
        (f"<definitions {MODEL}><collaboration/></definitions>".encode(), "no-process"),
        (b"", "xml-malformed"),
        (b"<!DOCTYPE x><definitions/>", "xml-doctype"),
    ],
)
def test_what_cannot_be_read_is_one_fatal_problem(data, code):
    found = read(data)
    assert found.definition is None
    assert [(problem.code, problem.severity) for problem in found.problems] == [(code, "fatal")]


def test_a_diagram_nobody_can_read_is_refused():
    tasks = "".join(f'<task id="t{n}"/>' for n in range(MAX_FLOW_NODES + 1))
    assert codes(document(tasks)) == ["diagram-too-large"]


def test_a_file_that_its_indentation_makes_too_large_is_refused():
    data = document("".join(f'<task id="t{n}"/>' for n in range(100))).encode()
    assert [p.code for p in read(data, limits=Limits(size=len(data) + 10)).problems] == ["xml-too-large"]


def test_the_executable_process_is_used_else_the_first_one_that_is_drawn():
    empty, drawn = '<process id="a"/>', '<process id="b"><task id="t"/></process>'
    runs = '<process id="c" isExecutable="true"><task id="u"/></process>'
    assert read(f"<definitions {MODEL}>{empty}{drawn}</definitions>".encode()).definition.process_id == "b"
    found = read(f"<definitions {MODEL}>{empty}{drawn}{runs}</definitions>".encode())
    assert found.definition.process_id == "c"
    assert [(p.code, p.severity) for p in found.problems] == [("several-processes", "warning")]


def test_a_process_without_name_is_called_like_its_pool():
    pool = '<collaboration id="c"><participant id="x" name="The village" processRef="p"/></collaboration>'
    assert definition(document('<task id="t"/>', outside=pool)).name == "The village"


def test_an_element_without_id_is_given_one_that_stays():
    found = reading(document("<task id='task_without_id_1'/><task/><subProcess id='s'><task/></subProcess>"))
    assert list(found.definition.nodes) == [
        "task_without_id_1",
        "task_without_id_2",
        "s",
        "task_without_id_3",
    ]
    assert [(p.code, p.severity) for p in found.problems] == [("element-without-id", "warning")] * 2
    again = reading(found.definition.xml.decode())
    assert (again.definition, again.problems) == (found.definition, ())


def test_a_process_without_id_is_given_one():
    text = f"<definitions {MODEL}><process><task id='t'/></process></definitions>"
    assert reading(text).definition.process_id == "process_without_id_1"


# several processes


def called_by(*names):
    return "".join(f'<callActivity id="{name}_{n}" calledElement="{name}"/>' for n, name in enumerate(names))


def processes(**inside):
    return "".join(
        f'<process id="{name}" isExecutable="true">{text}</process>' for name, text in inside.items()
    )


def test_the_tasks_of_called_processes_are_tasks_of_the_service():
    card = '<extensionElements><run:task skill="surveyor"/></extensionElements>'
    text = processes(main=called_by("one"), one=f'<task id="t">{card}</task>')
    made = definition(f"<definitions {MODEL} {RUN}>{text}</definitions>")
    assert [node.id for node in made.tasks()] == ["t"]
    assert made.own_tasks() == ()
    assert made.node("t").task.skill == "surveyor"
    assert set(made.every_node()) == {*made.nodes, "t"}
    with pytest.raises(KeyError):
        made.node("nowhere")


def test_called_processes_are_read_with_what_they_call():
    text = processes(main=called_by("one", "gone"), one=called_by("two"), two='<task id="t"/>')
    found = definition(f"<definitions {MODEL}>{text}</definitions>")
    assert list(found.processes) == ["one", "two"]
    assert list(found.processes["one"].processes) == ["two"]
    assert list(found.processes["two"].nodes) == ["t"]
    assert {each.xml for each in found.processes.values()} == {found.xml}
    again = read(found.xml).definition
    assert (again, again.processes) == (found, found.processes)


def test_the_process_that_no_other_calls_is_the_main_one():
    text = processes(part='<task id="t"/>', main=called_by("part"))
    assert definition(f"<definitions {MODEL}>{text}</definitions>").process_id == "main"


def test_a_process_can_be_asked_for_by_its_id():
    text = f"<definitions {MODEL}>{processes(a=called_by('b'), b='')}</definitions>".encode()
    assert read(text, process_id="b").definition.process_id == "b"
    assert [problem.code for problem in read(text, process_id="c").problems] == ["no-process"]


def test_calls_that_come_back_are_cut():
    text = processes(a=called_by("b", "a"), b=called_by("c"), c=called_by("a", "b"))
    found = definition(f"<definitions {MODEL}>{text}</definitions>")
    assert list(found.processes) == ["b", "c"]
    assert list(found.processes["b"].processes) == ["c"]
    assert found.processes["c"].processes == {}


def test_a_long_chain_of_calls_and_many_calls_are_read():
    chain = {f"p{n}": called_by(f"p{n + 1}") for n in range(MAX_FLOW_NODES - 1)}
    found = definition(f"<definitions {MODEL}>{processes(**chain, last='')}</definitions>")
    assert len(found.processes) == MAX_FLOW_NODES - 2
    fan = {f"p{n}": called_by(*(f"p{m}" for m in range(n + 1, 60))) for n in range(60)}
    found = definition(f"<definitions {MODEL}>{processes(**fan)}</definitions>")
    assert found == read(found.xml).definition
    assert len(repr(found)) < 1_000_000


def test_the_elements_of_called_processes_count_too():
    tasks = "".join(f'<task id="t{n}"/>' for n in range(MAX_FLOW_NODES))
    text = processes(main=called_by("part"), part=tasks)
    assert codes(f"<definitions {MODEL}>{text}</definitions>") == ["diagram-too-large"]


# the diagram


def test_flows_say_what_is_connected_not_incoming_and_outgoing():
    found = definition(
        document(
            '<startEvent id="s"><outgoing>wrong</outgoing></startEvent><endEvent id="e"/>'
            '<sequenceFlow id="f" sourceRef="s" targetRef="e">'
            "<conditionExpression> a = 1 </conditionExpression></sequenceFlow>"
        )
    )
    assert found.nodes["s"].outgoing == ("f",)
    assert found.nodes["e"].incoming == ("f",)
    assert found.flows["f"].condition == "a = 1"


def test_the_innermost_lane_counts_and_sub_processes_hand_theirs_down():
    lanes = (
        '<laneSet id="ls"><lane id="out" name="Outer">'
        "<flowNodeRef>a</flowNodeRef><flowNodeRef>s</flowNodeRef>"
        '<childLaneSet id="cs"><lane id="in" name="Inner"><flowNodeRef>a</flowNodeRef></lane></childLaneSet>'
        "</lane></laneSet>"
    )
    found = definition(document(lanes + '<task id="a"/><subProcess id="s"><task id="b"/></subProcess>'))
    assert {node.id: node.lane for node in found.nodes.values()} == {"a": "in", "s": "out", "b": "out"}


@pytest.mark.parametrize(
    ("inside", "event", "detail"),
    [
        ("", "none", ""),
        ("<timerEventDefinition><timeDuration>P5D</timeDuration></timerEventDefinition>", "timer", "P5D"),
        ("<timerEventDefinition/>", "timer", ""),
        ('<messageEventDefinition messageRef="m"/>', "message", "complaint"),
        ('<messageEventDefinition messageRef="gone"/>', "message", "gone"),
        ("<signalEventDefinition/><messageEventDefinition/>", "multiple", ""),
        ("<conditionalEventDefinition><condition>a = 1</condition></conditionalEventDefinition>",
         "conditional", "a = 1"),
        ('<linkEventDefinition name="to B"/>', "link", "to B"),
    ],
)  # fmt: skip
def test_events_have_their_kind_and_detail(inside, event, detail):
    text = f'<intermediateCatchEvent id="e">{inside}</intermediateCatchEvent>'
    node = definition(document(text, outside='<message id="m" name="complaint"/>')).nodes["e"]
    assert (node.event, node.detail) == (event, detail)


def test_boundary_events_know_their_host_and_whether_they_interrupt():
    text = '<task id="t"/><boundaryEvent id="b" attachedToRef="t" cancelActivity="false"/>'
    node = definition(document(text)).nodes["b"]
    assert (node.attached_to, node.interrupting) == ("t", False)


def test_repetitions_are_read():
    many = (
        '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>households</loopCardinality>'
        "<completionCondition>done = 3</completionCondition></multiInstanceLoopCharacteristics>"
    )
    found = definition(document(f'<task id="t">{many}</task>')).nodes["t"].multi_instance
    assert (found.sequential, found.cardinality, found.completion) == (True, "households", "done = 3")


def test_what_the_instances_give_is_collected():
    many = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>ref</loopDataInputRef>"
        '<inputDataItem id="i" name="house"/><loopDataOutputRef>results</loopDataOutputRef>'
        '<outputDataItem id="o"/></multiInstanceLoopCharacteristics>'
    )
    objects = '<dataObject id="d"/><dataObjectReference id="ref" name="houses" dataObjectRef="d"/>'
    found = definition(document(f'{objects}<task id="t">{many}</task>')).nodes["t"].multi_instance
    assert (found.collection, found.item, found.output, found.output_item) == (
        "houses",
        "house",
        "results",
        "o",
    )


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_a_loop_may_ask_first(text, value):
    loop = f'<standardLoopCharacteristics testBefore="{text}"/>'
    assert definition(document(f'<task id="t">{loop}</task>')).nodes["t"].multi_instance.test_before is value


def test_data_objects_belong_to_where_they_are_declared_and_are_called_as_they_are_drawn():
    text = (
        '<dataObject id="a" name="harvest"/><dataObject id="b"/><dataObject id="c"/>'
        '<dataObjectReference id="r1" name="budget" dataObjectRef="b"/>'
        '<dataObjectReference id="r2" name="other" dataObjectRef="b"/>'
        '<subProcess id="s"><dataObject id="d" name="inner"/></subProcess>'
    )
    found = definition(document(text))
    assert found.data_objects == ("harvest", "budget", "c")
    assert found.nodes["s"].data_objects == ("inner",)


def test_an_ad_hoc_sub_process_says_how_its_tasks_are_done():
    text = (
        '<adHocSubProcess id="a"><task id="t"/></adHocSubProcess>'
        '<adHocSubProcess id="b" ordering="Sequential" cancelRemainingInstances="false">'
        "<completionCondition>n = 3</completionCondition></adHocSubProcess>"
    )
    nodes = definition(document(text)).nodes
    assert nodes["a"].ad_hoc == AdHoc(sequential=False, completion="", cancel_remaining=True)
    assert nodes["b"].ad_hoc == AdHoc(sequential=True, completion="n = 3", cancel_remaining=False)
    assert nodes["t"].ad_hoc is None


def test_events_may_refer_to_a_definition_of_the_file():
    event = (
        '<intermediateCatchEvent id="e"><eventDefinitionRef>x</eventDefinitionRef></intermediateCatchEvent>'
    )
    timer = '<timerEventDefinition id="x"><timeDuration>P1D</timeDuration></timerEventDefinition>'
    node = definition(document(event, outside=timer)).nodes["e"]
    assert (node.event, node.detail) == ("timer", "P1D")


# the metadata


def extended(tag, extension, inside=""):
    return document(f'<{tag} id="x"><extensionElements>{extension}</extensionElements>{inside}</{tag}>')


def test_a_service_task_names_its_operation():
    text = '<run:operation ref="notify" result="answer"><run:payload> {to: a} </run:payload></run:operation>'
    node = definition(extended("serviceTask", text)).nodes["x"]
    assert (node.operation, node.result, node.payload) == ("notify", "answer", "{to: a}")


def test_a_business_rule_task_names_its_decision():
    node = definition(extended("businessRuleTask", '<run:decision ref="grade" result="g"/>')).nodes["x"]
    assert (node.decision, node.result) == ("grade", "g")


@pytest.mark.parametrize(
    ("tag", "inside"),
    [
        ("sendTask", ""), ("receiveTask", ""), ("startEvent", "<messageEventDefinition/>"),
        ("intermediateCatchEvent", "<messageEventDefinition/>"), ("endEvent", "<messageEventDefinition/>"),
        ("intermediateThrowEvent", "<signalEventDefinition/>"), ("boundaryEvent", "<signalEventDefinition/>"),
    ],
)  # fmt: skip
def test_messages_and_signals_have_a_key_and_a_payload(tag, inside):
    text = '<run:message key="village"><run:payload>{n: 1}</run:payload></run:message>'
    node = definition(extended(tag, text, inside)).nodes["x"]
    assert (node.key, node.payload) == ("village", "{n: 1}")


@pytest.mark.parametrize(
    ("tag", "extension", "inside"),
    [
        ("userTask", '<run:operation ref="a"/>', ""),
        ("serviceTask", '<run:decision ref="a"/>', ""),
        ("businessRuleTask", '<run:operation ref="a"/>', ""),
        ("userTask", "<run:message/>", ""),
        ("intermediateCatchEvent", "<run:message/>", "<timerEventDefinition/>"),
        ("endEvent", "<run:message/>", ""),
        ("parallelGateway", "<run:message/>", ""),
    ],
)
def test_operations_decisions_and_messages_have_their_elements(tag, extension, inside):
    assert codes(extended(tag, extension, inside)) == ["metadata-misplaced"]


def test_a_task_card_is_read_whole():
    found = card(
        """<run:task skill="FAC" deadlineDays="5"><run:title lang="fr">Réunion</run:title>
        <run:activity id="a"><run:label lang="en">Go</run:label></run:activity>
        <run:criterion id="c"><run:label lang="en">Good</run:label></run:criterion>
        <run:evidence id="e" kind="photo" mandatory="false" criteria="c, d" field="picture"/>
        <run:expense id="x" item="RICE" unit="KGM" inKind="true" procurement="imported" charge="once">
          <run:quantity> 2 * n </run:quantity><run:reason lang="en">None here</run:reason></run:expense>
        <run:honorarium item="FEE" charge="acceptance"><run:quantity>1.5</run:quantity></run:honorarium>
        <run:form role="response" ref="visit" version="2"/>
        <run:verification policy="counter_visit" gate="true" secondCheck="0.1" rework="expenses"
          maxRework="1"/>
        </run:task>"""
    )
    assert (found.skill, found.deadline_days, found.title) == ("FAC", 5, {"fr": "Réunion"})
    assert found.activities[0].label == {"en": "Go"}
    (evidence,) = found.evidence
    assert (evidence.kind, evidence.min, evidence.max, evidence.mandatory) == ("photo", 1, None, False)
    assert (evidence.criteria, evidence.field) == (("c", "d"), "picture")
    (expense,) = found.expenses
    assert (expense.quantity, expense.payer, expense.in_kind) == ("2 * n", "fund", True)
    assert (expense.procurement, expense.charge, expense.reason) == ("imported", "once", {"en": "None here"})
    assert (found.honorarium.quantity, found.honorarium.unit) == ("1.5", "DAY")
    assert (found.forms[0].ref, found.forms[0].version) == ("visit", "2")
    check = found.verification
    assert (check.policy, check.gate, check.second_check) == ("counter_visit", True, Decimal("0.1"))
    assert (check.rework, check.max_rework) == ("expenses", 1)


def test_a_text_of_blanks_only_is_no_text():
    assert card('<run:task><run:title lang="en">  </run:title></run:task>').title == {}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ('<run:task><run:novelty/></run:task>', "metadata-unknown"),
        ('<run:task novelty="1"/>', "metadata-unknown"),
        ("<run:novelty/>", "metadata-unknown"),
        ('<n:task xmlns:n="https://w3id.org/run-services/bpmn/2.0"/>', "metadata-newer"),
        ('<run:task><n:title xmlns:n="https://w3id.org/run-services/bpmn/2.0"/></run:task>',
         "metadata-unknown"),
        ("<run:service/>", "metadata-misplaced"),
        ("<run:task/><run:task/>", "metadata-repeated"),
        ('<run:task><run:title lang="en">a</run:title><run:title lang="en">b</run:title></run:task>',
         "metadata-repeated"),
        ("<run:task><run:verification/><run:verification/></run:task>", "metadata-repeated"),
        ("<run:task><run:title>no language</run:title></run:task>", "metadata-value"),
        ('<run:task deadlineDays="soon"/>', "metadata-value"),
        ('<run:task deadlineDays="99999999999999999999"/>', "metadata-value"),
        ('<run:task><run:evidence id="e" kind="gps"/></run:task>', "metadata-value"),
        ('<run:task><run:evidence id="e"/></run:task>', "metadata-missing"),
        ('<run:task><run:form role="response" ref="visit"/></run:task>', "metadata-missing"),
        ('<run:estimate rework="0,1"/>', "metadata-number"),
        ('<run:estimate rework="NaN"/>', "metadata-number"),
        ('<run:estimate rework="1e9"/>', "metadata-number"),
        ('<run:estimate durationMin="1"/>', "metadata-missing"),
    ],
)  # fmt: skip
def test_metadata_that_is_not_understood_is_a_problem_at_its_element(metadata, code):
    found = reading(with_card(metadata)).problems
    assert code in {problem.code for problem in found}
    assert {problem.place for problem in found} == {"t"}


def test_metadata_outside_extension_elements_is_a_problem():
    assert codes(document('<userTask id="t"><run:task skill="FAC"/></userTask>')) == ["metadata-misplaced"]


def test_a_card_on_a_gateway_is_a_problem():
    text = '<parallelGateway id="g"><extensionElements><run:task/></extensionElements></parallelGateway>'
    assert codes(document(text)) == ["metadata-misplaced"]


# BPSim


def simulated(*values):
    flows = "".join(f'<sequenceFlow id="f{n}" sourceRef="g" targetRef="e"/>' for n in range(len(values)))
    parameters = "".join(
        f'<b:ElementParameters elementRef="f{n}"><b:ControlParameters><b:Probability>'
        f'<b:FloatingParameter value="{value}"/></b:Probability></b:ControlParameters></b:ElementParameters>'
        for n, value in enumerate(values)
    )
    scenario = f'<b:BPSimData xmlns:b="urn:any"><b:Scenario>{parameters}</b:Scenario></b:BPSimData>'
    relation = f"<relationship><extensionElements>{scenario}</extensionElements></relationship>"
    found = definition(document(f'<exclusiveGateway id="g"/><endEvent id="e"/>{flows}', outside=relation))
    return [flow.estimate and flow.estimate.probability for flow in found.flows.values()]


def test_probabilities_of_bpsim_are_shares_or_percentages_in_any_namespace():
    assert simulated("0.25", "0.75") == [Decimal("0.25"), Decimal("0.75")]
    assert simulated("25.0", "75.0") == [Decimal("0.25"), Decimal("0.75")]
    assert simulated("1.0", "0") == [1, 0]
    assert simulated("NaN", "-1") == [None, None]


def test_our_estimate_wins_over_bpsim():
    scenario = (
        '<b:Scenario xmlns:b="urn:any"><b:ElementParameters elementRef="f"><b:Probability><b:P value="0.9"/>'
        "</b:Probability></b:ElementParameters></b:Scenario>"
    )
    own = '<extensionElements><run:estimate probability="0.5"/></extensionElements>'
    text = f'<task id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="a">{own}</sequenceFlow>'
    found = definition(document(text, outside=f"<relationship>{scenario}</relationship>"))
    assert found.flows["f"].estimate.probability == Decimal("0.5")


# anything


PIECES = st.sampled_from(
    [
        "<task id='a'/>", "<task/>", "<subProcess id='s'>", "</subProcess>", "<startEvent id='a'/>",
        "<sequenceFlow id='f' sourceRef='a' targetRef='zz'/>", "<sequenceFlow id='f'/>",
        "<laneSet><lane id='l'>", "</lane></laneSet>",
        "<extensionElements><run:task><run:title lang='en'>x</run:title></run:task>",
        "<run:estimate probability='x'/>", "</extensionElements>", "text", "<x:y xmlns:x='../relative'/>",
        "<boundaryEvent id='b' attachedToRef='q'/>", "<multiInstanceLoopCharacteristics/>",
        "&amp;", "<", "\0",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=12))
def test_whatever_the_file_reading_never_raises(pieces):
    found = read(document("".join(pieces)).encode())
    if found.definition is None:
        assert [problem for problem in found.problems if problem.severity == "fatal"]
    else:
        assert read(found.definition.xml).definition == found.definition
