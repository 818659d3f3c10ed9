"""Pages of adoptions, calendars, translations, comparison and the catalogue's filters, as a browser gets them."""

import io
import re
from html import unescape

import pytest

from server.actor import SYSTEM
from server.adoptions import service as adoptions
from server.app import create_app
from server.catalogue import service as catalogue
from server.demo import world as demo
from server.drafts import service as drafts
from service_library.texts import fingerprint

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
EMAILS = {u.role.value: u.email for u in demo.USERS}


class Browser:
    def __init__(self, app, role):
        self.client = app.test_client()
        self.client.set_cookie("language", "en")
        self.post("/sign-in", {"email": EMAILS[role], "password": demo.PASSWORD}, 303)

    def get(self, address, status=200):
        answer = self.client.get(address)
        assert answer.status_code == status, (address, answer.status_code)
        return answer.text

    def post(self, address, data=None, status=303, **given):
        page = self.client.get("/docs/problems").text
        token = re.search(r'name="csrf-token" content="(\w+)"', page)[1]
        answer = self.client.post(address, data={"csrf_token": token, **(data or {})}, **given)
        assert answer.status_code == status, (address, answer.status_code, told(answer.text)[:600])
        return answer


def told(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def app(world):
    return create_app(world.runtime)


@pytest.fixture
def draft(world):
    return world.run("expert", drafts.make, drafts.FromVersion("community_profile", "1.0.0")).row.id


FORM = {"region": "BJ-DO-COPARGO", "service": "community_profile", "version": "1.0.0", "language": "fr"}


def test_a_coordinator_adopts_on_pages_and_upgrades(app):
    browser = Browser(app, "coordinator")
    assert "What does your region overlay" in browser.get("/adoptions/new?service=community_profile")
    made = browser.post("/adoptions", {**FORM, "deadline-announce": "3"})
    page = browser.get(made.location)
    assert "It conforms" in told(page)
    assert "You proposed it" in told(page)
    browser.post(f"{made.location}/adopt", status=403)
    other = Browser(app, "expert")
    assert "is proposed for" in told(other.get("/"))
    assert re.search(r"under this adoption .* Today:", told(other.get(made.location)))
    other.post(f"{made.location}/adopt")
    assert "Adopted" in told(browser.get(made.location))
    assert browser.client.get(f"{made.location}/handbook.pdf").data.startswith(b"%PDF")
    listed = told(browser.get("/adoptions"))
    assert "Copargo" in listed
    assert "1.0.0" in listed
    again = browser.get(f"/adoptions/new?from={made.location.rpartition('/')[2]}")
    assert 'value="3"' in again
    assert "supersedes" in told(again)
    browser.post(f"{made.location}/withdraw", {"reason": "no"})
    assert "Withdrawn" in told(browser.get(made.location))


def test_a_quote_made_under_an_adoption_says_so_and_is_printed_in_its_language(app, world):
    browser = Browser(app, "coordinator")
    made = browser.post("/adoptions", {**FORM, "language": "es"})
    Browser(app, "expert").post(f"{made.location}/adopt")
    quote = world.make_quote(world.make_project("ADOPTED", world.villages[4:6]))
    assert made.location in browser.get(f"/quotes/{quote}")
    assert '<html lang="es"' in browser.get(f"/quotes/{quote}/document")
    assert '<html lang="fr"' in browser.get(f"/quotes/{quote}/document?lang=fr")
    assert '<html lang="en"' in browser.get(f"/quotes/{world.quote_id}/document")


def test_an_adoption_elsewhere_is_named_but_not_opened(app, world):
    """No page links to what the reader may not see."""
    overlay = adoptions.Overlay("en")
    row = world.run(SYSTEM, adoptions.propose, version_id=world.version_id, region="DE", overlay=overlay)
    browser = Browser(app, "coordinator")
    for address in ("/adoptions", "/services/community_profile/1.0.0"):
        page = browser.get(address)
        assert "Germany" in told(page)
        assert row.id not in page
    browser.get(f"/adoptions/{row.id}", 404)


def test_everything_wrong_stands_at_its_field(app):
    browser = Browser(app, "coordinator")
    answer = browser.post(
        "/adoptions", {**FORM, "deadline-announce": "99", "deadline-survey": "many"}, status=422
    )
    assert "Enter a number of working days" in told(answer.text)
    answer = browser.post("/adoptions", {**FORM, "deadline-announce": "99", "calendar": "NO"}, status=422)
    assert "99 working days" in told(answer.text)
    assert "There is no calendar" in told(answer.text)


def test_a_calendar_is_made_and_gets_holidays(app):
    browser = Browser(app, "coordinator")
    data = {"code": "BJ-6", "name": "Six days", "region": "BJ-DO-COPARGO", "weekday": ["0", "5"],
            "holidays": "2027-01-01, 2027-12-25"}  # fmt: skip
    browser.post("/calendars", data)
    page = told(browser.get("/calendars"))
    assert "Monday, Saturday" in page
    assert "25 Dec 2027" in page
    browser.post("/calendars/BJ-6/holidays", {"holidays": "2028-01-01"})
    answer = browser.post("/calendars", {**data, "holidays": "Christmas"}, status=422)
    assert "“Christmas” is no day" in told(answer.text)
    assert "already" in told(browser.post("/calendars", data, status=422).text)


def test_a_service_that_cannot_be_adopted_any_more_is_not_replaced_by_another_one_unseen(app, world):
    world.run("expert", catalogue.deprecate, world.version_id, reason="Use another one.")
    page = told(Browser(app, "coordinator").get("/adoptions/new?service=community_profile&version=1.0.0"))
    assert "Community profile 1.0.0 cannot be adopted any more" in page or "no published service" in page


def test_texts_without_an_english_original_are_told_where_they_cannot_be_translated(app, world, draft):
    browser = Browser(app, "expert")
    assert "not written in English" not in told(browser.get(f"/drafts/{draft}/texts/es"))
    bpmn = world.read(drafts.content, draft, who="expert").bpmn
    without = re.sub(rb'<run:outcome lang="en">[^<]*</run:outcome>', b"", bpmn)
    world.run("expert", drafts.save_diagram, draft, without, expected=1)
    assert "6 texts are not written in English yet" in told(browser.get(f"/drafts/{draft}/texts/es"))


def test_texts_are_translated_with_and_without_script(app, draft):
    browser = Browser(app, "coordinator")
    page = browser.get(f"/drafts/{draft}/texts/fr?show=all")
    assert "Translate Community profile into French" in told(page)
    values = {
        "key": "diagram:announce:title", "id": "text-1", "source": fingerprint("Announce the meeting"),
        "before": fingerprint("Annoncer la réunion"), "text": "Convoquer",
    }  # fmt: skip
    answer = browser.post(
        f"/drafts/{draft}/texts/fr", values, headers={"Accept": "application/json"}, status=200
    )
    assert answer.json["state"] == "done"
    assert answer.json["seen"] == fingerprint("Convoquer")
    lost = {**values, "text": "Appeler"}
    answer = browser.post(
        f"/drafts/{draft}/texts/fr", lost, headers={"Accept": "application/json"}, status=409
    )
    assert (answer.json["code"], answer.json["text"]) == ("text-changed", "Convoquer")
    answer = browser.post(f"/drafts/{draft}/texts/fr", lost, status=422)
    assert "changed this translation" in told(answer.text)
    without = browser.post(f"/drafts/{draft}/texts/fr?show=all", {**lost, "before": fingerprint("Convoquer")})
    assert without.location.endswith("#text-1")
    browser.get(f"/drafts/{draft}/texts/xx", 404)


def test_a_po_file_goes_out_and_comes_back(app, draft):
    browser = Browser(app, "coordinator")
    file = browser.client.get(f"/drafts/{draft}/texts/es.po")
    assert file.headers["Content-Disposition"].endswith("community_profile-1.1.0-es.po")
    new = file.data.replace('msgstr "Anunciar la reunión"'.encode(), b'msgstr "Convocar"')
    for data in ({"dry_run": "yes"}, {}):
        answer = browser.post(
            f"/drafts/{draft}/texts/es/import", {**data, "file": (io.BytesIO(new), "es.po")}, status=200
        )
        assert "1 taken over" in told(answer.text)
    assert "Convocar" in browser.get(f"/drafts/{draft}/texts/es?show=all")
    answer = browser.post(
        f"/drafts/{draft}/texts/es/import", {"file": (io.BytesIO(b"no"), "es.po")}, status=422
    )
    assert "no PO file" in told(answer.text)


def test_a_draft_is_compared_with_the_published_version(app, draft, world):
    browser = Browser(app, "expert")
    assert "Nothing differs" in told(browser.get(f"/drafts/{draft}/compare"))
    row = world.read(drafts.draft, draft, who="expert")
    bpmn = world.read(drafts.content, draft, who="expert").bpmn
    new = bpmn.replace(b">Announce the meeting<", b">Call the meeting<").replace(b'x="170"', b'x="171"')
    world.run("expert", drafts.save_diagram, draft, new, expected=row.diagram_revision)
    page = browser.get(f"/drafts/{draft}/compare?language=all")
    assert "What does the draft change from 1.0.0?" in told(page)
    assert "<svg" in page
    assert "translations lag behind" in told(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("output=households+interviewed", True), ("output=bridge", False), ("skill=ANIM", True), ("skill=NONE", False),
        ("language=es", True), ("state=published", True), ("state=recalled", False), ("region=BJ-DO-COPARGO", True),
        ("region=DE", False), ("region=NOWHERE", False), ("q=profile&skill=ANIM&language=fr&state=published", True),
    ],
)  # fmt: skip
def test_the_catalogue_is_filtered(app, query, found):
    page = Browser(app, "expert").get(f"/services?{query}")
    assert ('href="/services/community_profile/1.0.0"' in page) is found


def test_the_service_page_says_where_it_is_used_and_what_tasks_cost(app):
    page = Browser(app, "coordinator").get("/services/community_profile/1.0.0")
    said = told(page)
    for words in ("Where it is used", "Translations", "Seven steps", "dear: what each task costs"):
        assert words in said
    assert "SMALL" in said  # the project
    assert "#e3a13c" in page  # the dearest task
