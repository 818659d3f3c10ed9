"""Receiving what phones send: twice, late, in pieces, wrong; nothing is lost and nothing counts twice."""

import pytest

from forms.envelope import NotASubmission
from server.deliveries import service as deliveries
from server.errors import Forbidden, NotFound
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.submissions import service as submissions
from server.submissions.service import SubmissionDiffers, UnknownForm, WrongForm
from workflows.xml import XmlRefused


def test_a_submission_is_kept_and_completes_its_task(started):
    sending = started.filled(started.task())
    done = started.send(sending)
    row = started.read(submissions.submission, sending.submission_id)
    assert (done.outcome, done.status, row.status) == ("received", "complete", "complete")
    assert started.runtime.files.get(row.xml_sha256) == sending.xml
    assert {f.name for f in started.read(submissions.files_of, row.id)} == set(sending.files)
    assert started.read(instances.task_row, sending.task_id).state == "completed"


def test_a_replay_changes_nothing(started):
    sending = started.filled(started.task())
    first = started.send(sending)
    for _ in range(2):
        again = started.send(sending)
        assert (again.outcome, again.delivery_id) == ("replayed", first.delivery_id)
    assert started.read(submissions.submission, sending.submission_id).times_received == 3
    assert len(started.read(deliveries.deliveries_of_instances, started.instance_ids)) == 1
    assert started.read(instances.task_row, sending.task_id).state == "completed"
    assert len(started.read(submissions.submissions_of_tasks, [sending.task_id])) == 1


def test_the_same_submission_arriving_eight_times_at_once_counts_once(started, race):
    sending = started.filled(started.task())
    done = race(8, lambda _: started.send(sending))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert sorted(d.outcome for d in done) == ["received"] + ["replayed"] * 7
    assert started.read(submissions.submission, sending.submission_id).times_received == 8
    [delivery] = started.read(deliveries.deliveries_of_instances, started.instance_ids)
    events = [row.event for row in started.read(journal.of_objects, [delivery.id])]
    assert events.count(Event.DELIVERY_MADE) == 1
    assert [t.node_id for t in started.ready_tasks(delivery.instance_id)] == ["hold_meeting"]


def test_the_same_id_with_other_content_is_refused(started):
    sending = started.filled(started.task())
    started.send(sending)
    with pytest.raises(SubmissionDiffers):
        started.send(sending, xml=sending.xml.replace(b"market", b"school"))
    assert started.runtime.files.get(started.read(submissions.submission, sending.submission_id).xml_sha256)


def test_the_same_id_for_another_task_is_refused(started):
    sending = started.filled(started.task())
    started.send(sending)
    other = next(t for i in started.instance_ids for t in started.ready_tasks(i) if t.id != sending.task_id)
    with pytest.raises(SubmissionDiffers):
        started.send(sending, task_id=other.id, person_id=other.assignee_id)


def test_files_may_come_later_and_complete_the_task(started):
    sending = started.filled(started.task())
    early = started.send(sending, files={})
    assert (early.status, early.delivery_id) == ("incomplete", None)
    assert started.read(instances.task_row, sending.task_id).state == "ready"
    late = started.send(sending)
    assert (late.outcome, late.status) == ("files_added", "complete")
    assert late.delivery_id is not None
    assert started.read(instances.task_row, sending.task_id).state == "completed"


def test_files_may_come_one_by_one_in_any_order(started):
    task = started.task()
    started.accept(started.deliver(task))
    meeting = started.task(task.instance_id)
    sending = started.filled(meeting)
    assert len(sending.files) == 2
    for name in sorted(sending.files, reverse=True):
        done = started.send(sending, files={name: sending.files[name]})
    assert done.status == "complete"


def test_another_file_of_the_same_name_is_refused_and_the_first_kept(started):
    sending = started.filled(started.task())
    started.send(sending)
    name = next(iter(sending.files))
    done = started.send(sending, files={name: b"another picture"})
    assert (done.outcome, done.status, done.refused_files) == ("replayed", "complete", (name,))
    assert [(p["code"], p["place"]) for p in done.problems] == [("file-differs", name)]
    kept = started.read(submissions.files_of, sending.submission_id)[0]
    assert started.runtime.files.get(kept.sha256) == sending.files[name]


def test_a_file_that_differs_does_not_keep_the_others_out(started):
    task = started.task()
    started.accept(started.deliver(task))
    sending = started.filled(started.task(task.instance_id))
    first, second = sorted(sending.files)
    assert started.send(sending, files={first: sending.files[first]}).status == "incomplete"
    done = started.send(sending, files={first: b"reduced again", second: sending.files[second]})
    assert (done.outcome, done.status, done.refused_files) == ("files_added", "complete", (first,))
    kept = {f.name: f.sha256 for f in started.read(submissions.files_of, sending.submission_id)}
    assert {n: started.runtime.files.get(sha) for n, sha in kept.items()} == dict(sending.files)


def test_a_file_nobody_asked_for_is_kept_and_harmless(started):
    sending = started.filled(started.task())
    done = started.send(sending, files={**sending.files, "../../etc/passwd": b"x"})
    assert done.status == "complete"
    assert not (started.runtime.files.root.parent / "etc").exists()


def test_another_tasks_form_is_refused(started):
    announce = started.task()
    sending = started.filled(announce)
    foreign = sending.xml.replace(b"community_profile-announce", b"community_profile-read_back")
    with pytest.raises(WrongForm):
        started.send(sending, xml=foreign)


def test_a_form_nobody_published_is_refused(started):
    sending = started.filled(started.task())
    with pytest.raises(UnknownForm):
        started.send(sending, xml=sending.xml.replace(b'version="1.0.0"', b'version="7.0.0"'))


def test_an_old_version_of_the_form_is_still_checked_against_that_version(started):
    from server.catalogue import service as catalogue
    from service_library import library

    shipped = library.load("community_profile", "1.1.0")
    started.run("expert", catalogue.publish, shipped.bpmn, shipped.form_sources, version="1.1.0")
    sending = started.filled(started.task())
    done = started.send(sending)
    row = started.read(submissions.submission, sending.submission_id)
    assert (done.status, row.form_version) == ("complete", "1.0.0")


def test_a_faulty_submission_is_kept_marked_and_delivers_nothing(started):
    task = started.task()
    sending = started.filled(task)
    faulty = sending.xml.replace(b"<announcements>", b"<announcements>-")
    done = started.send(sending, xml=faulty)
    row = started.read(submissions.submission, sending.submission_id)
    assert (done.status, row.status, done.delivery_id) == ("faulty", "faulty", None)
    assert {p["code"] for p in row.problems} == {"constraint-failed"}
    assert all(p["place"] for p in row.problems)
    assert started.runtime.files.get(row.xml_sha256) == faulty
    assert started.read(instances.task_row, task.id).state == "ready"


def test_a_correction_takes_the_faulty_ones_place(started):
    task = started.task()
    faulty = started.filled(task)
    started.send(faulty, xml=faulty.xml.replace(b"<announcements>", b"<announcements>-"))
    right = started.filled(task, corrects=faulty.submission_id)
    assert started.send(right).status == "complete"
    assert started.read(submissions.submission, faulty.submission_id).status == "superseded"


def test_what_was_corrected_already_does_not_come_back_when_it_arrives_late(started):
    task = started.task()
    first = started.filled(task)
    correction = started.filled(task, corrects=first.submission_id)
    done = started.send(correction)
    late = started.send(first)
    assert late.status == "superseded"
    assert started.delivery(done.delivery_id).submission_id == correction.submission_id
    assert started.read(submissions.submission, correction.submission_id).status == "complete"


@pytest.mark.parametrize(
    "xml", [b"", b"hello", b"<a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"\xff\xfe\x00"]
)
def test_what_is_no_submission_is_refused_and_not_kept(started, xml):
    task = started.task()
    before = sorted(started.runtime.files.root.rglob("*"))
    with pytest.raises((XmlRefused, NotASubmission)):
        deliveries.submit(
            started.runtime, started.actor(task.assignee_id), task_id=task.id, xml=xml, files={}
        )
    assert sorted(started.runtime.files.root.rglob("*")) == before


def test_only_the_facilitator_whose_task_it_is_may_submit(started):
    sending = started.filled(started.task())
    stranger = next(m for m in started.members if m != sending.person_id)
    for who in (stranger, "coordinator", "verifier", "finance"):
        with pytest.raises(Forbidden):
            deliveries.submit(
                started.runtime, started.actor(who), task_id=sending.task_id, xml=sending.xml, files={}
            )


def test_a_task_nobody_knows_is_not_found(started):
    sending = started.filled(started.task())
    with pytest.raises(NotFound):
        started.send(sending, task_id="nothing")


def test_an_accepted_delivery_takes_no_correction(started):
    task = started.task()
    delivery_id = started.deliver(task)
    started.accept(delivery_id)
    before = started.delivery(delivery_id).submission_id
    late = started.filled(task, corrects=before)
    for outcome in ("received", "replayed"):
        done = started.send(late)
        assert (done.outcome, done.status, done.delivery_id) == (outcome, "superseded", delivery_id)
        assert [p["code"] for p in done.problems] == ["already-accepted"]
    assert started.delivery(delivery_id).submission_id == before
    assert started.read(submissions.submission, before).status == "complete"
    assert started.runtime.files.get(started.read(submissions.submission, late.submission_id).xml_sha256)
    assert started.verify() == []


def test_a_file_used_in_another_task_draws_a_second_check(started):
    first, second = (started.ready_tasks(i)[0] for i in started.instance_ids[:2])
    sent = started.filled(first)
    started.send(sent)
    again = started.filled(second)
    picture = next(iter(sent.files.values()))
    done = started.send(again, files=dict.fromkeys(again.files, picture))
    row = started.delivery(done.delivery_id)
    assert "same_file" in {f["code"] for f in row.flags}
    assert row.second_check_required


def test_a_place_far_from_the_village_draws_a_second_check(started):
    from decimal import Decimal

    def far(answers):
        answers["gps"]["latitude"] += Decimal(2)

    done = started.send(started.filled(started.task(), change=far))
    row = started.delivery(done.delivery_id)
    assert "far_from_village" in {f["code"] for f in row.flags}
    assert row.second_check_required


def test_the_village_works_on_while_nothing_is_reviewed(started):
    instance_id = started.instance_ids[0]
    started.deliver(started.task(instance_id))
    assert [t.node_id for t in started.ready_tasks(instance_id)] == ["hold_meeting"]
