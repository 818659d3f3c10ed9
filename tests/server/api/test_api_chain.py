"""The way of a service, walked by each role through the API alone; on both databases."""

import hashlib

import pytest

from pricing.money import Money
from server.demo import world as demo_world
from service_library import library

SERVICE = "community_profile"
CODE = "/services/community_profile/versions/1.0.0"


def prices(name="price_list_benin.xlsx"):
    return [("file", (demo_world.file(name), name))]


def submission(sending, files=True):
    attached = [("files", (content, name)) for name, content in sending.files.items()] if files else []
    return [("xml_submission_file", (sending.xml, "form.xml")), *attached]


@pytest.fixture
def site(opened, site_of):
    """People, places and accounts; no service, no prices, no money."""
    return site_of(opened("people"))


@pytest.fixture
def running(started, site_of):
    """Three villages run."""
    return site_of(started)


def price(site):
    """Publish the service and its prices."""
    site.publish(library.load(SERVICE, "1.0.0"))
    for name in ("price_list_benin.xlsx", "price_list_copargo.xlsx"):
        made = site.national.upload("/price-lists", prices(name))
        site.expert.post(f"/price-lists/{made['price_list']['id']}/approval")


def set_up(site, villages=1):
    """A project with its requests; returns its address."""
    asked = [
        site.coordinator.post(
            "/requests", {"service": SERVICE, "region": village, "requester": "Chief Sabi Orou"}, 201
        )["id"]
        for village in site.world.villages[:villages]
    ]
    made = site.coordinator.post(
        "/projects",
        {"code": "API", "name": "Profiles", "service": SERVICE, "region": demo_world.COMMUNE,
         "fund": demo_world.FUND, "requests": asked, "members": site.world.members},
        201,
    )  # fmt: skip
    return f"/projects/{made['id']}"


def test_a_version_is_published_by_two_people_and_never_changes(site):
    shipped = library.load(SERVICE, "1.0.0")
    address = site.draft_of(shipped)
    site.expert.get(CODE, 404)
    asked = site.expert.post(f"{address}/review-request", {})
    decision = {"content_sha256": asked["content_sha256"]}
    site.expert.post(f"{address}/approval", decision, 403)
    site.expert.post(f"{address}/publication", {}, 409)
    site.reviewer.post(f"{address}/approval", decision)
    site.expert.post(f"{address}/publication", {})

    version = site.auditor.get(CODE)
    assert site.auditor.download(f"{CODE}/bpmn") == site.auditor.download(
        version["bpmn"].removeprefix("/api/v1")
    )
    assert version["digest"] == hashlib.sha256(site.auditor.download(f"{CODE}/manifest")).hexdigest()
    form = version["forms"][0]
    assert hashlib.md5(site.auditor.download(form["href"].removeprefix("/api/v1"))).hexdigest() == form["md5"]

    other = site.draft_of(library.load(SERVICE, "1.1.0"))
    assert "version-not-higher" in {p["code"] for p in site.expert.get(other)["hindrances"]}


def test_finished_files_cannot_be_published_past_the_review(site):
    site.expert.send("POST", "/services", 405, json={})
    publishing = [
        f"{method.upper()} {path}"
        for path, item in site.visitor.get("/openapi.json")["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "publish" in operation.get("operationId", "")
    ]
    assert publishing == ["POST /api/v1/drafts/{draft_id}/publication"]


def test_a_broken_diagram_is_answered_with_all_its_problems_and_stores_nothing(site):
    assert site.expert.upload("/drafts/import", [("bpmn", (b"<definitions", "x.bpmn"))], 422)["problems"]
    assert site.expert.get("/drafts")["items"] == []


def test_prices_count_when_another_person_has_approved_them(site):
    site.publish(library.load(SERVICE, "1.0.0"))
    dry = site.national.upload("/price-lists?dry_run=true", prices(), 200)
    assert dry["prices"] > 0
    assert site.national.get("/price-lists")["items"] == []

    made = site.national.upload("/price-lists", prices(), 201)["price_list"]
    assert made["status"] == "draft"
    assert made["file_sha256"] == hashlib.sha256(demo_world.file("price_list_benin.xlsx")).hexdigest()
    ask = {"service": SERVICE, "region": demo_world.COMMUNE}
    refused = site.coordinator.post("/quotes", ask, 422)
    assert refused["code"] == "not-priceable"
    assert refused["problems"]

    approval = f"/price-lists/{made['id']}/approval"
    site.national.refused(approval, "forbidden", 403)
    assert site.expert.post(approval)["status"] == "approved"
    site.expert.refused(approval, "wrong-state", 409)
    assert len(site.national.get(f"/price-lists/{made['id']}/prices?limit=200")["items"]) > 0


def test_a_quote_can_be_recomputed_from_its_canonical_bytes(site):
    price(site)
    quote = site.coordinator.post(
        "/quotes",
        {"service": SERVICE, "region": demo_world.COMMUNE, "instances": 2, "on": "2026-03-02",
         "contributions": [{"party": "partner", "kind": "percent", "scope": "item:NONE", "value": "0"}],
         "overheads": [{"code": "coordination", "kind": "percent", "value": "10"}]},
        201,
    )  # fmt: skip
    canonical = site.coordinator.download(f"/quotes/{quote['id']}/canonical")
    assert hashlib.sha256(canonical).hexdigest() == quote["digest"]
    assert site.auditor.get(f"/quotes/{quote['id']}") == quote
    assert quote["charged"]["minor"] == quote["snapshot"]["charged_minor"]
    assert quote["charged"]["text"] == str(quote["charged"]["minor"])  # XOF has no minor unit


def test_nothing_runs_unfunded_and_a_project_starts_once(site):
    price(site)
    project = set_up(site, villages=2)
    site.coordinator.refused(f"{project}/start", "not-funded", 409)
    quote = site.coordinator.post(f"{project}/quotes", {}, 201)
    acceptance = {"quote_id": quote["id"]}
    site.coordinator.refused(f"{project}/acceptance", "unfunded", 409, acceptance)
    site.coordinator.refused(f"{project}/start", "not-funded", 409)

    site.world.grant(Money(30_000_000, "XOF"))
    assert site.coordinator.post(f"{project}/acceptance", acceptance)["quote_id"] == quote["id"]
    site.coordinator.refused(f"{project}/acceptance", "wrong-state", 409, acceptance)
    started = site.coordinator.post(f"{project}/start")["instances"]
    assert len(started) == 2
    site.coordinator.refused(f"{project}/start", "wrong-state", 409)
    assert [v["status"] for v in site.auditor.get(project)["villages"]] == ["running", "running"]
    assert site.coordinator.get("/requests")["items"] == []


def first_task(site, instance_id):
    """The instance's ready task as its facilitator sees it, and their client."""
    task = site.world.task(instance_id)
    return site.person(task.assignee_id), f"/tasks/{task.id}", task


def test_a_phone_may_send_in_pieces_and_as_often_as_it_likes(running):
    instance = running.world.instance_ids[0]
    phone, address, task = first_task(running, instance)
    assert address.endswith(phone.get("/tasks")["items"][0]["id"])
    assert phone.get(address)["card"]["forms"]
    sending = running.world.filled(task)
    assert sending.files

    kept = phone.upload(f"{address}/submissions", submission(sending, files=False), 202)
    assert (kept["status"], kept["delivery_id"]) == ("incomplete", None)
    done = phone.upload(f"{address}/submissions", submission(sending), 200)
    assert (done["outcome"], done["status"]) == ("files_added", "complete")
    again = phone.upload(f"{address}/submissions", submission(sending), 200)
    assert (again["outcome"], again["delivery_id"]) == ("replayed", done["delivery_id"])
    assert again["problems"] == []
    name = next(iter(sending.files))
    other = [("xml_submission_file", (sending.xml, "form.xml")), ("files", (b"reduced again", name))]
    [said] = phone.upload(f"{address}/submissions", other, 200)["problems"]
    assert (said["code"], said["place"], said["severity"]) == ("file-differs", name, "warning")
    assert len(running.coordinator.get("/deliveries")["items"]) == 1
    assert running.coordinator.get(f"/instances/{instance}")["tasks"][0]["state"] == "completed"

    sent = phone.get(f"/submissions/{done['submission_id']}")
    assert sent["times_received"] == 4
    file = sent["files"][0]
    content = phone.download(file["href"].removeprefix("/api/v1"))
    assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_the_first_complete_sending_is_answered_created(running):
    phone, address, task = first_task(running, running.world.instance_ids[0])
    sending = running.world.filled(task)
    assert phone.upload(f"{address}/submissions", submission(sending), 201)["outcome"] == "received"
    changed = [("xml_submission_file", (sending.xml + b"\n", "form.xml"))]
    assert phone.upload(f"{address}/submissions", changed, 409)["code"] == "submission-differs"


def test_a_faulty_form_is_kept_and_answered_with_its_problems(running):
    phone, address, task = first_task(running, running.world.instance_ids[0])
    sending = running.world.filled(task, change=lambda given: given.pop("announced_on"))
    kept = phone.upload(f"{address}/submissions", submission(sending), 201)
    assert (kept["status"], kept["delivery_id"]) == ("faulty", None)
    assert kept["problems"]
    assert phone.get(f"/submissions/{kept['submission_id']}")["status"] == "faulty"


def test_another_facilitators_task_is_not_there(running):
    _, address, task = first_task(running, running.world.instance_ids[0])
    other = running.person(next(p for p in running.world.members if p != task.assignee_id))
    other.get(address, 404)
    sending = running.world.filled(task)
    other.upload(f"{address}/submissions", submission(sending), 404)


def deliver(site, instance):
    """Do the instance's ready task; returns the delivery's address and the task."""
    phone, address, task = first_task(site, instance)
    done = phone.upload(f"{address}/submissions", submission(site.world.filled(task)))
    return f"/deliveries/{done['delivery_id']}", task


def clear(site, delivery):
    """Record the second check where one is wanted; returns the delivery."""
    seen = site.verifier.get(delivery)
    if seen["second_check_required"]:
        body = {"version": seen["version"], "passed": True, "note": "called the chief"}
        seen = site.verifier.post(f"{delivery}/second-check", body)
    return seen


def test_a_decision_is_about_what_the_reviewer_saw(running):
    delivery, task = deliver(running, running.world.instance_ids[0])
    seen = clear(running, delivery)
    stale = {"version": seen["version"], "reason": "The photo is dark."}
    sent_back = running.verifier.post(f"{delivery}/send-back", stale)
    assert sent_back["state"] == "sent_back"
    assert sent_back["version"] > seen["version"]

    phone = running.person(task.assignee_id)
    assert phone.get(f"/tasks/{task.id}")["sent_back_because"] == "The photo is dark."
    correction = running.world.filled(task, corrects=seen["submission"]["id"])
    phone.upload(f"/tasks/{task.id}/submissions", submission(correction))
    running.coordinator.refused(
        f"{delivery}/acceptance", "delivery-changed", 409, {"version": seen["version"]}
    )

    seen = clear(running, delivery)
    accepted = running.coordinator.post(f"{delivery}/acceptance", {"version": seen["version"]})
    assert accepted["state"] == "accepted"
    assert [r["verdict"] for r in accepted["reviews"]][-1] == "accepted"


def test_acceptance_owes_once_however_often_it_is_sent(running):
    delivery, _ = deliver(running, running.world.instance_ids[0])
    seen = clear(running, delivery)
    first = running.coordinator.post(f"{delivery}/acceptance", {"version": seen["version"]})
    owed = running.finance.get("/payables")["items"]
    assert sum(p["gross"]["minor"] for p in owed) == first["honorarium"]["minor"] + first["expenses"]["minor"]
    assert running.verifier.post(f"{delivery}/acceptance", {"version": seen["version"]}) == first
    assert running.finance.get("/payables")["items"] == owed


def test_money_leaves_with_two_people_once_and_comes_back_settled(running):
    delivery, _ = deliver(running, running.world.instance_ids[0])
    seen = clear(running, delivery)
    running.coordinator.post(f"{delivery}/acceptance", {"version": seen["version"]})
    owed = running.finance.get("/payables")["items"]

    kinds = {a["rail"]: a for a in running.finance.get("/paying-accounts")["items"]}
    batch = None
    for rail in ("bank", "mobile_money"):
        new = {"paying_account_id": kinds[rail]["id"], "execution_date": "2026-03-10"}
        answer = running.finance.send("POST", "/batches", _either(running, new), json=new).get_json()
        if "id" in answer:
            batch, paid_by = f"/batches/{answer['id']}", rail
            total = answer["total"]["minor"]
    assert batch
    assert total == sum(p["net"]["minor"] for p in owed)

    running.finance.download(f"{batch}/file", 409)
    running.finance.refused(f"{batch}/export", "wrong-state", 409)
    content = running.finance.post(f"{batch}/submission")["content_sha256"]
    running.finance.refused(f"{batch}/approval", "same-person", 403, {"content_sha256": content})
    running.approver.refused(f"{batch}/approval", "batch-changed", 409, {"content_sha256": "0" * 64})
    running.approver.post(f"{batch}/approval", {"content_sha256": content})
    frozen = running.finance.post(f"{batch}/export")
    running.finance.refused(f"{batch}/export", "wrong-state", 409)
    running.finance.refused(f"{batch}/cancellation", "wrong-state", 409)
    file = running.finance.download(f"{batch}/file")
    assert hashlib.sha256(file).hexdigest() == frozen["file_sha256"]

    answer = running.world.bank_answer(file) if paid_by == "bank" else running.world.momo_answer(file)
    running.finance.upload(f"{batch}/answers", [("file", (b"no answer", "x.xml"))], 422)
    read = running.finance.upload(f"{batch}/answers", [("file", (answer, "answer"))])
    assert (read["settled"], read["rejected"], read["batch"]["state"]) == (1, 0, "settled")
    assert (
        running.finance.upload(f"{batch}/answers", [("file", (answer, "answer"))], 409)["code"]
        == "file-known"
    )
    paid = running.finance.get("/payables")["items"]
    assert [p["settled"] for p in paid] == [p["net"] for p in paid]
    assert running.auditor.get("/verification") | {"verified": []} == {
        "verified": [], "sound": True, "findings": [],
    }  # fmt: skip


def _either(site, new):
    """The status that collecting will have: the one person owed has one kind of account."""
    from server.batches import service as batches

    plan = site.world.read(batches.preview, str(new["paying_account_id"]), who="finance")
    return 201 if plan.payments else 409


def test_the_village_record_is_public_and_names_nobody(running):
    instance = running.world.instance_ids[0]
    delivery, task = deliver(running, instance)
    seen = clear(running, delivery)
    running.coordinator.post(f"{delivery}/acceptance", {"version": seen["version"]})
    answer = running.visitor.send("GET", f"/villages/{instance}", 200)
    record = answer.get_json()
    assert record["tasks"][0]["state"] == "accepted"
    assert record["total"]["minor"] == sum(s["amount"]["minor"] for s in record["payers"])
    assert "delivery:accepted" in {row["event"] for row in record["journal"]}
    text = answer.get_data(as_text=True)
    assert task.assignee_id not in text
    assert "Sabi Orou" not in text


def test_a_batch_given_up_owes_its_money_again(running):
    delivery, _ = deliver(running, running.world.instance_ids[0])
    seen = clear(running, delivery)
    running.coordinator.post(f"{delivery}/acceptance", {"version": seen["version"]})
    for account in running.finance.get("/paying-accounts")["items"]:
        new = {"paying_account_id": account["id"], "execution_date": "2026-03-10"}
        if _either(running, new) == 201:
            batch = running.finance.post("/batches", new, 201)
            running.finance.refused("/batches", "nothing-to-pay", 409, new)
            running.finance.post(f"/batches/{batch['id']}/cancellation")
            again = running.finance.post("/batches", new, 201)
            assert again["total"] == batch["total"]
