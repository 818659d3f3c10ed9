"""The pages of the work: requests, projects, instances, the facilitator's tasks and forms, verification."""

import io
import re
from html import unescape

import pytest
from PIL import Image

from server.accounts import service as accounts
from server.actor import SYSTEM, Grant, Role
from server.adoptions import service as adoptions
from server.app import create_app
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.demo import world as demo
from server.http.security import SESSION_COOKIE
from server.instances import service as instances
from server.instances.models import IncidentRow
from server.projects import service as projects
from server.requests import service as requests
from server.submissions import service as submissions

ELSEWHERE = "BJ/BJ-BO/"
MINE = ("projects", "instances", "deliveries", "submissions")


class Browser:
    """A person at a browser, signed in; sends the token of the pages it sees."""

    def __init__(self, world, account_id="", **headers):
        self.client = create_app(world.runtime).test_client()
        self.client.set_cookie("language", "en")
        if account_id:
            token = world.runtime.run(SYSTEM, accounts.open_session, account_id)
            self.client.set_cookie(SESSION_COOKIE, token)

    def get(self, address, **given):
        return self.client.get(address, **given)

    def token(self):
        return re.search(r'name="csrf-token" content="(\w+)"', self.get("/docs/problems").text)[1]

    def post(self, address, data=None, **given):
        return self.client.post(address, data={"csrf_token": self.token(), **(data or {})}, **given)


def told(answer):
    """The page as a person reads it."""
    text = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def browser(world, who):
    """A role's browser; for a facilitator the id of the person."""
    if who in world.members:
        return Browser(world, facilitator_account(world, who))
    return Browser(world, world.actors[who].user_id)


def facilitator_account(world, person_id):
    known = world.runtime.read(SYSTEM, accounts.accounts)
    found = next((a.id for a in known if a.person_id == person_id), None)
    return found or world.runtime.run(
        SYSTEM, accounts.create_account, email=f"{person_id}@demo.example", name="F", password=demo.PASSWORD,
        grants=[Grant(Role.FACILITATOR, "")], person_id=person_id,
    )  # fmt: skip


def elsewhere(world, role=Role.COORDINATOR):
    """Somebody with the role in another department."""
    account = world.runtime.run(
        SYSTEM, accounts.create_account, email="far@demo.example", name="Far Away", password=demo.PASSWORD,
        grants=[Grant(role, ELSEWHERE)],
    )  # fmt: skip
    return Browser(world, account)


def waiting(world):
    """A delivery that waits for its decision, by id."""
    done = world.send(world.filled(world.task()))
    return done.delivery_id


def decide(world, delivery_id, **more):
    return {"version": str(world.delivery(delivery_id).version), **more}


# The coordinator's chain -------------------------------------------------------------------------------


def test_a_coordinator_goes_from_requests_to_running_villages(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    villages = world.villages[6:9]
    form = {
        "service": "community_profile",
        "region": demo.COMMUNE,
        "village": villages,
        "requester": "Council",
    }
    made = page.post("/requests", form)
    assert made.status_code == 303
    shown = page.get(made.location)
    assert "3 requests were written down." in told(shown)
    asked = re.findall(r'name="request" id="[^"]+" value="([^"]+)" checked', shown.text)
    assert len(asked) == 3
    assert "20 000" not in told(shown)
    new = {
        "service": "community_profile", "region": demo.COMMUNE, "code": "NEW", "name": "New one",
        "version": world.version_id, "fund": demo.FUND, "request": asked, "member": world.members,
    }  # fmt: skip
    price = page.post("/projects", new).location
    numbers = dict(re.findall(r'id="(\w+)" name="\1" type="text" value="(\d+)"', page.get(price).text))
    assert numbers["households"] == "20"
    offer = page.post(price, numbers)
    assert offer.status_code == 303
    check = page.get(offer.location)
    quote_id = re.search(r'name="quote" value="([^"]+)"', check.text)[1]
    fund = re.search(r"Accept and commit ([\d,]+) XOF", told(check))[1]
    project = page.post(price.replace("/price", "/accept"), {"quote": quote_id}).location
    assert f"{fund} XOF are set aside for this project." in told(page.get(project))
    assert "Start 3 villages" in told(page.get(project + "/start"))
    page.post(project + "/start")
    running = told(page.get(project))
    assert "3 villages are started" in running
    assert "Running" in running


def test_a_request_needs_villages_and_somebody_who_asks(opened):
    page = browser(opened("world"), "coordinator")
    answer = page.post("/requests", {"service": "community_profile", "region": demo.COMMUNE})
    assert answer.status_code == 422
    assert "Choose at least one village." in told(answer)
    assert "Say who asks for the service." in told(answer)


def test_a_village_that_asked_cannot_be_chosen_again(opened):
    world = opened("started")
    page = browser(world, "coordinator").get(f"/requests/new?region={demo.COMMUNE}")
    assert page.text.count("asked already") == 3


def test_a_project_form_says_everything_that_is_missing(opened):
    page = browser(opened("world"), "coordinator")
    answer = page.post("/projects", {"region": demo.COMMUNE})
    assert answer.status_code == 422
    for text in (
        "Give the project a code.",
        "Choose at least one village.",
        "Choose who works in the project.",
    ):
        assert text in told(answer)


def test_a_price_outside_its_bounds_is_refused_with_the_bounds(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    address = f"/projects/{world.project_id}/price"
    numbers = dict(re.findall(r'id="(\w+)" name="\1" type="text" value="(\d+)"', page.get(address).text))
    answer = page.post(address, {**numbers, "households": "7", "quorum": "many"})
    assert answer.status_code == 422
    assert "from 20 to 200" in told(answer)
    assert "write a number" in told(answer)


def test_an_offer_shows_what_accepting_takes_from_the_fund(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    shown = told(page.get(f"/projects/{world.project_id}/offer/{world.quote_id}"))
    fund = world.read(lambda tx: projects.quotes.quote_row(tx, world.quote_id)).fund_minor
    assert f"Accept and commit {fund:,} XOF" in shown
    assert f"{30_000_000 - fund:,}" in shown


def test_a_price_made_on_the_site_has_the_regions_terms(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    address = f"/projects/{world.project_id}/price"
    numbers = dict(re.findall(r'id="(\w+)" name="\1" type="text" value="(\d+)"', page.get(address).text))
    offer = page.post(address, numbers).location.rpartition("/")[2]
    made, before = (world.read(lambda tx, q=q: projects.quotes.quote(tx, q)) for q in (offer, world.quote_id))
    assert made.overheads == before.overheads
    assert made.party_minor == before.party_minor
    assert made.fund_minor == before.fund_minor


def test_a_price_is_accepted_once(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    address = f"/projects/{world.project_id}/accept"
    assert page.post(address, {"quote": world.quote_id}).status_code == 303
    again = page.post(address, {"quote": world.quote_id})
    assert again.status_code == 409
    assert "There is a problem" in told(again)


def test_nothing_starts_unfunded(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    answer = page.post(f"/projects/{world.project_id}/start")
    assert answer.status_code == 409
    assert world.read(lambda tx: projects.project(tx, world.project_id)).status == "planned"


@pytest.mark.parametrize("view", ["villages", "map", "diagram", "people"])
def test_a_project_has_four_views(opened, view):
    world = opened("owing")
    answer = browser(world, "coordinator").get(f"/projects/{world.project_id}?v={view}")
    assert answer.status_code == 200
    assert ("style-src-attr 'unsafe-inline'" in answer.headers["Content-Security-Policy"]) == (
        view == "diagram"
    )


def test_every_number_of_the_money_strip_leads_to_its_lines(opened):
    world = opened("owing")
    page = browser(world, "coordinator")
    shown = page.get(f"/projects/{world.project_id}").text
    strip = re.search(r'<dl class="run-figures">.*?</dl>', shown, re.DOTALL)[0]
    assert strip.count("<div") == strip.count("<a ") == 5
    lines = page.get(f"/projects/{world.project_id}/money")
    delivery = re.search(r"/deliveries/[\w-]+", lines.text)[0]
    assert page.get(delivery).status_code == 200


def test_a_person_is_given_a_task_by_the_coordinator(opened):
    world = opened("started")
    task = world.task()
    other = next(m for m in world.members if m != task.assignee_id and _can_do(world, m, task.skill))
    page = browser(world, "coordinator")
    assert page.post(f"/tasks/{task.id}/assign", {"person": other}).status_code == 303
    assert world.read(instances.task_row, task.id).assignee_id == other


def _can_do(world, person_id, skill):
    people = projects.people
    return skill in {s.skill for s in world.read(people.person, person_id).skills}


# The instance ------------------------------------------------------------------------------------------


def test_the_live_state_names_each_task_in_words(opened):
    world = opened("owing")
    nodes = browser(world, "coordinator").get(f"/instances/{world.instance_ids[0]}/state.json").json["nodes"]
    assert nodes["announce"]["state"] == "done"
    assert nodes["announce"]["label"] == "1 done"
    assert re.fullmatch(r"1 under way: \w+ \w+, since 2 Mar 2026", nodes["enter_data"]["label"])


def test_the_state_of_a_project_counts_villages(opened):
    world = opened("owing")
    waiting(world)
    nodes = browser(world, "coordinator").get(f"/projects/{world.project_id}/state.json").json["nodes"]
    assert nodes["announce"] == {"state": "done", "count": 3, "label": "3 done", "counts": []}
    assert {nodes["enter_data"]["state"], *(c["state"] for c in nodes["enter_data"]["counts"])} == {
        "waiting", "in_review"
    }  # fmt: skip


def test_an_instance_shows_its_deliveries_and_what_happened(opened):
    world = opened("owing")
    shown = told(browser(world, "coordinator").get(f"/instances/{world.instance_ids[0]}"))
    assert "Accepted, money owed: Announce the meeting" in shown
    assert "Interview the households" in shown


# Verification ------------------------------------------------------------------------------------------


def test_a_reviewer_accepts_and_comes_to_the_next_one(opened):
    world = opened("started")
    first, second = (world.deliver(world.task(i)) for i in world.instance_ids[:2])
    page = browser(world, "coordinator")
    answer = page.post(f"/deliveries/{first}/accept", decide(world, first))
    assert answer.status_code == 303
    assert answer.location == f"/deliveries/{second}"
    assert world.delivery(first).state == "accepted"
    assert "Accepted. The money is owed." in told(page.get(answer.location))


def test_accepting_what_has_changed_is_refused_on_a_page_that_says_so(opened):
    world = opened("started")
    delivery = world.deliver()
    page = browser(world, "coordinator")
    answer = page.post(f"/deliveries/{delivery}/accept", {"version": "0"})
    assert answer.status_code == 409
    assert "This delivery has changed since you opened it." in told(answer)
    assert world.delivery(delivery).state == "waiting"


@pytest.mark.parametrize("version", ["", "x", "1" * 40, "-1"])
def test_a_version_that_is_no_number_fits_nothing(opened, version):
    world = opened("started")
    delivery = world.deliver()
    answer = browser(world, "coordinator").post(f"/deliveries/{delivery}/accept", {"version": version})
    assert answer.status_code == 409


def test_sending_back_needs_a_reason_and_keeps_what_was_chosen(opened):
    world = opened("started")
    delivery = world.deliver()
    page = browser(world, "coordinator")
    empty = page.post(f"/deliveries/{delivery}/send-back", decide(world, delivery, reason="  "))
    assert empty.status_code == 400
    assert "Say what must be corrected" in told(empty)
    card_id = re.search(r'name="criterion" id="[^"]+" value="([^"]+)"', empty.text)[1]
    sent = page.post(
        f"/deliveries/{delivery}/send-back", decide(world, delivery, reason="Take the photo again", criterion=card_id)
    )  # fmt: skip
    assert sent.status_code == 303
    reason = world.read(deliveries.reviews, delivery)[-1].reason
    assert reason.startswith("Take the photo again\n- ")


def test_a_facilitator_sees_what_was_wrong_and_corrects_the_form(opened):
    world = opened("started")
    delivery = world.deliver()
    row = world.delivery(delivery)
    world.run("coordinator", deliveries.send_back, delivery, reason="The **notice** cannot be read.")
    page = browser(world, row.person_id)
    task = page.get(f"/my/tasks/{row.task_id}")
    assert "What has to be corrected" in told(task)
    assert "<strong>notice</strong>" in task.text
    form = page.get(f"/my/tasks/{row.task_id}/form").text
    edit = re.search(r'data-edit-url="([^"]+)"', form)[1]
    assert page.get(edit).data == world.runtime.files.get(
        world.read(submissions.submission, row.submission_id).xml_sha256
    )
    assert "jpg" in unescape(re.search(r'data-edit-files="([^"]+)"', form)[1])


def test_a_drawn_delivery_waits_for_the_verifiers_second_check(opened):
    world = opened("started")
    delivery = waiting(world)

    def draw(tx):
        deliveries.delivery(tx, delivery).second_check_required = True

    world.runtime.run(SYSTEM, draw)
    coordinator, verifier = browser(world, "coordinator"), browser(world, "verifier")
    assert "A verifier calls or visits the village." in told(coordinator.get(f"/deliveries/{delivery}"))
    early = coordinator.post(f"/deliveries/{delivery}/accept", decide(world, delivery))
    assert early.status_code == 409
    address = f"/deliveries/{delivery}/second-check"
    assert coordinator.post(address, decide(world, delivery, found="passed")).status_code == 403
    assert verifier.post(address, decide(world, delivery)).status_code == 400
    assert verifier.post(address, decide(world, delivery, found="failed")).status_code == 400
    assert verifier.post(address, decide(world, delivery, found="passed", note="Called")).status_code == 303
    assert coordinator.post(f"/deliveries/{delivery}/accept", decide(world, delivery)).status_code == 303


def test_personal_answers_are_for_reviewers_only(opened):
    world = opened("owing")
    surveys = world.read(deliveries.deliveries_of_instances, world.instance_ids)
    survey = next(d for d in surveys if d.node_id == "survey")
    head = world.read(submissions.submission, survey.submission_id).answers["household"][0]["head_name"]
    reviewer, finance = browser(world, "coordinator"), browser(world, "finance")
    assert head in told(reviewer.get(f"/deliveries/{survey.id}"))
    seen = told(finance.get(f"/deliveries/{survey.id}"))
    assert head not in seen
    assert "Personal answers are shown to reviewers only." in seen


def test_pictures_of_personal_questions_are_for_reviewers_and_the_performer_on_the_site_and_the_api(opened):
    world = opened("owing")
    made = world.read(deliveries.deliveries_of_instances, world.instance_ids)
    meeting = next(d for d in made if d.node_id == "hold_meeting")
    given = world.read(submissions.submission, meeting.submission_id).answers
    files = {f.name: f for f in world.read(submissions.files_of, meeting.submission_id)}
    minutes, open_one = files[given["minutes_photo"]], files[given["meeting_photo"]]
    address = f"/submissions/{meeting.submission_id}"
    for who in ("coordinator", "verifier", meeting.person_id, "finance", "approver", "auditor"):
        page = browser(world, who)
        status = 404 if who in ("finance", "approver", "auditor") else 200
        for file, expected in ((minutes, status), (open_one, 200)):
            assert page.get(f"{address}/files/{file.name}").status_code == expected, who
            assert page.get(f"{address}/files/{file.name}?small=1").status_code == expected, who
            assert page.get(f"/api/v1{address}/files/{file.sha256}").status_code == expected, who
    for place in (f"/deliveries/{meeting.id}", f"/instances/{meeting.instance_id}"):
        assert minutes.name not in browser(world, "finance").get(place).text
        assert minutes.name in browser(world, "coordinator").get(place).text


def test_finance_may_read_a_delivery_but_not_decide(opened):
    world = opened("started")
    delivery = world.deliver()
    page = browser(world, "finance")
    shown = page.get(f"/deliveries/{delivery}")
    assert shown.status_code == 200
    assert "data-key" not in shown.text
    assert page.get("/verification").status_code == 403
    assert page.post(f"/deliveries/{delivery}/accept", decide(world, delivery)).status_code == 403


# Who may see what --------------------------------------------------------------------------------------


def test_another_regions_coordinator_finds_nothing_here(opened):
    world = opened("owing")
    delivery = world.read(deliveries.deliveries_of_instances, world.instance_ids)[0]
    evidence = world.read(submissions.files_of, delivery.submission_id)[0]
    page = elsewhere(world)
    for address in (
        f"/projects/{world.project_id}", f"/projects/{world.project_id}/money",
        f"/projects/{world.project_id}/state.json", f"/projects/{world.project_id}/start",
        f"/projects/{world.project_id}/price", f"/instances/{world.instance_ids[0]}",
        f"/instances/{world.instance_ids[0]}/state.json", f"/deliveries/{delivery.id}",
        f"/my/tasks/{delivery.task_id}", f"/submissions/{delivery.submission_id}/submission.xml",
        f"/submissions/{delivery.submission_id}/files/{evidence.name}",
    ):  # fmt: skip
        assert page.get(address).status_code == 404, address
    assert "SMALL" not in told(page.get("/projects"))
    assert "Nothing waits for a decision." in told(page.get("/verification"))
    for address in (f"/projects/{world.project_id}/start", f"/deliveries/{delivery.id}/accept"):
        assert page.post(address).status_code in (403, 404)


def test_a_facilitator_sees_own_tasks_and_files_only(opened):
    world = opened("started")
    delivery = world.deliver()
    row = world.delivery(delivery)
    name = world.read(submissions.files_of, row.submission_id)[0].name
    mine = browser(world, row.person_id)
    other = browser(world, next(m for m in world.members if m != row.person_id))
    for address in (
        f"/my/tasks/{row.task_id}", f"/submissions/{row.submission_id}/submission.xml",
        f"/submissions/{row.submission_id}/files/{name}",
    ):  # fmt: skip
        assert mine.get(address).status_code == 200, address
        assert other.get(address).status_code == 404, address
    assert other.get(f"/my/tasks/{row.task_id}/form").status_code == 404
    assert other.get(f"/my/tasks/{row.task_id}/form.xml").status_code == 404
    assert mine.get(f"/deliveries/{delivery}").status_code == 403
    assert mine.get("/projects").status_code == 403


@pytest.mark.parametrize("address", ["/projects", "/verification", "/my/tasks", "/my/money", "/requests/new"])
def test_a_visitor_is_asked_to_sign_in(attacked, address):
    answer = Browser(attacked).get(address)
    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_a_change_without_the_pages_token_is_refused(opened):
    world = opened("started")
    delivery = world.deliver()
    page = browser(world, "coordinator")
    answer = page.client.post(f"/deliveries/{delivery}/accept", data=decide(world, delivery))
    assert answer.status_code == 403
    assert world.delivery(delivery).state == "waiting"


@pytest.mark.parametrize("address", ["projects/none", "instances/none", "deliveries/none", "my/tasks/none"])
def test_what_is_not_there_is_not_found(attacked, address):
    assert browser(attacked, "coordinator").get(f"/{address}").status_code == 404


# The facilitator ---------------------------------------------------------------------------------------


def test_a_task_is_read_in_the_language_its_region_adopted_unless_the_reader_chose_one(world):
    row = world.run(
        "expert", adoptions.propose, version_id=world.version_id, region=demo.COMMUNE, overlay=adoptions.Overlay("es")
    )  # fmt: skip
    world.run("coordinator", adoptions.adopt, row.id)
    project = world.make_project("ADOPTED", world.villages[4:5])
    world.run("coordinator", projects.accept_quote, project, world.make_quote(project))
    (instance,) = world.run("coordinator", projects.start, project)
    (task,) = world.read(instances.tasks_of_instance, instance)
    card = world.read(catalogue.package, world.version_id).definition.node(task.node_id).task
    page = browser(world, "coordinator")
    page.client.delete_cookie("language")
    shown = page.get(f"/my/tasks/{task.id}")
    assert '<html lang="fr">' in shown.text, "the pages stay in the language of the account"
    assert card.outcome["es"] in told(shown)
    assert f'<p lang="es">{card.outcome["es"]}' in unescape(shown.text)
    assert card.criteria[0].label["es"] in told(shown)
    for language in ("fr", "en"):
        chosen = page.get(f"/my/tasks/{task.id}?lang={language}")
        assert card.outcome[language] in told(chosen)
        assert ' lang="es"' not in chosen.text.replace('hreflang="es" lang="es"', "").partition("<h1")[2]


def test_the_amount_and_the_pay_day_are_told_before_the_work(opened):
    world = opened("started")
    task = world.task()
    page = browser(world, task.assignee_id)
    due = world.read(lambda tx: deliveries.quotes.owed(tx, world.quote_id, task.node_id))
    listed, opened_ = told(page.get("/my/tasks")), told(page.get(f"/my/tasks/{task.id}"))
    assert f"{due.cash_minor:,} XOF" in listed
    assert "at the latest" in listed
    assert f"{due.cash_minor:,}" in opened_
    assert "How to do it" in opened_
    assert "When it is accepted" in opened_


def test_a_task_is_given_back_and_another_takes_it(opened):
    world = opened("started")
    task = world.task()
    roster = [p.id for p in world.read(projects.members, world.project_id)
              if task.skill in {s.skill for s in p.skills} and p.id != task.assignee_id]  # fmt: skip
    first, second, third = (browser(world, who) for who in (task.assignee_id, *roster[:2]))
    assert "Give the task back" in first.get(f"/my/tasks/{task.id}").text
    assert "Take this task" not in second.get("/my/tasks").text
    assert second.post(f"/my/tasks/{task.id}/give-back").status_code in (403, 404), "it is another's"
    given = first.post(f"/my/tasks/{task.id}/give-back")
    assert (given.status_code, given.location) == (303, "/my/tasks")
    assert world.read(instances.task_row, task.id).assignee_id is None
    free = second.get("/my/tasks").text
    assert "Free tasks" in free
    assert f"/my/tasks/{task.id}/claim" in free
    taken = second.post(f"/my/tasks/{task.id}/claim")
    assert (taken.status_code, taken.location) == (303, f"/my/tasks/{task.id}")
    assert world.read(instances.task_row, task.id).assignee_id == roster[0]
    assert "To do" in told(second.get("/my/tasks"))
    late = third.post(f"/my/tasks/{task.id}/claim")
    assert late.status_code == 409
    assert "has this task already" in told(late)
    assert "Take this task" not in third.get("/my/tasks").text


def test_a_task_with_something_sent_is_not_given_back(opened):
    world = opened("started")
    task = world.task()
    world.deliver(task)
    page = browser(world, task.assignee_id)
    assert "Give the task back" not in page.get(f"/my/tasks/{task.id}").text
    assert page.post(f"/my/tasks/{task.id}/give-back").status_code in (403, 409)


def test_the_form_comes_with_what_the_order_says(opened):
    world = opened("started")
    first = world.instance_ids[0]
    world.accept(world.deliver(world.task(first)))
    world.accept(world.deliver(world.task(first)))
    survey = world.task(first)
    page = browser(world, survey.assignee_id)
    answer = page.get(f"/my/tasks/{survey.id}/form.xml")
    assert answer.mimetype == "text/xml"
    assert b"<households>20</households>" in answer.data
    form = page.get(f"/my/tasks/{survey.id}/form")
    assert "'wasm-unsafe-eval'" in form.headers["Content-Security-Policy"]


def parts(sending, **changed):
    """What the form page sends: the XML and the files, each as a part of its name."""
    files = {**sending.files, **changed}
    made = {name: (io.BytesIO(content), name) for name, content in files.items()}
    return {"xml_submission_file": (io.BytesIO(sending.xml), "xml_submission_file.xml"), **made}


def send(page, task_id, data):
    return page.client.post(
        f"/my/tasks/{task_id}/send",
        data=data,
        headers={"X-CSRFToken": page.token(), "Accept": "application/json"},
    )


def test_a_sent_form_becomes_a_delivery_and_twice_is_harmless(opened):
    world = opened("started")
    sending = world.filled(world.task())
    page = browser(world, sending.person_id)
    for _ in range(2):
        answer = send(page, sending.task_id, parts(sending))
        assert answer.status_code == 201
        assert answer.json == {"status": "complete", "problems": [], "missing": []}
    row = world.read(deliveries.of_task, sending.task_id)
    assert row.state == "waiting"
    assert "Being checked" in told(page.get(f"/my/tasks/{sending.task_id}"))


def test_a_file_that_came_before_with_other_content_is_told_and_the_first_kept(opened):
    world = opened("started")
    sending = world.filled(world.task())
    page = browser(world, sending.person_id)
    send(page, sending.task_id, parts(sending))
    name = next(iter(sending.files))
    answer = send(page, sending.task_id, parts(sending, **{name: b"reduced again"}))
    assert (answer.status_code, answer.json["status"]) == (201, "complete")
    [said] = answer.json["problems"]
    assert said["place"] == name
    assert "The first one was kept" in said["message"]


def test_a_form_without_its_pictures_says_which_are_missing(opened):
    world = opened("started")
    sending = world.filled(world.task())
    page = browser(world, sending.person_id)
    answer = send(page, sending.task_id, {"xml_submission_file": (io.BytesIO(sending.xml), "x.xml")})
    assert answer.json["status"] == "incomplete"
    assert answer.json["missing"] == list(sending.files)
    assert next(iter(sending.files)) in told(page.get(f"/my/tasks/{sending.task_id}"))


def test_a_form_with_a_mistake_is_kept_and_can_be_corrected(opened):
    world = opened("started")
    sending = world.filled(world.task(), change=lambda given: given.update(announcements=0))
    page = browser(world, sending.person_id)
    answer = send(page, sending.task_id, parts(sending))
    assert answer.status_code == 201
    assert answer.json["status"] == "faulty"
    assert answer.json["problems"][0]["message"]
    assert "Correct the form" in told(page.get(f"/my/tasks/{sending.task_id}"))


@pytest.mark.parametrize(
    "xml",
    [b"", b"<a/>", b"not xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"<a>" * 5000],
    ids=["empty", "no form", "text", "entity", "deep"],
)
def test_a_wrong_submission_is_refused_in_words_and_keeps_nothing(opened, xml):
    world = opened("started")
    task = world.task()
    answer = send(
        browser(world, task.assignee_id), task.id, {"xml_submission_file": (io.BytesIO(xml), "x.xml")}
    )
    assert answer.status_code == 422
    assert answer.json["problems"][0]["message"]
    assert world.read(submissions.submissions_of_tasks, [task.id]) == []


def test_a_submission_without_a_form_is_refused(opened):
    world = opened("started")
    task = world.task()
    assert send(browser(world, task.assignee_id), task.id, {}).status_code == 422


def test_a_huge_upload_is_refused_before_it_is_read(opened):
    world = opened("started")
    task = world.task()
    page = browser(world, task.assignee_id)
    answer = page.client.post(
        f"/my/tasks/{task.id}/send", data=b"x" * (33 * 1024 * 1024), headers={"X-CSRFToken": page.token()},
        content_type="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert answer.status_code == 413


def test_nobody_sends_for_somebody_else(opened):
    world = opened("started")
    sending = world.filled(world.task())
    other = browser(world, next(m for m in world.members if m != sending.person_id))
    assert send(other, sending.task_id, parts(sending)).status_code in (403, 404)
    assert browser(world, "coordinator").get(f"/my/tasks/{sending.task_id}/form").status_code == 403


def test_my_money_shows_each_line_with_its_state_and_task(opened):
    world = opened("owing")
    owed = world.payables()
    person = owed[0].person_id
    page = browser(world, person)
    shown = page.get("/my/money")
    total = sum(p.amount for p in owed if p.person_id == person)
    assert f"{total:,}" in told(shown)
    assert page.get(re.search(r"/my/tasks/[\w-]+", shown.text)[0]).status_code == 200


# Files of submissions ----------------------------------------------------------------------------------


def picture(size=(900, 600)):
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, "JPEG")
    return out.getvalue()


def sent_file(world, name, content):
    """The address of a file that came with a submission."""
    sending = world.filled(world.task())
    page = browser(world, sending.person_id)
    files = {n: (io.BytesIO(content), n) for n in sending.files}
    data = {
        "xml_submission_file": (io.BytesIO(sending.xml), "x.xml"),
        **files,
        name: (io.BytesIO(content), name),
    }
    assert send(page, sending.task_id, data).status_code == 201
    return page, f"/submissions/{sending.submission_id}/files/"


def test_a_page_named_like_a_picture_is_not_shown_as_one(opened):
    page, folder = sent_file(opened("started"), "evil.jpg", b"<html><script>alert(1)</script></html>")
    answer = page.get(folder + "evil.jpg")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_drawing_with_a_script_is_not_shown(opened):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    page, folder = sent_file(opened("started"), "map.svg", svg)
    assert page.get(folder + "map.svg").headers["Content-Disposition"].startswith("attachment")


def test_a_script_in_a_files_name_stays_text(opened):
    name = "<script>alert(1)</script>.jpg"
    world = opened("started")
    page, folder = sent_file(world, name, picture())
    answer = page.get(folder + "%3Cscript%3Ealert(1)%3C%2Fscript%3E.jpg")
    assert answer.status_code == 200
    assert "<script" not in answer.headers["Content-Disposition"]
    delivery = world.read(deliveries.deliveries_of_instances, world.instance_ids)[0]
    assert "<script>alert" not in browser(world, "coordinator").get(f"/deliveries/{delivery.id}").text


def test_a_picture_is_shown_and_reduced(opened):
    page, folder = sent_file(opened("started"), "large.jpg", picture())
    whole, small = page.get(folder + "large.jpg"), page.get(folder + "large.jpg?small=1")
    assert whole.data == picture()
    assert whole.headers["Content-Disposition"].startswith("inline")
    assert Image.open(io.BytesIO(small.data)).width == 480


def test_a_broken_picture_is_given_as_it_is(opened):
    broken = picture()[:200]
    page, folder = sent_file(opened("started"), "broken.jpg", broken)
    assert page.get(folder + "broken.jpg?small=1").data == broken


@pytest.mark.parametrize("name", ["none.jpg", "../submission.xml", "%2e%2e/x", "a" * 3000])
def test_a_file_that_was_not_sent_is_not_found(opened, name):
    page, folder = sent_file(opened("started"), "a.jpg", picture())
    assert page.get(folder + name).status_code in (404, 308)


def test_requests_are_all_made_or_none(opened):
    world = opened("world")
    page = browser(world, "coordinator")
    before = len(world.read(requests.open_requests))
    form = {"service": "community_profile", "region": demo.COMMUNE, "requester": "Council"}
    answer = page.post("/requests", {**form, "village": [world.villages[8], "NOWHERE"]})
    assert answer.status_code == 404
    assert len(world.read(requests.open_requests)) == before


def test_a_mistake_is_told_in_the_readers_language(opened):
    world = opened("started")
    sending = world.filled(world.task(), change=lambda given: given.update(announcements=0))
    page = browser(world, sending.person_id)
    send(page, sending.task_id, parts(sending))
    english = told(page.get(f"/my/tasks/{sending.task_id}"))
    french = told(page.get(f"/my/tasks/{sending.task_id}?lang=fr"))
    message = world.read(submissions.submission, sending.submission_id).problems[0]["message"]
    assert message in english
    assert message not in french


def test_an_expired_offer_is_not_offered(opened):
    world = opened("world")
    world.clock.advance(days=40)
    page = browser(world, "coordinator")
    shown = told(page.get(f"/projects/{world.project_id}"))
    assert "Get the price" in shown
    assert "Look at the price" not in shown


# What failed ----------------------------------------------------------------------------------------------


def with_incident(world):
    """An instance with a step that failed."""

    def fail(tx):
        tx.session.add(
            IncidentRow(
                id="i1",
                instance_id=world.instance_ids[0],
                node_id="survey",
                message="no such name: x",
                at=tx.now,
            )
        )

    world.runtime.run(SYSTEM, fail)
    return f"/instances/{world.instance_ids[0]}"


def test_a_coordinator_tries_a_failed_step_again(opened):
    world = opened("started")
    address, page = with_incident(world), browser(world, "coordinator")
    shown = told(page.get(address))
    assert "1 step failed" in shown
    assert "no such name: x" in shown
    assert "Try again" in shown
    assert page.post(f"{address}/retry").status_code == 303
    after = told(page.get(address))
    assert "It worked: the work goes on." in after
    assert "failed" not in after


def test_only_a_coordinator_of_the_place_tries_again(opened):
    world = opened("started")
    address = with_incident(world)
    verifier = browser(world, "verifier")
    assert "A coordinator can try it again." in told(verifier.get(address))
    assert verifier.post(f"{address}/retry").status_code == 403
    assert elsewhere(world).post(f"{address}/retry").status_code == 404
    assert "1 step failed" in told(verifier.get(address))


def test_quotation_marks_and_colons_are_those_of_the_language(opened):
    world = opened("started")
    shown = unescape(browser(world, "coordinator").get(f"/instances/{world.instance_ids[0]}?lang=fr").text)
    assert re.search(r"<h1>[^<:]+\u00a0: ", shown)
