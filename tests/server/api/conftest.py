"""Clients of the API: everything they do goes through HTTP, with a Bearer token."""

import io
from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest
from flask import Flask

from server.accounts import service as accounts
from server.actor import SYSTEM, Grant, Role
from server.app import create_app
from server.demo import world as demo_world

PROBLEM = "application/problem+json"
EMAILS = {u.role.value: u.email for u in (*demo_world.USERS, demo_world.FACILITATOR)} | {
    "national": demo_world.NATIONAL.email
}


@dataclass
class Client:
    """Talks to the API as somebody, and checks the status and the shape of what comes back."""

    app: Flask
    token: str | None

    def send(self, method, path, status, **options):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        answer = self.app.test_client().open("/api/v1" + path, method=method, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[:1500])
        if status >= 400:
            assert answer.content_type == PROBLEM
            document = answer.get_json()
            assert document["status"] == status
            assert document["type"].endswith("#" + document["code"])
            assert document["title"]
            assert unquote(document["instance"]) == unquote("/api/v1" + path.partition("?")[0])
        return answer

    def get(self, path, status=200):
        return self.send("GET", path, status).get_json()

    def download(self, path, status=200):
        return self.send("GET", path, status).get_data()

    def post(self, path, body=None, status=200):
        options = {} if body is None else {"json": body}
        return self.send("POST", path, status, **options).get_json()

    def upload(self, path, parts, status=201):
        """parts: [(name, text or (bytes, file name))]."""
        data = {}
        for name, value in parts:
            data.setdefault(name, []).append(
                value if isinstance(value, str) else (io.BytesIO(value[0]), value[1])
            )
        return self.send("POST", path, status, data=data, content_type="multipart/form-data").get_json()

    def refused(self, path, code, status, body=None):
        """Post something that is refused with that code."""
        assert self.post(path, body, status)["code"] == code


@dataclass
class Site:
    """The application over a small world, and its clients."""

    app: Flask
    world: object
    tokens: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, role):
        """site.coordinator, site.finance …: a client signed in as that demo person."""
        if role.startswith("_") or role not in EMAILS:
            raise AttributeError(role)
        return self.client(self._token(role, lambda tx: accounts.actor_of_email(tx, EMAILS[role]).user_id))

    @property
    def visitor(self):
        return self.client(None)

    def client(self, token):
        return Client(self.app, token)

    @property
    def reviewer(self):
        """The second expert, who approves what the first one wrote."""
        return self.client(
            self._token("reviewer", lambda tx: accounts.actor_of_email(tx, demo_world.REVIEWER.email).user_id)
        )

    def draft_of(self, shipped, bpmn=None):
        """The address of the expert's draft of a shipped service's files."""
        made = self.expert.upload("/drafts/import", [("bpmn", (bpmn or shipped.bpmn, "service.bpmn"))])
        address = f"/drafts/{made['draft']['id']}"
        for ref, source in shipped.form_sources.items():
            self.expert.upload(f"{address}/forms", [("ref", ref), ("file", (source, f"{ref}.md"))], 200)
        return address

    def publish(self, shipped):
        """Write, ask, approve, publish: by two experts."""
        address = self.draft_of(shipped)
        asked = self.expert.post(f"{address}/review-request", {})
        self.reviewer.post(f"{address}/approval", {"content_sha256": asked["content_sha256"]})
        return self.expert.post(f"{address}/publication", {})

    def person(self, person_id):
        """A client signed in as a facilitator of the register; the account is made when there is none."""
        if person_id == self.world.members[0]:
            return self.facilitator
        return self.client(self._token(person_id, lambda tx: self._account(tx, person_id)))

    def _account(self, tx, person_id):
        return accounts.create_account(
            tx, email=f"{person_id}@people.example", name=person_id, password="long-enough",
            grants=[Grant(Role.FACILITATOR, "")], person_id=person_id,
        )  # fmt: skip

    def stranger(self, role):
        """A client with a role in a region where nothing of the small world is."""
        elsewhere = [Grant(Role(role), "DE/")]

        def make(tx):
            return accounts.create_account(
                tx, email=f"{role}@elsewhere.example", name=role, password="long-enough", grants=elsewhere
            )

        return self.client(self._token(f"stranger {role}", make))

    def _token(self, key, account_of):
        if key not in self.tokens:
            runtime = self.world.runtime
            account = runtime.run(SYSTEM, account_of)
            self.tokens[key] = runtime.run(SYSTEM, accounts.open_session, account)
        return self.tokens[key]


@pytest.fixture
def site_of():
    """site_of(world): the application over a world."""
    return lambda world: Site(create_app(world.runtime), world)


@pytest.fixture(scope="module")
def attacked_site(attacked):
    """The application over a world that a whole module shares."""
    return Site(create_app(attacked.runtime), attacked)
