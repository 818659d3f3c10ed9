"""The words of states, roles and units: one list, so that a thing has one name on every page."""

from __future__ import annotations

from pricing.units import UNITS
from server.actor import Role
from server.http.locale import current_catalogue, gettext, localised
from server.http.navigation import N_
from workflows.problems import Problem

ROLES = {
    Role.EXPERT: N_("Expert"),
    Role.COORDINATOR: N_("Coordinator"),
    Role.FACILITATOR: N_("Facilitator"),
    Role.VERIFIER: N_("Verifier"),
    Role.FINANCE: N_("Finance officer"),
    Role.APPROVER: N_("Approver"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
}
STATES = {
    # services, price lists, quotes, requests
    "draft": N_("Draft"), "published": N_("Published"), "deprecated": N_("Superseded"),
    "superseded": N_("Superseded"), "recalled": N_("Withdrawn"), "withdrawn": N_("Withdrawn"),
    "approved": N_("Approved"), "retired": N_("Retired"), "offered": N_("Offered"), "quoted": N_("Quoted"),
    "accepted": N_("Accepted"), "expired": N_("Expired"), "requested": N_("Requested"),
    "price_missing": N_("Price missing"),
    # work
    "planned": N_("Planned"), "not_started": N_("Not started"), "ready": N_("To do"),
    "waiting": N_("Waiting"), "started": N_("Started"), "running": N_("Running"),
    "work_done": N_("Work done"), "done": N_("Done"), "completed": N_("Completed"),
    "evaluated": N_("Evaluated"), "closed": N_("Closed"), "cancelled": N_("Cancelled"), "late": N_("Late"),
    "incident": N_("Incident"),
    # deliveries
    "incomplete": N_("Incomplete"), "received": N_("Received"), "submitted": N_("Submitted"),
    "in_review": N_("To be checked"), "flagged": N_("Flagged"), "sent_back": N_("Sent back"),
    "refused": N_("Refused"), "rejected": N_("Sent back"),
    # money
    "committed": N_("Committed"), "owed": N_("Owed"), "payable": N_("Payable"), "collected": N_("In a batch"),
    "prepared": N_("Prepared"), "awaiting_approval": N_("Waits for approval"), "exported": N_("Exported"),
    "sent": N_("Sent"), "paid": N_("Paid"), "settled": N_("Settled"), "failed": N_("Failed"),
    "reversed": N_("Reversed"),
    # people and records
    "active": N_("Active"), "suspended": N_("Suspended"), "verified": N_("Verified"),
    "tampered": N_("Tampered with"),
}  # fmt: skip
PARTIES = {
    "fund": N_("Transformation Fund"),
    "village": N_("Village"),
    "commune": N_("Commune"),
    "partner": N_("NGO partner"),
}
EVIDENCE = {
    "photo": N_("photo"),
    "document": N_("document"),
    "gps_point": N_("GPS point"),
    "gps_track": N_("GPS track"),
    "gps_area": N_("GPS area"),
    "signature": N_("signature"),
    "form": N_("answers in the form"),
    "audio": N_("sound recording"),
}
LEVELS = {
    "country": N_("Country"),
    "department": N_("Department"),
    "commune": N_("Commune"),
    "arrondissement": N_("Arrondissement"),
    "village": N_("Village"),
}


def state_word(state: str) -> str:
    """The word of a state in the reader's language; an unknown state as it is."""
    return gettext(STATES[state]) if state in STATES else state.replace("_", " ")


def unit_word(unit: str) -> str:
    """A unit (UNECE Recommendation 20) as people say it; a code without a word as it is."""
    known = UNITS.get(unit)
    return localised(known.names) if known else unit


def party_word(party: str) -> str:
    """Who pays; "" is the fund."""
    return gettext(PARTIES[party or "fund"]) if (party or "fund") in PARTIES else party


def level_word(level: str) -> str:
    """The level of a region in words."""
    return gettext(LEVELS[level]) if level in LEVELS else level


def role_word(role: str) -> str:
    """A role in words."""
    return gettext(ROLES[Role(role)])


def evidence_word(kind: str) -> str:
    """A kind of evidence in words."""
    return gettext(EVIDENCE[kind]) if kind in EVIDENCE else kind


def problem_text(problem: Problem) -> str:
    """What is wrong and what to do, in the reader's language."""
    return problem.text(current_catalogue().texts)
