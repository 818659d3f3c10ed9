"""One shape for every answer, and how an answer finds its payment.

Order: UETR, then EndToEndId, then InstrId, then the whole group by equal count and sum; what remains is for a
human, with candidates. Banks leave identifications out or write NOTPROVIDED, so an empty one is no evidence;
one that contradicts another, or a different amount, makes a candidate of what would have been a match.

Sources: ISO 20022 external code sets (payment transaction status); sample files of several banks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from payments.batches import CreditTransfer
from payments.identifiers import NOT_PROVIDED, latin_text
from payments.rails.profiles import Outcome
from pricing.money import Money
from workflows.problems import Problem

Level = Literal["transaction", "payment_information", "group"]
MatchedBy = Literal["uetr", "end_to_end_id", "instruction_id", "group", "unmatched"]


@dataclass(frozen=True, slots=True)
class AnswerItem:
    """What a file says about one payment, or about a group of them.

    status: the word of the file; outcome: what it means.
    reason, reason_text: code and words of a refusal.
    registered_name: as the wallet's company knows the payee, where the file says it.
    count, control_sum: of the group, where the file says them; the sum in major units.
    """

    level: Level
    status: str
    outcome: Outcome
    original_message_id: str = ""
    payment_information_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    uetr: str = ""
    reason: str = ""
    reason_text: str = ""
    amount: Money | None = None
    registered_name: str = ""
    count: int | None = None
    control_sum: Decimal | None = None

    @property
    def identification(self) -> tuple[str, ...]:
        """What the item speaks about, as far as the file says."""
        return (
            self.level,
            self.original_message_id,
            self.payment_information_id,
            self.instruction_id,
            self.end_to_end_id,
            self.uetr,
        )

    @property
    def names_something(self) -> bool:
        """Whether it says which payment or group it is about; banks write NOTPROVIDED where they do not know."""
        named = (self.instruction_id, self.end_to_end_id, self.uetr)
        return self.level != "transaction" or any(name not in ("", NOT_PROVIDED) for name in named)

    @property
    def natural_key(self) -> str:
        """SHA-256 (hex) of what is said about what: equal when another file says the same again."""
        said = [*self.identification, self.status, self.reason]
        if not self.names_something:  # only its amount tells it from another one
            said.append(str(self.amount))
        return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """A file that was read. problems: with a fatal or an error, nothing of it should be applied.

    message_id: of the answer; original_message_id: of the file it answers ("" where unknown).
    """

    items: tuple[AnswerItem, ...]
    problems: tuple[Problem, ...] = ()
    message_id: str = ""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Where an item belongs.

    transfers: those it speaks about; empty when unmatched.
    candidates: what a human may want to look at when unmatched.
    name_differs: the wallet is registered to another name than the payee's.
    """

    item: AnswerItem
    by: MatchedBy
    transfers: tuple[CreditTransfer, ...] = ()
    candidates: tuple[CreditTransfer, ...] = ()
    name_differs: bool = False


class TransferIndex:
    """The transfers an answer may speak about, found by each of their identifications."""

    def __init__(self, transfers: Iterable[CreditTransfer]) -> None:
        self.transfers = tuple(transfers)
        self._by_uetr = {t.uetr.lower(): t for t in self.transfers}
        self._by_end_to_end_id = {t.end_to_end_id: t for t in self.transfers}
        self._by_instruction_id = {t.instruction_id: t for t in self.transfers}

    def find(self, item: AnswerItem) -> tuple[MatchedBy, CreditTransfer | None, bool]:
        """How and what was found, and whether everything else the item says agrees with it."""
        found: list[tuple[MatchedBy, CreditTransfer | None]] = []
        if item.uetr:
            found.append(("uetr", self._by_uetr.get(item.uetr.lower())))
        if item.end_to_end_id not in ("", NOT_PROVIDED):
            found.append(("end_to_end_id", self._by_end_to_end_id.get(item.end_to_end_id)))
        if item.instruction_id not in ("", NOT_PROVIDED):
            found.append(("instruction_id", self._by_instruction_id.get(item.instruction_id)))
        hits = [(by, transfer) for by, transfer in found if transfer is not None]
        if not hits:
            return "unmatched", None, False
        by, transfer = hits[0]
        agrees = all(other is transfer for _, other in hits)
        # a UETR of ours with an EndToEndId that is nobody's is a contradiction too
        agrees = agrees and not any(name == "end_to_end_id" and other is None for name, other in found)
        agrees = agrees and (item.amount is None or item.amount == transfer.amount)
        return by, transfer, agrees

    def named(self, items: Iterable[AnswerItem]) -> set[str]:
        """The payments that items name, rightly or not; a payment of merely the same amount is not named."""
        found = (self.find(item)[1] for item in items)
        return {transfer.payment_id for transfer in found if transfer is not None}

    def is_whole(self, item: AnswerItem, message_id: str, payment_information_id: str = "") -> bool:
        """Whether a group item speaks about exactly these transfers: equal count and sum.

        Where the file says only one of them, or neither, the message it answers must be the one that was sent.
        """
        if message_id and item.original_message_id not in ("", message_id):
            return False
        if payment_information_id and item.payment_information_id not in ("", payment_information_id):
            return False
        is_ours = bool(message_id) and item.original_message_id == message_id
        if not is_ours and (item.count is None or item.control_sum is None):
            return False
        whole = sum((t.amount.major() for t in self.transfers), Decimal(0))
        return item.count in (None, len(self.transfers)) and item.control_sum in (None, whole)


def match(
    item: AnswerItem, transfers: Iterable[CreditTransfer] | TransferIndex, *, message_id: str = "",
    payment_information_id: str = "",
) -> Match:  # fmt: skip
    """Find the transfers an item speaks about.

    transfers: those of one batch for group items; an index when many items are matched.
    message_id, payment_information_id: MsgId and PmtInfId of what was sent, where known.
    """
    index = transfers if isinstance(transfers, TransferIndex) else TransferIndex(transfers)
    if item.level != "transaction":
        if index.transfers and index.is_whole(item, message_id, payment_information_id):
            return Match(item, "group", index.transfers)
        return Match(item, "unmatched", candidates=index.transfers)
    by, transfer, agrees = index.find(item)
    if transfer is None:
        return Match(item, "unmatched", candidates=_candidates(item, index))
    differs = bool(item.registered_name) and name_differs(item.registered_name, transfer.payee_name)
    if not agrees:
        return Match(item, "unmatched", candidates=(transfer,), name_differs=differs)
    return Match(item, by, (transfer,), name_differs=differs)


_CANDIDATES_MAX = 10


def _candidates(item: AnswerItem, index: TransferIndex) -> tuple[CreditTransfer, ...]:
    if item.amount is None:
        return ()
    return tuple(t for t in index.transfers if t.amount == item.amount)[:_CANDIDATES_MAX]


def match_answer(
    answer: Answer,
    transfers: Iterable[CreditTransfer],
    *,
    message_id: str = "",
    payment_information_id: str = "",
) -> tuple[Match, ...]:
    """Match every item; what is said about one payment takes precedence over what is said about its group.

    Transaction items come first, in the order of the file; a group item then covers the other transfers.
    """
    index = TransferIndex(transfers)
    single = [match(i, index, message_id=message_id) for i in answer.items if i.level == "transaction"]
    named = index.named(m.item for m in single)
    sent = {"message_id": message_id, "payment_information_id": payment_information_id}
    whole = [match(i, index, **sent) for i in answer.items if i.level != "transaction"]
    rest = [
        Match(m.item, m.by, tuple(t for t in m.transfers if t.payment_id not in named), m.candidates)
        for m in whole
    ]
    return (*single, *rest)


def without_repetition(items: Sequence[AnswerItem]) -> tuple[tuple[AnswerItem, ...], tuple[Problem, ...]]:
    """Each item once, and a problem for each payment that is both settled and rejected in one file.

    Two that name nothing may be about two payments: both are kept.
    """
    seen: set[str] = set()
    found: list[AnswerItem] = []
    for item in items:
        if not item.names_something or item.natural_key not in seen:
            found.append(item)
        seen.add(item.natural_key)
    kept = tuple(found)
    outcomes: dict[tuple[str, ...], set[Outcome]] = {}
    for item in kept:
        if item.level == "transaction" and item.names_something:
            outcomes.setdefault(item.identification, set()).add(item.outcome)
    problems = tuple(
        Problem(
            "contradictory-answer",
            "The file says that this payment was made and that it was refused. Ask the bank.",
            place=" ".join(part for part in key[3:] if part),
        )
        for key, said in outcomes.items()
        if {"settled", "rejected"} <= said
    )
    return kept, problems


def distinct_keys(items: Iterable[AnswerItem]) -> Iterator[str]:
    """The natural key of each item; the second of the same within one file gets its number."""
    seen: Counter[str] = Counter()
    for item in items:
        key = item.natural_key
        seen[key] += 1
        yield key if seen[key] == 1 else f"{key} {seen[key]}"


def name_differs(registered: str, expected: str) -> bool:
    """Whether two names are of different persons, as far as letters tell.

    Order, case, accents and punctuation do not count; a name with more given names is the same when at least
    two parts agree.
    """
    first, second = _name_parts(registered), _name_parts(expected)
    common = first & second
    return first != second and not (len(common) >= 2 and common in (first, second))


def _name_parts(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", latin_text(name, 140).lower()))
