"""Who did the work is paid for it, whatever happens between the first bytes and the last."""

from server.instances import service as instances
from server.people import service as people


def test_work_sent_before_the_task_was_given_to_another_is_paid_to_who_did_it(started):
    task = started.task()
    sending = started.filled(task)
    assert started.send(sending, files={}).status == "incomplete"
    register = started.read(people.people)
    another = next(
        person.id
        for person in register.values()
        if person.id != sending.person_id and task.skill in {s.skill for s in person.skills}
    )
    started.run("coordinator", instances.assign, task.id, another)
    done = started.send(sending)
    assert done.status == "complete"
    assert started.delivery(done.delivery_id).person_id == sending.person_id
