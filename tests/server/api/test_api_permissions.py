"""Who may call what: every operation for every role, and what is not one's own is not there."""

import re

import pytest

from server.deliveries import service as deliveries
from server.submissions import service as submissions

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")

ROLES = {
    "E": "expert", "C": "coordinator", "F": "facilitator", "V": "verifier", "M": "finance", "A": "approver",
    "U": "auditor", "D": "administrator",
}  # fmt: skip
EVERYBODY = "ECFVMAUD"
STAFF = "ECVMAU"
MONEY = "MAU"
# operation -> the roles it is for; "*" = also for who is not signed in
TABLE = {
    "create_session": "*", "read_session": EVERYBODY, "delete_session": EVERYBODY,
    "list_services": EVERYBODY, "read_service_version": EVERYBODY,
    "download_bpmn": EVERYBODY, "download_form": EVERYBODY, "download_handbook": EVERYBODY,
    "download_drawing": EVERYBODY, "download_manifest": EVERYBODY,
    "deprecate_service_version": "E", "recall_service_version": "E",
    "list_drafts": "EC", "create_draft": "E", "import_draft": "E", "read_draft": "EC",
    "download_draft_bpmn": "EC", "save_draft_bpmn": "E", "list_draft_files": "EC", "save_draft_form": "E",
    "save_draft_decision": "E", "delete_draft_form": "E", "delete_draft_decision": "E",
    "download_draft_form": "EC", "download_draft_decision": "EC", "set_draft_publication": "E",
    "list_draft_revisions": "EC", "restore_draft": "E", "request_draft_review": "E", "withdraw_draft": "E",
    "approve_draft": "E", "send_back_draft": "E", "publish_draft": "E", "abandon_draft": "E",
    "reopen_draft": "E", "list_draft_steps": "EC", "list_draft_comments": "EC",
    "create_draft_comment": "EC", "resolve_draft_comment": "E",
    "list_price_lists": STAFF, "read_price_list": STAFF, "list_prices": STAFF, "import_price_list": "C",
    "approve_price_list": "EMA", "retire_price_list": "EMA", "read_price_history": STAFF,
    "mark_price_list": "C", "withdraw_price_list": "C", "withdraw_terms": "C",
    "list_minimum_wages": STAFF, "add_minimum_wage": "C",
    "list_terms": STAFF, "propose_terms": "C", "approve_terms": "EMA", "retire_terms": "EMA",
    "list_quotes": STAFF, "create_quote": "EC", "read_quote": STAFF, "download_quote": STAFF,
    "requote": "EC", "read_difference": STAFF, "explain_number": STAFF, "list_catalogue_prices": STAFF,
    "list_project_quotes": STAFF, "read_project_quote": STAFF, "price_services_together": "EC",
    "list_requests": STAFF, "create_request": "CF",
    "list_projects": STAFF, "create_project": "C", "read_project": STAFF, "create_project_quote": "EC",
    "accept_project_quote": "C", "start_project": "C", "migrate_project": "C",
    "read_instance": STAFF, "list_instance_changes": STAFF, "retry_instance": "C", "cancel_instance": "C",
    "deliver_message": "C", "signal_instance": "C", "add_deadline": "C", "migrate_instance": "C",
    "list_my_tasks": "CF", "read_task": "CF", "create_submission": "F", "list_free_tasks": "F",
    "claim_task": "F", "return_task": "F",
    "read_submission": EVERYBODY, "download_file": EVERYBODY,
    "list_deliveries": "CVMAU", "read_delivery": "CVMAU", "accept_delivery": "CV", "send_back_delivery": "CV",
    "record_second_check": "V",
    "list_paying_accounts": MONEY, "list_payables": MONEY, "list_batches": MONEY, "create_batch": "M",
    "read_batch": MONEY, "submit_batch": "M", "approve_batch": "MA", "export_batch": "M", "cancel_batch": "M",
    "download_batch_file": MONEY, "read_batch_answer": "M",
    "list_claims": MONEY, "read_claim": MONEY, "propose_advance": "M", "propose_clawback": "M",
    "approve_claim": "MA", "refuse_claim": "MA", "plan_recovery": "M", "approve_recovery": "MA",
    "drop_recovery": "MA", "book_repayment": "M", "list_approval_policies": MONEY, "propose_approval_policy": "MA",
    "approve_approval_policy": "MA",
    "list_adoptions": STAFF, "propose_adoption": "EC", "read_adoption": STAFF, "adopt_version": "EC",
    "withdraw_adoption": "EC", "list_calendars": EVERYBODY, "create_calendar": "EC", "add_holidays": "EC",
    "download_version_texts": EVERYBODY, "read_draft_progress": "EC", "download_draft_texts": "EC",
    "import_draft_texts": "EC",
    "read_report": MONEY, "download_report": MONEY, "read_statement": MONEY, "read_my_statement": "F",
    "download_journal": MONEY, "list_bank_files": MONEY, "import_bank_file": "M", "list_bank_lines": MONEY,
    "decide_bank_line": "M",
    "read_village": "*", "read_verification": MONEY,
}  # fmt: skip
NOTHING = "01900000-0000-7000-8000-000000000000"


def operations(site):
    """operationId -> (method, path with ids of nothing) from the OpenAPI document itself."""
    document = site.visitor.get("/openapi.json")
    return {
        operation["operationId"]: (
            method.upper(),
            re.sub(r"\{[^}]+\}", NOTHING, path.removeprefix("/api/v1")),
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "delete")
    }


def status_of(client, method, path):
    headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    return client.app.test_client().open("/api/v1" + path, method=method, headers=headers).status_code


def test_the_table_names_every_operation(attacked_site):
    assert operations(attacked_site).keys() == TABLE.keys()


def test_who_is_not_signed_in_may_do_what_is_public(attacked_site):
    got = {
        name: status_of(attacked_site.visitor, *where) for name, where in operations(attacked_site).items()
    }
    assert {name for name, status in got.items() if status != 401} == {
        name for name, roles in TABLE.items() if roles == "*"
    }


@pytest.mark.parametrize("letter", ROLES)
def test_each_role_may_do_what_the_table_says(attacked_site, letter):
    client = getattr(attacked_site, {"administrator": "administrator"}.get(ROLES[letter], ROLES[letter]))
    allowed, forbidden = set(), set()
    for name, (method, path) in operations(attacked_site).items():
        if name == "delete_session":  # it would sign this client out
            continue
        status = status_of(client, method, path)
        assert status < 500, (name, status)
        assert status != 401, name
        (forbidden if status == 403 else allowed).add(name)
    wanted = {n for n, roles in TABLE.items() if letter in roles or roles == "*"} - {"delete_session"}
    assert allowed == wanted


def things(site):
    """Addresses of real things of the small world, by who could see them at home."""
    world = site.world
    task = world.task()
    delivery = site.coordinator.get("/deliveries")["items"][0]
    sent = site.coordinator.get(f"/deliveries/{delivery['id']}")["submission"]["id"]
    batch = site.finance.get("/batches")["items"][0]["id"]
    return {
        "coordinator": [
            f"/projects/{world.project_id}", f"/quotes/{world.quote_id}", f"/quotes/{world.quote_id}/canonical",
            f"/instances/{world.instance_ids[0]}", f"/tasks/{task.id}", f"/deliveries/{delivery['id']}",
            f"/submissions/{sent}",
        ],
        "verifier": [f"/deliveries/{delivery['id']}", f"/submissions/{sent}"],
        "finance": [f"/batches/{batch}", f"/deliveries/{delivery['id']}", f"/projects/{world.project_id}"],
        "approver": [f"/batches/{batch}"],
        "facilitator": [f"/tasks/{task.id}"] if task.assignee_id != world.members[0] else [],
    }  # fmt: skip


def test_a_thing_of_another_region_is_not_there(attacked_site):
    for role, addresses in things(attacked_site).items():
        for address in addresses:
            if role != "facilitator":
                assert status_of(getattr(attacked_site, role), "GET", address) == 200, (role, address)
                assert status_of(attacked_site.stranger(role), "GET", address) == 404, (role, address)
            else:
                assert status_of(attacked_site.facilitator, "GET", address) == 404


def test_a_decision_about_a_thing_of_another_region_is_not_there(attacked_site):
    world = attacked_site.world
    delivery = attacked_site.coordinator.get("/deliveries")["items"][0]
    coordinator, finance = attacked_site.stranger("coordinator"), attacked_site.stranger("finance")
    version = {"version": delivery["version"]}
    coordinator.post(f"/deliveries/{delivery['id']}/acceptance", version, 404)
    coordinator.post(f"/deliveries/{delivery['id']}/send-back", {**version, "reason": "x"}, 404)
    coordinator.post(f"/projects/{world.project_id}/start", status=404)
    coordinator.post(f"/projects/{world.project_id}/acceptance", {"quote_id": world.quote_id}, 404)
    batch = f"/batches/{attacked_site.finance.get('/batches')['items'][0]['id']}"
    for step in ("submission", "export", "cancellation"):
        finance.post(f"{batch}/{step}", status=404)
    finance.download(f"{batch}/file", 404)
    new = {"paying_account_id": world.bank_account, "execution_date": "2026-03-10"}
    finance.post("/batches", new, 404)
    attacked_site.stranger("approver").post(f"{batch}/approval", {"content_sha256": "0" * 64}, 404)


def test_lists_hold_only_what_one_may_see(attacked_site):
    lists = {
        "coordinator": ("/projects", "/quotes", "/requests", "/deliveries"),
        "finance": ("/payables", "/batches", "/paying-accounts"),
    }
    for role, addresses in lists.items():
        for address in addresses:
            home = getattr(attacked_site, role).get(address)["items"]
            assert home or address == "/requests"
            assert attacked_site.stranger(role).get(address)["items"] == [], address


def test_answers_are_for_those_who_check_them(attacked_site):
    address = f"/deliveries/{attacked_site.coordinator.get('/deliveries')['items'][0]['id']}"
    checked = attacked_site.verifier.get(address)["submission"]
    assert checked["answers"]
    paid = attacked_site.finance.get(address)["submission"]
    assert paid["answers"] is None
    world = attacked_site.world
    made = world.read(deliveries.deliveries_of_instances, world.instance_ids)
    meeting = next(d for d in made if d.node_id == "hold_meeting")
    given = world.read(submissions.submission, meeting.submission_id).answers
    files = {
        f["name"]: f["href"]
        for f in attacked_site.finance.get(f"/deliveries/{meeting.id}")["submission"]["files"]
    }
    for question, status in (
        ("minutes_photo", 404),
        ("meeting_photo", 200),
    ):  # the minutes hold names: personal
        file = files[given[question]].removeprefix("/api/v1")
        attacked_site.finance.download(file, status)
        attacked_site.verifier.download(file)


def test_who_asked_is_told_to_those_who_answer(attacked_site):
    ask = {
        "service": "community_profile", "region": attacked_site.world.villages[20], "requester": "Chief Bio",
        "note": "At the well.",
    }  # fmt: skip
    made = attacked_site.coordinator.post("/requests", ask, 201)
    seen = {r["id"]: r["requester"] for r in attacked_site.coordinator.get("/requests")["items"]}
    assert seen[made["id"]] == "Chief Bio"
    seen = {r["id"]: r["requester"] for r in attacked_site.auditor.get("/requests")["items"]}
    assert seen[made["id"]] is None


def test_the_numbers_of_accounts_are_in_the_bank_file_only(attacked_site):
    for batch in attacked_site.finance.get("/batches")["items"]:
        text = str(attacked_site.finance.get(f"/batches/{batch['id']}"))
        for payment in attacked_site.world.payments(batch["id"]):
            assert payment.account_identifier not in text


def test_a_token_is_asked_for_with_e_mail_and_password_and_given_back(attacked_site):
    right = {"email": "Auditor@demo.example", "password": "copargo-demo"}
    made = attacked_site.visitor.post("/session", right, 201)
    client = attacked_site.client(made["token"])
    assert client.get("/session") == made["account"]
    assert [r["role"] for r in made["account"]["roles"]] == ["auditor"]
    client.send("DELETE", "/session", 204)
    assert client.get("/session", 401)["code"] == "not-signed-in"
    attacked_site.visitor.refused("/session", "wrong-credentials", 401, right | {"password": "wrong"})


def test_a_browsers_cookie_needs_the_page_s_token_too(attacked_site):
    browser = attacked_site.app.test_client()
    browser.set_cookie("session", attacked_site.coordinator.token)
    assert browser.get("/api/v1/session").status_code == 200
    answer = browser.post("/api/v1/requests", json={})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forged-request")


def test_signing_in_needs_no_token_since_it_sets_no_cookie(attacked_site):
    browser = attacked_site.app.test_client()
    right = {"email": "auditor@demo.example", "password": "copargo-demo"}
    answer = browser.post("/api/v1/session", json=right, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers
    # a form of another site can send no JSON
    assert browser.post("/api/v1/session", data=right).status_code == 415
