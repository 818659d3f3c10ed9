"""The words of states, roles and units: one list, so that a thing has one name on every page."""

from __future__ import annotations

from server.actor import Role
from server.http.locale import gettext
from server.http.navigation import N_

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
UNITS = {
    "DAY": N_("days"), "HUR": N_("hours"), "C62": N_("pieces"), "KMT": N_("km"), "KGM": N_("kg"),
    "LTR": N_("litres"), "MON": N_("months"), "P1": N_("%"), "NMP": N_("packs"), "LS": N_("lump sum"),
    "ZP": N_("pages"), "HH": N_("households"), "IE": N_("persons"), "PR": N_("pairs"), "MTR": N_("m"),
}  # fmt: skip
"""UNECE Recommendation 20 codes as people say them."""
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
    """A unit as people say it; a code without a word as it is."""
    return gettext(UNITS[unit]) if unit in UNITS else unit


def level_word(level: str) -> str:
    """The level of a region in words."""
    return gettext(LEVELS[level]) if level in LEVELS else level


def role_word(role: str) -> str:
    """A role in words."""
    return gettext(ROLES[Role(role)])
