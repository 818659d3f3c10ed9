"""Errors of the engine; every command either returns a Step or raises one of these and changes nothing.

EngineError
├── TaskNotReady        the task is not (or no longer) ready in this instance
├── InstanceEnded       the instance is completed or cancelled
├── MessageNotExpected  nothing in the instance waits for this message
├── DataRefused         a value the engine does not keep (float, unknown type, too deep)
├── StateUnreadable     the state at rest is damaged, of another format or of another definition
├── ExpressionFailed    an expression gave an error or an unusable value (seen as an Incident)
├── NoFlowTaken         a gateway has no true condition and no default (seen as an Incident)
├── EndlessLoop         automatic steps run in a circle (seen as an Incident)
├── TooManyTasks        more open tasks and events at once than an instance may have (seen as an Incident)
├── DecisionNotMade     a decision gave an error (seen as an Incident)
├── OperationNotDone    the operation of a service task failed (seen as an Incident)
├── ErrorNotCaught      an error was thrown that nothing around catches (seen as an Incident)
├── StartUnknown        the process has no such start event, or several of which one must be chosen
├── NotAttachable       the boundary event cannot be attached to the open task
├── Deadlock            a join waits for a branch that can no longer come (seen as an Incident)
└── StepFailed          any other failure of an automatic step (seen as an Incident)
NotExecutable is an InvalidInput: it carries the problems of the definition.
"""

from __future__ import annotations

from workflows.errors import InvalidInput, WorkflowError


class EngineError(WorkflowError):
    code = "engine"
    message = "The process instance could not be run."


class NotExecutable(InvalidInput):
    """The definition cannot be run; `problems` says why, each with the id of the element."""

    code = "not-executable"


class TaskNotReady(EngineError):
    code = "task-not-ready"
    message = "The task %(task_id)s is not ready: it was completed or cancelled, or never existed."


class InstanceEnded(EngineError):
    code = "instance-ended"
    message = "The process instance is %(status)s: nothing can be changed any more."


class MessageNotExpected(EngineError):
    code = "message-not-expected"
    message = "The process instance does not wait for the message %(message)s."


class DataRefused(EngineError):
    code = "data-refused"
    message = "The value of %(name)s cannot be kept: %(why)s."


class StateUnreadable(EngineError):
    code = "state-unreadable"
    message = "The stored state of the process instance cannot be read: %(why)s."


class ExpressionFailed(EngineError):
    code = "expression-failed"
    message = "The expression %(expression)s of %(node)s cannot be used: %(why)s."


class NoFlowTaken(EngineError):
    code = "no-flow-taken"
    message = (
        "No outgoing flow of the gateway %(node)s is true and it has no default flow. "
        "Its conditions read: %(names)s."
    )


class EndlessLoop(EngineError):
    code = "endless-loop"
    message = (
        "More than %(steps)s automatic steps in a row, the last at %(node)s: the diagram runs in a circle "
        "without a person or a timer."
    )


class TooManyTasks(EngineError):
    code = "too-many-tasks"
    message = (
        "The step %(node)s would bring the instance beyond %(maximum)s open tasks and events at once. "
        "Finish some first, or let the diagram start fewer."
    )


class DecisionNotMade(EngineError):
    code = "decision-not-made"
    message = "The business rule task %(node)s got no answer: %(why)s"


class OperationNotDone(EngineError):
    code = "operation-not-done"
    message = "The operation %(operation)s of %(node)s was not done: %(why)s"


class ErrorNotCaught(EngineError):
    code = "error-uncaught"
    message = "%(node)s throws the error “%(name)s”, which nothing around it catches."


class StartUnknown(EngineError):
    code = "start-unknown"
    message = "The process cannot be started at “%(start)s”. Its start events are: %(known)s."


class NotAttachable(EngineError):
    code = "event-not-attachable"
    message = (
        "The event %(event)s cannot be attached to the task: it is no boundary event of it in this diagram, "
        "or is there already."
    )


class Deadlock(EngineError):
    code = "deadlock"
    message = "The gateway %(node)s waits for a branch that can no longer arrive."


class StepFailed(EngineError):
    code = "step-failed"
    message = "The automatic step %(node)s failed: %(why)s."
