"""Reviewing and accepting: one acceptance owes once, whatever happens around it."""

import subprocess
import sys

import pytest
from sqlalchemy.exc import IntegrityError

from payments import ledger as accounts
from pricing.money import Money
from server.actor import SYSTEM, Actor, Grant, Role
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryChanged, ReasonMissing, ReworkExhausted
from server.demo.world import FUND
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import service as ledger
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from service_library import library


def shipped(**edits: tuple[str, str]) -> bytes:
    """The shipped community profile with pieces of its diagram replaced, under another code."""
    text = library.load("community_profile", "1.0.0").bpmn.decode()
    for old, new in edits.values():
        assert old in text, f"the shipped diagram no longer says {old}"
        text = text.replace(old, new, 1)
    return text.encode()


def owed_of(world, delivery_id):
    return {p.component: p for p in world.read(ledger.payables_of_deliveries, [delivery_id])}


def events(world, object_id):
    return [row.event for row in world.read(journal.of_objects, [object_id])]


# Accepting --------------------------------------------------------------------------------------------


def test_acceptance_owes_exactly_what_the_quote_promised(started):
    delivery_id = started.deliver()
    row = started.accept(delivery_id)
    due = started.read(deliveries.amounts, row)
    owed = owed_of(started, delivery_id)
    assert {c: p.gross for c, p in owed.items()} == {
        "honorarium": due.honorarium_minor, "expenses": due.expenses_minor,
    }  # fmt: skip
    assert owed["honorarium"].withheld > 0
    assert all(p.amount == p.gross - p.withheld and p.person_id == row.person_id for p in owed.values())
    assert started.read(ledger.postings_sum) == 0
    assert started.verify() == []


def test_accepting_twice_pays_once(started):
    delivery_id = started.deliver()
    first = started.accept(delivery_id)
    again = started.accept(delivery_id, who="verifier")
    assert (again.accepted_by, again.version) == (first.accepted_by, first.version)
    assert len(started.entries("delivery")) == 1
    assert len(owed_of(started, delivery_id)) == 2
    assert events(started, delivery_id).count(Event.DELIVERY_ACCEPTED) == 1


def test_eight_threads_accept_at_once_and_it_is_owed_once(started, race):
    delivery_id = started.deliver()
    done = race(8, lambda n: started.accept(delivery_id, who=("coordinator", "verifier")[n % 2]))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert {d.state for d in done} == {"accepted"}
    assert len({d.accepted_by for d in done}) == 1
    assert len(started.entries("delivery")) == 1
    assert len(owed_of(started, delivery_id)) == 2
    assert started.verify() == []


ACCEPT = """
import sys
from pathlib import Path
from server.actor import Actor, Grant, Role
from server.clock import SystemClock
from server.db.engine import open_engine
from server.deliveries import service
from server.files.store import FileStore
from server.ids import Ids
from server.runtime import Runtime
from server.settings import Settings

url, files, who, *ids = sys.argv[1:]
runtime = Runtime(open_engine(url), SystemClock(), Ids(), FileStore(Path(files)), Settings())
actor = Actor(who, grants=(Grant(Role.VERIFIER, ""),))
print("ready", flush=True)
sys.stdin.readline()
for delivery_id in ids:
    runtime.run(actor, service.accept_delivery, delivery_id)
runtime.engine.dispose()
"""


def test_two_processes_accept_the_same_deliveries_and_each_is_owed_once(started):
    waiting = [started.deliver(started.task(i)) for i in started.instance_ids]
    settings = started.runtime.settings
    command = [sys.executable, "-c", ACCEPT, settings.database_url, str(settings.files_dir)]
    processes = [
        subprocess.Popen([*command, who, *waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for who in ("one", "two")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(started.entries("delivery")) == 3
    assert len(started.payables()) == 6
    assert started.verify() == []


def test_different_deliveries_are_accepted_at_once_without_loss(started, race):
    waiting = [started.deliver(started.task(i)) for i in started.instance_ids]
    done = race(6, lambda n: started.accept(waiting[n % 3]))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert sorted(e.key for e in started.entries("delivery")) == sorted(f"delivery:{d}" for d in waiting)
    assert started.verify() == []


@pytest.mark.parametrize("broken", ["journal", "ledger", "instances"])
def test_a_failure_inside_acceptance_leaves_nothing(started, monkeypatch, broken):
    delivery_id = started.deliver()
    before = (started.delivery(delivery_id).version, started.read(ledger.head), started.read(journal.count))

    def fail(*_args, **_kwargs):
        raise RuntimeError("on purpose")

    module, name = {
        "journal": (journal, "record"), "ledger": (ledger, "_seal"), "instances": (deliveries, "close_instance"),
    }[broken]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(module, name, fail)
        with pytest.raises(RuntimeError, match="on purpose"):
            started.accept(delivery_id)
    row = started.delivery(delivery_id)
    assert (row.state, row.version) == ("waiting", before[0])
    assert (started.read(ledger.head), started.read(journal.count)) == before[1:]
    assert started.payables() == []
    started.accept(delivery_id)
    assert started.verify() == []


def test_a_delivery_cannot_be_owed_under_two_entries(started):
    """Either key alone suffices: with the entry's key changed, the payable's key still refuses."""
    delivery_id = started.deliver()
    row = started.accept(delivery_id)
    owed = owed_of(started, delivery_id)["honorarium"]
    from payments.posting_rules import Component, delivery_accepted

    again = delivery_accepted(
        delivery_id="another", project="p", payee=row.person_id, sources=(),
        components=(Component("honorarium", Money(owed.gross, "XOF")),),
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="payable"):
        started.run(
            "coordinator", ledger.owe, again, delivery_id=row.id, instance_id=row.instance_id,
            task_id=row.task_id, person_id=row.person_id, currency="XOF",
            debts=[ledger.Debt("honorarium", owed.gross, 0)],
        )  # fmt: skip
    assert started.verify() == []


# Who may ----------------------------------------------------------------------------------------------


def test_nobody_accepts_the_own_work(started):
    delivery_id = started.deliver()
    person = started.delivery(delivery_id).person_id
    both = Actor("somebody", grants=(Grant(Role.FACILITATOR, ""), Grant(Role.VERIFIER, "")), person_id=person)
    with pytest.raises(SamePerson):
        started.accept(delivery_id, who=both)
    with pytest.raises(SamePerson):
        started.run(both, deliveries.send_back, delivery_id, reason="x")
    assert started.delivery(delivery_id).state == "waiting"


def test_reviewing_needs_the_role_in_the_region(started):
    delivery_id = started.deliver()
    elsewhere = Actor("x", grants=(Grant(Role.VERIFIER, "DE/"),))
    for who in ("finance", "approver", "expert", "auditor", "administrator", elsewhere, started.members[0]):
        with pytest.raises(Forbidden):
            started.accept(delivery_id, who=who)
    with pytest.raises(Forbidden):
        started.run("coordinator", deliveries.record_second_check, delivery_id, passed=True, note="x")


def test_a_second_acceptance_also_needs_the_role(started):
    delivery_id = started.deliver()
    started.accept(delivery_id)
    with pytest.raises(Forbidden):
        started.accept(delivery_id, who="finance")


def test_an_unknown_delivery_is_not_found(started):
    with pytest.raises(NotFound):
        started.accept("nothing")


# Versions and sending back ----------------------------------------------------------------------------


def test_who_looked_at_an_older_version_decides_nothing(started):
    delivery_id = started.deliver()
    seen = started.delivery(delivery_id).version
    started.run("coordinator", deliveries.send_back, delivery_id, reason="The notice cannot be read.")
    redo(started, delivery_id)
    for step in (deliveries.accept_delivery, deliveries.send_back):
        given = {"reason": "x"} if step is deliveries.send_back else {}
        with pytest.raises(DeliveryChanged):
            started.run("coordinator", step, delivery_id, version=seen, **given)
    started.run(
        "coordinator", deliveries.accept_delivery, delivery_id, version=started.delivery(delivery_id).version
    )


def started_task(world, delivery_id):
    return world.read(instances.task_row, world.delivery(delivery_id).task_id)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_sending_back_needs_a_reason(started, reason):
    delivery_id = started.deliver()
    with pytest.raises(ReasonMissing):
        started.run("coordinator", deliveries.send_back, delivery_id, reason=reason)


def redo(world, delivery_id):
    """Correct a delivery that was sent back; cleared of a second check."""
    row = world.delivery(delivery_id)
    sending = world.filled(world.read(instances.task_row, row.task_id), corrects=row.submission_id)
    world.send(sending)
    if world.delivery(delivery_id).second_check_required:
        world.run("verifier", deliveries.record_second_check, delivery_id, passed=True, note="seen")
    return sending


def test_rework_keeps_the_task_and_the_payable_and_pays_once(started):
    delivery_id = started.deliver()
    task_id = started.delivery(delivery_id).task_id
    started.run("coordinator", deliveries.send_back, delivery_id, reason="The notice cannot be read.")
    assert started.delivery(delivery_id).state == "sent_back"
    sending = redo(started, delivery_id)
    row = started.delivery(delivery_id)
    assert (row.task_id, row.submission_id, row.state) == (task_id, sending.submission_id, "waiting")
    assert "sent_back_before" in {f["code"] for f in row.flags}
    started.accept(delivery_id)
    first = started.read(quotes.quote, started.quote_id).tasks["announce"]
    assert (
        owed_of(started, delivery_id)["honorarium"].gross
        == first.owed(first=True, sent_back=0).honorarium_minor
    )
    assert len(started.entries("delivery")) == 1
    assert started.verify() == []


def test_what_was_sent_back_is_not_accepted_before_it_is_corrected(started):
    delivery_id = started.deliver()
    started.run("coordinator", deliveries.send_back, delivery_id, reason="x")
    with pytest.raises(WrongState):
        started.accept(delivery_id)
    with pytest.raises(WrongState):
        started.run("coordinator", deliveries.send_back, delivery_id, reason="x")


def test_rework_is_exhausted_after_as_many_times_as_the_card_says(started):
    delivery_id = started.deliver()
    for _ in range(3):
        started.run("coordinator", deliveries.send_back, delivery_id, reason="Again, please.")
        redo(started, delivery_id)
    with pytest.raises(ReworkExhausted):
        started.run("coordinator", deliveries.send_back, delivery_id, reason="Again, please.")
    started.accept(delivery_id)
    assert len(started.entries("delivery")) == 1


def test_every_decision_is_kept(started):
    delivery_id = started.deliver()
    started.run("verifier", deliveries.send_back, delivery_id, reason="Unreadable.")
    redo(started, delivery_id)
    started.accept(delivery_id)
    kept = [(r.verdict, r.reason) for r in started.read(deliveries.reviews, delivery_id)]
    assert [k for k in kept if k[0] in ("sent_back", "accepted")] == [
        ("sent_back", "Unreadable."),
        ("accepted", ""),
    ]
    accepted = started.read(deliveries.reviews, delivery_id)[-1]
    assert accepted.criteria, "the criteria found met are named"


# Second checks ----------------------------------------------------------------------------------------


def drawn(world):
    """A delivery that needs a second check."""
    from decimal import Decimal

    def far(answers):
        answers["gps"]["latitude"] += Decimal(2)

    return world.send(world.filled(world.task(), change=far)).delivery_id


def test_a_second_check_must_be_made_before_acceptance(started):
    delivery_id = drawn(started)
    with pytest.raises(WrongState):
        started.accept(delivery_id)
    started.run("verifier", deliveries.record_second_check, delivery_id, passed=True, note="called")
    started.accept(delivery_id)
    assert started.delivery(delivery_id).second_checked_by == started.actor("verifier").user_id


def test_a_failed_second_check_sends_back_with_its_note(started):
    delivery_id = drawn(started)
    with pytest.raises(ReasonMissing):
        started.run("verifier", deliveries.record_second_check, delivery_id, passed=False, note=" ")
    started.run(
        "verifier", deliveries.record_second_check, delivery_id, passed=False, note="Nobody met there."
    )
    row = started.delivery(delivery_id)
    assert (row.state, row.times_sent_back) == ("sent_back", 1)
    assert started.read(deliveries.reviews, delivery_id)[-1].reason == "Nobody met there."


def test_the_performer_makes_no_second_check(started):
    delivery_id = drawn(started)
    person = started.delivery(delivery_id).person_id
    both = Actor("x", grants=(Grant(Role.VERIFIER, ""),), person_id=person)
    with pytest.raises(SamePerson):
        started.run(both, deliveries.record_second_check, delivery_id, passed=True, note="fine")


def test_the_draw_follows_the_share_and_nothing_else():
    from datetime import UTC, datetime
    from decimal import Decimal

    from server.clock import SetClock
    from server.ids import Ids

    clock, ids = SetClock(datetime(2026, 1, 1, tzinfo=UTC)), Ids.seeded(1)
    made = [ids.new_id(clock.now()) for _ in range(4000)]
    share = sum(deliveries.is_drawn(i, Decimal("0.1")) for i in made) / len(made)
    assert 0.08 < share < 0.12
    assert not any(deliveries.is_drawn(i, Decimal(0)) for i in made)
    assert all(deliveries.is_drawn(i, Decimal(1)) for i in made)


# Gates, loops, the end --------------------------------------------------------------------------------

VERIFICATION = '<run:verification policy="coordinator" rework="none" maxRework="3" />'


def test_a_gated_task_completes_only_at_acceptance(world):
    gated = VERIFICATION.replace("/>", 'gate="true" />')
    [instance_id] = world.start_service("GATED", shipped(gate=(VERIFICATION, gated)), version="1.0.1")
    task = world.task(instance_id)
    delivery_id = world.deliver(task)
    assert world.read(instances.task_row, task.id).state == "waiting_review"
    assert world.ready_tasks(instance_id) == []
    world.run("coordinator", deliveries.send_back, delivery_id, reason="x")
    redo(world, delivery_id)
    assert world.ready_tasks(instance_id) == []
    world.accept(delivery_id)
    assert world.read(instances.task_row, task.id).state == "completed"
    assert [t.node_id for t in world.ready_tasks(instance_id)] == ["hold_meeting"]
    assert world.ready_tasks(instance_id)[0].assignee_id is not None
    assert world.verify() == []


def test_a_meeting_without_a_quorum_is_held_and_owed_again(started):
    instance_id = started.instance_ids[0]
    started.accept(started.deliver(started.task(instance_id)))
    first, second = started.task(instance_id), None
    one = started.deliver(first, quorum_fails=True)
    second = started.task(instance_id)
    assert (second.node_id, second.round, second.id != first.id) == ("hold_meeting", 2, True)
    two = started.deliver(second)
    for delivery_id in (one, two):
        started.accept(delivery_id)
    assert owed_of(started, one)["honorarium"].gross == owed_of(started, two)["honorarium"].gross
    assert owed_of(started, one)["honorarium"].task_id != owed_of(started, two)["honorarium"].task_id
    assert [t.node_id for t in started.ready_tasks(instance_id)] == ["survey"]
    assert started.verify() == []


def test_an_instance_is_accepted_when_its_last_delivery_is(started):
    instance_id = started.instance_ids[0]
    waiting = []
    while tasks := started.ready_tasks(instance_id):
        waiting.append(started.deliver(tasks[0]))
    assert started.read(instances.instance, instance_id).status == "work_done"
    for delivery_id in waiting[1:]:
        started.accept(delivery_id)
    assert started.read(instances.instance, instance_id).status == "work_done"
    started.accept(waiting[0])
    row = started.read(instances.instance, instance_id)
    assert (row.status, row.ended_at) == ("accepted", started.clock.now())
    assert started.verify() == []


# Money that runs out ----------------------------------------------------------------------------------


def reserved(world):
    """What the project's reservation and contingency still hold."""
    return {
        a.kind: -a.balance
        for a in world.read(ledger.accounts)
        if a.kind in ("reservation", "contingency", "unfunded") and world.project_id in a.code
    }


def test_an_overrun_draws_on_the_contingency_then_is_owed_unfunded(world):
    """A meeting that never reaches its quorum: the work was done, so it is owed, and the gap is visible."""
    world.project_id = world.make_project("OVERRUN", world.villages[7:8])
    world.quote_id = world.make_quote(world.project_id)
    [instance_id] = world.start()
    world.accept(world.deliver(world.task(instance_id)))
    held = [reserved(world)]
    while held[-1].get("unfunded", 0) == 0:
        assert len(held) < 60
        delivery_id = world.deliver(world.task(instance_id), quorum_fails=True)
        world.accept(delivery_id)
        assert owed_of(world, delivery_id)["honorarium"].gross > 0
        held.append(reserved(world))
    touched = [h["contingency"] < held[0]["contingency"] for h in held]
    assert all(h["reservation"] == 0 for h, t in zip(held, touched, strict=True) if t), (
        "the reservation goes first"
    )
    assert (held[-1]["reservation"], held[-1]["contingency"]) == (0, 0)
    assert world.verify() == []


def test_the_reserve_of_a_region_above_bears_what_the_contingency_does_not(world):
    country = world.read(regions.country, world.villages[7])
    world.run(
        SYSTEM,
        ledger.set_reserve_aside,
        fund=FUND,
        region=country,
        amount=Money(20_000, "XOF"),
        memo="floods",
    )
    world.project_id = world.make_project("OVERRUN", world.villages[7:8])
    world.quote_id = world.make_quote(world.project_id)
    [instance_id] = world.start()
    world.accept(world.deliver(world.task(instance_id)))
    for _ in range(60):
        world.accept(world.deliver(world.task(instance_id), quorum_fails=True))
        reserve = world.read(ledger.available, accounts.reserve(country, "XOF")).minor
        if reserve < 20_000:
            break
    assert reserved(world)["contingency"] == 0
    assert 0 <= reserve < 20_000
    assert reserve == 0 or not world.read(ledger.obligations)
    assert world.verify() == []


def test_what_no_budget_covers_blocks_new_starts_from_the_fund_until_it_is_funded(world):
    world.project_id = world.make_project("OVERRUN", world.villages[7:8])
    world.quote_id = world.make_quote(world.project_id)
    [instance_id] = world.start()
    other = world.make_project("NEXT", world.villages[8:9])
    world.run("coordinator", projects.accept_quote, other, world.make_quote(other))
    world.accept(world.deliver(world.task(instance_id)))
    while not world.read(ledger.obligations):
        world.accept(world.deliver(world.task(instance_id), quorum_fails=True))
    [gap] = world.read(ledger.obligations)
    assert gap.project == world.project_id
    assert Event.OBLIGATION_MADE in events(world, world.project_id)
    with pytest.raises(ledger.ObligationUnfunded):
        world.run("coordinator", projects.start, other)
    world.run(
        SYSTEM, ledger.fund_obligation, project=gap.project, region="BJ", fund=FUND, amount=gap.amount
    )  # fmt: skip
    assert world.read(ledger.obligations) == []
    assert world.run("coordinator", projects.start, other)
    assert world.verify() == []


def test_two_acceptances_at_once_share_what_is_left_of_the_reservation(world, race):
    world.project_id = world.make_project("SHARED", world.villages[7:9])
    world.quote_id = world.make_quote(world.project_id)
    started = world.start()
    for instance_id in started:
        world.accept(world.deliver(world.task(instance_id)))
    for _ in range(60):
        waiting = [world.deliver(world.task(i), quorum_fails=True) for i in started]
        done = race(2, lambda n, waiting=waiting: world.accept(waiting[n]))
        assert [d for d in done if isinstance(d, Exception)] == []
        if reserved(world).get("unfunded", 0):
            break
    assert world.verify() == []
