"""Errors raised by payments; the web status of each is chosen in server.http.problems.

Mistakes inside a file (a bank's answer, a list of transfers) are not raised one at a time: they are
`Problem`s, returned together or carried by `RefusedTransfers`.
"""

from __future__ import annotations

from collections.abc import Iterable

from workflows.errors import RunError
from workflows.problems import Problem


class PaymentError(RunError):
    code = "payment"
    message = "The payment could not be worked out."


class NaiveTime(PaymentError):
    code = "naive-time"
    message = "%(time)s has no time zone. Give the time in UTC."


# Ledger ------------------------------------------------------------------------------------------------


class LedgerError(PaymentError):
    code = "ledger"
    message = "The ledger entry is not allowed."


class InvalidAccount(LedgerError):
    code = "invalid-account"
    message = "%(account)s cannot name an account. Use 1 to 120 printable characters without a colon."


class InvalidEntry(LedgerError):
    code = "invalid-entry"
    message = "A ledger entry needs a kind and an idempotency key of at most 200 printable characters."


class TooFewPostings(LedgerError):
    code = "too-few-postings"
    message = "Entry %(key)s has %(count)s posting(s). Double entry needs at least two."


class ZeroPosting(LedgerError):
    code = "zero-posting"
    message = "A posting of zero to %(account)s says nothing. Leave it out."


class AmountOutOfRange(LedgerError):
    code = "amount-out-of-range"
    message = "The amount on %(account)s does not fit in 64 bits. Check the number of zeros."


class UnbalancedEntry(LedgerError):
    code = "unbalanced-entry"
    message = (
        "Entry %(key)s does not balance: the %(book)s book in %(currency)s is off by %(minor)s minor units. "
        "Debits and credits must sum to zero."
    )


class NotPositive(LedgerError):
    code = "not-positive"
    message = "%(what)s must be more than zero, not %(amount)s."


class ContributionTooLarge(LedgerError):
    code = "contribution-too-large"
    message = "Third parties would contribute %(contributed)s to a delivery of %(gross)s. Lower their share."


class WithholdingTooLarge(LedgerError):
    code = "withholding-too-large"
    message = "%(withheld)s would be withheld from %(gross)s. Check the tax table."


class ReversalOfReversal(LedgerError):
    code = "reversal-of-reversal"
    message = "A reversal is not reversed. Post a new entry instead."


class AmountNotInWords(PaymentError):
    code = "amount-not-in-words"
    message = "%(amount)s cannot be written in words. Amounts are from zero to a thousand billion."


class InvalidApprovalPolicy(PaymentError):
    code = "invalid-approval-policy"
    message = "The approval policy cannot be used: %(reason)s"


# Tax ---------------------------------------------------------------------------------------------------


class InvalidTaxTable(PaymentError):
    code = "invalid-tax-table"
    message = "The tax table cannot be used at %(place)s: %(reason)s"


class InvalidAccountMap(PaymentError):
    code = "invalid-account-map"
    message = "The map of accounts cannot be used at %(place)s: %(reason)s"


# Identifiers -------------------------------------------------------------------------------------------


class InvalidIdentifier(PaymentError):
    code = "invalid-identifier"
    message = "The identifier is not valid."


class InvalidIban(InvalidIdentifier):
    code = "invalid-iban"
    message = "%(iban)s is not a valid IBAN. Copy it again from a bank statement."


class InvalidRib(InvalidIdentifier):
    code = "invalid-rib"
    message = (
        "%(rib)s is not a UEMOA RIB. It has 24 characters: bank 5, branch 5, account 12, key 2. Copy it "
        "again from a bank statement."
    )


class WrongRibKey(InvalidRib):
    code = "wrong-rib-key"
    message = (
        "The last two digits of %(rib)s do not fit the rest. Compare each character with a bank statement."
    )


class InvalidMsisdn(InvalidIdentifier):
    code = "invalid-msisdn"
    message = "%(number)s is not a mobile number of %(country)s. Write it with its country code."


class InvalidCreditorReference(InvalidIdentifier):
    code = "invalid-creditor-reference"
    message = (
        "%(reference)s cannot be used as an ISO 11649 reference. Use RF, two check digits and 1 to 21 "
        "letters or digits."
    )


class InvalidUetr(InvalidIdentifier):
    code = "invalid-uetr"
    message = "%(uetr)s is not a UETR. It is a version 4 UUID in lower case."


class InvalidEndToEndId(InvalidIdentifier):
    code = "invalid-end-to-end-id"
    message = (
        "%(identifier)s cannot be an EndToEndId. Use 1 to 35 basic Latin characters, no slash at either end "
        "and no double slash."
    )


# Batches and rails -------------------------------------------------------------------------------------


class IllegalTransition(PaymentError):
    code = "illegal-transition"
    message = "A %(what)s that is %(current)s cannot become %(wanted)s."


class InvalidLimits(PaymentError):
    code = "invalid-limits"
    message = "The limits of the rail contradict each other: %(reason)s"


class UnknownProfile(PaymentError):
    code = "unknown-rail-profile"
    message = "There is no rail profile %(profile)s. Known: %(known)s."


class InvalidProfile(PaymentError):
    code = "invalid-rail-profile"
    message = "The rail profile %(profile)s cannot be used: %(reason)s"


class ControlSumMismatch(PaymentError):
    code = "control-sum-mismatch"
    message = (
        "Payment information %(group)s announced %(announced_count)s transfers and %(announced_total)s but "
        "has %(count)s and %(total)s. Nothing may be sent; collect the batch again."
    )


class RefusedTransfers(PaymentError):
    """The transfers cannot be written to a file; `problems` has all reasons."""

    code = "refused-transfers"
    message = "%(count)s problem(s) keep the transfers from being exported: %(first)s"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].text() if self.problems else ""
        super().__init__(count=len(self.problems), first=first)
