"""The chapters of money that is not wages: what a site needs so that each page of finance has something to show.

Organisations that are paid, rules for approvers, reserves, a project that overran, an advance and its recovery, a
payment that came back, money claimed back, tax and overheads, and what third parties give. All of it happens
through the services, in the order in which it would happen.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from payments import simulated_bank
from payments.batches import check_account
from payments.simulated_bank import Movement
from pricing.money import Money
from server.batches import approvals, reports
from server.batches import service as batches
from server.batches.service import Selection
from server.demo import story as chapters
from server.demo import world as demo_world
from server.demo.story import Story
from server.demo.world import BANK, COMMUNE, FUND, MOMO
from server.instances import service as instances
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.quotes import service as quotes
from server.requests import service as requests
from server.runtime import Tx

SOLIDARITY = "Fonds solidaire de Copargo"
"""A small fund beside the large one: its project overran it."""
LARGE = 1_000_000
"""From this sum on two people approve a batch; minor units of XOF."""
ADVANCED, HOPES = 12, 1
"""Who has an advance and who asked for one, as numbers of the register."""
MEETING_PEOPLE = (4, 7, 24)
"""The animator, the facilitator and the interpreter of the village meeting; all are paid by mobile money."""


def _xof(minor: int) -> Money:
    return Money(minor, "XOF")


def register_organisations(story: Story) -> None:
    """A tax office and the bearer of an overhead, each with an account that somebody else has checked."""
    for number, (name, region, town) in enumerate(
        (
            ("Direction générale des impôts (exemple)", demo_world.COUNTRY, "Cotonou"),
            ("Coordination régionale de la Donga (exemple)", "BJ-DO", "Djougou"),
        )
    ):
        run, national = story.runtime.run, story.actor("national")
        found = run(national, people.register_organisation, name=name, region=region, town=town)
        account = check_account(demo_world.illustrative_rib(800 + number))
        known = run(national, people.set_payee_account, found, account, holder_name=name)
        run(
            story.actor("finance"), people.check_payee_account, known, confirmed=True,
            note="Compared with the letter that bears the stamp.",
        )  # fmt: skip
        story.organisations.append(found)


def agree_on_approvers(story: Story) -> None:
    """From a sum on two people approve; the small fund always asks for two; a stricter rule is only proposed."""
    run, finance, approver = story.runtime.run, story.actor("finance"), story.actor("approver")
    today = story.clock.now().date()
    for fund, steps, note in (
        ("", [(0, ["any"]), (LARGE, ["approver", "any"])], "Board, session of January"),
        (SOLIDARITY, [(0, ["approver", "approver"])], "Asked by its givers"),
    ):
        policy = run(
            finance,
            approvals.propose_policy,
            currency="XOF",
            fund=fund,
            valid_from=today,
            steps=steps,
            note=note,
        )
        run(approver, approvals.approve_policy, policy)
    run(
        approver, approvals.propose_policy, currency="XOF", fund=FUND, valid_from=today + timedelta(days=60),
        steps=[(0, ["any"]), (LARGE // 2, ["approver", "finance"])], note="Proposal of the auditor",
    )  # fmt: skip


def set_reserves_aside(story: Story) -> None:
    """Money of the large fund for overruns anywhere in the department."""
    story.runtime.run(
        story.actor("finance"), ledger.set_reserve_aside, fund=FUND, region="BJ-DO", amount=_xof(250_000),
        memo="Board, session of January",
    )  # fmt: skip


def hold_a_meeting_twice(story: Story) -> None:
    """A village meeting that had no quorum at first: paid, but beyond its budget and the commune's reserve."""
    run, finance, coordinator = story.runtime.run, story.actor("finance"), story.actor("coordinator")
    run(finance, ledger.receive_grant, funder="ressortissants", fund=SOLIDARITY, amount=_xof(100_000),
        memo="Collecte de Cotonou")  # fmt: skip
    run(
        finance, ledger.set_reserve_aside, fund=SOLIDARITY, region=COMMUNE, amount=_xof(20_000), memo="Comité"
    )
    asked = run(
        coordinator, requests.make_request, service="village_meeting", region=story.world.villages[0],
        requester="Village council", note="Where shall the new well be?",
    )  # fmt: skip
    project = run(
        coordinator,
        projects.create,
        projects.NewProject(
            code="REUNION-2026", name="Réunion sur le puits", version_id=story.meeting_version_id, region=COMMUNE,
            fund=SOLIDARITY, requests=[asked], members=[story.world.members[n] for n in MEETING_PEOPLE],
        ),
    )  # fmt: skip
    quote = run(coordinator, projects.make_quote, project, overheads=(), contributions=())
    run(coordinator, projects.accept_quote, project, quote.id)
    started = run(coordinator, projects.start, project)
    for _ in range(_MOST_DAYS):
        chapters.next_working_day(story)
        story.tally.done_today.clear()
        for _ in range(2):  # a morning and an afternoon
            for task in story.runtime.read(coordinator, chapters.open_tasks, started):
                chapters.do_task(story, task)
            chapters.review(story)
            story.clock.advance(hours=3)
        if story.runtime.read(coordinator, instances.all_accepted, started):
            return
    raise RuntimeError("the demonstration's meeting did not end")


_MOST_DAYS = 12


def advance_money(story: Story) -> None:
    """Somebody gets money for fuel before the survey; somebody else has asked, and nobody has decided yet."""
    run, finance = story.runtime.run, story.actor("finance")
    claim = run(
        finance, claims.propose_advance, person_id=story.world.members[ADVANCED], amount=_xof(40_000),
        share=Fraction(3, 10), reason="Carburant et logement pendant l’enquête",
    )  # fmt: skip
    run(story.actor("approver"), claims.approve, claim)
    chapters.pay_batch(story, "mobile_money", failing=False, wanted=Selection(fund=""))
    run(
        finance, claims.propose_advance, person_id=story.world.members[HOPES], amount=_xof(15_000),
        share=Fraction(1, 4), reason="Réparation de la moto",
    )  # fmt: skip


def pay_the_meeting(story: Story) -> None:
    """The small fund's batch: one of two people has approved it."""
    run, finance = story.runtime.run, story.actor("finance")
    batch_id = run(
        finance, batches.collect, story.world.momo_account, execution_date=story.clock.now().date(),
        wanted=Selection(fund=SOLIDARITY),
    )  # fmt: skip
    content = run(finance, batches.submit, batch_id)
    run(story.actor("approver"), batches.approve, batch_id, content=content)


def read_a_statement(story: Story) -> None:
    """The bank's statement: what was paid, one payment that came back, a fee, and money nobody knows."""
    run, finance = story.runtime.run, story.actor("finance")
    batch = next(paid for paid in story.batches if paid.rail == "bank")
    paid = [p for p in story.runtime.read(finance, batches.payments, batch.batch_id) if p.state == "settled"]
    moved = [Movement(-p.amount, f"D{n:04d}", p.end_to_end_id) for n, p in enumerate(paid, start=1)]
    if paid:
        moved.append(Movement(paid[-1].amount, "R0001", paid[-1].end_to_end_id, returned="AC06"))
    moved += [
        Movement(-2_500, "F0001", words="Frais de virement groupé"),
        Movement(-12_000, "X0001", words="PRELEVEMENT REF 4471"),
        Movement(25_000, "C0001", words="VERSEMENT ESPECES GUICHET DJOUGOU"),
    ]
    account = story.runtime.read(finance, batches.paying_account, story.world.bank_account)
    content = simulated_bank.statement(
        account.identifier,
        "XOF",
        moved,
        number="RELEVE-001",
        day=story.clock.now().date(),
        opening=_xof(14_000_000),
    )
    run(finance, reports.read_file, account.id, content, name="releve-001.camt053.xml")
    fee = next(
        line.entry for line in story.runtime.read(finance, reports.open_lines) if line.entry.amount == -2_500
    )
    run(finance, reports.decide, fee.id, payment_id=None, note="Tarif de la banque", fee=True)


def change_an_account(story: Story) -> None:
    """Who was refused by the bank gives another account; nobody has checked it yet."""
    person_id, kind = next(
        (p, k) for p, k in story.runtime.read(story.actor("finance"), chapters.failed) if k == "rib"
    )
    account = demo_world.other_account(story.world.members.index(person_id) + 1, kind)
    story.runtime.run(story.actor("coordinator"), chapters.change_account, person_id, account)


def claim_money_back(story: Story) -> None:
    """A day was paid twice: agreed by two people, partly paid back in cash already."""
    run, finance = story.runtime.run, story.actor("finance")
    paid = next(
        row for row in story.runtime.read(finance, ledger.all_payables)
        if row.component == "honorarium" and row.settled == row.amount
        and row.person_id not in (story.world.members[0], story.world.members[ADVANCED])
    )  # fmt: skip
    claim = run(
        finance, claims.propose_clawback, payable_id=paid.id, amount=_xof(min(2_500, paid.amount)),
        reason="Une demi-journée comptée deux fois", project=story.project_id, fund=FUND, region=COMMUNE,
    )  # fmt: skip
    run(story.actor("approver"), claims.approve, claim)
    run(finance, claims.repay, claim, rail_account=MOMO, amount=_xof(1_000), memo="Reçu 12, versé au guichet")


def owe_tax_and_overheads(story: Story) -> None:
    """Most of the tax that was kept back so far, and half of what the coordination bears."""
    finance, (office, bearer) = story.actor("finance"), story.organisations
    for tax, amount in story.runtime.read(finance, claims.withheld):
        memo = f"Déclaration {story.clock.now():%m/%Y}"
        most = Money(amount.minor * 4 // 5, amount.currency)
        story.runtime.run(finance, claims.owe_tax, tax=tax, office=office, amount=most, memo=memo)
    story.runtime.run(finance, _owe_overhead, story, bearer)


def _owe_overhead(tx: Tx, story: Story, bearer: str) -> None:
    quote = quotes.quote(tx, story.quote_id)
    row = projects.project(tx, story.project_id)
    half = next(o.amount_minor for o in quote.overheads if o.code == "coordination") // 2
    left = Money(sum(o.amount_minor for o in quote.overheads), quote.currency)
    claims.owe_overhead(
        tx, project=row.id, region=row.region_code, payee=bearer, amount=Money(half, quote.currency), left=left,
        memo=row.code,
    )  # fmt: skip


def receive_contributions(story: Story) -> None:
    """The commune pays half of what it promised; a village gives meals that no quote named."""
    finance = story.actor("finance")
    open_ = next(
        amount for party, amount, _ in story.runtime.read(finance, claims.promised) if party == "commune"
    )
    story.runtime.run(
        finance, claims.receive_contribution, rail_account=BANK, party="commune", amount=_xof(open_.minor // 2),
        memo="Mandat 114 de la commune",
    )  # fmt: skip
    story.runtime.run(
        finance, claims.receive_in_kind, project=story.project_id, region=COMMUNE, party="village",
        amount=_xof(12_000), memo="24 repas pour les enquêteurs, au prix du marché",
    )  # fmt: skip
