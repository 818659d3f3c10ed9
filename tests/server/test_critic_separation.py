"""Performer, verifier and payer are different people, and a second check is not got round."""

from decimal import Decimal

import pytest

from server.actor import SYSTEM, Actor, Grant, Role
from server.batches import service as batches
from server.deliveries import service as deliveries
from server.demo import world as demo_world
from server.errors import NotFound, SamePerson, WrongState
from server.instances import service as instances
from server.projects import service as projects
from server.regions import service as regions
from server.requests import service as requests


def far(answers):
    answers["gps"]["latitude"] += Decimal(2)


def task_of(world, delivery_id):
    return world.read(instances.task_row, world.delivery(delivery_id).task_id)


def with_role(actor, role, person_id=None):
    return Actor(actor.user_id, grants=(*actor.grants, Grant(role, "BJ/")), person_id=person_id)


# Paying -----------------------------------------------------------------------------------------------


def test_a_payee_neither_submits_nor_approves_the_own_payment(owing):
    batch_id = owing.collect(owing.momo_account)
    payee = owing.payments(batch_id)[0].person_id
    finance = Actor("another", grants=(Grant(Role.FINANCE, "BJ/"),), person_id=payee)
    with pytest.raises(SamePerson):
        owing.run(finance, batches.submit, batch_id)
    content = owing.run("finance", batches.submit, batch_id)
    with pytest.raises(SamePerson):
        owing.run(finance, batches.approve, batch_id, content=content)
    owing.run("approver", batches.approve, batch_id, content=content)


def test_who_accepted_a_delivery_neither_submits_nor_approves_its_payment(owing):
    """`owing` was accepted by the coordinator."""
    batch_id = owing.collect(owing.momo_account)
    coordinator = owing.actor("coordinator")
    with pytest.raises(SamePerson):
        owing.run(with_role(coordinator, Role.FINANCE), batches.submit, batch_id)
    content = owing.run("finance", batches.submit, batch_id)
    with pytest.raises(SamePerson):
        owing.run(with_role(coordinator, Role.APPROVER), batches.approve, batch_id, content=content)
    assert owing.read(batches.batch, batch_id).state == "submitted"


# Second checks ----------------------------------------------------------------------------------------


def suspicious(world):
    done = world.send(world.filled(world.task(), change=far))
    assert world.delivery(done.delivery_id).second_check_required
    return done.delivery_id


def test_what_is_sent_after_a_failed_second_check_is_checked_again(started):
    delivery_id = suspicious(started)
    started.run("verifier", deliveries.record_second_check, delivery_id, passed=False, note="Nobody saw it.")
    first = started.delivery(delivery_id).submission_id
    started.send(started.filled(task_of(started, delivery_id), corrects=first))
    with pytest.raises(WrongState):
        started.accept(delivery_id)
    started.run("verifier", deliveries.record_second_check, delivery_id, passed=True, note="Now it was seen.")
    assert started.accept(delivery_id).state == "accepted"


def test_a_passed_second_check_does_not_cover_a_suspicious_submission_sent_later(started):
    delivery_id = suspicious(started)
    started.run(
        "verifier", deliveries.record_second_check, delivery_id, passed=True, note="A cousin's field."
    )
    started.send(started.filled(task_of(started, delivery_id), change=far))
    with pytest.raises(WrongState):
        started.accept(delivery_id)


# Projects ---------------------------------------------------------------------------------------------


def new_project(world, made, members):
    return projects.NewProject(
        code="CRITIC", name="Critic", version_id=world.version_id, region=demo_world.COMMUNE,
        fund=demo_world.FUND, requests=made, members=members,
    )  # fmt: skip


def test_a_village_outside_the_projects_region_is_refused_before_money_is_committed(world):
    togo = [
        regions.NewRegion("TG", None, "country", {"en": "Togo"}, "XOF"),
        regions.NewRegion("TG-KARA", "TG", "village", {"en": "Kara"}),
    ]
    world.run(SYSTEM, regions.add_regions, togo)
    made = world.run(
        SYSTEM, requests.make_request, service="community_profile", region="TG-KARA", requester="x"
    )
    with pytest.raises(NotFound):
        world.run("coordinator", projects.create, new_project(world, [made], world.members))


def test_an_unknown_member_is_told_and_not_left_out_silently(world):
    made = world.run(
        "coordinator",
        requests.make_request,
        service="community_profile",
        region=world.villages[8],
        requester="x",
    )
    with pytest.raises(NotFound):
        world.run("coordinator", projects.create, new_project(world, [made], [*world.members, "nobody"]))
