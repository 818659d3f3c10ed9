"""What instances ask of the outside: allowed operations, tried again, given up visibly, messages once."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select

from server.errors import Misconfigured
from server.instances import models, operations, outbox
from server.instances import service as instances
from server.instances.operations import Call, CallFailed
from server.jobs.sweep import sweep
from server.journal import service as journal
from server.journal.service import Event
from server.settings import Settings
from service_library import library

SERVICE = """<bpmn:serviceTask id="tell" name="Tell"><bpmn:extensionElements>
<run:operation xmlns:run="https://w3id.org/run-services/bpmn/1.0" ref="{ref}" result="answer"><run:payload>{payload}</run:payload></run:operation>
</bpmn:extensionElements><bpmn:incoming>{flow}</bpmn:incoming><bpmn:outgoing>flow_told</bpmn:outgoing></bpmn:serviceTask>
<bpmn:sequenceFlow id="flow_told" sourceRef="tell" targetRef="{target}"/></bpmn:process>"""


def with_service(ref, payload='{text: "Stock is at " + string(households)}'):
    """The community profile with a service task after its first task."""
    text = library.load("community_profile", "1.0.0").bpmn.decode()
    flow = next(part for part in text.split("<bpmn:sequenceFlow ")[1:] if 'sourceRef="announce"' in part)
    flow_id, target = (flow.split(f'{name}="')[1].split('"')[0] for name in ("id", "targetRef"))
    text = text.replace(flow, flow.replace(f'targetRef="{target}"', 'targetRef="tell"'))
    text = text.replace(
        f"<bpmn:incoming>{flow_id}</bpmn:incoming>", "<bpmn:incoming>flow_told</bpmn:incoming>", 1
    )
    task = SERVICE.format(ref=ref, payload=payload.replace('"', "&quot;"), flow=flow_id, target=target)
    return text.replace("</bpmn:process>", task, 1).encode()


def asking(world, ref, **more):
    """An instance whose service task has just asked for the operation."""
    [key] = world.start_service("ASKS", with_service(ref, **more), "9.0.0")
    world.deliver(world.task(key))
    return key


def requests(world):
    return world.read(
        lambda tx: list(tx.session.scalars(select(models.OutboxRow).order_by(models.OutboxRow.id)))
    )


def nodes(world, key):
    return [(t.node_id, t.state) for t in world.read(instances.tasks_of_instance, key)]


# The allow-list ---------------------------------------------------------------------------------------


def test_a_service_task_asks_in_the_same_commit_and_the_sweep_does_it(started):
    key = asking(started, "note")
    [request] = requests(started)
    assert (request.kind, request.name, request.attempts, request.done_at) == ("service", "note", 0, None)
    assert nodes(started, key) == [("announce", "completed")]
    sweep(started.runtime)
    [request] = requests(started)
    assert request.done_at is not None
    [note] = [r for r in started.read(journal.of_objects, [key]) if r.event == Event.INSTANCE_NOTE]
    assert note.public["text"].startswith("Stock is at ")
    assert nodes(started, key)[1][1] == "ready"
    sweep(started.runtime)
    assert len([r for r in started.read(journal.of_objects, [key]) if r.event == Event.INSTANCE_NOTE]) == 1


def test_an_operation_that_is_not_allowed_becomes_an_incident_after_its_attempts(started):
    key = asking(started, "shell:rm")
    for number, wait in enumerate(outbox.WAITS, start=1):
        sweep(started.runtime)
        [request] = requests(started)
        assert request.attempts == number
        assert "shell" in request.last_error
        started.clock.advance(seconds=wait.total_seconds())
    [incident] = started.read(instances.incidents, [key])
    assert incident.node_id == "tell"
    assert request.next_try_at is None
    sweep(started.runtime)
    assert len(requests(started)) == 1
    started.run("coordinator", instances.retry, key)
    assert len(requests(started)) == 2, "trying again asks again"


def test_a_request_is_taken_by_one_sweep_only(started, race):
    asking(started, "note")
    [request] = requests(started)
    race(4, lambda _: instances.perform(started.runtime, request.id))
    notes = started.read(lambda tx: [r for r in journal.of_objects(tx, [request.instance_id])
                                     if r.event == Event.INSTANCE_NOTE])  # fmt: skip
    assert len(notes) == 1


# Webhooks ---------------------------------------------------------------------------------------------


@contextmanager
def listening(*answers):
    """A server that gives these answers, one each time: (status, content type, body); and what it was sent."""
    heard = []
    waiting = list(answers)

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
            status, kind, content = waiting.pop(0)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


JSON = "application/json"
CALL = Call("c/0", "i1", "BJ", "tell", "webhook", "stock", {"amount": 3})


def call(settings):
    return operations.find("webhook:stock").outside(settings, CALL)


def test_a_webhook_is_sent_the_payload_and_its_answer_is_the_result():
    with listening((200, JSON, b'{"left": 1.50}')) as (address, heard):
        answer = call(Settings(webhooks=(("stock", address),)))
    assert str(answer["left"]) == "1.50"
    [(path, key, body)] = heard
    assert (path, key, body["payload"], body["instance"]) == ("/hook", "c/0", {"amount": 3}, "i1")


@pytest.mark.parametrize(
    "answer",
    [(500, JSON, b"{}"), (302, JSON, b""), (200, JSON, b"{"), (200, JSON, b"NaN"), (200, JSON, b"[" * 60_000),
     (200, JSON, b'"' + b"x" * operations.MAX_ANSWER + b'"')],
    ids=["error", "elsewhere", "half", "not a number", "nested", "huge"],
)  # fmt: skip
def test_a_webhook_that_answers_badly_has_failed(answer):
    with listening(answer) as (address, heard), pytest.raises(CallFailed):
        call(Settings(webhooks=(("stock", address),)))
    assert len(heard) == 1, "it goes to no other address"


@contextmanager
def dripping(beginning):
    """A server that answers with this, and then a byte at a time as long as anybody listens."""
    over = threading.Event()

    def drip():
        connection, _ = server.accept()
        with connection:
            try:
                connection.sendall(beginning)
                while not over.wait(0.02):
                    connection.sendall(b"1")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}/hook"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("scheme", "beginning"),
    [
        ("http", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nX-Long: "), ("http", b""), ("https", b""),
        ("https", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"),
    ],
    ids=["body", "body of known length", "headers", "status", "no handshake", "handshake"],
)  # fmt: skip
def test_a_webhook_that_answers_a_byte_at_a_time_is_cut_off(monkeypatch, scheme, beginning):
    monkeypatch.setattr(operations, "DEADLINE_SECONDS", 0.3)
    began = time.monotonic()
    with dripping(beginning) as address, pytest.raises(CallFailed):
        call(Settings(webhooks=(("stock", f"{scheme}://{address}"),)))
    assert time.monotonic() - began < 5


def test_only_addresses_of_the_administrators_are_called():
    with pytest.raises(CallFailed, match="no address"):
        call(Settings())
    with pytest.raises(CallFailed):
        call(Settings(webhooks=(("stock", "http://127.0.0.1:1/"),)))
    with pytest.raises(Misconfigured):
        Settings(demo=True, webhooks=(("stock", "file:///etc/passwd"),)).checked()


def test_a_webhook_that_was_down_is_called_again_with_the_same_key_and_the_work_goes_on(started):
    with listening((503, JSON, b""), (200, JSON, b'{"left": 7}')) as (address, heard):
        object.__setattr__(
            started.runtime, "settings", replace(started.runtime.settings, webhooks=(("stock", address),))
        )
        key = asking(started, "webhook:stock")
        sweep(started.runtime)
        assert nodes(started, key) == [("announce", "completed")]
        started.clock.advance(minutes=2)
        sweep(started.runtime)
    assert nodes(started, key)[1][1] == "ready"
    assert len({request_key for _, request_key, _ in heard}) == 1
    assert [body["payload"]["text"][:8] for *_, body in heard] == ["Stock is"] * 2
