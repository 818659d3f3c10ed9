"""The OpenAPI document is valid and complete, and the API does what it says (Schemathesis)."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi
from schemathesis.specs.openapi import definitions

from server.accounts import service as accounts
from server.actor import SYSTEM, Grant, Role
from server.http.blueprints import API_BLUEPRINTS

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture(scope="module")
def document(attacked_site):
    return attacked_site.visitor.get("/openapi.json")


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"{method} {path}", operation


def test_the_document_is_openapi(document):
    assert document["openapi"].startswith("3.0.")
    definitions.OPENAPI_30_VALIDATOR.validate(document)


def test_every_operation_is_told_in_words(document):
    for name, operation in operations(document):
        assert operation["summary"].endswith("."), name
        assert len(operation["tags"]) == 1, name
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description") or parameter["in"] == "path", name
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"]}
    assert tags == {operation["tags"][0] for _, operation in operations(document)}
    assert len(tags) == len(API_BLUEPRINTS)


def test_every_field_is_told_in_words(document):
    for name, schema in document["components"]["schemas"].items():
        for field, about in schema.get("properties", {}).items():
            assert about.get("description"), (name, field)
        assert schema["additionalProperties"] is False, name


def test_every_operation_says_how_it_is_protected_and_refused(document):
    for name, operation in operations(document):
        public = operation["security"] == []
        assert public or {"bearer": []} in operation["security"], name
        refusals = {code for code in operation["responses"] if int(code) >= 400}
        assert public or {"401", "403"} <= refusals, name
        for code in refusals:
            assert list(operation["responses"][code]["content"]) == ["application/problem+json"], (name, code)
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie", "csrf"}


def test_the_page_for_people_lists_every_operation(attacked_site, document):
    page = attacked_site.visitor.send("GET", "/docs", 200).get_data(as_text=True)
    for name, operation in operations(document):
        assert operation["summary"].split("’")[0].split("'")[0] in page, name


def test_amounts_are_documented_as_text_and_whole_numbers(document):
    amount = document["components"]["schemas"]["Amount"]["properties"]
    assert (amount["minor"]["type"], amount["text"]["type"]) == ("integer", "string")


@pytest.fixture
def everybody(paying, site_of):
    """A site of its own to be played with, and the token of an account with every role."""
    site = site_of(paying)
    grants = [Grant(role, "") for role in Role]

    def make(tx):
        account = accounts.create_account(
            tx, email="all@roles.example", name="All", password="long-enough", grants=grants,
            person_id=paying.task().assignee_id if paying.task().assignee_id != paying.members[0] else None,
        )  # fmt: skip
        return accounts.open_session(tx, account)

    return site, paying.runtime.run(SYSTEM, make)


def real_ids(site):
    """Ids of things of the small world, so that requests go deeper than "there is no such thing"."""
    world = site.world
    delivery = site.coordinator.get("/deliveries")["items"][0]["id"]
    sent = site.coordinator.get(f"/deliveries/{delivery}")["submission"]
    terms = site.coordinator.post("/terms", {"region": world.villages[0], "valid_from": "2026-01-01"}, 201)[
        "id"
    ]
    together = {
        "name": "One", "region": world.villages[0], "starts_on": "2026-12-01",
        "services": [{"key": "a", "service": "community_profile", "duration_days": 9}],
    }  # fmt: skip
    adoption = {
        "service": "community_profile",
        "version": "1.0.0",
        "region": "BJ-DO-COPARGO",
        "language": "fr",
    }
    draft = {"kind": "version", "service": "community_profile", "version": "1.0.0"}
    advance = {
        "person_id": world.members[1], "amount": {"minor": 5, "currency": "XOF"}, "share_percent": "50",
        "reason": "Fuel",
    }  # fmt: skip
    policy = {
        "currency": "XOF",
        "valid_from": "2099-01-01",
        "steps": [{"from_minor": 0, "roles": ["any"]}],
    }
    return {
        "language": "fr", "adoption_id": site.coordinator.post("/adoptions", adoption, 201)["id"],
        "draft_id": site.expert.post("/drafts", draft, 201)["draft"]["id"], "revision": "1", "number": "1",
        "comment_id": "01900000-0000-7000-8000-000000000000",
        "code": "community_profile", "version": "1.0.0", "ref": "announce", "project_id": world.project_id,
        "list_id": site.expert.get("/price-lists")["items"][0]["id"], "quote_id": world.quote_id,
        "instance_id": world.instance_ids[0], "task_id": world.task().id, "delivery_id": delivery,
        "submission_id": sent["id"], "sha256": sent["files"][0]["sha256"] if sent["files"] else "0" * 64,
        "region": world.villages[0], "item": "MOTO.KM", "terms_id": terms,
        "project_quote_id": site.coordinator.post("/project-quotes", together, 201)["id"],
        "batch_id": site.finance.get("/batches")["items"][-1]["id"],
        "name": "tax", "form": "csv", "person_id": world.payables()[0].person_id, "account_id": world.bank_account,
        "line_id": "01900000-0000-7000-8000-000000000000",
        "claim_id": site.finance.post("/advances", advance, 201)["id"], "payable_id": world.payables()[0].id,
        "policy_id": site.finance.post("/approval-policies", policy, 201)["id"],
        "recovery_id": "01900000-0000-7000-8000-000000000000",
    }  # fmt: skip


CHECKS = [
    not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
    openapi.response_headers_conformance, openapi.response_schema_conformance,
    openapi.negative_data_rejection, openapi.unsupported_method, openapi.allow_header_conformance,
]  # fmt: skip
# the one ends this client, the other takes as long as hashing a password does
LEFT_OUT = {"delete_session", "create_session"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
def test_the_api_does_what_its_document_says(everybody, mode):
    """A few made-up requests for each operation, right ones and wrong ones: answers fit, nothing breaks."""
    site, token = everybody
    known = real_ids(site)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app)
    headers = {"Authorization": f"Bearer {token}"}
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        raw = operation.definition.raw
        if raw["operationId"] in LEFT_OUT or (mode.is_negative and not takes_something(operation)):
            continue
        ids = {p.name: known[p.name] for p in operation.path_parameters}
        cases = operation.as_strategy(generation_mode=mode, path_parameters=ids or None)

        @settings(
            max_examples=3, phases=[Phase.generate], deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def conforms(case):
            case.call_and_validate(headers=headers, checks=CHECKS)

        conforms()
        tried += 1
    assert tried > (15 if mode.is_negative else 40)


def takes_something(operation):
    return bool(operation.body or operation.query)
