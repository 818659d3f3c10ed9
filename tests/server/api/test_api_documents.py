"""What the API takes and answers: strict JSON, problem documents, cursors, ids, files."""

import pytest

from server.http import json_body, paging
from server.http.json_body import MalformedJson
from service_library import library

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
NOTHING = "01900000-0000-7000-8000-000000000000"

BAD_JSON = {
    b"{": "json-syntax",
    b"": "json-syntax",
    b'{"a": 1, "a": 2}': "json-key-twice",
    b'{"a": {"b": 1, "b": 1}}': "json-key-twice",
    b'{"a": NaN}': "json-not-a-number",
    b'{"a": -Infinity}': "json-not-a-number",
    b'{"a": "\\u0000"}': "json-character",
    b'{"\\ud800": 1}': "json-character",
    b'["\\udfff"]': "json-character",
    b'"\xff"': "json-not-utf8",
    b"\xfe\xff\x00{\x00}": "json-not-utf8",
    b"[" * 65 + b"]" * 65: "json-too-deep",
    b"[" * 100_000: "json-too-deep",
    b"[" + b"9" * 5000 + b"]": "json-number-too-long",
}


@pytest.mark.parametrize(
    ("data", "code"), BAD_JSON.items(), ids=lambda v: None if isinstance(v, bytes) else v
)
def test_json_that_could_be_read_in_two_ways_is_refused(databases, data, code):
    with pytest.raises(MalformedJson) as caught:
        json_body.read(data)
    assert [p.code for p in caught.value.problems] == [code]


def test_brackets_in_texts_are_not_depth(databases):
    assert json_body.read(b'["' + b"[" * 1000 + b'\\""]') == ["[" * 1000 + '"']
    assert json_body.read(b"[" * 64 + b"]" * 64)


def test_a_refused_body_is_answered_with_its_place(attacked_site):
    answer = attacked_site.coordinator.send(
        "POST", "/requests", 400, data=b'{"service":\n nothing}', content_type="application/json"
    ).get_json()
    assert answer["code"] == "malformed-json"
    assert answer["problems"][0]["place"] == "line 2:2"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json"]
)
def test_another_media_type_is_refused(attacked_site, kind):
    answer = attacked_site.coordinator.send("POST", "/requests", 415, data=b"{}", content_type=kind)
    assert answer.get_json()["code"] == "http-415"
    attacked_site.expert.send("POST", "/drafts/import", 415, data=b"{}", content_type=kind)


def test_a_body_of_more_than_two_megabytes_is_refused(attacked_site):
    big = b'{"note": "' + b"x" * 2_000_001 + b'"}'
    attacked_site.coordinator.send("POST", "/requests", 413, data=big, content_type="application/json")


def test_missing_unknown_and_wrong_fields_are_all_named(attacked_site):
    sent = {"service": "no blanks", "region": 7, "requestor": "misspelt"}
    answer = attacked_site.coordinator.post("/requests", sent, 422)
    assert {p["place"] for p in answer["problems"]} == {
        "json.service", "json.region", "json.requester", "json.requestor",
    }  # fmt: skip


@pytest.mark.parametrize("body", [[], [1], None, "text", 1])
def test_a_body_that_is_no_object_is_refused(attacked_site, body):
    import json

    attacked_site.coordinator.send(
        "POST", "/requests", 422, data=json.dumps(body), content_type="application/json"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"instances": 0}, {"instances": 10**30}, {"instances": "2"}, {"instances": 1.5},
        {"on": "9999-12-31"}, {"on": "yesterday"}, {"parameters": {"households": "1e9"}},
        {"parameters": {"households": 20}}, {"parameters": {"households": "1\n"}},
        {"overheads": [{"code": "x", "kind": "percent", "value": "-1"}]},
        {"contributions": [{"party": "x", "kind": "gift"}]}, {"region": "BJ\n"},
    ],
)  # fmt: skip
def test_a_quote_with_a_senseless_number_is_refused(attacked_site, change):
    ask = {"service": "community_profile", "region": "BJ-DO-COPARGO"} | change
    assert attacked_site.coordinator.post("/quotes", ask, 422)["problems"]


def test_unknown_regions_services_and_parameters_are_told(attacked_site):
    ask = {"service": "community_profile", "region": "BJ-DO-COPARGO"}
    attacked_site.coordinator.post("/quotes", ask | {"service": "nothing"}, 404)
    attacked_site.coordinator.post("/quotes", ask | {"region": "NOWHERE"}, 404)
    unknown = attacked_site.coordinator.post("/quotes", ask | {"parameters": {"nothing": "1"}}, 422)
    assert unknown["problems"]


@pytest.mark.parametrize("ask", [{"requests": [], "members": []}, {"requests": ["x"], "members": ["y"]}])
def test_a_project_needs_villages_and_people(attacked_site, ask):
    new = {"code": "P", "name": "P", "service": "community_profile", "region": "BJ", "fund": "f"} | ask
    assert attacked_site.national.post("/projects", new, 422)["problems"]


def test_a_request_is_in_one_project_only(attacked_site):
    site, world = attacked_site, attacked_site.world
    village = site.coordinator.get(f"/projects/{world.project_id}")["villages"][0]["request_id"]
    new = {
        "code": "TWICE", "name": "P", "service": "community_profile", "region": "BJ-DO-COPARGO", "fund": "f",
        "requests": [village], "members": world.members,
    }  # fmt: skip
    assert site.coordinator.post("/projects", new, 409)["code"] == "wrong-state"
    assert (
        site.coordinator.post("/projects", new | {"requests": [village] * 2}, 422)["code"] == "invalid-input"
    )
    assert "TWICE" not in {p["code"] for p in site.coordinator.get("/projects")["items"]}


def test_unknown_query_parameters_are_refused_but_the_language_is_taken(attacked_site):
    assert attacked_site.auditor.get("/services?limt=3", 422)["problems"][0]["place"] == "query.limt"
    attacked_site.auditor.get("/services?limit=0", 422)
    attacked_site.auditor.get("/services?limit=201", 422)
    attacked_site.auditor.get("/services?lang=fr")


def test_refusals_speak_the_reader_s_language(attacked_site):
    path = "/api/v1/services"
    said = {
        language: attacked_site.app.test_client().get(path, headers={"Accept-Language": language}).get_json()
        for language in ("en", "fr")
    }
    assert said["en"]["code"] == said["fr"]["code"] == "not-signed-in"
    assert said["en"]["title"] != said["fr"]["title"]


def test_an_address_that_is_none_is_a_problem_document_too(attacked_site):
    assert attacked_site.visitor.get("/nothing", 404)["code"] == "http-404"
    attacked_site.coordinator.get("/projects/not-a-uuid", 404)
    attacked_site.coordinator.get("/projects/01900000-0000-7000-8000-000000000000", 404)
    attacked_site.coordinator.get("/services/%00/versions/1.0.0", 404)
    attacked_site.coordinator.get("/services/..%2f..%2f/versions/1.0.0", 404)


def test_a_method_that_is_not_taken_is_told_with_those_that_are(attacked_site):
    answer = attacked_site.coordinator.send("DELETE", "/projects", 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_who_is_not_signed_in_is_told_how(attacked_site):
    assert attacked_site.visitor.send("GET", "/projects", 401).headers["WWW-Authenticate"] == "Bearer"
    attacked_site.client("f" * 64).get("/projects", 401)
    attacked_site.client("").get("/projects", 401)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\photos\\one.jpg", "a\nb.jpg", "x" * 300 + ".jpg", "été.jpg", ""]
)
def test_names_of_files_are_names_and_nothing_else(attacked_site, name):
    draft = attacked_site.draft_of(library.load("village_meeting", "1.0.0"))
    parts = [("ref", "extra"), ("file", (b"| survey |", name))]
    usable = 0 < len(name) < 250 and "\n" not in name
    answer = attacked_site.expert.upload(f"{draft}/forms", parts, 200 if usable else 422)
    kept = {each["name"] for each in answer.get("forms", []) if each["ref"] == "extra"}
    assert not any(letter in each for each in kept for letter in "/\\\n")


def test_missing_unknown_and_repeated_parts_are_all_named(attacked_site):
    parts = [("ref", "a"), ("ref", "b"), ("flie", (b"x", "x.md"))]
    answer = attacked_site.expert.upload(f"/drafts/{NOTHING}/forms", parts, 422)
    assert {(p["code"], p["place"]) for p in answer["problems"]} == {
        ("unknown-part", "flie"), ("part-missing", "file"), ("part-twice", "ref"),
    }  # fmt: skip


def test_a_text_in_the_place_of_a_file_is_not_ignored(attacked_site):
    parts = [("ref", (b"a", "a.txt")), ("file", "x")]
    answer = attacked_site.expert.upload(f"/drafts/{NOTHING}/forms", parts, 422)
    assert {p["place"] for p in answer["problems"] if p["code"] == "part-kind"} == {"ref", "file"}


def test_a_file_is_saved_and_never_shown_as_a_page(attacked_site):
    answer = attacked_site.auditor.send("GET", "/services/community_profile/versions/1.0.0/bpmn", 200)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


# Paging -----------------------------------------------------------------------------------------------


def pages(client, address, limit):
    found, cursor = [], ""
    while True:
        page = client.get(f"{address}?limit={limit}{cursor}")
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_put_together_are_the_list(attacked_site, limit):
    for client, address in (
        (attacked_site.finance, "/payables"), (attacked_site.finance, "/batches"),
        (attacked_site.coordinator, "/projects"), (attacked_site.coordinator, "/deliveries"),
    ):  # fmt: skip
        whole = client.get(f"{address}?limit=200")
        assert whole["next"] is None
        assert pages(client, address, limit) == whole["items"]


def test_a_page_goes_on_after_the_last_item_seen_whatever_came_or_went(databases):
    rows = [1, 2, 3, 4, 5, 6]
    first, cursor = paging.page(rows, lambda r: (r,), cursor=None, limit=3)
    assert first == [1, 2, 3]
    second, end = paging.page([0, 1, 4, 5, 6], lambda r: (r,), cursor=cursor, limit=3)
    assert (second, end) == ([4, 5, 6], None)
    down, _ = paging.page([9, *rows], lambda r: (r,), cursor=cursor, limit=3, descending=True)
    assert down == [2, 1]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "WyJ4Il0", "WzFd", "bnVsbA", "W1tdXQ", "e30", "_", "W3RydWVd"]
)
def test_a_cursor_of_another_list_is_told(attacked_site, cursor):
    status = 200 if cursor == "WyJ4Il0" else 422  # ["x"] is a key of a list by id
    attacked_site.finance.get(f"/payables?cursor={cursor}", status)
