"""Terms of prices: proposed by one, approved by another, never edited; those of the nearest region count."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from pricing.contributions import Contribution, Overhead
from server.demo import world as demo_world
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from server.quotes import service as quotes
from server.quotes import terms
from workflows.errors import InvalidInput

COORDINATION = Overhead("coordination", "percent", Fraction(25, 2), names={"fr": "Coordination"})
COMMUNE = Contribution("commune", "fixed", "task:survey", Fraction(5000), Fraction(4000), memo=True)
FIRST = date(2026, 1, 1)


@pytest.fixture
def people(opened):
    """The demonstration's people and places, without prices and services."""
    return opened("people")


def agree(world, region=demo_world.COMMUNE, who="coordinator", approve=True, **fields):
    given = {"valid_from": FIRST, "overheads": (COORDINATION,), "contributions": (COMMUNE,), **fields}
    row = world.run(who, terms.propose_terms, region=region, **given)
    if approve:
        world.run("finance", terms.approve_terms, row.id)
    return row.id


def in_force(world, region=demo_world.COMMUNE, on=None, fund=""):
    return world.read(terms.terms_in_force, region, on or world.clock.now().date(), fund)


def test_the_demonstrations_terms_are_its_countrys(people):
    found = in_force(people, people.villages[0])
    assert (found.region, found.overheads) == ("BJ", demo_world.overheads())
    assert found.contributions == demo_world.contributions()
    assert in_force(people, "DE") == terms.Terms()


def test_a_draft_counts_nothing_until_another_person_approves_it(people):
    made = agree(people, approve=False)
    assert in_force(people).region == "BJ"
    with pytest.raises(Forbidden):
        people.run("coordinator", terms.approve_terms, made)
    people.run("finance", terms.approve_terms, made)
    found = in_force(people, people.villages[0])
    assert (found.id, found.region) == (made, demo_world.COMMUNE)
    assert (found.overheads, found.contributions) == ((COORDINATION,), (COMMUNE,))
    with pytest.raises(WrongState):
        people.run("finance", terms.approve_terms, made)


def test_nobody_approves_the_own_terms(people):
    from server.actor import Actor, Grant, Role

    both = Actor("both", grants=(Grant(Role.COORDINATOR, ""), Grant(Role.FINANCE, "")))
    made = people.run(both, terms.propose_terms, region="BJ", valid_from=FIRST, overheads=(COORDINATION,))
    with pytest.raises(SamePerson):
        people.run(both, terms.approve_terms, made.id)


def test_a_regions_terms_replace_those_above_as_a_whole(people):
    agree(people, overheads=(), contributions=())
    found = in_force(people)
    assert (found.region, found.overheads, found.contributions) == (demo_world.COMMUNE, (), ())


def test_the_newest_terms_valid_on_the_day_count(people):
    old = agree(people, valid_from=date(2025, 1, 1), valid_to=date(2026, 6, 30))
    new = agree(people, valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 31))
    assert in_force(people, on=date(2026, 2, 28)).id == old
    assert in_force(people, on=date(2026, 3, 31)).id == new
    assert in_force(people, on=date(2026, 4, 1)).id == old
    assert in_force(people, on=date(2026, 7, 1)).region == "BJ"


def test_terms_agreed_with_a_fund_go_before_those_for_any(people):
    own = agree(people, fund="alfter-fund", valid_from=date(2025, 1, 1))
    general = agree(people)
    assert (in_force(people, fund="alfter-fund").id, in_force(people).id) == (own, general)
    assert in_force(people, fund="another").id == general


def test_retired_terms_no_longer_count(people):
    made = agree(people)
    people.run("finance", terms.retire_terms, made)
    assert in_force(people).region == "BJ"
    with pytest.raises(WrongState):
        people.run("finance", terms.retire_terms, made)


def test_senseless_terms_are_refused_with_everything_that_is_wrong(people):
    with pytest.raises(InvalidInput) as refused:
        agree(
            people, overheads=(Overhead("x", "percent", Fraction(-1)),), valid_to=FIRST - timedelta(days=1),
            contributions=(Contribution("fund", "percent", value=Fraction(200)),),
        )  # fmt: skip
    assert [p.code for p in refused.value.problems] == [
        "overhead-negative",
        "contribution-unusable",
        "bad-date",
    ]


def test_terms_elsewhere_are_not_ones_to_propose(people):
    with pytest.raises(Forbidden):
        agree(people, region="BJ")
    with pytest.raises(NotFound):
        people.read(terms.terms_in_force, "NOWHERE", FIRST)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE terms SET valid_from = '2020-01-01'",
        "UPDATE terms SET status = 'draft'",
        "DELETE FROM terms",
        "UPDATE overhead SET value = '0'",
        "DELETE FROM contribution",
    ],
)
def test_the_database_refuses_to_edit_terms(people, change):
    agree(people)
    with pytest.raises(DatabaseError), people.runtime.engine.begin() as connection:
        connection.execute(text(change))


def test_a_price_is_asked_under_the_terms_in_force(world):
    def charged(**more):
        found = world.read(
            quotes.calculate,
            version_id=world.version_id,
            region=demo_world.COMMUNE,
            basis="expected",
            draws=0,
            **more,
        )
        return [o.code for o in found.overheads], found.expected_minor

    codes, usual = charged()
    assert codes == [o.code for o in demo_world.overheads()]
    assert charged(overheads=()) == ([], charged(overheads=[])[1])
    agree(world, fund=demo_world.FUND)
    assert charged() == (codes, usual)
    assert charged(fund=demo_world.FUND)[0] == ["coordination"]
