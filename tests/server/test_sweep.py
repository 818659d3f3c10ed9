"""What happens without a person asking: due timers and the journal's seal."""

from server.actor import SYSTEM
from server.deliveries import service as deliveries
from server.instances import service as instances
from server.jobs.sweep import Sweeper, sweep
from server.journal import service as journal
from server.submissions import service as submissions
from service_library import library

BOUNDARY = b"""
    <bpmn:boundaryEvent id="too_late" name="Two days gone" attachedToRef="announce">
      <bpmn:extensionElements>
        <run:estimate xmlns:run="https://w3id.org/run-services/bpmn/1.0" probability="0.1"/>
      </bpmn:extensionElements>
      <bpmn:outgoing>flow_too_late</bpmn:outgoing>
      <bpmn:timerEventDefinition id="two_days">
        <bpmn:timeDuration>P2D</bpmn:timeDuration>
      </bpmn:timerEventDefinition>
    </bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="flow_too_late" sourceRef="too_late" targetRef="hold_meeting"/>
  </bpmn:process>"""


def with_timer() -> bytes:
    """The community profile; an announcement that takes more than two days is skipped."""
    bpmn = library.load("community_profile", "1.0.0").bpmn
    return bpmn.replace(b"</bpmn:process>", BOUNDARY.strip(), 1)


def nodes(world, instance_id):
    return [(t.node_id, t.state) for t in world.read(instances.tasks_of_instance, instance_id)]


def test_a_timer_fires_once_when_it_is_due_and_not_before(started):
    [instance_id] = started.start_service("TIMED", with_timer(), "9.0.0")
    started.clock.advance(hours=47)
    sweep(started.runtime)
    assert nodes(started, instance_id) == [("announce", "ready")]
    started.clock.advance(days=3)  # a paused server fires what it missed, once
    sweep(started.runtime)
    sweep(started.runtime)
    assert nodes(started, instance_id) == [("announce", "cancelled"), ("hold_meeting", "ready")]
    [_, task] = started.read(instances.tasks_of_instance, instance_id)
    assert task.assignee_id is not None


def test_a_finished_task_keeps_its_timer_from_firing(started):
    [instance_id] = started.start_service("TIMED", with_timer(), "9.0.0")
    started.deliver(started.task(instance_id))
    started.clock.advance(days=5)
    sweep(started.runtime)
    assert nodes(started, instance_id) == [("announce", "completed"), ("hold_meeting", "ready")]


def test_one_instance_that_fails_does_not_keep_the_others_waiting(started, monkeypatch):
    first, second = started.start_service("TIMED", with_timer(), "9.0.0", villages=2)
    fire = instances.fire_timers

    def failing(tx, instance_id):
        if instance_id == first:
            raise instances.WrongState(what="instance", state="broken")
        fire(tx, instance_id)

    monkeypatch.setattr(instances, "fire_timers", failing)
    started.clock.advance(days=5)
    sweep(started.runtime)
    assert nodes(started, first) == [("announce", "ready")]
    assert ("hold_meeting", "ready") in nodes(started, second)


def test_a_submission_that_was_received_and_then_forgotten_is_handed_over(started):
    sending = started.filled(started.task())
    started.run(
        sending.person_id, submissions.receive, task_id=sending.task_id, xml=sending.xml, files=sending.files
    )  # and here the machine stopped
    sweep(started.runtime)
    assert started.read(submissions.submission, sending.submission_id).status == "incomplete"
    started.clock.advance(minutes=2)
    sweep(started.runtime)
    assert started.read(submissions.submission, sending.submission_id).status == "complete"
    assert started.read(deliveries.of_task, sending.task_id) is not None
    assert started.ready_tasks(started.instance_ids[0])[0].node_id == "hold_meeting"


def test_the_sweep_seals_the_journal(started):
    sweep(started.runtime)
    block = started.runtime.read(SYSTEM, journal.head)
    assert block is not None
    assert started.verify() == []


def test_a_sweeper_stops_when_it_is_told(started):
    sweeper = Sweeper(started.runtime)
    sweeper.start()
    sweeper.stop()
