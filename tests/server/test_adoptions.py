"""A region adopts a version with an overlay: what may be chosen, what is checked, and that work follows it."""

from dataclasses import fields
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from server.adoptions import service as adoptions
from server.adoptions.models import ServiceAdoptionRow
from server.adoptions.service import Overlay
from server.catalogue import service as catalogue
from server.demo import world as demo_world
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from server.instances import service as instances
from server.journal.models import JournalRow
from server.projects import service as projects
from server.quotes import service as quotes
from server.quotes import terms
from service_library import library
from workflows.errors import InvalidInput

COMMUNE = demo_world.COMMUNE
FRENCH = Overlay("fr")


def propose(world, overlay=FRENCH, who="expert", region=COMMUNE, version_id=None):
    return world.run(
        who, adoptions.propose, version_id=version_id or world.version_id, region=region, overlay=overlay
    )


def adopt(world, overlay=FRENCH, confirmed_by="coordinator", **given):
    row = propose(world, overlay, **given)
    return world.run(confirmed_by, adoptions.adopt, row.id)


def newer(world):
    package = library.load("community_profile", "1.1.0")
    return world.run("expert", catalogue.publish, package.bpmn, package.form_sources, version="1.1.0")


def make_calendar(world, code="BJ-SIX", weekdays=range(6), holidays=(), region=COMMUNE):
    return world.run(
        "coordinator", adoptions.make_calendar, code=code, region=region, names={"en": "Six days"},
        weekdays=weekdays, holidays=holidays,
    )  # fmt: skip


def test_an_overlay_has_no_place_for_anything_of_the_protocol():
    """Whoever adds a field here changes the franchise's promise: the protocol is the same everywhere."""
    chosen = {"language", "price_list", "terms_id", "calendar", "deadlines"}
    assert {field.name for field in fields(Overlay)} == chosen
    own = {
        "id", "service_code", "service_version_id", "region_code", "note", "status", "replaces", "proposed_at",
        "proposed_by", "adopted_at", "adopted_by", "ended_at", "ended_by", "ended_reason",
    }  # fmt: skip
    columns = {column.name for column in ServiceAdoptionRow.__table__.columns}
    assert columns - own == {"language", "price_list", "terms_id", "calendar_code", "deadlines"}


def test_the_package_is_the_same_before_and_after_adoption(world):
    before = world.read(catalogue.package, world.version_id)
    adopt(world, Overlay("es", deadlines={"announce": 3}))
    row = world.read(catalogue.version, world.version_id)
    catalogue.forget(row.digest)
    after = world.read(catalogue.package, world.version_id)
    assert (after.bpmn, after.form_sources) == (before.bpmn, before.form_sources)


def test_an_adoption_is_proposed_adopted_and_superseded(world):
    first = propose(world)
    assert first.status == "proposed"
    assert world.read(adoptions.in_force, world.version_id, COMMUNE) is None
    world.run("coordinator", adoptions.adopt, first.id)
    assert world.read(adoptions.in_force, world.version_id, COMMUNE).id == first.id
    second = adopt(world, Overlay("es"))
    assert second.replaces == first.id
    assert world.read(adoptions.adoption, first.id).status == "superseded"
    assert world.read(adoptions.in_force, world.version_id, COMMUNE).language == "es"
    for step in (lambda i: world.run("coordinator", adoptions.adopt, i),
                 lambda i: world.run("coordinator", adoptions.withdraw, i, reason="x")):  # fmt: skip
        with pytest.raises(WrongState):
            step(first.id)


def test_a_place_works_under_the_adoption_of_the_nearest_region_above_it(world):
    national = adopt(world, Overlay("en"), region="BJ", confirmed_by="national")
    village = world.villages[0]
    assert world.read(adoptions.in_force, world.version_id, village).id == national.id
    own = adopt(world, FRENCH)
    assert world.read(adoptions.in_force, world.version_id, village).id == own.id
    adopt(world, FRENCH, version_id=newer(world).id)
    assert world.read(adoptions.in_force, world.version_id, village) is None


def test_everything_that_does_not_conform_is_told_at_once(world):
    overlay = Overlay(
        "de", price_list="NO-LIST", calendar="NO-CALENDAR", terms_id="NO-TERMS",
        deadlines={"announce": 0, "survey": 10_000, "nowhere": 3},
    )  # fmt: skip
    found = world.read(adoptions.conformance, world.version_id, COMMUNE, overlay)
    places = {(p.code, p.place) for p in found if not p.code.startswith("missing-price")}
    assert places >= {
        ("adoption-language", "language"), ("adoption-price-list", "price_list"),
        ("adoption-calendar", "calendar"), ("adoption-rates", "terms"), ("adoption-deadline", "deadline-announce"),
        ("adoption-deadline", "deadline-survey"), ("adoption-unknown-task", "deadline-nowhere"),
    }  # fmt: skip
    assert all(p.text() for p in found)
    with pytest.raises(InvalidInput):
        propose(world, overlay)


def test_a_version_whose_items_have_no_price_there_is_proposed_but_not_adopted(opened):
    people = opened("people")
    shipped = library.load("community_profile", "1.0.0")
    version = people.run("expert", catalogue.publish, shipped.bpmn, shipped.form_sources, version="1.0.0")
    row = propose(people, version_id=version.id)
    with pytest.raises(InvalidInput) as refused:
        people.run("coordinator", adoptions.adopt, row.id)
    assert len(refused.value.problems) > 3
    assert people.read(adoptions.adoption, row.id).status == "proposed"


def test_a_list_that_counts_alone_must_price_every_item(world):
    """The national list has no prices inside the commune, so naming it there is refused; the commune's own prices."""
    lists = world.read(adoptions.lists_of, COMMUNE)
    assert lists
    for name in lists:
        found = world.read(adoptions.conformance, world.version_id, COMMUNE, Overlay("fr", price_list=name))
        assert found == ()


def test_deadlines_stay_within_the_bounds_of_the_version(world):
    node = world.read(catalogue.package, world.version_id).definition.nodes["announce"]
    allowed = adoptions.bounds(node)
    assert allowed.shortest <= node.task.deadline_days <= allowed.longest
    for days, good in ((allowed.shortest, True), (allowed.longest, True), (allowed.longest + 1, False)):
        overlay = Overlay("fr", deadlines={"announce": days})
        assert (world.read(adoptions.conformance, world.version_id, COMMUNE, overlay) == ()) is good


def test_a_quote_says_under_which_adoption_it_was_made(world):
    adopted = adopt(world)
    project = world.make_project("ADOPTED", world.villages[4:6])
    quote = world.make_quote(project)
    assert world.read(quotes.quote_row, quote).adoption_id == adopted.id
    assert world.read(quotes.quote_row, world.quote_id).adoption_id is None  # made before
    written = world.read(
        lambda tx: [r.public for r in tx.session.query(JournalRow).all() if r.object_id == quote]
    )
    assert any(public.get("adoption") == adopted.id for public in written)


def test_tasks_are_due_by_the_deadline_and_calendar_of_the_adoption_their_quote_names(world):
    today = world.clock.now().date()
    make_calendar(world, holidays=[today + timedelta(days=1), today + timedelta(days=2)], weekdays=range(7))
    adopted = adopt(world, Overlay("fr", calendar="BJ-SIX", deadlines={"announce": 2}))
    project = world.make_project("ADOPTED", world.villages[4:5])
    quote = world.make_quote(project)
    world.run("coordinator", projects.accept_quote, project, quote)
    # another adoption before the start does not change what was promised
    adopt(world, Overlay("es"))
    (instance,) = world.run("coordinator", projects.start, project)
    (task,) = world.read(instances.tasks_of_instance, instance)
    assert task.due_at.date() == today + timedelta(days=4)
    assert world.read(quotes.adoption_of, quote) == adopted.id


def test_without_adoption_tasks_are_due_as_the_version_says(started):
    task = started.task()
    card = started.read(catalogue.package, started.version_id).definition.nodes[task.node_id].task
    assert task.due_at == instances.add_working_days(task.ready_at, card.deadline_days)


def test_the_rates_that_the_overlay_names_count_in_quotes(world):
    day = world.clock.now().date()
    row = world.run("coordinator", terms.propose_terms, region=COMMUNE, valid_from=day,
                    overheads=demo_world.overheads())  # fmt: skip
    world.run("finance", terms.approve_terms, row.id)
    other = world.run("coordinator", terms.propose_terms, region=COMMUNE, valid_from=day)
    world.run("finance", terms.approve_terms, other.id)

    def price():
        return world.read(
            lambda tx: quotes.calculate(
                tx, version_id=world.version_id, region=COMMUNE, basis="expected", draws=0
            )
        )

    assert price().overheads == ()  # those approved last are in force
    adopt(world, Overlay("fr", terms_id=row.id))
    assert len(price().overheads) == len(demo_world.overheads())


def test_a_newer_version_is_offered_and_a_recalled_one_warns(world):
    row = adopt(world)
    assert world.read(adoptions.upgrade_of, row) is None
    published = newer(world)
    assert world.read(adoptions.upgrade_of, row).id == published.id
    assert world.read(adoptions.to_look_at, who="coordinator") == []
    world.drop_triggers()
    with world.runtime.engine.begin() as connection:
        connection.execute(
            text("UPDATE service_version SET status = 'recalled' WHERE id = :id"), {"id": world.version_id}
        )
    ((found, version),) = world.read(adoptions.to_look_at, who="coordinator")
    assert (found.id, version.status) == (row.id, "recalled")
    codes = {p.code for p in world.read(adoptions.conformance, world.version_id, COMMUNE, FRENCH)}
    assert codes == {"adoption-of-recalled"}


def test_a_version_that_was_recalled_is_not_adopted(world):
    """Neither one that was proposed before, nor one that is proposed now; the adoption in force stays."""
    before = adopt(world, Overlay("en"))
    waiting = propose(world)
    world.run("reviewer", catalogue.recall, world.version_id, reason="The survey leaves a household out.")
    for row in (waiting, propose(world, Overlay("es"))):
        with pytest.raises(InvalidInput) as refused:
            world.run("coordinator", adoptions.adopt, row.id)
        assert {problem.code for problem in refused.value.problems} == {"adoption-of-recalled"}
        assert world.read(adoptions.adoption, row.id).status == "proposed"
    assert world.read(adoptions.in_force, world.version_id, COMMUNE).id == before.id


def test_only_who_may_adopt_there_adopts_there(world):
    for who in ("finance", "verifier", "auditor", world.members[0]):
        with pytest.raises(Forbidden):
            propose(world, who=who)
    with pytest.raises(Forbidden):
        propose(world, who="coordinator", region="DE")
    row = propose(world)
    with pytest.raises(Forbidden):
        world.run("finance", adoptions.adopt, row.id)
    with pytest.raises(NotFound):
        world.run("coordinator", adoptions.adopt, "0" * 36)


def test_who_proposed_an_adoption_does_not_adopt_it(world):
    """It changes what is paid: the service says so, and the database refuses it past the service."""
    row = propose(world, who="coordinator")
    with pytest.raises(SamePerson):
        world.run("coordinator", adoptions.adopt, row.id)
    assert world.read(adoptions.to_confirm, who="coordinator") == []
    ((waiting, version),) = world.read(adoptions.to_confirm, who="expert")
    assert (waiting.id, version.id) == (row.id, world.version_id)
    for by in ("proposed_by", "NULL"):
        with pytest.raises(DatabaseError), world.runtime.engine.begin() as connection:
            connection.execute(text(f"UPDATE service_adoption SET status = 'adopted', adopted_by = {by}"))
    assert world.run("expert", adoptions.adopt, row.id).status == "adopted"


def agreed(world, overheads):
    """Approved rates of the commune, from today on."""
    day = world.clock.now().date()
    row = world.run("coordinator", terms.propose_terms, region=COMMUNE, valid_from=day, overheads=overheads)
    world.run("finance", terms.approve_terms, row.id)
    return row.id


def matrix(world, regions):
    return world.read(quotes.catalogue_prices, version_ids=[world.version_id], region_codes=regions)


def test_the_matrix_and_the_plan_of_a_project_follow_the_overlay_as_a_quote_does(world):
    own = agreed(world, demo_world.overheads())
    agreed(world, ())  # in force; the overlay names the earlier ones
    village = world.villages[0]
    before, national = matrix(world, [COMMUNE, village]), matrix(world, ["BJ"])
    adopt(world, Overlay("fr", price_list=world.read(adoptions.lists_of, COMMUNE)[0], terms_id=own))
    after = matrix(world, ["BJ", COMMUNE, village])

    def quoted(region):
        return world.read(
            lambda tx: quotes.calculate(
                tx, version_id=world.version_id, region=region, draws=0, basis="expected"
            )
        )

    for region in (COMMUNE, village):
        assert after.amount(world.version_id, region) == quoted(region).catalogue_minor
        assert after.amount(world.version_id, region) > before.amount(world.version_id, region)
    assert after.amount(world.version_id, "BJ") == national.amount(world.version_id, "BJ")

    plan = [
        quotes.PlannedService("here", world.version_id, 3, 30),
        quotes.PlannedService("there", world.version_id, 3, 30, region="BJ"),
    ]
    made = world.run(
        "expert", quotes.make_project_quote, name="Two", region=COMMUNE, services=plan,
        starts_on=world.clock.now().date(),
    )  # fmt: skip
    here, there = world.read(quotes.project_quote, made.id).components
    assert [o.code for o in here.quote.overheads] == [o.code for o in quoted(COMMUNE).overheads]
    assert here.quote.expected_minor > quoted(COMMUNE).expected_minor * 2
    assert len(there.quote.overheads) != len(here.quote.overheads) or there.quote.region == "BJ"
    written = world.read(
        lambda tx: [r.public for r in tx.session.query(JournalRow).all() if r.object_id == made.id]
    )
    assert [len(public["adoptions"]) for public in written] == [1]


def test_only_prices_of_the_list_that_an_overlay_names_count_in_the_matrix(world):
    """A list without the commune's own prices counts nowhere else: cells and quotes stay equal."""
    lists = world.read(adoptions.lists_of, COMMUNE)
    for name in lists:
        adopt(world, Overlay("fr", price_list=name))
        cell = matrix(world, [COMMUNE]).amount(world.version_id, COMMUNE)
        quote = world.read(
            lambda tx: quotes.calculate(
                tx, version_id=world.version_id, region=COMMUNE, draws=0, basis="expected"
            )
        )
        assert cell == quote.catalogue_minor


def test_two_adopting_at_once_leave_one_in_force(world, race):
    rows = [propose(world, Overlay(language)) for language in ("en", "fr", "es")]
    race(3, lambda n: world.run("coordinator", adoptions.adopt, rows[n].id))
    states = [world.read(adoptions.adoption, row.id).status for row in rows]
    assert sorted(states) == ["adopted", "superseded", "superseded"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE service_adoption SET language = 'es'",
        "UPDATE service_adoption SET deadlines = '{\"announce\": 9}'",
        "UPDATE service_adoption SET status = 'proposed'",
        "DELETE FROM service_adoption",
        "UPDATE work_calendar SET weekdays = '[0]'",
        "DELETE FROM calendar_holiday",
        "UPDATE quote SET adoption_id = 'another'",
    ],
)
def test_the_database_refuses_to_change_what_was_adopted(world, change):
    make_calendar(world, holidays=[date(2026, 12, 25)])
    adopt(world)
    with pytest.raises(DatabaseError), world.runtime.engine.begin() as connection:
        connection.execute(text(change.replace(":", "\\:")))


def test_the_database_keeps_one_adoption_in_force(world):
    rows = [propose(world), propose(world)]
    ids = ", ".join(f"'{row.id}'" for row in rows)
    both = f"UPDATE service_adoption SET status = 'adopted', adopted_by = 'x' WHERE id IN ({ids})"
    with pytest.raises(DatabaseError), world.runtime.engine.begin() as connection:
        connection.execute(text(both))


def test_calendars_hold_for_their_region_and_below(world):
    make_calendar(world)
    assert [c.code for c in world.read(adoptions.calendars, world.villages[0])] == ["BJ-SIX"]
    assert world.read(adoptions.calendars, "BJ") == []
    with pytest.raises(adoptions.CalendarExists):
        make_calendar(world)
    with pytest.raises(InvalidInput) as refused:
        make_calendar(world, code="<x>", weekdays=[])
    assert {p.place for p in refused.value.problems} == {"code", "weekdays"}
    assert world.run("coordinator", adoptions.add_holidays, "BJ-SIX", [date(2027, 1, 1)] * 2) == 1
    assert world.run("coordinator", adoptions.add_holidays, "BJ-SIX", [date(2027, 1, 1)]) == 0
