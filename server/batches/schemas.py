"""Documents of payables, batches and payments."""

from __future__ import annotations

from server.http import documents as d


class PayingAccount(d.Document):
    """An account of the franchise that money leaves from."""

    id = d.plain("The account's id.", required=True)
    code = d.plain("Its code.", required=True)
    rail = d.plain("bank or mobile_money.", required=True)
    currency = d.plain("ISO 4217 code.", required=True)
    holder_name = d.plain("Who holds it.", required=True)
    country = d.plain("ISO 3166-1 code.", required=True)


class Payable(d.Document):
    """What is owed to a facilitator for an accepted delivery."""

    id = d.plain("The payable's id.", required=True)
    delivery_id = d.plain(
        "The accepted delivery; null for an advance, tax or overhead.", required=True, allow_none=True
    )
    instance_id = d.plain("The instance it belongs to; null likewise.", required=True, allow_none=True)
    person_id = d.plain("To whom.", required=True)
    component = d.plain("honorarium or expenses.", required=True)
    gross = d.one(d.Amount, "Before tax.", required=True)
    withheld = d.one(d.Amount, "Tax withheld.", required=True)
    net = d.one(d.Amount, "What is paid out.", required=True)
    allocated = d.one(d.Amount, "In payments on their way or settled.", required=True)
    settled = d.one(d.Amount, "Paid, as the bank confirmed.", required=True)
    created_at = d.moment("Since when it is owed.", required=True)


class NewBatch(d.Document):
    """What is owed is to be collected."""

    paying_account_id = d.identifier("The account that pays.", required=True)
    execution_date = d.day("The day the bank shall pay.", required=True)


class Approval(d.Document):
    """The batch that was seen is approved."""

    content_sha256 = d.sha256("`content_sha256` of the batch you looked at.", required=True)


class BatchLine(d.Document):
    """A batch in a list."""

    id = d.plain("The batch's id.", required=True)
    reference = d.plain("Its reference, also in the file.", required=True)
    paying_account_id = d.plain("The account that pays.", required=True)
    state = d.plain(
        "draft, submitted, approved, exported, acknowledged, partly_settled, settled, failed or cancelled.",
        required=True,
    )
    execution_date = d.day("The day the bank shall pay.", required=True)
    payments_count = d.number("How many payments.", required=True)
    total = d.one(d.Amount, "Their sum.", required=True)
    content_sha256 = d.plain("What an approval binds to; null for a draft.", required=True, allow_none=True)
    file_sha256 = d.plain("SHA-256 of the frozen file.", required=True, allow_none=True)
    prepared_at = d.moment("When it was collected.", required=True)
    approved_at = d.moment("When it was approved.", required=True, allow_none=True)
    exported_at = d.moment("When its file was written.", required=True, allow_none=True)


class Payment(d.Document):
    """A credit transfer."""

    id = d.plain("The payment's id.", required=True)
    end_to_end_id = d.plain("EndToEndId in the bank's file.", required=True)
    person_id = d.plain("To whom.", required=True)
    payee_name = d.plain("As the bank or the wallet knows them.", required=True)
    account_kind = d.plain("rib, iban or wallet.", required=True)
    account_ending = d.plain("The last four characters of the account.", required=True)
    amount = d.one(d.Amount, "How much.", required=True)
    state = d.plain("draft, in_transit, settled, rejected, returned or cancelled.", required=True)
    failure_reason = d.plain("What the bank said.", required=True)
    settled_at = d.moment("When the bank confirmed it.", required=True, allow_none=True)


class Batch(BatchLine):
    """A batch with its payments."""

    prepared_by = d.plain("The account that collected it.", required=True)
    approved_by = d.plain("The account that approved it.", required=True, allow_none=True)
    payments = d.many(Payment, "In the order of the file.", required=True)
    problems = d.many(d.SingleProblem, "What would keep a draft from being exported.", required=True)


class AnswerRead(d.Document):
    """What reading the bank's answer did."""

    settled = d.number("Payments that are paid.", required=True)
    rejected = d.number("Payments that failed; what they paid is owed again.", required=True)
    pending = d.number("Payments the bank still works on.", required=True)
    already_known = d.number("Payments whose answer was known.", required=True)
    unmatched = d.number("Items that fit no payment: a person must look.", required=True)
    batch = d.one(BatchLine, "The batch afterwards.", required=True)
