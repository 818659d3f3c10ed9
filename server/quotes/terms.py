"""The terms of prices: overheads and third parties' contributions, by region, fund and date.

Like a price list they are proposed by one person, approved by another, retired, and never edited; newer terms
follow by their first day. Those of the nearest region count as a whole (a commune's replace its country's, they
are not added up), and in one region those agreed with the fund before those for any fund.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, cast

from sqlalchemy import select

from pricing.contributions import (
    Contribution,
    ContributionKind,
    Overhead,
    check_contributions,
    check_overheads,
)
from server.actor import Action, require
from server.errors import NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.quotes.models import (
    ContributionRow as ContributionRow,
)
from server.quotes.models import (
    OverheadRow as OverheadRow,
)
from server.quotes.models import (
    TermsRow as TermsRow,
)
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem


@dataclass(frozen=True, slots=True)
class Terms:
    """What is added to the direct cost in a place, and what third parties bear beside the task cards.

    id "" = nothing is agreed there. region: of the tree, where they were found.
    """

    overheads: tuple[Overhead, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    id: str = ""
    region: str = ""


def propose_terms(
    tx: Tx, *, region: str, valid_from: date, overheads: Sequence[Overhead] = (),
    contributions: Sequence[Contribution] = (), fund: str = "", valid_to: date | None = None, source: str = "",
) -> TermsRow:  # fmt: skip
    """Propose terms as a draft. Raises InvalidInput with everything that is wrong with them."""
    require(tx.actor, Action.PRICE_IMPORT, regions.place(tx, region))
    problems = [*check_overheads(overheads), *check_contributions(contributions)]
    if valid_to is not None and valid_to < valid_from:
        problems.append(_ends_before(valid_from, valid_to))
    if problems:
        raise InvalidInput(problems)
    row = TermsRow(
        id=tx.new_id(), region_code=region, fund=fund, valid_from=valid_from, valid_to=valid_to, source=source,
        proposed_at=tx.now, proposed_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    tx.session.add_all(_overhead_row(row.id, place, rule) for place, rule in enumerate(overheads, start=1))
    tx.session.add_all(
        _contribution_row(row.id, place, rule) for place, rule in enumerate(contributions, start=1)
    )
    tx.session.flush()
    journal.record(
        tx, Event.TERMS_PROPOSED, row.id, region=region,
        public={"fund": fund, "valid_from": valid_from.isoformat(), "overheads": len(overheads),
                "contributions": len(contributions)},
    )  # fmt: skip
    return row


def approve_terms(tx: Tx, terms_id: str) -> None:
    """Let a draft count from its first day on; by somebody other than who proposed it."""
    row = _locked(tx, terms_id)
    require(tx.actor, Action.PRICE_APPROVE, regions.place(tx, row.region_code))
    if row.status != "draft":
        raise WrongState(what="terms", state=row.status)
    if row.proposed_by == tx.actor.user_id:
        raise SamePerson(first="proposing terms", second="approving them")
    row.status, row.approved_at, row.approved_by = "approved", tx.now, tx.actor.user_id
    tx.session.flush()
    journal.record(tx, Event.TERMS_APPROVED, terms_id, region=row.region_code, public={"fund": row.fund})


def retire_terms(tx: Tx, terms_id: str) -> None:
    """Let terms no longer count; quotes that were made keep theirs.

    By somebody other than who proposed them, once they are approved.
    """
    row = _locked(tx, terms_id)
    require(tx.actor, Action.PRICE_APPROVE, regions.place(tx, row.region_code))
    if row.status == "retired":
        raise WrongState(what="terms", state=row.status)
    if row.status == "approved" and row.proposed_by == tx.actor.user_id:
        raise SamePerson(first="proposing terms", second="retiring them")
    _retire(tx, row)


def withdraw_terms(tx: Tx, terms_id: str) -> None:
    """Take proposed terms back that nobody has approved yet: by whoever may propose for their region."""
    row = _locked(tx, terms_id)
    require(tx.actor, Action.PRICE_IMPORT, regions.place(tx, row.region_code))
    if row.status != "draft":
        raise WrongState(what="terms", state=row.status)
    _retire(tx, row)


def _retire(tx: Tx, row: TermsRow) -> None:
    row.status, row.retired_at, row.retired_by = "retired", tx.now, tx.actor.user_id
    tx.session.flush()
    journal.record(tx, Event.TERMS_RETIRED, row.id, region=row.region_code, public={"fund": row.fund})


def terms_in_force(tx: Tx, region: str, on: date, fund: str = "") -> Terms:
    """The approved terms of the nearest region on a day; the newest of several. Raises NotFound."""
    return terms_of_regions(tx, [region], on, fund)[region]


def terms_of_regions(tx: Tx, codes: Iterable[str], on: date, fund: str = "") -> dict[str, Terms]:
    """The terms in force in each of several regions; regions with the same ones share the object."""
    asked = list(dict.fromkeys(codes))
    known = regions.regions(tx, asked)
    unknown = [code for code in asked if code not in known]
    if unknown:
        raise NotFound(what="region", key=unknown[0])
    rows = tx.session.scalars(
        select(TermsRow)
        .where(TermsRow.status == "approved", TermsRow.valid_from <= on, TermsRow.fund.in_({"", fund}))
        .order_by(TermsRow.fund, TermsRow.valid_from, TermsRow.id)
    )
    best = {row.region_code: row for row in rows if row.valid_to is None or on <= row.valid_to}
    loaded = {row.id: _terms(tx, row) for row in best.values()}
    nothing, found = Terms(), {}
    for code in asked:
        nearest = next((best[c] for c in reversed(known[code].path.strip("/").split("/")) if c in best), None)
        found[code] = loaded[nearest.id] if nearest else nothing
    return found


def all_terms(tx: Tx) -> list[TermsRow]:
    """All terms, newest first."""
    return list(tx.session.scalars(select(TermsRow).order_by(TermsRow.id.desc())))


def terms_row(tx: Tx, terms_id: str) -> TermsRow:
    """Raises NotFound."""
    row = tx.session.get(TermsRow, terms_id)
    if row is None:
        raise NotFound(what="terms", key=terms_id)
    return row


def content(tx: Tx, terms_id: str) -> Terms:
    """The rules of terms, whatever their state. Raises NotFound."""
    return _terms(tx, terms_row(tx, terms_id))


def _locked(tx: Tx, terms_id: str) -> TermsRow:
    row = tx.session.get(TermsRow, terms_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="terms", key=terms_id)
    return row


def _terms(tx: Tx, row: TermsRow) -> Terms:
    overheads = tx.session.scalars(
        select(OverheadRow).where(OverheadRow.terms_id == row.id).order_by(OverheadRow.position)
    )
    contributions = tx.session.scalars(
        select(ContributionRow).where(ContributionRow.terms_id == row.id).order_by(ContributionRow.position)
    )
    return Terms(
        tuple(
            Overhead(
                o.code, cast(Literal["percent", "fixed"], o.kind), Fraction(o.value),
                cast(Literal["direct", "running"], o.base), o.names,
            )
            for o in overheads
        ),
        tuple(
            Contribution(
                c.party, cast(ContributionKind, c.kind), c.scope, _exact(c.value), _exact(c.cap), c.memo
            )
            for c in contributions
        ),
        row.id, row.region_code,
    )  # fmt: skip


def _overhead_row(terms_id: str, position: int, rule: Overhead) -> OverheadRow:
    names: Mapping[str, str] = rule.names
    return OverheadRow(
        terms_id=terms_id, position=position, code=rule.code, kind=rule.kind, value=str(rule.value),
        base=rule.base, names=dict(names),
    )  # fmt: skip


def _contribution_row(terms_id: str, position: int, rule: Contribution) -> ContributionRow:
    return ContributionRow(
        terms_id=terms_id, position=position, party=rule.party, kind=rule.kind, scope=rule.scope,
        value=None if rule.value is None else str(rule.value), cap=None if rule.cap is None else str(rule.cap),
        memo=rule.memo,
    )  # fmt: skip


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _ends_before(first: date, last: date) -> Problem:
    return Problem(
        "bad-date",
        "The terms end on %(last)s, before they begin on %(first)s. Correct one of the two dates.",
        place="valid_to",
        params={"first": first.isoformat(), "last": last.isoformat()},
    )
