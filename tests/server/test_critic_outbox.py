"""A critic's cases of the outbox: what is no longer wanted is not done, what cannot be kept is told."""

from dataclasses import replace

import pytest

from server.instances import outbox
from server.instances import service as instances
from server.instances.operations import CallFailed
from server.jobs.sweep import sweep
from server.settings import Settings
from tests.server.test_instances_outbox import JSON, asking, call, listening, requests


def at(world, address):
    object.__setattr__(
        world.runtime, "settings", replace(world.runtime.settings, webhooks=(("stock", address),))
    )


def test_a_service_is_not_asked_for_once_the_instance_is_cancelled(started):
    with listening((200, JSON, b"{}")) as (address, heard):
        at(started, address)
        key = asking(started, "webhook:stock")
        started.run("coordinator", instances.cancel, key, reason="the village said no")
        sweep(started.runtime)
    assert heard == []
    assert [r.next_try_at for r in requests(started)] == [None]


@pytest.mark.parametrize("answer", [b'{"n": 1e300}', b"[" + b"1," * 10_001 + b"1]", b"[" * 40 + b"]" * 40])
def test_an_answer_that_cannot_be_kept_becomes_an_incident(started, answer):
    with listening(*[(200, JSON, answer)] * 2) as (address, heard):
        at(started, address)
        key = asking(started, "webhook:stock")
        for wait in outbox.WAITS[:2]:
            sweep(started.runtime)
            started.clock.advance(seconds=wait.total_seconds())
    assert len(heard) == 1, "what was done is not done again by itself"
    assert [i.node_id for i in started.read(instances.incidents, [key])] == ["tell"]
    started.run("coordinator", instances.retry, key)
    assert len(requests(started)) == 2, "trying again asks again"


@pytest.mark.parametrize("answer", [b'{"n": "\\ud800"}', b'{"error": "\\ud800"}'])
def test_an_answer_with_half_a_character_has_failed(answer):
    with listening((200, JSON, answer)) as (address, _), pytest.raises(CallFailed):
        call(Settings(demo=True, webhooks=(("stock", address),)))
