"""Runs definitions: (program, state, command) -> Step.

Idea: an instance at rest is opaque bytes; a command opens it, does one thing and everything automatic that
follows, and gives the next bytes with what happened. No clock, no connection, no Python from a diagram.
Sources: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13; DMN 1.5 (FEEL). Executor: SpiffWorkflow 3.2.
"""

from workflows.engine.commands import cancel, complete, deliver, fire_timers, retry, start
from workflows.engine.errors import (
    DataRefused,
    Deadlock,
    EndlessLoop,
    EngineError,
    ExpressionFailed,
    InstanceEnded,
    MessageNotExpected,
    NoFlowTaken,
    NotExecutable,
    StateUnreadable,
    StepFailed,
    TaskNotReady,
    TooManyTasks,
)
from workflows.engine.programs import Program, program
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
    "DataRefused",
    "Deadlock",
    "EndlessLoop",
    "EngineError",
    "Event",
    "EventOccurred",
    "ExpressionFailed",
    "FlowTaken",
    "Incident",
    "InstanceEnded",
    "InstanceState",
    "MessageNotExpected",
    "NoFlowTaken",
    "NotExecutable",
    "ProcessCancelled",
    "ProcessCompleted",
    "Program",
    "Requested",
    "StateUnreadable",
    "Status",
    "Step",
    "StepFailed",
    "TaskCancelled",
    "TaskCompleted",
    "TaskNotReady",
    "TaskReady",
    "TooManyTasks",
    "WorkItem",
    "cancel",
    "complete",
    "deliver",
    "fire_timers",
    "program",
    "retry",
    "start",
]
