"""The left rail: at most seven entries, those of the person's role."""

from __future__ import annotations

from dataclasses import dataclass

from server.actor import Action, Actor, Role, can


def N_(message: str) -> str:  # noqa: N802  (gettext's own name for "mark, translate later")
    """Mark a text for translation."""
    return message


@dataclass(frozen=True, slots=True)
class Place:
    """An entry: the endpoint it leads to, its icon and its words (a msgid)."""

    endpoint: str
    icon: str
    words: str
    action: Action


_PLACES = (
    Place("start.today", "house", N_("Today"), Action.SIGNED_IN),
    Place("submissions.my_tasks", "list-check", N_("My tasks"), Action.MONEY_OWN),
    Place("submissions.my_money", "wallet2", N_("My money"), Action.MONEY_OWN),
    Place("catalogue.services", "diagram-3", N_("Services"), Action.SERVICE_READ),
    Place("projects.projects", "map", N_("Projects"), Action.PROJECT_READ),
    Place("deliveries.queue", "patch-check", N_("Verification"), Action.DELIVERY_REVIEW),
    Place("price_lists.lists", "tags", N_("Prices"), Action.PRICE_READ),
    Place("finance.worklist", "list-check", N_("To decide"), Action.BATCH_READ),
    Place("batches.payables", "cash-coin", N_("Payables"), Action.BATCH_READ),
    Place("batches.batches", "send", N_("Batches"), Action.BATCH_READ),
    Place("ledger.accounts", "journal-text", N_("Ledger"), Action.LEDGER_READ),
    Place("transparency.verify", "shield-check", N_("Proof"), Action.VERIFY),
    Place("accounts.accounts", "people", N_("People"), Action.ADMIN),
)
_LEFT_OUT = {
    Role.FACILITATOR: {"start.today"},
    Role.FINANCE: {"catalogue.services", "price_lists.lists", "deliveries.queue"},
    Role.APPROVER: {"catalogue.services", "price_lists.lists"},
    Role.AUDITOR: {"price_lists.lists", "finance.worklist", "batches.payables"},
}
"""What a role may see but does not need in front of it every day."""


def rail(actor: Actor) -> list[Place]:
    """The entries of a person's rail."""
    left_out = (
        set.intersection(*(_LEFT_OUT.get(g.role, set()) for g in actor.grants)) if actor.grants else set()
    )
    return [p for p in _PLACES if can(actor, p.action) and p.endpoint not in left_out][:7]
