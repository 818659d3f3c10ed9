"""A small world for the server's tests: the demonstration's people and prices, one project of three villages.

Built once for each database and copied for each test. `people` has neither services nor prices. `world` is
ready to start: its quote is offered. `started` runs; `owing` has accepted deliveries that are owed on both rails.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from forms.fill import fill
from payments import simulated_bank
from payments.rails.profiles import mobile_money_profile
from pricing.money import Money
from server.actor import SYSTEM, Actor
from server.batches import service as batches
from server.catalogue import service as catalogue
from server.clock import SetClock
from server.deliveries import service as deliveries
from server.demo import field as work
from server.demo import world as demo_world
from server.instances import service as instances
from server.ledger import service as ledger
from server.price_lists import service as price_lists
from server.projects import service as projects
from server.requests import service as requests
from server.runtime import Runtime
from server.submissions import service as submissions
from server.transparency import service as transparency
from service_library import library

SERVICE = "community_profile"
PLACE = work.Place(Decimal("9.84"), Decimal("1.55"))
GRANT = Money(30_000_000, "XOF")


@dataclass
class World:
    """What a test needs to act in the small world. The fields below `actors` survive copying."""

    runtime: Runtime
    clock: SetClock
    actors: dict[str, Actor] = field(default_factory=dict)
    villages: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    bank_account: str = ""
    momo_account: str = ""
    version_id: str = ""
    project_id: str = ""
    quote_id: str = ""
    instance_ids: list[str] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self, who, operation, *args, **kwargs):
        """Carry out a service function as somebody: a role's name, a person's id or an actor."""
        return self.runtime.run(self.actor(who), operation, *args, **kwargs)

    def read(self, operation, *args, who="auditor", **kwargs):
        return self.runtime.read(self.actor(who), operation, *args, **kwargs)

    def actor(self, who) -> Actor:
        return who if isinstance(who, Actor) else self.actors[who]

    # Projects -------------------------------------------------------------------------------------

    def grant(self, amount: Money = GRANT) -> None:
        self.run("finance", ledger.receive_grant, funder="alfter", fund=demo_world.FUND, amount=amount)

    def make_project(self, code: str, villages: list[str], version_id: str = "", members=None) -> str:
        version_id = version_id or self.version_id
        made = [
            self.run("coordinator", requests.make_request, service=self._code(version_id), region=v,
                     requester="Chief Sabi Orou")
            for v in villages
        ]  # fmt: skip
        new = projects.NewProject(
            code=code, name=code, version_id=version_id, region=demo_world.COMMUNE, fund=demo_world.FUND,
            requests=made, members=self.members if members is None else members,
        )  # fmt: skip
        return self.run("coordinator", projects.create, new)

    def _code(self, version_id: str) -> str:
        return self.read(lambda tx: catalogue.version(tx, version_id).service_code)

    def make_quote(self, project_id: str, **given) -> str:
        return self.run(
            "coordinator", projects.make_quote, project_id, overheads=demo_world.overheads(),
            contributions=demo_world.contributions(), **given,
        ).id  # fmt: skip

    def accept_quote(self) -> None:
        self.run("coordinator", projects.accept_quote, self.project_id, self.quote_id)

    def start(self) -> list[str]:
        self.accept_quote()
        self.instance_ids = self.run("coordinator", projects.start, self.project_id)
        return self.instance_ids

    def start_service(self, code: str, bpmn: bytes, version: str, villages: int = 1) -> list[str]:
        """Publish an edited diagram with the shipped forms as a version, fund and start a project with it."""
        number = version.encode()
        shipped = library.load(SERVICE, "1.0.0").form_sources
        forms = {ref: source.replace(b"1.0.0", number) for ref, source in shipped.items()}
        bpmn = bpmn.replace(b"1.0.0", number)
        row = self.run("expert", catalogue.publish, bpmn, forms, version=version)
        project = self.make_project(code, self.villages[10 : 10 + villages], row.id)
        quote = self.make_quote(project)
        self.run("coordinator", projects.accept_quote, project, quote)
        return self.run("coordinator", projects.start, project)

    # Work -----------------------------------------------------------------------------------------

    def ready_tasks(self, instance_id: str):
        """The open tasks of an instance, oldest first."""
        found = self.read(instances.tasks_of_instance, instance_id)
        return [t for t in found if t.state == "ready"]

    def task(self, instance_id: str | None = None):
        """The first open task of an instance, else of the first one."""
        return self.ready_tasks(instance_id or self.instance_ids[0])[0]

    def filled(self, task, *, quorum_fails=False, corrects=None, form=None, change=None) -> "Sending":
        """What the phone would send for a task. change(answers) edits them first."""
        row = self.read(instances.instance, task.instance_id)
        package = self.read(catalogue.package, row.service_version_id)
        card = package.definition.nodes[task.node_id].task
        ref = next(f.ref for f in card.forms if f.role == "response")
        form = form or submissions.read_form(package.forms[ref])
        now = self.clock.now()
        given = work.answers(
            task.node_id, self.chance, place=PLACE, today=now.date(), households=20, quorum_fails=quorum_fails
        )
        if change:
            change(given)
        submission_id = self.runtime.ids.new_id(now)
        answers, files = work.with_pictures(form, given, self.chance, caption="x", prefix=submission_id[-8:])
        xml = fill(
            form, answers, instance_id=f"uuid:{submission_id}", now=now,
            deprecated_id=f"uuid:{corrects}" if corrects else None,
        )  # fmt: skip
        return Sending(submission_id, task.id, task.assignee_id, xml, files)

    def send(self, sending: "Sending", **changed) -> deliveries.Handover:
        """Send it as the facilitator whose task it is."""
        sent = replace(sending, **changed)
        return deliveries.submit(
            self.runtime, self.actor(sent.person_id), task_id=sent.task_id, xml=sent.xml, files=sent.files
        )

    def deliver(self, task=None, **given) -> str:
        """Do a task and hand it over, cleared of a second check; returns the delivery's id."""
        done = self.send(self.filled(task or self.task(), **given))
        assert done.delivery_id is not None, done.problems
        if self.delivery(done.delivery_id).second_check_required:
            self.run("verifier", deliveries.record_second_check, done.delivery_id, passed=True, note="seen")
        return done.delivery_id

    def delivery(self, delivery_id: str):
        return self.read(deliveries.delivery, delivery_id)

    def accept(self, delivery_id: str, who="coordinator"):
        return self.run(who, deliveries.accept_delivery, delivery_id)

    def finish(self, instance_id: str) -> list[str]:
        """Deliver and accept every task of an instance; returns the deliveries."""
        done = []
        while tasks := self.ready_tasks(instance_id):
            done.append(self.deliver(tasks[0]))
            self.accept(done[-1])
        return done

    # Money ----------------------------------------------------------------------------------------

    def payables(self):
        return self.read(ledger.all_payables)

    def entries(self, kind: str | None = None):
        found = self.read(ledger.entries, limit=10_000)
        return [e for e in found if kind in (None, e.kind)]

    def collect(self, account: str = "", **given) -> str:
        day: date = self.clock.now().date()
        return self.run("finance", batches.collect, account or self.bank_account, execution_date=day, **given)

    def approved(self, account: str = "") -> str:
        batch_id = self.collect(account)
        content = self.run("finance", batches.submit, batch_id)
        self.run("approver", batches.approve, batch_id, content=content)
        return batch_id

    def exported(self, account: str = "") -> tuple[str, bytes]:
        """A batch that left the house, and its file."""
        batch_id = self.approved(account)
        self.run("finance", batches.export, batch_id)
        return batch_id, self.read(batches.file_of, batch_id, who="finance")[1]

    def payments(self, batch_id: str):
        return self.read(batches.payments, batch_id)

    def bank_answer(self, file: bytes, message_id: str = "BANK-1", **given) -> bytes:
        return simulated_bank.status_report(file, message_id=message_id, created_at=self.clock.now(), **given)

    def momo_answer(self, file: bytes, **given) -> bytes:
        return simulated_bank.mobile_money_result(file, mobile_money_profile("mobile_money"), **given)

    def read_answer(self, batch_id: str, answer: bytes) -> batches.AnswerRead:
        return self.run("finance", batches.read_answer, batch_id, answer, name="answer")

    def verify(self) -> list[str]:
        """The codes of what `franchise verify` finds."""
        return [f.code for f in self.read(transparency.verify)]

    # Attacking ------------------------------------------------------------------------------------

    def drop_triggers(self) -> None:
        """What somebody with the database's password does first."""
        with self.runtime.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                command = 'ALTER TABLE "{}" DISABLE TRIGGER USER'
            else:
                names, command = "SELECT name FROM sqlite_master WHERE type = 'trigger'", 'DROP TRIGGER "{}"'
            for (name,) in connection.execute(text(names)).all():
                connection.execute(text(command.format(name)))

    def tamper(self, *statements: str) -> None:
        """Change the database past every rule."""
        self.drop_triggers()
        with self.runtime.engine.begin() as connection:
            for statement in statements:
                assert connection.execute(text(statement.replace(":", "\\:"))).rowcount > 0, statement

    # Copying --------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        kept = dict(self.__dict__)
        del kept["runtime"], kept["clock"], kept["chance"]
        return kept


def race(count, step):
    """Run step(n) in `count` threads that begin together; returns results and exceptions, by n."""
    gate = threading.Barrier(count)

    def run(number):
        gate.wait()
        try:
            return step(number)
        except Exception as error:  # noqa: BLE001  (the tests look at what was raised)
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture(name="race")
def race_():
    """race(count, step): threads that begin together."""
    return race


@dataclass(frozen=True)
class Sending:
    """A submission as a phone sends it."""

    submission_id: str
    task_id: str
    person_id: str
    xml: bytes
    files: dict[str, bytes]


def _build_people(runtime, clock, _made):
    demo = demo_world.build(runtime)
    world = World(
        runtime, clock, actors=demo.actors, villages=demo.villages, members=demo.members,
        bank_account=demo.bank_account, momo_account=demo.momo_account,
    )  # fmt: skip
    return world.state()


def _build_world(runtime, clock, made):
    world = World(runtime, clock, **made)
    shipped = library.load(SERVICE, "1.0.0")
    row = world.run("expert", catalogue.publish, shipped.bpmn, shipped.form_sources, version="1.0.0")
    world.version_id = row.id
    for name in ("price_list_benin.xlsx", "price_list_copargo.xlsx"):
        file = demo_world.file(name)
        prices = world.run("national", price_lists.import_price_list, file, filename=name)
        world.run("expert", price_lists.approve_price_list, prices.id)
    world.grant()
    world.project_id = world.make_project("SMALL", world.villages[:3])
    world.quote_id = world.make_quote(world.project_id)
    return world.state()


def _build_started(runtime, clock, made):
    world = World(runtime, clock, **made)
    clock.advance(hours=1)
    world.start()
    return world.state()


def _build_owing(runtime, clock, made):
    """The first three tasks of each village are accepted, so people are owed on bank accounts and wallets."""
    world = World(runtime, clock, **made)
    for _ in range(3):
        clock.advance(hours=3)
        # all villages work at the same time, so the tasks spread over the people
        waiting = [world.deliver(world.task(instance_id)) for instance_id in world.instance_ids]
        for delivery_id in waiting:
            world.accept(delivery_id)
    world.run(SYSTEM, transparency.seal)
    return world.state()


def _build_paying(runtime, clock, made):
    """A batch in each state worth attacking: answered with a rejection, exported, approved, draft."""
    world = World(runtime, clock, **made)
    momo, file = world.exported(world.momo_account)
    refused = world.payments(momo)[0].end_to_end_id
    world.read_answer(momo, world.momo_answer(file, failures={refused: "NAME_MISMATCH"}))
    world.exported(world.bank_account)
    clock.advance(hours=3)
    waiting = [world.deliver(world.task(instance_id)) for instance_id in world.instance_ids]
    for delivery_id in waiting:
        world.accept(delivery_id)
    world.approved(world.bank_account)
    world.collect(world.momo_account)
    world.deliver(world.task())
    world.make_quote(world.make_project("LATER", world.villages[5:6]))
    return world.state()


BUILT = (
    ("people", "empty", _build_people), ("world", "people", _build_world), ("started", "world", _build_started),
    ("owing", "started", _build_owing), ("paying", "owing", _build_paying),
)  # fmt: skip
"""Name of a template, what it is built on, and how."""


def build(runtime, clock, name: str) -> World:
    """Build what a template holds in an installation that has only the schema: for the benches."""
    made = None
    for step, _, build_step in BUILT:
        made = build_step(runtime, clock, made)
        if step == name:
            break
    return World(runtime, clock, **made)


@pytest.fixture(scope="session")
def templates(installations):
    """The installations with everything the fixtures below copy."""

    def template(name: str) -> str:
        for made, below, build in BUILT:
            installations.template(made, below, build)
            if made == name:
                break
        return name

    return template


def _open(copy, template: str) -> World:
    runtime, clock, made = copy(template)
    clock.advance(minutes=1)
    return World(runtime, clock, **made)


@pytest.fixture
def opened(templates, copied):
    """opened(name) copies one of the templates: people, world, started, owing, paying."""
    return lambda name: _open(copied, templates(name))


@pytest.fixture(scope="module")
def attacked(templates, copied_for_module) -> World:
    """A `paying` world for a whole module, in which every change is refused or rolled back."""
    return _open(copied_for_module, templates("paying"))


@pytest.fixture
def world(opened) -> World:
    """A project of three villages with an offered quote, money in the fund, nothing started."""
    return opened("world")


@pytest.fixture
def started(opened) -> World:
    """The project's three villages run; each has its first task."""
    return opened("started")


@pytest.fixture
def owing(opened) -> World:
    """Nine accepted deliveries, owed on both rails; nothing paid yet."""
    return opened("owing")


@pytest.fixture
def paying(opened) -> World:
    """Batches that are answered, exported, approved and draft; one delivery waits for review."""
    return opened("paying")


@pytest.fixture(scope="session")
def processes():
    """Two other processes that wait for orders (tests/engine_processes.py)."""
    from tests.engine_processes import Process

    pair = [Process(), Process()]
    yield pair
    for process in pair:
        process.close()
