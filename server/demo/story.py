"""The story a newcomer runs: eight chapters from a drawn service to a proven payment.

Everything happens through the service functions the site uses, as the people who would do it, on a clock that
the story moves and with a seeded source of chance: the same seed gives the same files, byte for byte.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from forms.fill import fill
from payments import simulated_bank
from payments.batches import PayeeAccount
from payments.rails import mobile_money, pain001
from payments.rails.profiles import mobile_money_profile
from pricing.money import Money
from server.actor import Actor
from server.batches import service as batches
from server.batches.service import EVERYTHING, Selection
from server.catalogue import service as catalogue
from server.clock import SetClock
from server.deliveries import service as deliveries
from server.demo import field as work
from server.demo import world as demo_world
from server.demo.world import COMMUNE, FUND, FUNDER, World
from server.instances import service as instances
from server.instances.service import TaskRow
from server.ledger import service as ledger
from server.people import service as people
from server.price_lists import service as price_lists
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Runtime, Tx
from server.submissions import service as submissions
from server.transparency import service as transparency
from service_library import library
from service_library.package import ServicePackage

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""A Monday, within the validity of the demonstration's price lists."""
SERVICE = "community_profile"
GIFT = Money(20_000_00, "EUR")
REWORK_SHARE = 0.08
REPEAT_SHARE = 0.15
"""Of meetings without a quorum."""
SAME_PHOTO_SHARE = 0.02
TASKS_A_DAY = 2
"""What one facilitator does on a day."""
MAX_DAYS = 120


@dataclass(slots=True)
class Tally:
    """What the story counts as it goes."""

    sent: int = 0
    replays_refused: int = 0
    late_files: int = 0
    sent_back: set[str] = field(default_factory=set)
    second_checks: int = 0
    accepted: int = 0
    meetings_repeated: int = 0
    days: int = 0
    done_today: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Paid:
    """One exported batch of the story."""

    rail: str
    batch_id: str
    name: str
    content: bytes
    count: int
    total: int
    settled: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Story:
    """The state of the telling; the chapters fill it in their order."""

    runtime: Runtime
    clock: SetClock
    chance: random.Random
    world: World
    village_count: int = 46
    tally: Tally = field(default_factory=Tally)
    version_id: str = ""
    meeting_version_id: str = ""
    next_version_id: str = ""
    running_at_release: int = 0
    project_id: str = ""
    quote_id: str = ""
    instance_ids: list[str] = field(default_factory=list)
    batches: list[Paid] = field(default_factory=list)
    last_photo: bytes = b""
    organisations: list[str] = field(default_factory=list)
    """The tax office, then the bearer of an overhead, once they are registered."""
    dues: Paid | None = None
    """What was paid to them."""

    def actor(self, who: str) -> Actor:
        return self.world.actors[who]


def begin(runtime: Runtime, clock: SetClock, *, seed: int, villages: int = 46) -> Story:
    """Fill the installation with the demonstration's world."""
    world = demo_world.build(runtime)
    # the demonstration's own chance, not a secret
    return Story(runtime, clock, random.Random(seed), world, min(villages, len(world.villages)))  # noqa: S311


# 1 and 2 ----------------------------------------------------------------------------------------------


def publish(story: Story, version: str) -> str:
    """An expert publishes a version of the community profile. Returns the version's id."""
    shipped = library.load(SERVICE, version)
    row = story.runtime.run(
        story.actor("expert"), catalogue.publish, shipped.bpmn, shipped.form_sources, version=version
    )
    return row.id


def publish_other(story: Story) -> None:
    """Publish the other shipped service, so that the catalogue has more than one."""
    shipped = library.load("village_meeting", "1.0.0")
    row = story.runtime.run(
        story.actor("expert"), catalogue.publish, shipped.bpmn, shipped.form_sources, version="1.0.0"
    )
    story.meeting_version_id = row.id


def price_without_list(story: Story) -> None:
    """Ask for a price before there are any: raises NotPriceable with every missing price."""
    story.runtime.read(
        story.actor("expert"), _quote_of, story.version_id, COMMUNE, 1,
    )  # fmt: skip


def _quote_of(tx: Tx, version_id: str, region: str, count: int) -> object:
    return quotes.calculate(
        tx, version_id=version_id, region=region, instances=count, overheads=demo_world.overheads(),
        contributions=demo_world.contributions(),
    )  # fmt: skip


def import_prices(story: Story) -> list[tuple[str, int]]:
    """Coordinators import the price lists, somebody else approves them. Returns (file, rows)."""
    done = []
    for name in ("price_list_benin.xlsx", "price_list_copargo.xlsx", "price_list_alfter.xlsx"):
        row = story.runtime.run(
            story.actor("national"), price_lists.import_price_list, demo_world.file(name), filename=name
        )
        story.runtime.run(story.actor("expert"), price_lists.approve_price_list, row.id)
        done.append((name, row.row_count))
    return done


# 3 ----------------------------------------------------------------------------------------------------


def fund(story: Story) -> Money:
    """Alfter's money enters the Transformation Fund and is changed into the region's currency."""
    finance = story.actor("finance")
    story.runtime.run(
        finance, ledger.receive_grant, funder=FUNDER, fund=FUND, amount=GIFT, memo="Twin region"
    )
    return story.runtime.run(finance, ledger.exchange, fund=FUND, given=GIFT, currency="XOF")


def plan(story: Story) -> None:
    """Villages ask for the service; the coordinator sets up one project for all of them and gets its price."""
    coordinator = story.actor("coordinator")
    made = [
        story.runtime.run(
            coordinator, requests.make_request, service=SERVICE, region=village, requester="Village council",
            note="Asked at the commune's assembly.",
        )
        for village in story.world.villages[: story.village_count]
    ]  # fmt: skip
    story.project_id = story.runtime.run(
        coordinator,
        projects.create,
        projects.NewProject(
            code="COPARGO-2026", name="Community profiles, Copargo 2026", version_id=story.version_id,
            region=COMMUNE, fund=FUND, requests=made, members=story.world.members,
        ),
    )  # fmt: skip
    quote = story.runtime.run(
        coordinator, projects.make_quote, story.project_id, overheads=demo_world.overheads(),
        contributions=demo_world.contributions(),
    )  # fmt: skip
    story.quote_id = quote.id


def start(story: Story) -> None:
    """The quote is accepted, which commits the fund's share, and every village starts."""
    coordinator = story.actor("coordinator")
    story.runtime.run(coordinator, projects.accept_quote, story.project_id, story.quote_id)
    story.instance_ids = story.runtime.run(coordinator, projects.start, story.project_id)


# 4 and 5 ----------------------------------------------------------------------------------------------


def work_on(
    story: Story, release_on_day: int, progress: Callable[[int, int], None], *, days: int | None = None
) -> None:
    """Day by day: facilitators work and send, verifiers look; until every village is accepted, or for `days`.

    release_on_day: the working day on which 1.1.0 is published, while villages run on 1.0.0.
    progress: told accepted villages and all of them, after each day.
    """
    while story.tally.days < MAX_DAYS:
        story.tally.days += 1
        next_working_day(story)
        story.tally.done_today.clear()
        for task in story.runtime.read(story.actor("coordinator"), open_tasks, story.instance_ids):
            do_task(story, task)
        _correct_sent_back(story)
        if story.tally.days == release_on_day:
            story.clock.advance(minutes=30)
            story.next_version_id = publish(story, "1.1.0")
            story.running_at_release = story.runtime.read(
                story.actor("coordinator"), _running, story.instance_ids
            )
        review(story)
        story.runtime.run(story.actor("auditor"), transparency.seal)
        running = story.runtime.read(story.actor("coordinator"), _not_accepted, story.instance_ids)
        progress(len(story.instance_ids) - running, len(story.instance_ids))
        if not running or story.tally.days == days:
            return
    raise RuntimeError("the demonstration's villages did not finish")


def next_working_day(story: Story) -> None:
    """Eight in the morning of the next day from Monday to Friday."""
    now = story.clock.now()
    story.clock.advance(days=3 if now.weekday() == 4 else 1)
    morning = story.clock.now().replace(hour=8, minute=0)
    story.clock.advance(seconds=max(0.0, (morning - story.clock.now()).total_seconds()))


def open_tasks(tx: Tx, instance_ids: list[str]) -> list[TaskRow]:
    """What somebody has to do now in these instances."""
    found = instances.tasks_of_instances(tx, instance_ids)
    return [t for t in found if t.state == "ready" and t.assignee_id is not None]


def _running(tx: Tx, instance_ids: list[str]) -> int:
    return sum(row.status == "running" for row in instances.instances(tx, instance_ids).values())


def _not_accepted(tx: Tx, instance_ids: list[str]) -> int:
    return sum(row.status != "accepted" for row in instances.instances(tx, instance_ids).values())


@dataclass(frozen=True, slots=True)
class _Order:
    """What a facilitator's phone knows of a task."""

    package: ServicePackage
    node_id: str
    village: str
    place: work.Place
    households: int
    round: int


def _order(tx: Tx, task_id: str) -> _Order:
    task = instances.task_row(tx, task_id)
    row = instances.instance(tx, task.instance_id)
    village = regions.region(tx, row.region_code)
    place = work.Place(Decimal(village.latitude or "9.84"), Decimal(village.longitude or "1.55"))
    households = int(Decimal(str(row.data.get("households", 20))))
    package = catalogue.package(tx, row.service_version_id)
    return _Order(package, task.node_id, regions.name(village, "fr"), place, households, task.round)


def do_task(story: Story, task: TaskRow) -> None:
    """A facilitator does a task without a network, then sends: in pieces, and three times."""
    assert task.assignee_id is not None
    done = story.tally.done_today.get(task.assignee_id, 0)
    if done >= TASKS_A_DAY:
        return
    story.tally.done_today[task.assignee_id] = done + 1
    facilitator = story.actor(task.assignee_id)
    order = story.runtime.read(facilitator, _order, task.id)
    fails = order.node_id == "hold" and order.round == 1  # the village meeting, which only the site has
    fails |= order.node_id == "hold_meeting" and order.round == 1 and story.chance.random() < REPEAT_SHARE
    story.tally.meetings_repeated += fails
    story.clock.advance(minutes=story.chance.randint(1, 4))
    xml, files = _filled(story, order, task.id, quorum_fails=fails)
    _send_three_times(story, facilitator, task.id, xml, files)


def _filled(
    story: Story, order: _Order, task_id: str, *, quorum_fails: bool, corrects: str | None = None
) -> tuple[bytes, dict[str, bytes]]:
    card = order.package.definition.node(order.node_id).task
    assert card is not None
    form = submissions.read_form(order.package.forms[next(f.ref for f in card.forms if f.role == "response")])
    now = story.clock.now()
    given = work.answers(
        order.node_id, story.chance, place=order.place, today=now.date(), households=order.households,
        quorum_fails=quorum_fails,
    )  # fmt: skip
    instance_id = story.runtime.ids.new_id(now)
    filled, files = work.with_pictures(
        form, given, story.chance, caption=order.village, prefix=instance_id[-8:]
    )
    if files:
        name = next(iter(files))
        if story.last_photo and story.chance.random() < SAME_PHOTO_SHARE:
            files[name] = story.last_photo
        story.last_photo = files[name]
    xml = fill(form, filled, instance_id=f"uuid:{instance_id}", now=now, deprecated_id=corrects)
    return xml, files


def _send_three_times(
    story: Story, facilitator: Actor, task_id: str, xml: bytes, files: dict[str, bytes]
) -> None:
    """The network breaks: every submission arrives three times, a fifth of them first without its pictures."""
    pieces = [files, files, files]
    if files and story.chance.random() < 0.2:
        pieces[0] = {}
    for sent in pieces:
        done = deliveries.submit(story.runtime, facilitator, task_id=task_id, xml=xml, files=sent)
        story.tally.sent += 1
        story.tally.replays_refused += done.outcome == "replayed"
        story.tally.late_files += done.outcome == "files_added"
        if done.status == "faulty":
            raise RuntimeError(f"the demonstration filled a form wrongly: {done.problems}")


def _correct_sent_back(story: Story) -> None:
    for delivery_id, task_id, person_id, submission_id in story.runtime.read(
        story.actor("coordinator"), _sent_back, story.instance_ids
    ):
        facilitator = story.actor(person_id)
        order = story.runtime.read(facilitator, _order, task_id)
        story.clock.advance(minutes=story.chance.randint(1, 4))
        xml, files = _filled(story, order, task_id, quorum_fails=False, corrects=f"uuid:{submission_id}")
        _send_three_times(story, facilitator, task_id, xml, files)
        story.tally.sent_back.add(delivery_id)


def _sent_back(tx: Tx, instance_ids: list[str]) -> list[tuple[str, str, str, str]]:
    return [
        (d.id, d.task_id, d.person_id, d.submission_id)
        for d in deliveries.deliveries_of_instances(tx, instance_ids)
        if d.state == "sent_back"
    ]


def review(story: Story) -> None:
    """The day's queue, riskiest first: some surveys are sent back, drawn and flagged ones are checked twice."""
    verifier = story.actor("verifier")
    for delivery_id, node_id, times, second in story.runtime.read(verifier, _waiting):
        story.clock.advance(seconds=story.chance.randint(20, 55))
        if node_id == "survey" and times == 0 and story.chance.random() < REWORK_SHARE:
            story.runtime.run(
                verifier, deliveries.send_back, delivery_id,
                reason="Trois ménages ont le même lieu GPS : reprenez la position à chaque porte.",
            )  # fmt: skip
            continue
        if second:
            story.runtime.run(
                verifier, deliveries.record_second_check, delivery_id, passed=True,
                note="Appel au chef de village : confirmé.",
            )  # fmt: skip
            story.tally.second_checks += 1
        story.runtime.run(story.actor("coordinator"), deliveries.accept_delivery, delivery_id)
        story.tally.accepted += 1


def _waiting(tx: Tx) -> list[tuple[str, str, int, bool]]:
    return [
        (d.id, d.node_id, d.times_sent_back, d.second_check_required)
        for d in deliveries.queue(tx, demo_world.COMMUNE_PATH)
    ]


# 6 ----------------------------------------------------------------------------------------------------


def pay(story: Story) -> Iterator[Paid]:
    """Finance pays both rails; what fails is mended and paid again. Yields each batch when it is answered."""
    for rail in ("bank", "mobile_money"):
        yield pay_batch(story, rail, failing=True)
    for person_id, kind in story.runtime.read(story.actor("finance"), failed):
        number = story.world.members.index(person_id) + 1
        account = demo_world.other_account(number, kind)
        changed = story.runtime.run(story.actor("coordinator"), change_account, person_id, account)
        story.runtime.run(
            story.actor("finance"),
            people.check_payee_account,
            changed,
            confirmed=True,
            note="Asked by telephone.",
        )
    for rail in ("bank", "mobile_money"):
        yield pay_batch(story, rail, failing=False)


def pay_first(story: Story) -> None:
    """One batch of each rail out of the fund, answered: for a site that shows some money already paid."""
    for rail in ("bank", "mobile_money"):
        pay_batch(story, rail, failing=True, wanted=Selection(fund=FUND))


def leave_open(story: Story) -> None:
    """One more morning of work that nobody has reviewed yet: the queue has something in it."""
    next_working_day(story)
    story.tally.done_today.clear()
    for task in story.runtime.read(story.actor("coordinator"), open_tasks, story.instance_ids):
        do_task(story, task)


def change_account(tx: Tx, person_id: str, account: PayeeAccount) -> str:
    """Somebody is paid elsewhere from now on; returns the new account's id, which waits for a check."""
    holder = people.person(tx, person_id).name
    return people.set_payee_account(tx, person_id, account, holder_name=holder)


def failed(tx: Tx) -> list[tuple[str, str]]:
    """Who a payment was refused for, and the kind of their account, in the order of the batches."""
    return [
        (p.person_id, p.account_kind)
        for b in batches.batches(tx)
        for p in batches.payments(tx, b.id)
        if p.state == "rejected"
    ]


def pay_batch(story: Story, rail: str, *, failing: bool, wanted: Selection = EVERYTHING) -> Paid:
    """A batch of what is owed on a rail, from the draft to the answer. failing: one payment of it is refused."""
    run, finance = story.runtime.run, story.actor("finance")
    account = story.world.bank_account if rail == "bank" else story.world.momo_account
    day: date = story.clock.advance(hours=1).date()
    batch_id = run(finance, batches.collect, account, execution_date=day, wanted=wanted)
    content = run(finance, batches.submit, batch_id)
    story.clock.advance(minutes=20)
    if not run(story.actor("approver"), batches.approve, batch_id, content=content):  # a sum for two people
        run(story.actor("second_approver"), batches.approve, batch_id, content=content)
    run(finance, batches.export, batch_id)
    name, written = story.runtime.read(finance, batches.file_of, batch_id)
    paid = Paid(rail, batch_id, name, written, *_totals(rail, written))
    answer = _bank_answers(story, rail, written, failing=failing)
    story.clock.advance(hours=20)
    read = run(finance, batches.read_answer, batch_id, answer, name=f"answer-{name}")
    paid.settled, paid.rejected = read.settled, read.rejected
    story.batches.append(paid)
    return paid


def _totals(rail: str, written: bytes) -> tuple[int, int]:
    """Count and sum, recomputed from the file itself."""
    if rail == "bank":
        found = pain001.read_totals(io.BytesIO(written))
        return found.count, found.total_minor["XOF"]
    totals = mobile_money.read_totals(written, mobile_money_profile("mobile_money"))
    return totals.count, totals.total_minor["XOF"]


def _bank_answers(story: Story, rail: str, written: bytes, *, failing: bool) -> bytes:
    """The simulated bank's answer: in the first round one closed account, one wallet of another name."""
    if rail == "bank":
        rejected = {}
        if failing:
            transfers = list(pain001.read_transfers(io.BytesIO(written)))
            rejected = {transfers[len(transfers) // 2].end_to_end_id: "AC04"}
        return simulated_bank.status_report(
            written, message_id=f"BANK-{len(story.batches) + 1:04d}", created_at=story.clock.now(),
            rejections=rejected,
        )  # fmt: skip
    profile = mobile_money_profile("mobile_money")
    failures: dict[str, str] = {}
    names: dict[str, str] = {}
    if failing:
        row = mobile_money.read_rows(written, profile)[1]
        failures, names = {row.reference: "NAME_MISMATCH"}, {row.reference: "AUTRE PERSONNE"}
    return simulated_bank.mobile_money_result(written, profile, failures=failures, registered_names=names)
