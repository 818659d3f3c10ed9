"""Two processes on one installation at the same moment: on SQLite and on PostgreSQL.

The threads of one process are in test_instances_store.py; here nothing is shared but the database.
"""

from __future__ import annotations

import uuid

import pytest
from lxml import etree

from server.instances import models
from server.instances import service as instances
from server.people import service as people
from tests.engine_processes import together
from tests.server.test_sweep import with_timer

ROUNDS = 4
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
MORE = """<more xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL">
<bpmn:scriptTask id="calculate" name="Calculate"><bpmn:script>doubled = households * 2</bpmn:script></bpmn:scriptTask>
<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>
<bpmn:sequenceFlow id="flow_calculated" sourceRef="calculate" targetRef="fork"/>
<bpmn:sequenceFlow id="flow_one" sourceRef="fork" targetRef="hold_meeting"/>
<bpmn:sequenceFlow id="flow_two" sourceRef="fork" targetRef="{second}"/>
<bpmn:sequenceFlow id="flow_both" sourceRef="join" targetRef="write_profile"/>{more}</more>"""


def branching(more: str = "", second: str = "enter_data") -> bytes:
    """The community profile; after a script, the meeting and the survey go on beside the entry of data."""
    root = etree.fromstring(with_timer())
    for name in ("incoming", "outgoing"):
        for element in list(root.iter(BPMN + name)):
            element.getparent().remove(element)
    flows = {flow.get("id"): flow for flow in root.iter(BPMN + "sequenceFlow")}
    for name in ("flow_announced", "flow_too_late"):
        flows[name].set("targetRef", "calculate")
    flows["flow_surveyed"].set("targetRef", "join")
    flows["flow_entered"].set("targetRef", "join")
    process = root.find(BPMN + "process")
    for each in etree.fromstring(MORE.format(second=second, more=more)):
        process.append(each)
    return etree.tostring(root)


@pytest.fixture
def two(processes, started):
    return [process.open(started) for process in processes]


def names(world, person_ids):
    return {key: row.name for key, row in world.read(people.people, person_ids).items()}


def history(world, key):
    """The commands of an instance; its versions have no gap and its commands come once."""
    found = world.read(instances.history, key)
    assert [c.version for c in found] == list(range(1, len(found) + 1))
    assert len({c.command_id for c in found}) == len(found)
    assert world.read(instances.instance, key).version == len(found)
    return found


def start_branching(world):
    """An instance whose two branches are ready."""
    [key] = world.start_service("BRANCH", branching(), "9.0.0")
    world.deliver(world.task(key))
    assert sorted(t.node_id for t in world.ready_tasks(key)) == ["enter_data", "hold_meeting"]
    return key


@pytest.mark.parametrize("remembered", [False, True], ids=["loaded", "in memory of both"])
def test_of_two_processes_one_completes_a_task_and_the_other_is_told_who_and_when(started, two, remembered):
    for key in started.instance_ids[:ROUNDS]:
        task, persons = started.task(key), started.members[:2]
        if remembered:
            for process in two:
                process.ask("load", task=task.id)
        orders = [{"order": "complete", "task": task.id, "by": person, "answers": {}} for person in persons]
        done = together(two, orders)
        [winner] = [number for number, answer in enumerate(done) if "result" in answer]
        told = done[1 - winner]
        row = started.read(instances.task_row, task.id)
        assert (row.state, row.completed_by) == ("completed", persons[winner])
        assert told["refused"] == "task-completed"
        assert told["params"]["who"] == names(started, persons)[persons[winner]]
        assert told["params"]["when"] == str(row.completed_at)
        assert [c.command for c in history(started, key)].count("complete") == 1


@pytest.mark.parametrize("remembered", [False, True], ids=["loaded", "in memory of both"])
def test_two_processes_complete_sibling_branches_and_both_succeed(started, two, remembered):
    key = start_branching(started)
    one, other = started.ready_tasks(key)
    if remembered:
        for process in two:
            process.ask("load", task=one.id)
    orders = [
        {"order": "complete", "task": task.id, "by": started.members[0], "answers": {"present_adults": 60}}
        for task in (one, other)
    ]
    assert together(two, orders) == [{"result": None}] * 2
    history(started, key)
    assert {t.node_id for t in started.ready_tasks(key)} == {"survey"}
    started.deliver(started.ready_tasks(key)[0])
    assert [t.node_id for t in started.ready_tasks(key)] == ["write_profile"], "both branches were joined"


def test_one_command_id_sent_through_two_processes_has_one_effect_and_one_result(started, two):
    for key in started.instance_ids[:ROUNDS]:
        task, command_id = started.task(key), str(uuid.uuid4())
        order = {
            "order": "complete", "task": task.id, "by": started.members[0], "answers": {},
            "command_id": command_id,
        }  # fmt: skip
        assert together(two, [order, order]) == [{"result": None}] * 2
        assert [c.command_id for c in history(started, key)].count(command_id) == 1
        assert len(started.read(instances.tasks_of_instance, key)) == 2


def test_two_sweeping_processes_fire_each_timer_once(started, processes):
    keys = started.start_service("TIMED", with_timer(), "9.0.0", villages=5)
    started.clock.advance(days=3)
    two = [process.open(started) for process in processes]
    assert together(two, [{"order": "sweep"}] * 2) == [{"result": None}] * 2
    for key in keys:
        events = [e["event"] for c in history(started, key) for e in c.events]
        assert events.count("event_occurred") == 1
        assert [t.node_id for t in started.ready_tasks(key)] == ["hold_meeting"]
    assert started.read(lambda tx: tx.session.query(models.TimerRow).count()) == 0


def test_a_person_and_a_timer_at_the_same_moment_do_not_both_decide(started, processes):
    keys = started.start_service("TIMED", with_timer(), "9.0.0", villages=5)
    tasks = {key: started.task(key) for key in keys}
    started.clock.advance(days=3)
    two = [process.open(started) for process in processes]
    for key, task in tasks.items():
        orders = [
            {"order": "complete", "task": task.id, "by": started.members[0], "answers": {}},
            {"order": "fire", "instances": [key]},
        ]
        done = together(two, orders)
        history(started, key)
        state = started.read(instances.task_row, task.id).state
        assert (state == "completed") == ("result" in done[0])
        assert state == "completed" or done[0]["refused"] in ("wrong-state", "task-not-ready")
        assert [t.node_id for t in started.ready_tasks(key)] == ["hold_meeting"]
        events = [e["event"] for c in history(started, key) for e in c.events]
        assert events.count("event_occurred") == (state == "cancelled")
