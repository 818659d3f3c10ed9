"""What an instance has been through, also inside what it called."""

from datetime import UTC, datetime
from typing import Any

from server.instances import history, rows
from server.instances.history import Change
from tests.engine_runs import chain, element, end, program, script, start, users


def test_a_step_that_is_done_in_a_called_process_belongs_to_the_past(monkeypatch: Any) -> None:
    called = start("qs") + script("k", "n = 1") + users("b") + end("qe") + chain("qs", "k", "b", "qe")
    made = program(
        start(), element("callActivity", "ca", calledElement="q"), end(), chain("s", "ca", "e"),
        processes={"q": called},
    )  # fmt: skip
    events = ({"event": "flow_taken", "flow_id": "qs_k"}, {"event": "flow_taken", "flow_id": "k_b"})
    change = Change(2, "c", datetime(2027, 3, 1, tzinfo=UTC), "system", "proceed", events)
    monkeypatch.setattr(history, "history", lambda *_: [change])
    monkeypatch.setattr(rows, "tasks_of_instance", lambda *_: [])
    tx = row = type("Given", (), {"id": "i1"})()
    assert history.finished(tx, row, made.definition) == {"qs", "k"}
