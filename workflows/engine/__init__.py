"""Runs definitions: a live `Instance`, each command of which gives the `Changes` to be kept.

Idea: an instance at rest is rows, one per living task; a command does one thing and everything that follows from
it without evaluating, and says which rows changed and what happened. `proceed` does the rest. No clock, no
connection, no Python from a diagram. `start`, `complete` ... are the same over one document instead of rows.
Sources: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13; DMN 1.5 (FEEL). Executor: SpiffWorkflow 3.2.
"""

from workflows.engine.commands import cancel, complete, deliver, fire_timers, retry, start
from workflows.engine.errors import (
    DataRefused,
    Deadlock,
    DecisionNotMade,
    EndlessLoop,
    EngineError,
    ErrorNotCaught,
    ExpressionFailed,
    InstanceEnded,
    MessageNotExpected,
    NoFlowTaken,
    NotAttachable,
    NotExecutable,
    OperationNotDone,
    StartUnknown,
    StateUnreadable,
    StepFailed,
    TaskNotReady,
    TooManyTasks,
)
from workflows.engine.instance import Instance
from workflows.engine.migration import Migration, Unattached, migrate
from workflows.engine.programs import Program, program
from workflows.engine.records import (
    Changes,
    Records,
    ScopeRecord,
    Subscription,
    TaskRecord,
    Timer,
)
from workflows.engine.steps import (
    Event,
    EventOccurred,
    FlowTaken,
    Incident,
    InstanceState,
    ProcessCancelled,
    ProcessCompleted,
    Requested,
    Status,
    Step,
    TaskCancelled,
    TaskCompleted,
    TaskReady,
    WorkItem,
)

__all__ = [
    "Changes",
    "DataRefused",
    "Deadlock",
    "DecisionNotMade",
    "EndlessLoop",
    "EngineError",
    "ErrorNotCaught",
    "Event",
    "EventOccurred",
    "ExpressionFailed",
    "FlowTaken",
    "Incident",
    "Instance",
    "InstanceEnded",
    "InstanceState",
    "MessageNotExpected",
    "Migration",
    "NoFlowTaken",
    "NotAttachable",
    "NotExecutable",
    "OperationNotDone",
    "ProcessCancelled",
    "ProcessCompleted",
    "Program",
    "Records",
    "Requested",
    "ScopeRecord",
    "StartUnknown",
    "StateUnreadable",
    "Status",
    "Step",
    "StepFailed",
    "Subscription",
    "TaskCancelled",
    "TaskCompleted",
    "TaskNotReady",
    "TaskReady",
    "TaskRecord",
    "Timer",
    "TooManyTasks",
    "Unattached",
    "WorkItem",
    "cancel",
    "complete",
    "deliver",
    "fire_timers",
    "migrate",
    "program",
    "retry",
    "start",
]
