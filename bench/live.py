"""How soon an expert and a coordinator are told: lint and price of a diagram that changed, news of a village.

Prints lines of `bench NAME limit VALUE UNIT bar BAR`, each the median of fifteen, and before them the floor:

live-price3  a POST to /drafts/<id>/price through the whole application: the shipped service of six tasks, changed
             each time, in three regions with 10,000 draws each. Floor: the same request for a diagram that cannot be
             read, so session, permission and refusal without any price.
live-lint    the same diagram to /drafts/<id>/lint.
live-news    from a commit until a stream that follows the village is woken, with the pause of the product.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from server.accounts import service as accounts
from server.actor import SYSTEM, Actor
from server.app import create_app
from server.demo import world as demo
from server.drafts import service as drafts
from server.http.security import SESSION_COOKIE
from server.instances import service as instances
from server.projects import service as projects
from server.runtime import Runtime, Tx
from server.tracking.states import Subject
from server.tracking.streams import Streams
from tests import browser_support as support

RUNS = 15
BAR_MILLISECONDS = 150
BAR_NEWS_SECONDS = 2
REGIONS = "region=BJ-DO-COPARGO&region=BJ-DO&region=BJ"


def seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def median(step: Callable[[int], object]) -> float:
    step(-1)  # what is compiled or read once
    return statistics.median(seconds(partial(step, number)) for number in range(RUNS))


class Expert:
    """A browser of the expert, with a draft of the shipped service."""

    def __init__(self, runtime: Runtime) -> None:
        email = next(user.email for user in demo.USERS if user.role.value == "expert")
        known = runtime.read(SYSTEM, accounts.accounts)
        token = runtime.run(SYSTEM, accounts.open_session, next(a.id for a in known if a.email == email))
        actor = runtime.read(SYSTEM, accounts.actor_of_session, token)
        assert isinstance(actor, Actor)
        made = runtime.run(actor, drafts.make, drafts.FromVersion("community_profile", "1.0.0"))
        self.address = f"/drafts/{made.row.id}"
        self.bpmn = runtime.read(actor, drafts.content, made.row.id).bpmn
        self.client: FlaskClient = create_app(runtime).test_client()
        self.client.set_cookie(SESSION_COOKIE, token)
        found = re.search(r'name="csrf-token" content="(\w+)"', self.client.get("/docs/problems").text)
        assert found is not None
        self.csrf = found[1]

    def ask(self, what: str, body: bytes) -> None:
        headers = {"X-CSRFToken": self.csrf, "Accept": "application/json"}
        answer = self.client.post(
            f"{self.address}/{what}", data=body, content_type="application/xml", headers=headers
        )
        assert answer.status_code == 200, answer.text

    def drawn(self, number: int) -> bytes:
        """The diagram with another quantity each time, so that nothing is remembered from the last."""
        return re.sub(
            rb"<run:quantity>[^<]*</run:quantity>", b"<run:quantity>%d</run:quantity>" % (number + 2), self.bpmn,
            count=1,
        )  # fmt: skip


def news_seconds(runtime: Runtime) -> float:
    """From giving a task to somebody else until the stream of its village is woken."""
    task, people = runtime.read(SYSTEM, _open_task)
    streams = Streams(runtime, 4)
    ticket = streams.enter("bench", Subject("instance", task.instance_id))
    ticket.wait(5)  # the first look

    def told(number: int) -> None:
        runtime.run(SYSTEM, instances.assign, task.id, people[number % len(people)])
        assert ticket.wait(10), "nobody was told"

    found = statistics.median(seconds(partial(told, number)) for number in range(5))
    ticket.leave()
    streams.close()
    return found


def _open_task(tx: Tx) -> tuple[instances.TaskRow, list[str]]:
    """A task that waits for somebody, and all who could do it."""
    for project in projects.projects(tx):
        members = projects.members(tx, project.id)
        ids = [v.instance_id for v in projects.villages(tx, project.id) if v.instance_id]
        for task in instances.tasks_of_instances(tx, ids):
            able = [m.id for m in members if task.skill in {skill.skill for skill in m.skills}]
            if task.state == "ready" and len(able) > 1:
                return task, able
    raise AssertionError("no task waits for somebody")


def main() -> None:
    out = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        runtime = support.open_installation(support.load_showcase(Path(folder), villages=3, days=2))
        expert = Expert(runtime)
        floor = median(lambda _: expert.ask(f"price?{REGIONS}", b"<nothing/>")) * 1_000
        price = median(lambda number: expert.ask(f"price?{REGIONS}", expert.drawn(number))) * 1_000
        lint = median(lambda number: expert.ask("lint", expert.drawn(number))) * 1_000
        out(f"floor of a request without a price: {floor:.1f} ms\n")
        out(f"bench live-price3 limit {price:.1f} ms bar {BAR_MILLISECONDS}\n")
        out(f"bench live-lint limit {lint:.1f} ms bar {BAR_MILLISECONDS}\n")
        out(f"bench live-news limit {news_seconds(runtime):.2f} s bar {BAR_NEWS_SECONDS}\n")
        runtime.engine.dispose()


if __name__ == "__main__":
    main()
