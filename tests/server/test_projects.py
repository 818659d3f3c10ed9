"""From a request to running villages: priced, funded, then started, all of it or nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from payments import ledger as accounts
from pricing.errors import NotPriceable
from pricing.money import Money
from server.actor import Actor, Grant, Role
from server.demo.world import COMMUNE, FUND
from server.errors import Forbidden, NotFound, ServerError, Unfunded, WrongState
from server.instances import service as instances
from server.instances.service import NotFunded, PersonLeft
from server.ledger import service as ledger
from server.projects import service as projects
from server.projects.service import MissingSkills, ProjectExists
from server.quotes import service as quotes
from server.requests import service as requests


def fund_free(world):
    return {c: m for f, c, m in world.read(ledger.funds) if f == FUND}["XOF"]


# Quotes -----------------------------------------------------------------------------------------------


def test_accepting_a_quote_commits_exactly_the_funds_share(world):
    before, quote = fund_free(world), world.read(quotes.quote_row, world.quote_id)
    world.accept_quote()
    assert before - fund_free(world) == quote.fund_minor > 0
    row = world.read(quotes.quote_row, world.quote_id)
    assert (row.status, row.accepted_by) == ("accepted", world.actor("coordinator").user_id)
    assert world.verify() == []


def test_a_quote_is_accepted_once(world):
    world.accept_quote()
    free = fund_free(world)
    with pytest.raises(WrongState):
        world.accept_quote()
    with pytest.raises(WrongState):
        world.run("coordinator", quotes.accept, world.quote_id, fund=FUND, project=world.project_id)
    assert fund_free(world) == free


def test_a_project_has_one_accepted_quote(world):
    other = world.make_quote(world.project_id)
    world.accept_quote()
    with pytest.raises(WrongState):
        world.run("coordinator", projects.accept_quote, world.project_id, other)


def test_eight_accepting_at_once_commit_once(world, race):
    before, share = fund_free(world), world.read(quotes.quote_row, world.quote_id).fund_minor
    done = race(8, lambda _: world.accept_quote())
    assert sorted(type(d).__name__ for d in done) == ["NoneType"] + ["WrongState"] * 7
    assert before - fund_free(world) == share


def test_an_expired_quote_is_refused_the_last_day_still_counts(world):
    valid_until = world.read(quotes.quote_row, world.quote_id).valid_until
    while world.clock.now().date() < valid_until:
        world.clock.advance(days=1)
    late = world.make_quote(world.make_project("LATE", world.villages[4:5]))
    world.accept_quote()
    world.clock.advance(days=quotes.VALID_DAYS + 1)
    with pytest.raises(WrongState) as refused:
        world.run("coordinator", quotes.accept, late, fund=FUND, project="x")
    assert refused.value.params["state"] == "expired"


def test_a_quote_beyond_the_fund_is_refused_and_stays_offered(world):
    huge = world.make_project("HUGE", world.villages)
    quote = world.make_quote(huge)
    share, free = world.read(quotes.quote_row, quote).fund_minor, fund_free(world)
    while free >= share:  # make the fund too small by what other projects take
        world.run(
            "finance", ledger.commit_money, quote_id=f"q{free}", fund=FUND, project="x",
            amount=Money(free - share + 1, "XOF"), contingency=Money(0, "XOF"),
        )  # fmt: skip
        free = fund_free(world)
    with pytest.raises(Unfunded):
        world.run("coordinator", projects.accept_quote, huge, quote)
    assert world.read(quotes.quote_row, quote).status == "offered"
    assert world.read(projects.project, huge).quote_id is None
    assert fund_free(world) == free
    world.grant(Money(share - free, "XOF"))
    world.run("coordinator", projects.accept_quote, huge, quote)
    assert fund_free(world) == 0


def test_a_quote_of_another_project_is_not_found(world):
    other = world.make_quote(world.make_project("OTHER", world.villages[4:5]))
    with pytest.raises(NotFound):
        world.run("coordinator", projects.accept_quote, world.project_id, other)


def test_the_same_question_gives_the_same_price(world):
    one, two = (world.make_quote(world.project_id) for _ in range(2))
    rows = [world.read(quotes.quote_row, q) for q in (one, two, world.quote_id)]
    assert len({(r.digest, r.charged_minor, r.fund_minor) for r in rows}) == 1


def test_a_missing_price_names_item_region_and_what_was_tried(world):
    world.tamper("DELETE FROM price WHERE item_code = 'FEE.ENUM'")
    with pytest.raises(NotPriceable) as refused:
        world.make_quote(world.project_id)
    said = " ".join(p.text() for p in refused.value.problems)
    assert "FEE.ENUM" in said
    assert COMMUNE in said
    assert len(world.read(quotes.quotes)) == 1, "nothing was stored"


def test_an_order_for_more_households_costs_more_and_reaches_the_villages(world):
    more = world.make_quote(world.project_id, parameters={"households": Decimal(30)})
    rows = [world.read(quotes.quote_row, q) for q in (world.quote_id, more)]
    assert rows[1].charged_minor > rows[0].charged_minor
    world.quote_id = more
    world.start()
    assert {
        str(r.data["households"]) for r in world.read(instances.instances, world.instance_ids).values()
    } == {"30"}


# Starting ---------------------------------------------------------------------------------------------


def test_starting_unfunded_is_refused(world):
    with pytest.raises(NotFunded):
        world.run("coordinator", projects.start, world.project_id)
    assert world.read(projects.project, world.project_id).status == "planned"
    request = world.read(projects.villages, world.project_id)[0].request_id
    with pytest.raises(NotFunded):
        world.run(
            "coordinator", instances.start, request_id=request, version_id=world.version_id,
            quote_id=world.quote_id, project_id=world.project_id, parameters={},
        )  # fmt: skip


def test_every_village_starts_with_its_first_task_given_to_somebody_able(world):
    from server.people import service as people

    world.start()
    rows = world.read(instances.instances, world.instance_ids)
    assert sorted(r.region_code for r in rows.values()) == sorted(world.villages[:3])
    assert {r.status for r in rows.values()} == {"running"}
    given = [world.task(i) for i in world.instance_ids]
    assert {t.node_id for t in given} == {"announce"}
    for task in given:
        skills = {s.skill for s in world.read(people.person, task.assignee_id).skills}
        assert task.skill in skills
    assert len({t.assignee_id for t in given}) == 3, "the work is spread"


def test_starting_twice_is_refused(started):
    with pytest.raises(WrongState):
        started.run("coordinator", projects.start, started.project_id)
    assert len({v.instance_id for v in started.read(projects.villages, started.project_id)}) == 3


def test_four_starting_at_once_start_each_village_once(world, race):
    world.accept_quote()
    done = race(4, lambda _: world.run("coordinator", projects.start, world.project_id))
    assert sorted(type(d).__name__ for d in done) == ["WrongState"] * 3 + ["list"]
    assert all(v.instance_id for v in world.read(projects.villages, world.project_id))


def test_nothing_starts_when_nobody_has_a_skill(world):
    world.project_id = world.make_project("ALONE", world.villages[4:6], members=world.members[:3])
    world.quote_id = world.make_quote(world.project_id)
    with pytest.raises(MissingSkills) as refused:
        world.start()
    assert "ENUM" in refused.value.params["skills"]
    assert [v.instance_id for v in world.read(projects.villages, world.project_id)] == [None, None]


def test_one_village_that_cannot_start_starts_none(world):
    world.accept_quote()
    taken = world.read(projects.villages, world.project_id)[-1].request_id
    world.run("coordinator", requests.accept, taken)
    with pytest.raises(WrongState):
        world.run("coordinator", projects.start, world.project_id)
    assert {v.instance_id for v in world.read(projects.villages, world.project_id)} == {None}
    assert world.read(projects.project, world.project_id).status == "planned"


def test_a_project_code_is_used_once(world):
    with pytest.raises(ProjectExists):
        world.make_project("SMALL", world.villages[4:5])


def test_a_request_belongs_to_one_project(world):
    request = world.read(projects.villages, world.project_id)[0].request_id
    new = projects.NewProject("AGAIN", "x", world.version_id, COMMUNE, FUND, [request], world.members)
    with pytest.raises(WrongState):
        world.run("coordinator", projects.create, new)


def test_coordinators_act_in_their_region_only(world):
    elsewhere = Actor("x", grants=(Grant(Role.COORDINATOR, "DE/"),))
    for step in (
        lambda: world.run(elsewhere, projects.make_quote, world.project_id),
        lambda: world.run(elsewhere, projects.accept_quote, world.project_id, world.quote_id),
        lambda: world.run(elsewhere, projects.start, world.project_id),
        lambda: world.run(
            elsewhere, requests.make_request, service="community_profile", region=COMMUNE, requester="x"
        ),
    ):
        with pytest.raises(Forbidden):
            step()
    with pytest.raises(NotFound):
        world.read(projects.visible, world.project_id, who=elsewhere)


def test_a_request_for_an_unknown_service_or_place_is_refused(world):
    for service, region in (("nothing", COMMUNE), ("community_profile", "NOWHERE")):
        with pytest.raises(NotFound):
            world.run("coordinator", requests.make_request, service=service, region=region, requester="x")


def test_giving_a_task_to_somebody_without_the_skill_is_refused(started):
    task = started.task()
    unskilled = started.members[-1]
    with pytest.raises(NotFound):
        started.run("coordinator", instances.assign, task.id, unskilled)
    with pytest.raises(Forbidden):
        started.run("verifier", instances.assign, task.id, task.assignee_id)
    started.deliver(task)
    with pytest.raises(WrongState):
        started.run("coordinator", instances.assign, task.id, task.assignee_id)


def test_who_is_given_a_task_later_submits_it_and_is_owed(started):
    task = started.task()
    other = next(m for m in started.members[:5] if m != task.assignee_id)
    started.run("coordinator", instances.assign, task.id, other)
    with pytest.raises(Forbidden):
        started.send(started.filled(task))
    delivery_id = started.deliver(started.read(instances.task_row, task.id))
    started.accept(delivery_id)
    assert {p.person_id for p in started.payables()} == {other}


def test_a_finished_project_gives_back_what_it_did_not_use_and_keeps_the_overheads(started):
    reserved = accounts.reservation(started.project_id, "XOF")
    held = accounts.contingency(started.project_id, "XOF")
    before = started.read(lambda tx: ledger.available(tx, accounts.fund(FUND, "XOF")))
    for instance_id in started.instance_ids[:-1]:
        started.finish(instance_id)
    assert started.read(projects.project, started.project_id).status == "running"
    started.finish(started.instance_ids[-1])
    assert started.read(projects.project, started.project_id).status == "done"
    quote = started.read(quotes.quote, started.quote_id)
    overheads = sum(o.amount_minor for o in quote.overheads)
    left = started.read(lambda tx: ledger.available(tx, reserved))
    assert left.minor == overheads
    assert not started.read(lambda tx: ledger.available(tx, held))
    after = started.read(lambda tx: ledger.available(tx, accounts.fund(FUND, "XOF")))
    assert after.minor - before.minor == started.entries("release")[0].lines[-1][2] * -1 > 0
    assert started.verify() == []


def test_two_last_acceptances_at_once_close_the_project_once(started, race):
    *most, last_but_one, last = started.instance_ids
    for instance_id in most:
        started.finish(instance_id)
    waiting = []
    for instance_id in (last_but_one, last):
        while (task := started.task(instance_id)).node_id != "read_back":
            started.accept(started.deliver(task))
        waiting.append(started.deliver(task))
    done = race(2, lambda n: started.accept(waiting[n]))
    assert not [d for d in done if isinstance(d, Exception)], done
    assert started.read(projects.project, started.project_id).status == "done"
    assert len(started.entries("release")) == 1


def test_a_price_for_no_village_is_refused_in_words(world):
    for count in (0, -1):
        for operation in (quotes.calculate, quotes.make_quote):
            with pytest.raises(ServerError, match="at least one"):
                world.run(
                    "coordinator", operation, version_id=world.version_id, region=COMMUNE, instances=count
                )


def test_a_price_is_given_for_a_month_ahead_at_most_and_holds_from_the_day_it_was_made(world):
    today = world.clock.now().date()
    terms = {"version_id": world.version_id, "region": COMMUNE, "instances": 1}
    with pytest.raises(quotes.TooFarAhead):
        world.run("coordinator", quotes.make_quote, **terms, on=today + timedelta(days=32))
    for day in (today - timedelta(days=20), today, today + timedelta(days=31)):
        row = world.run("coordinator", quotes.make_quote, **terms, on=day)
        assert row.valid_until == today + timedelta(days=quotes.VALID_DAYS), day


def test_who_has_left_is_given_no_task(started):
    task = started.task()
    delivery = started.deliver(task)
    with started.runtime.engine.begin() as connection:
        connection.execute(text("UPDATE person SET left_at = created_at"))
    with pytest.raises(PersonLeft):
        started.run("coordinator", instances.assign, started.task(task.instance_id).id, task.assignee_id)
    started.accept(delivery)  # and the next tasks wait for somebody, instead of stopping the work
    started.deliver(started.task(task.instance_id))
    assert {t.assignee_id for t in started.ready_tasks(task.instance_id)} == {None}
