"""Drafts over the API: from the starter to the published version, and out of use again."""

import hashlib

import pytest

from service_library import library

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


def begin(client, **given):
    body = {
        "kind": "starter",
        "starter": "single_delivery",
        "names": dict.fromkeys(("en", "fr", "es"), "Bring seed"),
        **given,
    }
    return client.post("/drafts", body, 201)["draft"]


@pytest.fixture
def site(world, site_of):
    return site_of(world)


@pytest.fixture
def reviewer(site):
    from server.demo import world as demo

    session = site.visitor.post("/session", {"email": demo.REVIEWER.email, "password": demo.PASSWORD}, 201)
    return site.client(session["token"])


def test_a_draft_becomes_a_version_and_the_version_goes_out_of_use(site, reviewer):
    draft = begin(site.expert)
    address = f"/drafts/{draft['id']}"
    bpmn = site.expert.download(f"{address}/bpmn")
    saved = site.expert.upload(
        f"{address}/bpmn",
        [("bpmn", (bpmn.replace(b'deadlineDays="5"', b'deadlineDays="4"'), "x.bpmn")),
         ("diagram_revision", str(draft["diagram_revision"]))], 200,
    )  # fmt: skip
    assert saved["revision"] == 2
    state = site.expert.get(address)
    assert (state["hindrances"], state["suggested_version"]) == ([], "1.0.0")
    asked = site.expert.post(f"{address}/review-request", {"note": "Please."})
    decision = {"content_sha256": asked["content_sha256"]}
    site.expert.post(f"{address}/approval", decision, 403)
    said = reviewer.post(f"{address}/comments", {"text": "Four days?", "element": "deliver"}, 201)
    reviewer.post(f"{address}/approval", decision)
    site.expert.post(f"{address}/comments/{said['id']}/resolution")
    command = "01900000-0000-7000-8000-0000000000f1"
    for _ in range(2):
        done = site.expert.post(f"{address}/publication", {"command_id": command})
        assert done["state"] == "published"
    version = "/services/bring_seed/versions/1.0.0"
    assert site.auditor.get(version)["digest"] == state["digest"]
    manifest = site.auditor.download(f"{version}/manifest")
    assert hashlib.sha256(manifest).hexdigest() == state["digest"]
    assert site.auditor.download(f"{version}/handbook?language=fr").startswith(b"%PDF")
    assert site.auditor.download(f"{version}/drawing").startswith(b"<svg")
    steps = [s["step"] for s in site.expert.get(f"{address}/steps")["items"]]
    assert steps == ["asked", "approved", "published"]
    site.expert.post(f"{version}/recall", {"reason": "x"}, 403)
    gone = reviewer.post(f"{version}/recall", {"reason": "The seed was bad."})
    assert (gone["status"], gone["out_of_use"][0]["reason"]) == ("recalled", "The seed was bad.")


def test_what_was_saved_meanwhile_is_not_overwritten(site):
    draft = begin(site.expert)
    address = f"/drafts/{draft['id']}/bpmn"
    bpmn = site.expert.download(address)
    parts = [
        ("bpmn", (bpmn.replace(b'deadlineDays="5"', b'deadlineDays="4"'), "x")),
        ("diagram_revision", "1"),
    ]
    site.expert.upload(address, parts, 200)
    parts[0] = ("bpmn", (bpmn.replace(b'deadlineDays="5"', b'deadlineDays="3"'), "x"))
    assert site.expert.upload(address, parts, 409)["code"] == "draft-changed"
    parts[1] = ("diagram_revision", "two")
    assert site.expert.upload(address, parts, 422)["problems"][0]["code"] == "invalid-number"


def test_forms_revisions_and_settings(site):
    draft = begin(site.expert)
    address = f"/drafts/{draft['id']}"
    form = site.expert.download(f"{address}/forms/deliver")
    files = site.expert.upload(f"{address}/forms", [("ref", "extra"), ("file", (form, "extra.md"))], 200)
    assert {f["ref"]: [p["code"] for p in f["problems"]] for f in files["forms"]}["extra"] == ["unused-form"]
    site.expert.send("DELETE", f"{address}/forms/extra", 204)
    site.expert.send("DELETE", f"{address}/forms/extra", 404)
    settings = {"version": "2.0.0", "languages": ["en"]}
    assert site.expert.post(f"{address}/settings", settings)["version"] == "2.0.0"
    site.expert.post(f"{address}/settings", {"version": "two", "languages": ["en"]}, 422)
    site.expert.post(f"{address}/settings", {"version": "2.0.0", "languages": ["xx"]}, 422)
    assert site.expert.post(f"{address}/restoration", {"revision": 2})["revision"] == 5
    reasons = [r["reason"] for r in site.expert.get(f"{address}/revisions")["items"]]
    assert reasons == ["restored", "version", "form", "form", "made"]


def test_the_same_client_id_makes_one_draft(site):
    own = "01900000-0000-7000-8000-0000000000f2"
    assert begin(site.expert, id=own)["id"] == begin(site.expert, id=own)["id"] == own


def test_a_copy_of_a_version_and_of_a_draft_and_an_import(site):
    copy = {"kind": "version", "service": "community_profile", "version": "1.0.0"}
    draft = site.expert.post("/drafts", copy, 201)["draft"]
    assert (draft["service"], draft["version"]) == ("community_profile", "1.1.0")
    again = site.expert.post("/drafts", {"kind": "draft", "draft_id": draft["id"]}, 201)["draft"]
    assert again["content_sha256"] == draft["content_sha256"]
    other = site.expert.post("/drafts", {**copy, "code": "other", "names": {"en": "Other"}}, 201)["draft"]
    assert (other["service"], other["version"], other["names"]["en"]) == ("other", "1.0.0", "Other")
    site.expert.post("/drafts", {"kind": "version"}, 422)
    bpmn = library.load("village_meeting", "1.0.0").bpmn
    made = site.expert.upload("/drafts/import", [("bpmn", (bpmn, "village.bpmn"))])
    assert made["draft"]["service"] == "village_meeting"
    assert site.expert.upload("/drafts/import", [("bpmn", (b"no", "x"))], 422)["problems"]


def test_steps_at_the_wrong_time_are_refused(site):
    address = f"/drafts/{begin(site.expert)['id']}"
    for step in ("review-withdrawal", "publication", "reopening"):
        assert site.expert.post(f"{address}/{step}", {}, 409)["code"] == "wrong-state"
    site.expert.post(f"{address}/abandonment", {})
    site.expert.post(f"{address}/review-request", {}, 409)
    site.expert.post(f"{address}/reopening", {})
