"""Commands on instances: who may, what follows, what is told; two steps where something must be evaluated."""

import uuid

import pytest

from server.actor import SYSTEM, Actor, Grant, Role
from server.errors import Forbidden, NotFound, WrongState
from server.instances import models
from server.instances import service as instances
from server.instances.service import TaskTaken
from server.instances.store import CommandDiffers
from server.jobs.sweep import sweep
from server.journal import service as journal
from server.journal.service import Event
from server.projects import service as projects
from server.runtime import Runtime
from service_library import library
from workflows import engine

START, END = b"</bpmn:process>", b"</bpmn:process>"


def events(world, *objects):
    return [row.event for row in world.read(journal.of_objects, list(objects))]


def with_script(bpmn: bytes, *lines: str) -> bytes:
    """The community profile with a script task between its first two tasks."""
    text = bpmn.decode()
    flow = next(part for part in text.split("<bpmn:sequenceFlow ")[1:] if 'sourceRef="announce"' in part)
    flow_id = flow.split('id="')[1].split('"')[0]
    target = flow.split('targetRef="')[1].split('"')[0]
    script = (
        f'<bpmn:scriptTask id="calculate" name="Calculate"><bpmn:incoming>{flow_id}</bpmn:incoming>'
        f"<bpmn:outgoing>flow_calculated</bpmn:outgoing><bpmn:script>{chr(10).join(lines)}</bpmn:script>"
        f'</bpmn:scriptTask><bpmn:sequenceFlow id="flow_calculated" sourceRef="calculate" targetRef="{target}"/>'
    )
    changed = flow.replace(f'targetRef="{target}"', 'targetRef="calculate"')
    text = text.replace(flow, changed)
    text = text.replace(
        f"<bpmn:incoming>{flow_id}</bpmn:incoming>", "<bpmn:incoming>flow_calculated</bpmn:incoming>", 1
    )
    return text.replace("</bpmn:process>", f"{script}</bpmn:process>", 1).encode()


def scripted(world, *lines):
    bpmn = with_script(library.load("community_profile", "1.0.0").bpmn, *lines)
    [key] = world.start_service("SCRIPT", bpmn, "9.0.0")
    return key


def nodes(world, key):
    return [(t.node_id, t.state) for t in world.read(instances.tasks_of_instance, key)]


# Two steps --------------------------------------------------------------------------------------------


def test_what_must_be_evaluated_follows_in_the_same_call(started):
    key = scripted(started, "doubled = 2 * 21")
    started.deliver(started.task(key))
    assert nodes(started, key)[1][1] == "ready"
    row = started.read(instances.instance, key)
    assert row.pending is False
    commands = [c.command for c in started.read(instances.history, key)]
    assert commands.index("complete") < commands.index("proceed")
    assert started.task(key).assignee_id is not None, "given out after the automatic step"


def test_a_failing_automatic_step_never_loses_the_persons_work(started):
    key = scripted(started, "broken = count(for i in 1..100000000 return i)")
    delivery = started.deliver(started.task(key))
    assert nodes(started, key) == [("announce", "completed")]
    assert started.delivery(delivery).state == "waiting"
    [incident] = started.read(instances.incidents, [key])
    assert (incident.node_id, incident.params is not None, incident.code) != ("", False, "")
    assert Event.INCIDENT in events(started, key)


def test_a_crash_between_the_two_steps_is_made_up_by_the_sweep(started, monkeypatch):
    key = scripted(started, "doubled = 2 * 21")
    with monkeypatch.context() as crash:
        crash.setattr(Runtime, "_follow", lambda *_: None)
        started.deliver(started.task(key))
    assert started.read(instances.instance, key).pending is True
    assert nodes(started, key) == [("announce", "completed")]
    assert started.read(instances.pending) == [key]
    sweep(started.runtime)
    assert started.read(instances.pending) == []
    assert nodes(started, key)[1][1] == "ready"
    assert started.task(key).assignee_id is not None


def test_a_defect_in_what_follows_is_not_the_persons(started, monkeypatch):
    key = scripted(started, "doubled = 2 * 21")

    def broken(*_given, **_more):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(engine.Instance, "proceed", broken)
        started.deliver(started.task(key))
    assert nodes(started, key) == [("announce", "completed")]
    sweep(started.runtime)
    assert nodes(started, key)[1][1] == "ready"


def test_trying_again_goes_on_when_the_cause_is_gone(started):
    key = started.instance_ids[0]
    outcome = started.run("coordinator", instances.retry, key)
    assert outcome.command.name == "retry"
    with pytest.raises(Forbidden):
        started.run("verifier", instances.retry, key)


def test_answers_that_the_diagram_does_not_read_tell_commands_apart(started):
    task, command_id = started.task(), str(uuid.uuid4())

    def send(remark):
        started.runtime.run(
            SYSTEM,
            instances.complete,
            task.id,
            {"remark": remark},
            by=task.assignee_id,
            command_id=command_id,
        )

    for _ in range(2):
        send("dry")
    with pytest.raises(CommandDiffers):
        send("wet")
    assert events(started, task.id).count(Event.TASK_COMPLETED) == 1


# Taking and giving back -------------------------------------------------------------------------------


def facilitator(person_id):
    return Actor(f"account of {person_id}", grants=(Grant(Role.FACILITATOR, ""),), person_id=person_id)


def free(world):
    """A task that its facilitator has given back, and who could take it."""
    task = world.task()
    world.run(facilitator(task.assignee_id), instances.give_back, task.id)
    roster = [p.id for p in world.read(projects.members, world.project_id)
              if task.skill in {s.skill for s in p.skills} and p.id != task.assignee_id]  # fmt: skip
    return world.read(instances.task_row, task.id), task.assignee_id, roster


def test_a_task_that_is_given_back_is_free_and_others_see_it(started):
    task, gave_back, roster = free(started)
    assert task.assignee_id is None
    assert task.id in [t.id for t in started.read(projects.free_tasks, who=facilitator(roster[0]))]
    assert Event.TASK_RETURNED in events(started, task.id)
    [change] = [c for c in started.read(instances.history, task.instance_id) if c.command == "return"]
    assert change.actor == gave_back


def test_the_rule_does_not_give_a_task_back_to_who_gave_it_back(started):
    task, gave_back, _ = free(started)
    started.runtime.run(SYSTEM, projects.assign_ready, task.instance_id)
    after = started.read(instances.task_row, task.id)
    assert after.assignee_id not in (None, gave_back)


def test_who_takes_a_free_task_has_it(started):
    task, _, roster = free(started)
    command_id = str(uuid.uuid4())
    for _ in range(2):
        started.run(facilitator(roster[0]), projects.claim, task.id, command_id=command_id)
    assert started.read(instances.task_row, task.id).assignee_id == roster[0]
    assert events(started, task.id).count(Event.TASK_ASSIGNED) == 2  # at the start, and now


def test_one_of_two_takes_it_and_the_other_learns_who(started, race):
    task, _, roster = free(started)
    done = race(2, lambda n: started.run(facilitator(roster[n]), projects.claim, task.id))
    [loser] = [each for each in done if each is not None]
    assert isinstance(loser, TaskTaken)
    assert loser.params["who"]
    assert done.count(None) == 1


def test_only_people_of_the_project_with_the_skill_take_a_task(started):
    task, _, _ = free(started)
    members = {p.id for p in started.read(projects.members, started.project_id)}
    skilled = {p.id for p in started.read(projects.members, started.project_id)
               if task.skill in {s.skill for s in p.skills}}  # fmt: skip
    for person in [*(m for m in started.members if m not in members), *(members - skilled)]:
        with pytest.raises(NotFound):
            started.run(facilitator(person), projects.claim, task.id)
    with pytest.raises(Forbidden):
        started.run("coordinator", instances.claim, task.id)


def test_only_who_has_a_task_gives_it_back_and_not_when_it_is_done(started):
    task = started.task()
    other = next(m for m in started.members if m != task.assignee_id)
    with pytest.raises(Forbidden):
        started.run(facilitator(other), instances.give_back, task.id)
    started.deliver(task)
    with pytest.raises(instances.AlreadyCompleted):
        started.run(facilitator(task.assignee_id), instances.give_back, task.id)


# Cancelling -------------------------------------------------------------------------------------------


def test_cancelling_withdraws_open_tasks_and_is_written_down(started):
    key = started.instance_ids[0]
    delivery = started.deliver(started.task(key))
    started.run("coordinator", instances.cancel, key, reason="The village moved away.")
    row = started.read(instances.instance, key)
    assert (row.status, row.ended_at) == ("cancelled", started.clock.now())
    assert {state for _, state in nodes(started, key)} == {"completed", "cancelled"}
    assert Event.INSTANCE_CANCELLED in events(started, key)
    started.accept(delivery)
    assert len(started.payables()) > 0, "what was done is paid"
    with pytest.raises((WrongState, engine.InstanceEnded)):
        started.run("coordinator", instances.cancel, key, reason="Again.")
    with pytest.raises(Forbidden):
        started.run("verifier", instances.cancel, started.instance_ids[1], reason="No.")


def test_a_project_whose_last_village_is_cancelled_is_done(started):
    for key in started.instance_ids:
        started.run("coordinator", instances.cancel, key, reason="Flood.")
    assert started.read(projects.project, started.project_id).status == "done"


# Upgrading --------------------------------------------------------------------------------------------


def test_incidents_of_an_early_release_keep_their_words(started):
    from server.instances.words import incident_text

    row = models.IncidentRow(message="100 % of it failed", params=None)
    assert incident_text(row) == "100 % of it failed"
