"""What the frame around every page needs: the notice after a redirect, the current place in the rail, words.

A notice lives in a signed cookie from one answer to the next page; nothing of it is kept on the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Role
from server.http import locale, words

NOTICE_COOKIE = "notice"
_HOME = {
    "catalogue": "catalogue.services", "drafts": "catalogue.services",
    "draft_files": "catalogue.services",
    "texts": "catalogue.services",
    "adoptions": "catalogue.services", "draft_reviews": "catalogue.services",
    "versions": "catalogue.services", "quotes": "catalogue.services", "explore": "catalogue.services",
    "project_quotes": "catalogue.services", "terms": "price_lists.lists", "projects": "projects.projects",
    "instances": "projects.projects", "deliveries": "deliveries.queue", "price_lists": "price_lists.lists",
    "batches": "batches.batches", "finance": "finance.worklist", "ledger": "ledger.accounts",
    "reports": "ledger.accounts",
    "submissions": "submissions.my_tasks",
    "transparency": "transparency.verify", "accounts": "accounts.accounts",
}  # fmt: skip
"""The entry of the rail that a feature's pages belong to."""
_ENTRIES = frozenset(_HOME.values()) | {"start.today", "submissions.my_money", "batches.payables"}


TABS = ("submissions.my_tasks", "submissions.my_money")
"""The tabs under a facilitator's thumb."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message at the top of the next page. tone: done, needs, fail or going."""

    text: str
    tone: str


def go(address: str, notice: str = "", tone: str = "done") -> BaseResponse:
    """Redirect after a POST; `notice`, in the reader's language, is shown on the page that follows."""
    response = redirect(address, 303)
    if notice:
        response.set_cookie(
            NOTICE_COOKIE, _signer().dumps([notice[:1000], tone]), max_age=60, httponly=True, samesite="Lax",
            secure=g.runtime.settings.secure_cookies, path="/",
        )  # fmt: skip
    return response


def local_address(address: str, fallback: str) -> str:
    """An address of this site, or `fallback`: nobody is sent elsewhere by a link to us."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if ours and "\\" not in address and address.isprintable() else fallback


def new_id() -> str:
    """An id for the next command of a page, so that sending a form twice is one step."""
    return str(g.runtime.ids.new_id(g.runtime.clock.now()))


def notice() -> Notice | None:
    """The notice for this page; shown once."""
    sent = request.cookies.get(NOTICE_COOKIE, "")
    if not sent:
        return None
    g.notice_shown = True
    try:
        text, tone = _signer().loads(sent)
    except (BadSignature, ValueError, TypeError):
        return None
    return Notice(str(text), str(tone))


def forget_notice(response: Response) -> Response:
    """Take the shown notice away from the browser."""
    if g.get("notice_shown"):
        response.delete_cookie(NOTICE_COOKIE, path="/")
    return response


def section(endpoint: str) -> bool:
    """Whether the page being made belongs to that entry of the rail."""
    if request.endpoint == "batches.payee":
        return endpoint == "batches.payables"
    if request.endpoint == "reports.my_statement":
        return endpoint == "submissions.my_money"
    if request.endpoint in _ENTRIES:
        return request.endpoint == endpoint
    return _HOME.get(request.blueprint or "") == endpoint


def is_field() -> bool:
    """Whether the page is made for a facilitator's phone: three tabs under the thumb, nothing to search."""
    roles = {grant.role for grant in g.actor.grants} if "actor" in g else set()
    return roles == {Role.FACILITATOR}


def exact(text: str) -> str:
    """An exact amount kept as text ("1250", "25/3") as a number of the reader's language."""
    return locale.format_number(Fraction(text))


def context() -> dict[str, Any]:
    """The names every template may use."""
    return {
        "notice": notice, "section": section, "state_word": words.state_word,
        "unit_word": words.unit_word, "role_word": words.role_word, "level_word": words.level_word,
        "party_word": words.party_word, "fund_word": words.fund_word, "evidence_word": words.evidence_word,
        "problem_text": words.problem_text, "measure": words.measure, "bank_reason": words.bank_reason,
        "finding_word": words.finding_word, "rail_word": words.rail_word, "field": is_field(),
        "tabs": TABS, "node_titles": words.node_titles, "quality_word": words.quality_word,
    }  # fmt: skip


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt="notice")
