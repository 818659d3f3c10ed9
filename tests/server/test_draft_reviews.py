"""A draft's way to publication: four eyes, approval of exactly this content, gates, and what the database refuses."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from server.catalogue import service as catalogue
from server.drafts import review, views
from server.drafts import service as drafts
from server.drafts.contents import NamedFile
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from service_library.package import digest
from workflows.errors import InvalidInput

STARTER = drafts.FromStarter(
    "village_meeting", {"en": "Meeting of the well", "fr": "Réunion du puits", "es": "Reunión del pozo"}
)
COMMAND = "01900000-0000-7000-8000-0000000000c1"


@pytest.fixture
def draft(world):
    return world.run("expert", drafts.make, STARTER).row


def now(world, draft):
    return world.read(drafts.draft, draft.id, who="expert")


def asked(world, draft):
    world.run("expert", review.ask, draft.id, note="Please look at the quorum.")
    return now(world, draft)


def approved(world, draft):
    row = asked(world, draft)
    world.run("reviewer", review.approve, draft.id, content_sha256=row.content_sha256)
    return now(world, draft)


def edit(world, draft, old=b'default="50"', new=b'default="60"', who="expert"):
    row = now(world, draft)
    bpmn = world.read(drafts.content, draft.id, who="expert").bpmn
    assert old in bpmn
    return world.run(
        who, drafts.save_diagram, draft.id, bpmn.replace(old, new), expected=row.diagram_revision
    )


def taken(world, draft):
    return [row.step for row in world.read(review.steps, draft.id, who="expert")]


def test_a_draft_is_reviewed_by_somebody_else_and_published_as_approved(world, draft):
    row = approved(world, draft)
    assert row.state == "approved"
    version = world.run("expert", review.publish, draft.id)
    assert (version.service_code, version.version) == ("meeting_of_the_well", "1.0.0")
    package = world.read(catalogue.package, version.id)
    assert digest(package) == version.digest
    by_step = {r.step: r for r in world.read(review.steps, draft.id, who="expert")}
    assert by_step["approved"].digest == version.digest
    assert now(world, draft).published_version_id == version.id


def test_an_author_does_not_decide_about_the_own_draft(world, draft):
    row = asked(world, draft)
    with pytest.raises(SamePerson):
        world.run("expert", review.approve, draft.id, content_sha256=row.content_sha256)
    with pytest.raises(SamePerson):
        world.run("expert", review.send_back, draft.id, note="no")
    assert now(world, draft).state == "in_review"


def test_who_changed_a_draft_once_is_an_author_for_ever(world, draft):
    edit(world, draft, who="reviewer")
    row = asked(world, draft)
    with pytest.raises(SamePerson):
        world.run("reviewer", review.approve, draft.id, content_sha256=row.content_sha256)


def test_only_experts_decide(world, draft):
    row = asked(world, draft)
    with pytest.raises(Forbidden):
        world.run("coordinator", review.approve, draft.id, content_sha256=row.content_sha256)


def test_a_draft_in_review_is_closed_until_it_comes_back(world, draft):
    asked(world, draft)
    with pytest.raises(WrongState):
        edit(world, draft)
    world.run("reviewer", review.send_back, draft.id, note="The quorum is too low.")
    assert edit(world, draft).revision == 2
    asked(world, draft)
    world.run("expert", review.withdraw, draft.id)
    assert now(world, draft).state == "draft"
    assert taken(world, draft) == ["asked", "sent_back", "asked", "withdrawn"]


def test_a_later_change_voids_the_approval(world, draft):
    approved(world, draft)
    edit(world, draft)
    assert now(world, draft).state == "draft"
    assert taken(world, draft)[-1] == "voided"
    with pytest.raises(WrongState):
        world.run("expert", review.publish, draft.id)


def test_a_form_that_is_replaced_voids_the_approval_too(world, draft):
    approved(world, draft)
    form = world.read(drafts.content, draft.id, who="expert").forms["hold"].content
    world.run("expert", drafts.save_file, draft.id, "forms", "hold", NamedFile("h.md", form + b"\n"))
    assert now(world, draft).state == "draft"


def test_the_number_of_the_version_is_part_of_what_is_approved(world, draft):
    approved(world, draft)
    world.run("expert", drafts.set_publication, draft.id, version="2.0.0", languages=["en", "fr", "es"])
    assert now(world, draft).state == "draft"


def test_a_decision_about_other_content_is_refused(world, draft):
    asked(world, draft)
    with pytest.raises(review.ContentChanged):
        world.run("reviewer", review.approve, draft.id, content_sha256="0" * 64)


def test_a_draft_with_mistakes_is_not_approved_and_all_of_them_are_told(world, draft):
    edit(world, draft, b"present_adults &gt;= quorum", b"present_adults &gt;= nobody_knows")
    row = asked(world, draft)
    with pytest.raises(InvalidInput) as refused:
        world.run("reviewer", review.approve, draft.id, content_sha256=row.content_sha256)
    assert "unknown-condition-name" in {p.code for p in refused.value.problems}
    assert now(world, draft).state == "in_review"


def test_texts_must_be_complete_in_the_languages_of_the_service(world, draft):
    name = '<run:name lang="es">Reunión del pozo</run:name>'.encode()
    edit(world, draft, name, b"")
    ready = world.read(review.readiness, draft.id, who="expert")
    assert {(m.language, m.count) for m in ready.missing} == {("es", 1)}
    assert {p.code for p in ready.hindrances} >= {"texts-missing"}


def test_a_language_that_was_not_chosen_may_be_missing(world, draft):
    edit(world, draft, '<run:name lang="es">Reunión del pozo</run:name>'.encode(), b"")
    world.run("expert", drafts.set_publication, draft.id, version="1.0.0", languages=["en", "fr"])
    assert world.read(review.readiness, draft.id, who="expert").hindrances == ()
    approved(world, draft)
    assert world.run("expert", review.publish, draft.id).version == "1.0.0"


def test_the_number_must_be_higher_than_all_published_ones(world):
    source = drafts.FromVersion("community_profile", "1.0.0")
    draft = world.run("expert", drafts.make, source).row
    assert draft.version == "1.1.0"
    world.run("expert", drafts.set_publication, draft.id, version="1.0.0", languages=["en", "fr", "es"])
    ready = world.read(review.readiness, draft.id, who="expert")
    assert ready.version_problem is not None
    assert ready.version_problem.code == "version-not-higher"


def test_the_kind_of_change_suggests_the_number(world):
    draft = world.run("expert", drafts.make, drafts.FromVersion("community_profile", "1.0.0")).row

    def suggested():
        ready = world.read(review.readiness, draft.id, who="expert")
        return ready.kind, ready.suggested

    assert suggested() == ("none", "1.0.1")
    edit(world, draft, b"Announce the meeting", b"Announce this meeting")
    assert suggested() == ("words", "1.0.1")
    edit(world, draft, b'deadlineDays="5"', b'deadlineDays="6"')
    assert suggested() == ("means", "1.1.0")
    edit(world, draft, b"present_adults &gt;= quorum", b"present_adults &gt; quorum")
    assert suggested() == ("protocol", "2.0.0")


def test_a_step_that_is_repeated_changes_nothing(world, draft):
    for _ in range(2):
        world.run("expert", review.ask, draft.id, command_id=COMMAND)
    assert taken(world, draft) == ["asked"]
    with pytest.raises(drafts.CommandTaken):
        world.run("expert", review.withdraw, draft.id, command_id=COMMAND)


def test_publishing_twice_is_one_version(world, draft):
    approved(world, draft)
    first = world.run("expert", review.publish, draft.id, command_id=COMMAND)
    assert world.run("expert", review.publish, draft.id, command_id=COMMAND).id == first.id
    with pytest.raises(WrongState):
        edit(world, draft)


def test_two_reviewers_at_the_same_moment_decide_once(world, draft, race):
    row = asked(world, draft)

    def decide(n):
        if n:
            return world.run("reviewer", review.approve, draft.id, content_sha256=row.content_sha256)
        return world.run("reviewer", review.send_back, draft.id, note="no")

    results = race(2, decide)
    assert sum(isinstance(r, Exception) for r in results) == 1
    assert len(taken(world, draft)) == 2


def test_an_approval_and_a_change_at_the_same_moment_never_leave_changed_content_approved(world, draft, race):
    """The author takes it back and changes it while the reviewer approves what they looked at."""
    row = asked(world, draft)

    def act(n):
        if n:
            return world.run("reviewer", review.approve, draft.id, content_sha256=row.content_sha256)
        world.run("expert", review.withdraw, draft.id)
        return edit(world, draft)

    withdrawn, decided = race(2, act)
    assert sum(isinstance(each, WrongState) for each in (withdrawn, decided)) == 1
    after = now(world, draft)
    changed = after.content_sha256 != row.content_sha256
    assert (after.state, changed) in (("approved", False), ("draft", True))


def test_comments_stay_with_their_element_and_are_resolved_not_edited(world, draft):
    said = world.run("reviewer", review.comment, draft.id, "Count again?", element="hold")
    answer = world.run("expert", review.comment, draft.id, "Yes, twice.", answers=said.id)
    assert (said.element_name, answer.element, answer.answers) == ("Hold the meeting", "hold", said.id)
    world.run("expert", review.resolve, draft.id, said.id)
    found = world.read(review.comments, draft.id, who="expert")
    assert [(c.element, c.resolved_at is not None) for c in found] == [("hold", True), ("hold", False)]
    with pytest.raises(NotFound):
        world.run("reviewer", review.comment, draft.id, "?", element="nowhere")
    with pytest.raises(InvalidInput):
        world.run("reviewer", review.comment, draft.id, "  ")
    again = world.run("reviewer", review.comment, draft.id, "Once.", comment_id=COMMAND)
    assert world.run("reviewer", review.comment, draft.id, "Once.", comment_id=COMMAND).id == again.id
    assert len(world.read(review.comments, draft.id, who="expert")) == 3


def test_a_draft_that_was_put_away_is_closed_and_can_be_taken_up_again(world, draft):
    world.run("expert", review.abandon, draft.id)
    with pytest.raises(WrongState):
        edit(world, draft)
    world.run("expert", review.reopen, draft.id)
    assert edit(world, draft).revision == 2


def refused(world, statement):
    with pytest.raises(DBAPIError), world.runtime.engine.begin() as connection:
        connection.execute(text(statement))
    return True


def test_the_database_refuses_what_the_service_refuses(world, draft):
    row = asked(world, draft)
    author = row.created_by
    values = (
        f"'{COMMAND}', '{draft.id}', 99, '{{step}}', {row.revision}, '{row.content_sha256}', '{{digest}}', 'x', "
        f"CURRENT_TIMESTAMP, '{{by}}'"
    )
    insert = f"INSERT INTO draft_review VALUES ({values})"
    assert refused(world, insert.format(step="approved", digest="d", by=author)), "an author approves"
    assert refused(world, insert.format(step="approved", digest="", by="other")), "without a digest"
    assert refused(world, f"UPDATE draft SET state = 'approved' WHERE id = '{draft.id}'"), "nobody approved"
    assert refused(world, f"UPDATE draft SET content_sha256 = 'x' WHERE id = '{draft.id}'"), "while reviewed"
    assert refused(world, f"UPDATE draft SET state = 'published' WHERE id = '{draft.id}'")
    assert refused(world, f"DELETE FROM draft WHERE id = '{draft.id}'")
    assert refused(world, f"DELETE FROM draft_author WHERE draft_id = '{draft.id}'")
    assert refused(world, f"UPDATE draft_author SET user_id = 'x' WHERE draft_id = '{draft.id}'")
    assert refused(world, f"UPDATE draft_review SET done_by = 'x' WHERE draft_id = '{draft.id}'")
    assert refused(world, f"DELETE FROM draft_review WHERE draft_id = '{draft.id}'")
    assert refused(world, f"UPDATE draft_revision SET saved_by = 'x' WHERE draft_id = '{draft.id}'")
    assert refused(world, f"DELETE FROM draft_revision WHERE draft_id = '{draft.id}'"), "the newest stays"


def test_the_database_publishes_only_what_was_approved(world, draft):
    approved(world, draft)
    other = world.version_id
    assert refused(
        world,
        f"UPDATE draft SET state = 'published', published_version_id = '{other}' WHERE id = '{draft.id}'",
    )


def test_the_database_keeps_what_was_said(world, draft):
    said = world.run("reviewer", review.comment, draft.id, "Count again?")
    assert refused(world, f"UPDATE draft_comment SET text = 'x' WHERE id = '{said.id}'")
    assert refused(world, f"DELETE FROM draft_comment WHERE id = '{said.id}'")


def test_who_wrote_in_a_draft_does_not_approve_a_copy_of_it(world, draft):
    copy = world.run("reviewer", drafts.make, drafts.FromDraft(draft.id)).row
    row = asked(world, copy)
    for author in ("expert", "reviewer"):
        with pytest.raises(SamePerson):
            world.run(author, review.approve, copy.id, content_sha256=row.content_sha256)


def test_the_list_of_drafts_asks_no_more_for_twenty_than_for_two(world):
    """Who wrote, what was said and what was decided last come for all drafts together."""

    def questions():
        asked = []
        listen = lambda *given: asked.append(given[2])  # noqa: E731
        event.listen(world.runtime.engine, "before_cursor_execute", listen)
        try:
            found = world.read(views.draft_list, who="expert")
        finally:
            event.remove(world.runtime.engine, "before_cursor_execute", listen)
        return len(asked), found

    made = [
        world.run("expert", drafts.make, drafts.FromStarter("single_delivery", {"en": f"D {n}"})).row
        for n in range(2)
    ]
    few, _ = questions()
    made += [
        world.run("expert", drafts.make, drafts.FromStarter("single_delivery", {"en": f"E {n}"})).row
        for n in range(6)
    ]
    world.run("expert", review.ask, made[0].id)
    world.run("reviewer", review.send_back, made[0].id, note="No.")
    first = world.run("reviewer", review.comment, made[1].id, "Why?")
    world.run("expert", review.comment, made[1].id, "So.", answers=first.id)
    many, found = questions()
    assert many <= few
    assert [line.row.id for line in found.waiting] == [made[0].id], "sent back to its author"
    assert {line.row.id: line.open_comments for line in found.mine}[made[1].id] == 1
    assert world.read(views.draft_list, who="coordinator").mine == []
