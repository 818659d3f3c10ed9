"""Messages and signals from one instance to another, and a deadline for a task that is open already."""

from datetime import timedelta

from sqlalchemy import select

from server.instances import models, outbox
from server.instances import service as instances
from server.jobs.sweep import sweep
from service_library import library
from tests.server.test_sweep import with_timer

ROOT = '<bpmn:signal id="rain" name="Rain"/><bpmn:message id="news" name="News"/>'
SIGNAL = '<bpmn:signalEventDefinition id="new_d" signalRef="rain"/>'
MESSAGE = '<bpmn:messageEventDefinition id="new_d" messageRef="news"/>'
PAYLOAD = """<bpmn:extensionElements><run:message xmlns:run="https://w3id.org/run-services/bpmn/1.0"{}>
<run:payload>{{quorum: 7}}</run:payload></run:message></bpmn:extensionElements>"""


def behind_the_first(tag, inside):
    """The community profile with an element behind its first task."""
    text = library.load("community_profile", "1.0.0").bpmn.decode()
    flow = next(part for part in text.split("<bpmn:sequenceFlow ")[1:] if 'sourceRef="announce"' in part)
    flow_id, target = (flow.split(f'{name}="')[1].split('"')[0] for name in ("id", "targetRef"))
    text = text.replace(flow, flow.replace(f'targetRef="{target}"', 'targetRef="new"'))
    text = text.replace(
        f"<bpmn:incoming>{flow_id}</bpmn:incoming>", "<bpmn:incoming>flow_new</bpmn:incoming>", 1
    )
    element = f'<bpmn:{tag} id="new" name="New">{inside}</bpmn:{tag}>'
    element += f'<bpmn:sequenceFlow id="flow_new" sourceRef="new" targetRef="{target}"/>'
    text = text.replace("</bpmn:process>", f"{element}</bpmn:process>", 1)
    return text.replace("<bpmn:process ", f"{ROOT}<bpmn:process ", 1).encode()


def start(world, throwing, catching, villages):
    """Instances that wait for it, and one that has just sent it."""
    hearing = world.start_service(
        "HEARS", behind_the_first("intermediateCatchEvent", catching), "9.0.0", villages
    )
    for key in hearing:
        world.deliver(world.task(key))
    [telling] = world.start_service("TELLS", behind_the_first("intermediateThrowEvent", throwing), "9.1.0")
    world.deliver(world.task(telling))
    return hearing, telling


def going_on(world, keys):
    return [bool(world.ready_tasks(key)) for key in keys]


def request(world):
    [found] = world.read(lambda tx: list(tx.session.scalars(select(models.OutboxRow))))
    return found


def arrivals(world, key):
    return [change for change in world.read(instances.history, key) if change.command == "signal arrives"]


def test_a_signal_is_told_to_every_instance_that_waits_for_it(started):
    hearing, telling = start(started, SIGNAL, SIGNAL, 3)
    assert going_on(started, hearing) == [False] * 3
    sweep(started.runtime)
    assert going_on(started, [*hearing, telling]) == [True] * 4
    assert request(started).done_at is not None


def test_an_instance_that_fails_at_a_signal_takes_it_from_nobody(started, monkeypatch):
    hearing, _ = start(started, SIGNAL, SIGNAL, 3)
    hand_over = outbox._hand_over

    def fail(tx, row, instance_id, **more):
        if instance_id == hearing[1]:
            raise ZeroDivisionError
        return hand_over(tx, row, instance_id, **more)

    monkeypatch.setattr(outbox, "_hand_over", fail)
    sweep(started.runtime)
    assert going_on(started, hearing) == [True, False, True]
    assert request(started).done_at is None
    assert hearing[1] in request(started).last_error
    monkeypatch.setattr(outbox, "_hand_over", hand_over)
    started.clock.advance(minutes=2)
    sweep(started.runtime)
    assert going_on(started, hearing) == [True] * 3
    assert request(started).done_at is not None


def test_an_instance_that_has_had_a_signal_does_not_get_it_again(started, monkeypatch):
    hearing, _ = start(started, SIGNAL, SIGNAL, 2)
    told = outbox._told
    monkeypatch.setattr(outbox, "_told", lambda tx, request_id, _: told(tx, request_id, "cut off"))
    # as if both still waited: what is told again is told under the same id
    monkeypatch.setattr(outbox, "_listeners", lambda _tx, _request_id: hearing)
    for _ in range(3):
        sweep(started.runtime)
        started.clock.advance(hours=1)
    assert [len(arrivals(started, key)) for key in hearing] == [1, 1]


def test_a_message_goes_to_the_one_that_has_waited_longest_with_what_it_carries(started):
    hearing, _ = start(started, PAYLOAD.format("") + MESSAGE, MESSAGE, 2)
    sweep(started.runtime)
    assert sorted(going_on(started, hearing)) == [False, True]
    [taker] = [key for key in hearing if started.ready_tasks(key)]
    assert taker == min(hearing)
    assert started.read(instances.instance, taker).data["quorum"] == "7"
    assert request(started).done_at is not None
    started.clock.advance(hours=2)
    sweep(started.runtime)
    assert sorted(going_on(started, hearing)) == [False, True], "one message wakes one"


def test_a_message_with_a_key_goes_to_who_waits_for_that_key(started):
    key = PAYLOAD.format(' key="&quot;b&quot;"')
    waits = """<bpmn:extensionElements><run:message xmlns:run="https://w3id.org/run-services/bpmn/1.0"
        key="&quot;{}&quot;"/></bpmn:extensionElements>"""
    other = started.start_service(
        "OTHER", behind_the_first("intermediateCatchEvent", waits.format("a") + MESSAGE), "8.0.0"
    )
    started.deliver(started.task(other[0]))
    hearing, _ = start(started, key + MESSAGE, waits.format("b") + MESSAGE, 1)
    sweep(started.runtime)
    assert going_on(started, [*other, *hearing]) == [False, True]


def test_a_deadline_is_added_to_a_task_that_is_open_already(started):
    """An instance that goes over to a version with a new timer on its open task says so, and then takes it."""
    [key] = started.start_service("LATER", library.load("community_profile", "1.0.0").bpmn, "8.0.0")
    [newer] = started.start_service("TIMED", with_timer(), "9.0.0")
    version = started.read(instances.instance, newer).service_version_id
    report = started.run("coordinator", instances.migrate, key, version, dry_run=False)
    [event] = [getattr(each, "node_id", each) for each in report.unattached]
    assert started.read(instances.timers, key) == []
    task = started.task(key)
    outcome = started.run("coordinator", instances.add_deadline, task.id, event, command_id="c-1")
    [timer] = started.read(instances.timers, key)
    assert (timer.node_id, outcome.changes is not None) == (event, True)
    again = started.run("coordinator", instances.add_deadline, task.id, event, command_id="c-1")
    assert again.changes is None
    assert len(started.read(instances.timers, key)) == 1
    started.clock.advance(days=3)
    sweep(started.runtime)
    events = [e["event"] for change in started.read(instances.history, key) for e in change.events]
    assert "event_occurred" in events
    assert started.read(instances.timers, key) == []


def test_a_condition_that_asks_the_clock_is_looked_at_by_the_sweep(started):
    condition = (
        '<bpmn:conditionalEventDefinition id="new_d"><bpmn:condition>now() &gt; date and time("{}")</bpmn:condition>'
        "</bpmn:conditionalEventDefinition>"
    )
    moment = (started.clock.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    [key] = started.start_service(
        "CLOCK", behind_the_first("intermediateCatchEvent", condition.format(moment)), "9.0.0"
    )
    started.deliver(started.task(key))
    version = started.read(instances.instance, key).version
    for _ in range(3):
        started.clock.advance(days=1)
        sweep(started.runtime)
    assert going_on(started, [key]) == [False]
    assert started.read(instances.instance, key).version == version, "looking changes nothing"
    started.clock.advance(days=3)
    sweep(started.runtime)
    assert going_on(started, [key]) == [True]
    assert key not in started.read(instances.waiting_for_time)
