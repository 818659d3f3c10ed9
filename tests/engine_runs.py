"""Builds small diagrams and runs them, kept as rows and loaded again at every step.

After each command the rows that its changes tell are compared with the rows of the whole instance, so that every
test that runs a diagram also tests that nothing of it is lost on the way to the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workflows import engine
from workflows.definitions.read import read
from workflows.engine.instance import Instance
from workflows.engine.records import Changes

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
RUN = "https://w3id.org/run-services/bpmn/1.0"


# Diagrams


def element(kind: str, id_: str, inner: str = "", **attributes: str) -> str:
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<{kind} id="{id_}"{more}>{inner}</{kind}>'


def start(id_: str = "s", inner: str = "", **attributes: str) -> str:
    return element("startEvent", id_, inner, **attributes)


def end(id_: str = "e", inner: str = "") -> str:
    return element("endEvent", id_, inner)


def users(*ids: str) -> str:
    return "".join(element("userTask", id_) for id_ in ids)


def flow(source: str, target: str, condition: str = "") -> str:
    inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
    return element("sequenceFlow", f"{source}_{target}", inner, sourceRef=source, targetRef=target)


def chain(*ids: str) -> str:
    return "".join(flow(source, target) for source, target in pairwise(ids))


def script(id_: str, *lines: str, more: str = "") -> str:
    return element("scriptTask", id_, f"<script>{escape(chr(10).join(lines))}</script>{more}")


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{escape(text)}</{kind}></timerEventDefinition>"


def cycle(text: str) -> str:
    return timer(text, "timeCycle")


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{escape(text)}</condition></conditionalEventDefinition>"


def message(ref: str = "news") -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def signal(ref: str = "alarm") -> str:
    return f'<signalEventDefinition signalRef="{ref}"/>'


def error(ref: str = "dry") -> str:
    return f'<errorEventDefinition errorRef="{ref}"/>' if ref else "<errorEventDefinition/>"


def escalation(ref: str = "late") -> str:
    return f'<escalationEventDefinition escalationRef="{ref}"/>' if ref else "<escalationEventDefinition/>"


def run(xml: str) -> str:
    return f'<extensionElements xmlns:run="{RUN}">{xml}</extensionElements>'


def payload(text: str) -> str:
    return f"<run:payload>{escape(text)}</run:payload>" if text else ""


def operation(ref: str = "notify", result: str = "", given: str = "") -> str:
    return run(f'<run:operation ref="{ref}" result="{result}">{payload(given)}</run:operation>')


def keyed(key: str = "", given: str = "") -> str:
    return run(f"<run:message key={quoteattr(key)}>{payload(given)}</run:message>")


def many(text: str = "", *, sequential: bool = False, **inner: str) -> str:
    """text: cardinality. inner: collection, item, completion, output, output_item."""
    parts = {"cardinality": text, **inner}
    shapes = {
        "cardinality": "<loopCardinality>{}</loopCardinality>",
        "collection": "<loopDataInputRef>{}</loopDataInputRef>",
        "output": "<loopDataOutputRef>{}</loopDataOutputRef>",
        "item": '<inputDataItem id="in" name="{}"/>',
        "output_item": '<outputDataItem id="out" name="{}"/>',
        "completion": "<completionCondition>{}</completionCondition>",
    }
    texts = "".join(shape.format(escape(parts[name])) for name, shape in shapes.items() if parts.get(name))
    name = "multiInstanceLoopCharacteristics"
    return f'<{name} isSequential="{str(sequential).lower()}">{texts}</{name}>'


def while_(text: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = f"<loopCondition>{escape(text)}</loopCondition>" if text else ""
    name = "standardLoopCharacteristics"
    return f"<{name}{more}>{inner}</{name}>"


def sub_process(id_: str, *elements: str, kind: str = "subProcess", **attributes: str) -> str:
    return element(kind, id_, "".join(elements), **attributes)


def event_sub_process(
    id_: str, trigger: str, task: str, *, interrupting: bool = True, body: str = "", last: str = ""
) -> str:
    """Start event `<id>_s`, one user task (or the body), end event `<id>_e` with `last`."""
    begin = start(f"{id_}_s", trigger, isInterrupting=str(interrupting).lower())
    inside = body or users(task) + chain(f"{id_}_s", task, f"{id_}_e")
    return sub_process(id_, begin, inside, end(f"{id_}_e", last), triggeredByEvent="true")


def boundary(id_: str, host: str, trigger: str, *, interrupting: bool = True) -> str:
    return element(
        "boundaryEvent", id_, trigger, attachedToRef=host, cancelActivity=str(interrupting).lower()
    )


DECLARED = (
    '<message id="news" name="News"/><message id="answer" name="Answer"/><signal id="alarm" name="Alarm"/>'
    '<error id="dry" errorCode="DRY"/><error id="wet" errorCode="WET"/>'
    '<escalation id="late" escalationCode="LATE"/><escalation id="lost" escalationCode="LOST"/>'
)


def diagram(*elements: str, processes: Mapping[str, str] | None = None) -> bytes:
    """processes: others of the file, by id."""
    others = "".join(f'<process id="{name}">{inner}</process>' for name, inner in (processes or {}).items())
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
        f'{DECLARED}<process id="p" isExecutable="true">{"".join(elements)}</process>{others}</definitions>'
    ).encode()


def program(
    *elements: str, processes: Mapping[str, str] | None = None, decisions: Mapping[str, Any] | None = None
) -> engine.Program:
    reading = read(diagram(*elements, processes=processes))
    assert reading.definition is not None, reading.problems
    return engine.program(reading.definition, decisions)


# Runs


class Kept:
    """The rows as a database would have them, from changes alone."""

    def __init__(self) -> None:
        self.tasks: dict[str, Any] = {}
        self.scopes: dict[int, Any] = {}
        self.timers: dict[str, Any] = {}
        self.subscriptions: dict[str, Any] = {}
        self.work: dict[str, Any] = {}

    def write(self, changes: Changes) -> None:
        assert not self.tasks.keys() & {row.task_id for row in changes.added}
        assert self.tasks.keys() >= {row.task_id for row in changes.tasks}
        for rows, new, gone in (
            (self.tasks, (*changes.added, *changes.tasks), changes.removed),
            (self.timers, changes.timers, changes.removed_timers),
            (self.subscriptions, changes.subscriptions, changes.removed_subscriptions),
            (self.work, changes.opened, changes.closed),
        ):
            for key in gone:
                del rows[key]
            rows.update({row.task_id: row for row in new})
        for number in changes.removed_scopes:
            del self.scopes[number]
        self.scopes.update({row.number: row for row in changes.scopes})

    def check(self, instance: Instance) -> None:
        records = instance.records()
        assert self.tasks == {row.task_id: row for row in records.tasks}
        assert self.scopes == {row.number: row for row in records.scopes}
        assert sorted(self.timers.values(), key=str) == sorted(instance.timers, key=str)
        assert sorted(self.subscriptions.values(), key=str) == sorted(instance.subscriptions, key=str)
        assert sorted(self.work.values(), key=str) == sorted(instance.ready, key=str)


class Live:
    """An instance under test. saved: load it from its rows before every command."""

    def __init__(
        self,
        made: engine.Program,
        data: Mapping[str, Any] | None = None,
        *,
        saved: bool = True,
        start_event: str = "",
    ) -> None:
        self.program = made
        self.saved = saved
        self.now = NOW
        self.kept = Kept()
        self.events: list[Any] = []
        """What the last command caused."""
        self.history: list[Any] = []
        self.instance = Instance.new(made, data or {}, now=NOW, start_event=start_event)
        self._do(lambda instance: instance.start(self.now))

    def _do(self, act: Callable[[Instance], Changes]) -> Live:
        self.events = []
        pending = self._one(act)
        while pending:
            pending = self._one(lambda instance: instance.proceed(self.now))
        self.history += self.events
        return self

    def _one(self, act: Callable[[Instance], Changes]) -> bool:
        changes = act(self.instance)
        self.events += changes.events
        self.kept.write(changes)
        self.kept.check(self.instance)
        if self.saved and self.instance.status == "running":
            self.instance = Instance.load(self.program, self.instance.records(), now=self.now)
            self.kept.check(self.instance)
        return changes.pending

    # commands

    def complete(self, node_id: str, **data: Any) -> Live:
        return self._do(lambda instance: instance.complete(self.id_of(node_id), data, self.now))

    def deliver(self, name: str = "News", key: str = "", **data: Any) -> Live:
        return self._do(lambda instance: instance.deliver(name, data, self.now, key))

    def signal(self, name: str = "Alarm", **data: Any) -> Live:
        return self._do(lambda instance: instance.signal(name, data, self.now))

    def wait(self, **time: float) -> Live:
        """Let time pass, then fire what is due, oldest first, as a sweep does."""
        self.now += timedelta(**time)
        while self.due is not None and self.due <= self.now:
            first = min(self.instance.timers, key=lambda each: each.due)
            task_id = first.task_id
            self._do(lambda instance: instance.fire_timer(task_id, self.now))  # noqa: B023
        return self

    def done(self, result: Any = None) -> Live:
        return self._do(lambda instance: instance.operation_done(self.asked, result, self.now))

    def failed(self, why: str = "no answer") -> Live:
        return self._do(lambda instance: instance.operation_failed(self.asked, why, self.now))

    def erred(self, code: str) -> Live:
        return self._do(lambda instance: instance.operation_error(self.asked, code, self.now))

    def retry(self) -> Live:
        return self._do(lambda instance: instance.retry(self.now))

    # reading

    @property
    def ready(self) -> list[str]:
        return [item.node_id for item in self.instance.ready]

    @property
    def status(self) -> str:
        return self.instance.status

    @property
    def data(self) -> Mapping[str, Any]:
        return self.instance.data

    @property
    def incidents(self) -> list[tuple[str, str]]:
        return [(each.node_id, each.code) for each in self.instance.incidents]

    @property
    def due(self) -> datetime | None:
        return min((each.due for each in self.instance.timers), default=None)

    @property
    def occurred(self) -> list[str]:
        """The events of the diagram that have happened so far."""
        return [each.node_id for each in self.history if isinstance(each, engine.EventOccurred)]

    @property
    def requests(self) -> list[Any]:
        return [each for each in self.history if isinstance(each, engine.Requested)]

    @property
    def asked(self) -> str:
        """The task of the latest request for an operation."""
        task_id: str = self.requests[-1].task_id
        return task_id

    def id_of(self, node_id: str) -> str:
        return next(item.task_id for item in self.instance.ready if item.node_id == node_id)

    def picture(self) -> Any:
        """All that can be seen from outside, without ids."""
        return (
            self.status,
            self.ready,
            [item.loop_index for item in self.instance.ready],
            self.data,
            self.incidents,
            sorted((each.node_id, each.due) for each in self.instance.timers),
            sorted((each.node_id, each.kind, each.name, each.key) for each in self.instance.subscriptions),
            [
                (type(each).__name__, getattr(each, "node_id", getattr(each, "flow_id", "")))
                for each in self.events
            ],
        )
