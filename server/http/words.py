"""The words of states, roles, units, parties, refusals: one list, so that a thing has one name on every page.

Source of the bank's reasons: ISO 20022 external code list, ExternalStatusReason1Code.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from server import formatting
from server.actor import Action, Role
from server.http.locale import current_catalogue, current_locale, gettext, localised
from server.http.navigation import N_
from workflows.definitions.model import Definition, Node, Text
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
RAILS = {"bank": N_("Bank"), "mobile_money": N_("Mobile money")}
FUNDS = {"transformation-fund": N_("Transformation Fund")}
ACTIONS = {
    Action.SERVICE_READ: N_("read services"),
    Action.SERVICE_DRAFT: N_("draw services"),
    Action.SERVICE_TRANSLATE: N_("translate services"),
    Action.SERVICE_REVIEW: N_("review the services of others"),
    Action.SERVICE_PUBLISH: N_("publish services"),
    Action.SERVICE_ADOPT: N_("adopt services for a region"),
    Action.PRICE_READ: N_("read prices"),
    Action.PRICE_IMPORT: N_("import prices"),
    Action.PRICE_APPROVE: N_("approve prices"),
    Action.QUOTE_MAKE: N_("make quotes"),
    Action.QUOTE_ACCEPT: N_("accept quotes"),
    Action.REQUEST_MAKE: N_("write requests down"),
    Action.PROJECT_READ: N_("read projects"),
    Action.PROJECT_START: N_("run projects"),
    Action.INSTANCE_READ: N_("follow the work of villages"),
    Action.INSTANCE_CHANGE: N_("change the course of the work of villages"),
    Action.TASK_ASSIGN: N_("give tasks to people"),
    Action.TASK_CLAIM: N_("take a free task"),
    Action.TASK_READ: N_("read tasks"),
    Action.TASK_SUBMIT: N_("send the form of a task"),
    Action.DELIVERY_READ: N_("read deliveries"),
    Action.DELIVERY_REVIEW: N_("decide on deliveries"),
    Action.DELIVERY_SECOND_CHECK: N_("make a second check"),
    Action.MONEY_OWN: N_("see your own tasks and money"),
    Action.FUND_GRANT: N_("book grants"),
    Action.LEDGER_READ: N_("read the ledger"),
    Action.LEDGER_REVERSE: N_("take an entry of the ledger back"),
    Action.CLAIM_PROPOSE: N_("propose advances and claims"),
    Action.CLAIM_APPROVE: N_("approve advances and claims"),
    Action.POLICY_CHANGE: N_("change how many people approve payments"),
    Action.BATCH_READ: N_("read payments"),
    Action.BATCH_PREPARE: N_("prepare payments"),
    Action.BATCH_APPROVE: N_("approve payments"),
    Action.BATCH_EXPORT: N_("write payment files"),
    Action.ANSWER_IMPORT: N_("read the answers of the bank"),
    Action.PAYEE_CONFIRM: N_("confirm where somebody is paid"),
    Action.PERSON_READ: N_("see who people are"),
    Action.PERSON_EDIT: N_("register people"),
    Action.REGION_EDIT: N_("change places"),
    Action.VERIFY: N_("verify the records"),
    Action.ADMIN: N_("administer accounts"),
}
"""What a person may not do, behind "You may not do this"."""
BANK_REASONS = {
    "AC01": N_("the account number is wrong"),
    "AC03": N_("the account of the payee does not exist"),
    "AC04": N_("the account is closed"),
    "AC06": N_("the account is blocked"),
    "AG01": N_("the account does not take such payments"),
    "AG02": N_("the bank does not know this kind of payment"),
    "AM01": N_("the amount is zero"),
    "AM02": N_("the amount is above the limit of the account"),
    "AM03": N_("the account does not take this currency"),
    "AM04": N_("there was not enough money on the paying account"),
    "AM05": N_("the bank had this payment already"),
    "AM09": N_("the amount is not the one that was agreed"),
    "BE01": N_("the name does not fit the account"),
    "BE04": N_("the address of the payee is missing"),
    "BE05": N_("the bank does not know who ordered the payment"),
    "BE06": N_("the bank does not know the payee"),
    "CUST": N_("the payer asked to stop it"),
    "DUPL": N_("the bank had this payment already"),
    "FOCR": N_("it was called back"),
    "MD07": N_("the payee has died"),
    "MS02": N_("the payee refused it without a reason"),
    "MS03": N_("the bank gave no reason"),
    "NARR": N_("the bank gave its reason in words"),
    "RC01": N_("the code of the bank is wrong"),
    "RR01": N_("the identification of the payer is missing"),
    "RR02": N_("the name or address of the payer is missing"),
    "RR03": N_("the name or address of the payee is missing"),
    "RR04": N_("the law asks for more information"),
    "NAME_MISMATCH": N_("the name does not fit the wallet"),
}
"""Why a payment failed, by the code that the bank or the mobile-money company sent."""
FINDINGS = {
    "acceptance-changed": N_("What this delivery says of its acceptance is not what was written down."),
    "batch-changed": N_("The payments of this batch are not those that were approved."),
    "batch-file": N_("The payments of this batch do not give the file that was sent."),
    "batch-state": N_("The state of this batch does not follow from its payments."),
    "batch-cover": N_("A cover sheet does not say what the payment file and the ledger say."),
    "batch-approvals": N_("A batch was approved by fewer people than its rule asks for."),
    "claim-recovered": N_("What was kept back for an advance or a claim does not add up."),
    "claim-balance": N_("The ledger and the claims differ in what somebody owes back."),
    "claim-told-otherwise": N_("This claim is not the one that two people decided about."),
    "policy-told-otherwise": N_("This rule about approvals is not the one that two people decided about."),
    "bank-line-told-otherwise": N_("What was decided about this line is not what was written down."),
    "bank-line-changed": N_("The amount of this line is not that of its payment."),
    "bank-file-told-otherwise": N_("The list of files and the record differ in what was read."),
    "bank-statement-changed": N_("What is kept of this statement is not what its file says."),
    "payment-state": N_("This payment cannot be in the state that it is in."),
    "ledger-account-changed": N_("The kind or the limits of this account were changed."),
    "batch-told-otherwise": N_("The journal says something else of this batch."),
    "delivery-owed-otherwise": N_("This delivery owes another amount than its quote promised."),
    "evidence-missing": N_("A piece of evidence of this delivery is missing."),
    "file-damaged": N_("This file is missing or is not the one that was received."),
    "journal-chain-broken": N_("The chain of sealed blocks is broken here."),
    "journal-ledger-mismatch": N_("The ledger is not the one that this block names."),
    "journal-row-changed": N_("This row of the journal is not what was written."),
    "journal-rows-changed": N_("Rows of the journal were changed, removed or added after sealing."),
    "journal-secret-changed": N_("The private part of this row is not what was written."),
    "ledger-balance": N_("The balance of this account is not the sum of its entries."),
    "ledger-book": N_("This book does not balance."),
    "ledger-entry-broken": N_("This ledger entry is not one that could have been posted."),
    "ledger-entry-changed": N_("This ledger entry is not what was sealed."),
    "ledger-head": N_("The ledger does not end at its last seal: entries are missing."),
    "payable-changed": N_("The ledger and the amounts owed differ."),
    "payable-projection": N_("What this amount owed says of its payments is not what the payments say."),
    "payee-account-changed": N_("The account of this person is not the one that was written down."),
    "payee-balance": N_("The ledger owes this person another amount than the single amounts owed."),
    "payment-told-otherwise": N_("The journal says something else of this payment."),
    "payable-without-delivery": N_("It is owed, but nothing was accepted."),
    "quote-changed": N_("This quote is not the one that was made."),
    "unreadable": N_("The rest of this part cannot be read any more."),
    "version-changed": N_("The diagram or the forms are not those that were published."),
}
"""What does not fit, by the code of a `server.findings.Finding`."""
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
QUALITIES = {
    "quote": N_("price offered by a seller"),
    "survey": N_("market survey"),
    "public": N_("public price"),
    "illustrative": N_("illustrative"),
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


def unit_word(unit: str, quantity: float | Decimal | Fraction = 1) -> str:
    """A unit (UNECE Recommendation 20) as people say it of that quantity; a code without a word as it is."""
    return formatting.unit(current_locale(), unit, quantity)


def measure(quantity: float | Decimal | Fraction, unit: str) -> str:
    """A quantity with its unit: "50 km", "4 working days"; things that are counted have none."""
    return formatting.measure(current_locale(), quantity, unit)


def party_word(party: str) -> str:
    """Who pays or gives; "" is the fund; a party without a word by its code: "twin-region" is "Twin region"."""
    party = party or "fund"
    return gettext(PARTIES[party]) if party in PARTIES else _of_code(party)


def fund_word(fund: str) -> str:
    """A fund as people read it; one without a word by its code."""
    return gettext(FUNDS[fund]) if fund in FUNDS else _of_code(fund)


def _of_code(code: str) -> str:
    """A name that people typed as it is; a code ("seed-bank") as words ("Seed bank")."""
    if code != code.lower() or " " in code:
        return code
    return code.replace("-", " ").replace("_", " ").capitalize()


def rail_word(rail: str) -> str:
    """How money travels, in words."""
    return gettext(RAILS[rail]) if rail in RAILS else rail


def bank_reason(said: str) -> tuple[str, str]:
    """Why a payment failed, in words ("" when the code is not known), and what the bank wrote."""
    code = said.partition(" ")[0]
    return (gettext(BANK_REASONS[code]) if code in BANK_REASONS else "", said)


def finding_word(code: str) -> str:
    """What a finding of the verification means; "" for an unknown code."""
    return gettext(FINDINGS[code]) if code in FINDINGS else ""


def level_word(level: str) -> str:
    """The level of a region in words."""
    return gettext(LEVELS[level]) if level in LEVELS else level


def role_word(role: str) -> str:
    """A role in words."""
    return gettext(ROLES[Role(role)])


def evidence_word(kind: str) -> str:
    """A kind of evidence in words."""
    return gettext(EVIDENCE[kind]) if kind in EVIDENCE else kind


def quality_word(quality: str) -> str:
    """How sure a price is, in words."""
    return gettext(QUALITIES[quality]) if quality in QUALITIES else quality


def names_by_language(definition: Definition) -> dict[str, Text]:
    """What a diagram's tasks, events, gateways, flows and lanes are called in each language, by id."""
    names = {id_: texts for process in definition.family() for id_, texts in process.own_names().items()}
    return names | {n.id: n.task.title for n in definition.tasks() if n.task}


def node_titles(definition: Definition) -> dict[str, str]:
    """What a diagram's tasks, events, gateways, flows and lanes are called in the reader's language, by id."""
    named = names_by_language(definition)
    return {id_: title for id_, names in named.items() if (title := localised(names))}


def node_title(node: Node) -> str:
    """What a node is called in the reader's language; its id when it has no name."""
    return (localised(node.task.title) if node.task else "") or localised(node.names) or node.name or node.id


def problem_text(problem: Problem) -> str:
    """What is wrong and what to do, in the reader's language."""
    return problem.text(current_catalogue().texts)
