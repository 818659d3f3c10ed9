"""The pages of drafts: what they show, who may do what, and what scripts are answered."""

import io
import re

import pytest

from server.app import create_app
from server.demo import world as demo
from server.drafts import review
from server.drafts import service as drafts

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


class Site:
    """A signed-in browser without JavaScript."""

    def __init__(self, world, email):
        self.world, self.app = world, create_app(world.runtime)
        self.client = self.app.test_client()
        self.client.set_cookie("language", "en")
        self.post("/sign-in", email=email, password=demo.PASSWORD)

    def get(self, address, **given):
        return self.client.get(address, **given)

    def token(self):
        return self.get("/docs/problems").text.split('name="csrf-token" content="')[1].split('"')[0]

    def post(self, address, **form):
        return self.client.post(address, data={"csrf_token": self.token(), **form})

    def put(self, address, data, **headers):
        return self.client.put(
            address, data=data, headers={"X-CSRFToken": self.token(), **headers},
            content_type=headers.pop("Content-Type", "application/xml"),
        )  # fmt: skip


@pytest.fixture
def expert(world):
    return Site(world, "expert@demo.example")


@pytest.fixture
def reviewer(world):
    return Site(world, demo.REVIEWER.email)


def begin(site, starter="village_meeting"):
    answer = site.post(
        "/drafts", kind="starter", starter=starter, name_en="Our meeting", name_fr="Notre réunion",
        name_es="Nuestra reunión",
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert answer.location.endswith("/modeler")
    return answer.location.removesuffix("/modeler")


def test_a_problem_leads_to_its_element_in_the_modeler(expert):
    draft = begin(expert)
    bpmn = re.sub(rb' skill="[^"]*"', b"", expert.get(f"{draft}/diagram.bpmn").data, count=1)
    assert expert.put(f"{draft}/diagram.bpmn", bpmn, **{"If-Match": '"1"'}).status_code == 204
    assert f'href="{draft}/modeler#announce"' in expert.get(draft).text


def test_a_draft_goes_from_the_starter_to_the_catalogue_by_the_pages_alone(expert, reviewer):
    draft = begin(expert)
    assert "Ask for a review" in expert.get(draft).text
    assert expert.post(f"{draft}/review", step="ask", note="Look at the quorum.").status_code == 303
    assert "Our meeting" in reviewer.get("/drafts?lang=en").text
    page = reviewer.get(f"{draft}/review?lang=en").text
    assert "Look at the quorum." in page
    assert "<svg" in page
    own = reviewer.world.read(drafts.drafts, who="expert")[0]
    reviewer.post(f"{draft}/comments", element="hold", text="Why 50?", **{"from": "review"})
    assert "Why 50?" in expert.get(draft).text
    assert (
        reviewer.post(f"{draft}/review", step="approve", content_sha256=own.content_sha256).status_code == 303
    )
    published = expert.post(f"{draft}/publish")
    assert published.location == "/services/our_meeting/1.0.0"
    sheet = expert.get(published.location).text
    assert "Change this service" in sheet
    assert expert.get("/services/our_meeting/1.0.0/handbook.pdf").data.startswith(b"%PDF")


def test_every_page_of_a_draft_answers_in_three_languages(expert, reviewer):
    draft = begin(expert)
    expert.post(f"{draft}/review", step="ask")
    for site in (expert, reviewer):
        for address in ("/drafts", "/drafts/new", "/drafts/new?service=community_profile", draft, f"{draft}/review",
                        f"{draft}/modeler"):  # fmt: skip
            for language in ("en", "fr", "es"):
                answer = site.get(f"{address}{'&' if '?' in address else '?'}lang={language}")
                assert answer.status_code == 200, (address, language)
                assert f'<html lang="{language}"' in answer.text


def test_the_diagram_is_saved_with_the_tag_it_was_loaded_with(expert):
    draft = begin(expert)
    loaded = expert.get(f"{draft}/diagram.bpmn")
    changed = loaded.data.replace(b'name="Hold the meeting"', b'name="Meet"')
    saved = expert.put(f"{draft}/diagram.bpmn", changed, **{"If-Match": loaded.headers["ETag"]})
    assert (saved.status_code, saved.headers["ETag"]) == (204, '"2"')
    again = expert.put(f"{draft}/diagram.bpmn", loaded.data, **{"If-Match": loaded.headers["ETag"]})
    assert again.status_code == 412
    assert (again.json["by"], again.json["etag"]) == ("Elise Kponton", '"2"')
    assert expert.put(f"{draft}/diagram.bpmn", changed).status_code == 428
    assert expert.put(f"{draft}/diagram.bpmn", changed, **{"If-Match": "*"}).status_code == 428


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"hello", 422), (b"<a><b></a>", 422), (b"<html/>", 422), (b"\xff\xfe<", 422),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 422), (b"x" * 5_000_001, 413),
    ],
)  # fmt: skip
def test_what_is_no_diagram_is_refused_with_the_place(expert, body, status):
    draft = begin(expert)
    answer = expert.put(f"{draft}/diagram.bpmn", body, **{"If-Match": '"1"'})
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    if status == 422:
        assert answer.json["problems"]
    assert expert.get(f"{draft}/diagram.bpmn").headers["ETag"] == '"1"'


def test_a_form_is_replaced_and_its_problems_are_answered(expert):
    draft = begin(expert)
    answer = expert.put(
        f"{draft}/forms/hold?name=hold.md", b"| survey |\n| | type | name |\n| | text | x |\n"
    )
    assert answer.status_code == 200
    assert {p["code"] for p in answer.json["problems"]} & {
        "evidence-without-question",
        "unknown-condition-name",
    } or (answer.json["problems"])
    listed = {f["ref"]: f for f in expert.get(f"{draft}/forms").json["forms"]}
    assert listed["hold"]["problems"]
    assert listed["announce"]["problems"] == []
    gone = expert.client.delete(f"{draft}/forms/hold", headers={"X-CSRFToken": expert.token()})
    assert gone.status_code == 204
    assert "hold" not in {f["ref"] for f in expert.get(f"{draft}/forms").json["forms"]}


def test_an_imported_file_says_what_was_changed_and_what_does_not_run(expert):
    file = b"""<?xml version="1.0"?><!-- drawn elsewhere -->
    <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x" id="d">
      <process id="p" name="Dig a well"><startEvent id="s"/><task id="t" name="Dig"/>
      <sequenceFlow id="f" sourceRef="s" targetRef="t"/></process></definitions>"""
    answer = expert.client.post(
        "/drafts",
        data={"csrf_token": expert.token(), "kind": "import", "file": (io.BytesIO(file), "well.bpmn")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.text
    page = expert.get(answer.location).text
    for words in ("Comments and processing instructions", "was not marked as executable", "RUN has drawn it"):
        assert words in page, words
    draft = expert.world.read(drafts.drafts, who="expert")[0]
    assert (draft.service_code, draft.names) == ("dig_a_well", {"en": "Dig a well"})
    assert b"BPMNShape" in expert.world.read(drafts.content, draft.id, who="expert").bpmn


def test_a_coordinator_reads_drafts_and_does_not_change_them(expert):
    draft = begin(expert)
    coordinator = Site(expert.world, "coordinator@demo.example")
    assert coordinator.get(draft).status_code == 200
    assert '"readOnly": true' in coordinator.get(f"{draft}/modeler").text
    assert coordinator.get("/drafts/new").status_code == 403
    assert coordinator.post(f"{draft}/review", step="ask").status_code == 403
    assert coordinator.put(f"{draft}/diagram.bpmn", b"<a/>", **{"If-Match": '"1"'}).status_code == 403
    assert coordinator.post(f"{draft}/comments", text="A question").status_code == 303


def test_comments_are_a_list_for_the_modeler_and_can_be_written_by_it(expert):
    draft = begin(expert)
    made = expert.client.post(
        f"{draft}/comments", json={"element": "hold", "text": "<b>bold</b>"},
        headers={"X-CSRFToken": expert.token()},
    )  # fmt: skip
    assert made.status_code == 200
    listed = expert.get(f"{draft}/comments.json").json["comments"]
    assert [(c["element"], c["text"], c["mine"], c["resolved"]) for c in listed] == [
        ("hold", "<b>bold</b>", True, False)
    ]
    assert "&lt;b&gt;bold" in expert.get(draft).text


def test_the_vocabulary_names_what_cards_can_name(expert):
    found = expert.get(f"{begin(expert)}/vocabulary.json").json
    assert {i["code"] for i in found["items"]} >= {"MOTO.KM", "FEE.ANIM"}
    assert {f["ref"] for f in found["forms"]} == {"announce", "hold", "report", "request", "evaluation"}
    assert found["operations"] == ["note"]
    assert {p["id"] for p in found["parameters"]} == {"quorum", "distance_km"}


def test_a_draft_in_review_is_read_only_in_the_modeler(expert):
    draft = begin(expert)
    assert '"readOnly": false' in expert.get(f"{draft}/modeler").text
    expert.post(f"{draft}/review", step="ask")
    assert '"readOnly": true' in expert.get(f"{draft}/modeler").text


def test_who_coordinates_sees_that_a_version_was_recalled(expert, reviewer):
    answer = reviewer.post("/services/community_profile/1.0.0/recall", reason="The consent is wrong.")
    assert answer.status_code == 303
    coordinator = Site(expert.world, "coordinator@demo.example")
    assert "The consent is wrong." in coordinator.get("/services/community_profile/1.0.0?lang=en").text
    page = coordinator.get(f"/projects/{expert.world.project_id}?lang=en").text
    assert "The consent is wrong." in page


def test_the_manifest_of_a_version_gives_its_digest(expert):
    import hashlib

    text = expert.get("/services/community_profile/1.0.0/manifest.txt").data
    assert hashlib.sha256(text).hexdigest() in expert.get("/services/community_profile/1.0.0").text


def test_asking_twice_with_the_same_form_is_one_step(expert):
    draft = begin(expert)
    command = "01900000-0000-7000-8000-0000000000e1"
    for _ in range(2):
        assert expert.post(f"{draft}/review", step="ask", command=command).status_code == 303
    own = expert.world.read(drafts.drafts, who="expert")[0]
    assert len(expert.world.read(review.steps, own.id, who="expert")) == 1


def test_hostile_texts_and_numbers_are_refused_in_words(expert):
    draft = begin(expert)
    headers = {"X-CSRFToken": expert.token()}
    for body in ('{"text": "\\ud800"}', '{"text": "a\\u0000"}', "[]", "{", '{"text": ""}', '{"text": 7e999}'):
        answer = expert.client.post(
            f"{draft}/comments", data=body, headers=headers, content_type="application/json"
        )
        assert answer.status_code in (400, 422), body
    for number in ("0", "-1", "99999999999999999999999"):
        assert expert.get(f"{draft}/diagram.bpmn?revision={number}").status_code == 404
    assert expert.post(f"{draft}/restore", revision="99999999999999999999999").status_code == 404
    assert expert.post(f"{draft}/review", step="send_back_all").status_code == 400
    assert expert.post(f"{draft}/review", step="ask", note="x\x00").status_code == 422
    assert expert.post(f"{draft}/comments", text="x", element="../..").status_code == 404


def test_a_page_without_its_token_changes_nothing(expert):
    draft = begin(expert)
    for address in ("review", "publish", "comments", "settings", "restore", "files", "files/remove"):
        assert expert.client.post(f"{draft}/{address}", data={}).status_code == 403
    assert expert.client.put(f"{draft}/diagram.bpmn", data=b"<a/>").status_code == 403


def test_whoever_translates_finds_the_texts_from_the_draft(expert, world):
    draft = begin(expert)
    coordinator = Site(world, "coordinator@demo.example")
    for site in (expert, coordinator):
        page = site.get(draft).text
        assert f'href="{draft}/texts"' in page
        assert f'href="{draft}/compare"' not in page  # nothing was published yet
        assert site.get(f"{draft}/texts").location.startswith(f"{draft}/texts/")
    version = expert.post("/drafts", kind="copy", of="community_profile 1.0.0")
    copied = version.location.removesuffix("/modeler")
    assert f'href="{copied}/compare"' in expert.get(copied).text
    assert expert.get(f"{copied}/compare").status_code == 200
