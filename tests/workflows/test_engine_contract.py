"""What the engine relies on: the private names of SpiffWorkflow 3.2, the values an instance keeps, timers."""

from __future__ import annotations

import contextlib
import inspect
import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

import workflows.engine
from workflows.engine import spiff
from workflows.engine.errors import EngineError
from workflows.engine.expressions import due_at
from workflows.engine.values import copied, from_json, kept, to_json

SOURCES = sorted(Path(workflows.engine.__file__).parent.glob("*.py"))


def test_the_version_is_the_one_whose_private_names_we_use() -> None:
    assert version("spiffworkflow").startswith("3.2.")


def test_one_module_imports_spiffworkflow() -> None:
    importing = [
        path.name
        for path in SOURCES
        if re.search(r"^(from|import) SpiffWorkflow", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["spiff.py"]


def test_no_module_of_the_engine_reads_a_clock_or_runs_python() -> None:
    for path in SOURCES:
        found = re.findall(r"\b(?:eval|exec|datetime\.now|utcnow|time\.time|date\.today)\(", path.read_text())
        assert found == [], path.name


def test_states_have_the_numbers_that_are_stored() -> None:
    stored = [TaskState.FUTURE, TaskState.WAITING, TaskState.READY, TaskState.STARTED, TaskState.COMPLETED]
    assert stored == [4, 8, 16, 32, 64]
    assert TaskState.CANCELLED == 256
    assert TaskState.FINISHED_MASK == 64 | 128 | 256


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (Task, "__init__", ["self", "workflow", "task_spec", "parent", "state", "id"]),
        (Task, "_add_child", ["self", "task_spec", "state"]),
        (Task, "_set_state", ["self", "value"]),
        (Task, "_ready", ["self"]),
        (Task, "_inherit_data", ["self"]),
        (Task, "run", ["self"]),
        (Task, "complete", ["self"]),
        (Task, "cancel", ["self"]),
        (TaskSpec, "connect", ["self", "taskspec"]),
        (TaskSpec, "_run_hook", ["self", "my_task"]),
        (TaskSpec, "_update", ["self", "my_task"]),
        (TaskSpec, "_on_complete", ["self", "my_task"]),
        (TaskSpec, "_on_cancel", ["self", "my_task"]),
        (BpmnTaskSpec, "_update_hook", ["self", "my_task"]),
        (BpmnTaskSpec, "_on_complete_hook", ["self", "my_task"]),
        (BpmnSubWorkflow, "_calculate_depth", ["self"]),
        (BpmnWorkflow, "__init__", ["self", "spec", "subprocess_specs", "script_engine", "kwargs"]),
        (BpmnSubWorkflow, "__init__", ["self", "spec", "parent_task_id", "top_workflow", "kwargs"]),
    ],
)
def test_what_we_override_is_still_called_so(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_a_task_of_ours_has_all_that_one_of_spiffworkflow_has() -> None:
    """Its constructor is left out, so a new attribute of a new version would be missing."""
    scope = spiff.ProcessSpec("p")
    running = spiff.Running(scope, {"p": scope}, datetime(2027, 3, 1, tzinfo=UTC))
    running.plant()
    theirs = vars(Task(running, scope.start))
    assert [name for name in theirs if not hasattr(running.task_tree, name)] == []


def test_what_is_shared_by_all_tasks_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        spiff.RunTask.data["x"] = 1  # type: ignore[index]


def test_tasks_change_state_as_those_of_spiffworkflow_do() -> None:
    """`RunTask.run` and `_ready` are ours: what theirs do beside setting the state is known."""
    assert "task_spec._on_ready(self)" in inspect.getsource(Task._ready)  # tests conditions, ours have none
    assert "task_spec._on_complete(self)" in inspect.getsource(Task.complete)
    scope = spiff.ProcessSpec("p")
    running = spiff.Running(scope, {"p": scope}, datetime(2027, 3, 1, tzinfo=UTC))
    running.plant()
    task = running.task_tree
    task.run()
    assert task.state == TaskState.COMPLETED
    task._ready()
    assert task.state == TaskState.COMPLETED, "what is over is not ready again"


def test_the_whole_process_is_found_without_asking_spiffworkflow() -> None:
    scope = spiff.ProcessSpec("p")
    running = spiff.Running(scope, {"p": scope}, datetime(2027, 3, 1, tzinfo=UTC))
    assert isinstance(inspect.getattr_static(BpmnWorkflow, "top_workflow"), property)
    assert running.top_workflow is running


def test_the_script_engine_spiffworkflow_is_given_refuses_everything() -> None:
    refusing = spiff.NoPython()
    for call in (
        lambda: refusing.evaluate(None, "1"),
        lambda: refusing.execute(None, "a = 1"),
        lambda: refusing.call_service(None, operation_name="x"),
        lambda: refusing.environment.evaluate("1", {}),
        lambda: refusing.environment.execute("a = 1", {}),
    ):
        with pytest.raises(EngineError):
            call()


def test_a_running_process_has_that_script_engine() -> None:
    scope = spiff.ProcessSpec("p")
    running = spiff.Running(scope, {"p": scope}, datetime(2027, 3, 1, tzinfo=UTC))
    assert isinstance(running.script_engine, spiff.NoPython)


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers()
moments = st.dates() | st.datetimes(timezones=st.none() | st.just(UTC)) | st.times() | st.timedeltas()
values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | numbers | moments,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_every_kept_value_survives_json(value: Any) -> None:
    held = kept({"x": value})["x"]
    again = from_json(orjson.loads(orjson.dumps(to_json(held))))
    assert again == held
    assert str(again) == str(held)
    assert copied(held) == held


@pytest.mark.parametrize(
    "given_json", [1, 1.5, [], ["n"], ["n", "x"], ["t", "x"], ["q", "1"], {"a": "b"}, [1, 2]]
)
def test_json_that_is_no_value_is_refused(given_json: Any) -> None:
    with pytest.raises((ValueError, IndexError)):
        from_json(given_json)


@given(st.integers(0, 200_000), st.integers(0, 23), st.integers(0, 59))
def test_a_duration_in_days_hours_and_minutes_is_exactly_that(days: int, hours: int, minutes: int) -> None:
    now = datetime(2027, 3, 1, 8, tzinfo=UTC)
    duration = timedelta(days=days, hours=hours, minutes=minutes)
    assert due_at(f"P{days}DT{hours}H{minutes}M", now) == now + duration


@given(st.text(max_size=12))
def test_a_timer_text_gives_a_moment_or_a_reason(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert due_at(text, datetime(2027, 3, 1, tzinfo=UTC)).tzinfo is not None
