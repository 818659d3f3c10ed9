"""Adoptions, calendars and translations over the API."""

import pytest

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")

COMMUNE = "BJ-DO-COPARGO"
NEW = {"service": "community_profile", "version": "1.0.0", "region": COMMUNE, "language": "fr"}


@pytest.fixture
def site(world, site_of):
    return site_of(world)


def test_a_region_adopts_a_version_and_withdraws_it(site):
    calendar = {
        "code": "BJ-6",
        "region": COMMUNE,
        "names": {"fr": "Six jours"},
        "weekdays": [0, 1, 2, 3, 4, 5],
    }
    assert site.coordinator.post("/calendars", calendar, 201)["holidays"] == []
    site.coordinator.refused("/calendars", "calendar-exists", 409, calendar)
    days = site.coordinator.post("/calendars/BJ-6/holidays", {"holidays": ["2027-01-01"]})
    assert days["holidays"] == ["2027-01-01"]
    made = site.expert.post("/adoptions", {**NEW, "calendar": "BJ-6", "deadlines": {"announce": 3}}, 201)
    assert (made["status"], made["problems"], made["replaces"]) == ("proposed", [], None)
    site.expert.refused(f"/adoptions/{made['id']}/adoption", "same-person", 403)
    adopted = site.coordinator.post(f"/adoptions/{made['id']}/adoption")
    assert (adopted["status"], adopted["deadlines"]) == ("adopted", {"announce": 3})
    assert site.auditor.get("/adoptions")["items"] == [adopted]
    site.coordinator.refused(f"/adoptions/{made['id']}/adoption", "wrong-state", 409)
    ended = site.coordinator.post(f"/adoptions/{made['id']}/withdrawal", {"reason": "another version"})
    assert ended["status"] == "withdrawn"


def test_nothing_of_the_protocol_can_be_sent(site):
    for name in ("tasks", "criteria", "evidence", "forms", "quantities", "skill", "bpmn"):
        answer = site.coordinator.post("/adoptions", {**NEW, name: "x"}, 422)
        assert f"json.{name}" in {problem["place"] for problem in answer["problems"]}


def test_what_can_never_be_right_is_refused_with_everything_at_once(site):
    wrong = {**NEW, "price_list": "NO", "calendar": "NO", "deadlines": {"announce": 999, "nowhere": 1}}
    places = {p["place"] for p in site.coordinator.post("/adoptions", wrong, 422)["problems"]}
    assert places == {"price_list", "calendar", "deadline-announce", "deadline-nowhere"}
    site.finance.post("/adoptions", NEW, 403)


def test_texts_go_out_and_come_back_translated(site):
    draft = site.expert.post(
        "/drafts", {"kind": "version", "service": "community_profile", "version": "1.0.0"}, 201
    )
    address = f"/drafts/{draft['draft']['id']}/texts"
    file = site.coordinator.download(f"{address}/fr")
    new = file.replace('msgstr "Annoncer la réunion"'.encode(), b'msgstr "Convoquer"')
    looked = site.coordinator.upload(f"{address}/fr?dry_run=true", [("file", (new, "fr.po"))], 200)
    assert (looked["changed"], looked["dry_run"]) == (1, True)
    done = site.coordinator.upload(f"{address}/fr", [("file", (new, "fr.po"))], 200)
    assert {e["key"] for e in done["entries"] if e["outcome"] == "applied"} == {"diagram:announce:title"}
    assert b'msgstr "Convoquer"' in site.coordinator.download(f"{address}/fr")
    assert all(each["missing"] == 0 for each in site.coordinator.get(address)["languages"])
    answer = site.coordinator.upload(f"{address}/es", [("file", (new, "fr.po"))], 422)
    assert answer["code"] == "invalid-po"
    site.coordinator.download(f"{address}/de", 404)
    assert b"Language: es" in site.facilitator.download("/services/community_profile/versions/1.0.0/texts/es")
