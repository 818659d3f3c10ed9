"""Drafts: making them, saving with If-Match, revisions, forms, and what is refused."""

import pytest
from sqlalchemy import text

from server.drafts import service as drafts
from server.drafts.contents import NamedFile
from server.errors import Forbidden, NotFound
from workflows.errors import InvalidInput

STARTER = drafts.FromStarter(
    "single_delivery", {"en": "Bring seedlings", "fr": "Apporter des plants", "es": "Llevar plantas"}
)


def make(world, source=STARTER, who="expert", **given):
    return world.run(who, drafts.make, source, **given).row


def read(world, draft):
    return world.read(drafts.draft, draft.id, who="expert")


def held(world, draft, number=None):
    return world.read(drafts.content, draft.id, number, who="expert")


def renamed(bpmn, name):
    return bpmn.replace(b'name="Deliver"', f'name="{name}"'.encode())


def save(world, draft, name, expected=None, who="expert"):
    now = read(world, draft)
    return world.run(
        who, drafts.save_diagram, draft.id, renamed(held(world, draft, 1).bpmn, name),
        expected=now.diagram_revision if expected is None else expected,
    )  # fmt: skip


def test_a_draft_from_a_starter_has_its_own_code_and_names_and_is_without_mistakes(world):
    draft = make(world)
    assert (draft.service_code, draft.names["fr"]) == ("bring_seedlings", "Apporter des plants")
    opened = drafts.opened(held(world, draft))
    assert opened.assembly.package is not None
    assert opened.assembly.problems == ()


def test_the_same_id_makes_one_draft(world):
    chosen = "01900000-0000-7000-8000-0000000000aa"
    assert make(world, draft_id=chosen).id == make(world, draft_id=chosen).id == chosen
    assert len(world.read(drafts.drafts, who="expert")) == 1


def test_only_experts_make_drafts(world):
    with pytest.raises(Forbidden):
        make(world, who="coordinator")


def test_saving_is_a_revision_and_saving_the_same_again_is_none(world):
    draft = make(world)
    assert save(world, draft, "Bring").revision == 2
    assert save(world, draft, "Bring").revision == 2
    assert b'name="Bring"' in held(world, draft).bpmn
    assert b'name="Deliver"' in held(world, draft, 1).bpmn


def test_who_saves_an_older_diagram_is_told_who_saved_meanwhile(world):
    draft = make(world)
    save(world, draft, "Bring")
    with pytest.raises(drafts.DraftChanged) as refused:
        save(world, draft, "Carry", expected=1)
    assert refused.value.params["by"] == "Elise Kponton"
    assert refused.value.params["etag"] == '"2"'
    assert b"Bring" in held(world, draft).bpmn


def test_a_diagram_that_is_sent_again_because_its_answer_was_lost_is_saved_once(world):
    draft = make(world)
    save(world, draft, "Bring", expected=1)
    assert save(world, draft, "Bring", expected=1).diagram_revision == 2
    with pytest.raises(drafts.DraftChanged):
        save(world, draft, "Bring it", expected=1)


def test_of_two_who_save_at_the_same_moment_one_is_told_and_nothing_is_lost(world, race):
    draft = make(world)
    people = ("expert", "reviewer")
    results = race(2, lambda n: save(world, draft, people[n], expected=1, who=people[n]))
    (refused,) = [each for each in results if isinstance(each, drafts.DraftChanged)]
    kept = people[results.index(refused) - 1]
    assert refused.params["etag"] == '"2"'
    assert read(world, draft).revision == 2
    assert f'name="{kept}"'.encode() in held(world, draft).bpmn


def test_a_form_that_is_replaced_does_not_stop_the_diagram_from_being_saved(world):
    draft = make(world)
    form = held(world, draft).forms["deliver"].content.replace(b"The report", b"x")
    world.run("expert", drafts.save_file, draft.id, "forms", "deliver", NamedFile("d.md", form + b"\n"))
    now = read(world, draft)
    assert (now.revision, now.diagram_revision) == (2, 1)
    assert save(world, draft, "Bring", expected=1).revision == 3


def test_a_revision_is_brought_back_as_a_new_one(world):
    draft = make(world)
    save(world, draft, "Bring")
    row = world.run("expert", drafts.restore, draft.id, 1)
    assert row.revision == 3
    assert held(world, draft).bpmn == held(world, draft, 1).bpmn


def test_what_is_no_diagram_is_refused_with_the_place_and_stores_nothing(world):
    draft = make(world)
    for body in (b"", b"hello", b"<html/>", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        with pytest.raises(InvalidInput) as refused:
            world.run("expert", drafts.save_diagram, draft.id, body, expected=1)
        assert refused.value.problems
    assert read(world, draft).revision == 1


def test_what_is_not_there_is_not_found(world):
    with pytest.raises(NotFound):
        world.read(drafts.draft, "01900000-0000-7000-8000-000000000000", who="expert")


def test_a_revision_that_never_was_is_not_found(world):
    draft = make(world)
    for number in (0, -1, 2, 10**30):
        with pytest.raises(NotFound):
            held(world, draft, number)


def test_old_saves_are_thinned_with_their_files_and_the_newest_stays(world):
    draft = make(world)
    for number in range(12):
        world.clock.advance(minutes=1)
        save(world, draft, f"Deliver {number}")
    world.clock.advance(hours=30)
    save(world, draft, "Deliver again")
    kept = [r.number for r in world.read(drafts.revisions, draft.id, who="expert")]
    assert kept[0] == 14
    assert kept[-1] == 1
    assert len(kept) < 5
    with world.runtime.engine.connect() as connection:
        files = connection.scalar(text("SELECT count(*) FROM draft_file"))
    assert files == len(kept) + len(held(world, draft).forms)
    with pytest.raises(NotFound):
        held(world, draft, 5)


def test_names_of_files_are_made_plain(world):
    draft = make(world)
    form = held(world, draft).forms["deliver"].content
    hostile = NamedFile('..\\..\\a\x00b\r\nX: "y.md', form + b"\n")
    world.run("expert", drafts.save_file, draft.id, "forms", "deliver", hostile)
    assert held(world, draft).forms["deliver"].name == 'abX: "y.md'


def test_a_file_that_is_too_large_or_badly_named_is_refused(world):
    draft = make(world)
    for ref, content in (("Bad Name", b"x"), ("deliver", b"x" * (drafts.MAX_FILE + 1))):
        with pytest.raises(InvalidInput):
            world.run("expert", drafts.save_file, draft.id, "forms", ref, NamedFile("x.md", content))


def test_a_translator_becomes_an_author(world):
    draft = make(world)
    source = held(world, draft)
    changed = source.bpmn.replace(b"Apporter des plants", b"Des plants")
    world.run("coordinator", drafts.save_texts, draft.id, bpmn=changed, forms=source.form_sources, expected=1)
    authors = world.read(drafts.authors, draft.id, who="expert")
    assert authors == {world.actor("expert").user_id, world.actor("coordinator").user_id}
