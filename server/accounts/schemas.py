"""Documents of sessions and of who is signed in."""

from __future__ import annotations

from server.http import documents as d


class Credentials(d.Document):
    """E-mail address and password."""

    email = d.line(320, "The account's e-mail address.", required=True)
    password = d.line(1000, "The password.", required=True, load_only=True)


class RoleGrant(d.Document):
    """A role and where it holds."""

    role = d.plain("expert, coordinator, facilitator, verifier, finance, approver, auditor or administrator.")
    region_path = d.plain("Codes from the root to the region, each ended by “/”; empty for everywhere.")


class SignedIn(d.Document):
    """Who is signed in."""

    id = d.plain("The account.", required=True)
    name = d.plain("Name of the person.", required=True)
    locale = d.plain("Language: en, fr or es.", required=True)
    person_id = d.plain("Entry in the register of facilitators.", required=True, allow_none=True)
    roles = d.many(RoleGrant, "What the person may do, and where.", required=True)


class Session(d.Document):
    """A new session. The token is shown once; send it as `Authorization: Bearer <token>`."""

    token = d.plain("The token, 64 hexadecimal digits.", required=True)
    token_type = d.plain("Always “Bearer”.", required=True)
    expires_at = d.moment("When it ends by itself.", required=True)
    account = d.one(SignedIn, "Who is signed in.", required=True)
