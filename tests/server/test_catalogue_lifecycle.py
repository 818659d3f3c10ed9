"""Versions out of use: deprecated is advice, recalled forbids everything new, and running work goes on."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.catalogue import service as catalogue
from server.catalogue.service import VersionRecalled
from server.errors import Conflict, Forbidden, SamePerson, WrongState
from server.quotes import service as quotes
from workflows.errors import InvalidInput

COMMAND = "01900000-0000-7000-8000-0000000000d1"
REASON = "The consent form lacks the right to withdraw."


def recall(world, who="reviewer", **given):
    return world.run(who, catalogue.recall, world.version_id, reason=REASON, **given)


def test_a_deprecated_version_is_no_longer_led_to_and_still_used(world):
    world.run("expert", catalogue.deprecate, world.version_id, reason="Use 1.1.0.")
    assert world.read(catalogue.version, world.version_id).status == "deprecated"
    world.start()


def test_a_recalled_version_is_not_offered(world):
    recall(world)
    with pytest.raises(VersionRecalled) as refused:
        world.make_quote(world.project_id)
    assert refused.value.params["reason"] == REASON
    with pytest.raises(VersionRecalled):
        world.run("coordinator", quotes.requote, world.quote_id)


def test_a_price_that_was_offered_is_not_accepted_once_the_version_is_recalled(world):
    recall(world)
    with pytest.raises(VersionRecalled):
        world.accept_quote()


def test_no_project_is_made_with_a_recalled_version(world):
    recall(world)
    with pytest.raises(VersionRecalled):
        world.make_project("LATE", world.villages[4:5])


def test_no_village_starts_under_a_recalled_version_and_none_of_its_project(world):
    from server.projects import service as projects

    world.accept_quote()
    recall(world)
    with pytest.raises(VersionRecalled):
        world.run("coordinator", projects.start, world.project_id)
    assert world.read(projects.project, world.project_id).status == "planned"


def test_what_runs_goes_on(started):
    recall(started)
    delivery = started.deliver()
    started.accept(delivery)
    assert started.delivery(delivery).state == "accepted"


def test_who_published_does_not_recall(world):
    with pytest.raises(SamePerson):
        recall(world, who="expert")


def test_only_experts_take_versions_out_of_use(world):
    with pytest.raises(Forbidden):
        recall(world, who="coordinator")


def test_a_reason_is_needed(world):
    for reason in ("", "   ", "x" * 1001):
        with pytest.raises(InvalidInput):
            world.run("reviewer", catalogue.recall, world.version_id, reason=reason)


def test_there_is_no_way_back(world):
    recall(world)
    for step in (catalogue.recall, catalogue.deprecate):
        with pytest.raises(WrongState):
            world.run("reviewer", step, world.version_id, reason="x")
    assert [s.step for s in world.read(catalogue.out_of_use, world.version_id)] == ["recalled"]


def test_a_repeated_command_changes_nothing(world):
    assert recall(world, command_id=COMMAND).status == recall(world, command_id=COMMAND).status == "recalled"
    assert len(world.read(catalogue.out_of_use, world.version_id)) == 1
    with pytest.raises(Conflict):
        world.run("reviewer", catalogue.deprecate, world.version_id, reason="x", command_id=COMMAND)


def test_without_a_number_the_newest_version_in_use_is_meant(world):
    recall(world)
    newest = world.read(catalogue.find_version, "community_profile")
    assert newest.status == "recalled", "there is no other"


def test_the_database_refuses_what_the_service_refuses(world):
    version = world.read(catalogue.version, world.version_id)
    recall(world)
    for statement in (
        f"UPDATE service_version SET status = 'published' WHERE id = '{version.id}'",
        f"UPDATE service_version SET published_by = 'x' WHERE id = '{version.id}'",
        f"UPDATE service_version_step SET reason = 'x' WHERE service_version_id = '{version.id}'",
        f"DELETE FROM service_version_step WHERE service_version_id = '{version.id}'",
    ):
        with pytest.raises(DBAPIError), world.runtime.engine.begin() as connection:
            connection.execute(text(statement))


def test_the_database_wants_another_person_and_a_reason_for_a_recall(world):
    version = world.read(catalogue.version, world.version_id)
    for statement in (
        f"UPDATE service_version SET status = 'recalled' WHERE id = '{version.id}'",
        f"INSERT INTO service_version_step VALUES ('s', '{version.id}', 'recalled', 'x', CURRENT_TIMESTAMP, "
        f"'{version.published_by}')",
        f"INSERT INTO service_version_step VALUES ('s', '{version.id}', 'recalled', '', CURRENT_TIMESTAMP, 'y')",
    ):
        with pytest.raises(DBAPIError), world.runtime.engine.begin() as connection:
            connection.execute(text(statement))
