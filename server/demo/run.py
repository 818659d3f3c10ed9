"""`franchise demo`: tells the story on a fresh installation and writes down what came out of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from payments import ledger as accounts
from payments.reports import Period
from pricing.errors import NotPriceable
from pricing.money import Money
from pricing.quotes import Quote
from server import installation
from server.actor import SYSTEM
from server.batches import service as batches
from server.catalogue import service as catalogue
from server.clock import SetClock
from server.demo import finance
from server.demo import story as chapters
from server.demo import world as demo_world
from server.demo.story import Paid, Story
from server.documents import RegionPrices, compare_document, quote_document, village_document
from server.errors import Unfunded
from server.findings import Finding
from server.ids import Ids
from server.instances import service as instances
from server.journal import service as journal
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.reports import service as reports
from server.reports import writing
from server.runtime import Runtime, Tx
from server.settings import Settings
from server.transparency import service as transparency
from service_library import library
from service_library.compare import compare

RELEASE_DAY = 9
"""The working day on which version 1.1.0 is published, while villages run on 1.0.0."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Where the story is told. say: a line; title: a chapter; table: head and rows; progress: done, of."""

    title: Callable[[int, str], None]
    say: Callable[[str], None]
    table: Callable[[list[str], list[list[str]]], None]
    progress: Callable[[int, int], None]


@contextmanager
def installation_for(
    database_url: str | None, clock: SetClock, seed: int, *, files_dir: Path | None = None
) -> Iterator[Runtime]:
    """A fresh installation with a seeded source of ids; in a folder that is removed, unless told otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="franchise-demo-"))
    settings = Settings(
        database_url=database_url or f"sqlite:///{folder}/demo.db",
        files_dir=files_dir or folder / "files",
        demo=True,
    )
    runtime = installation.open_runtime(settings, clock=clock, ids=Ids.seeded(seed))
    try:
        yield runtime
    finally:
        runtime.engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def tell(
    runtime: Runtime, clock: SetClock, teller: Teller, *, out: Path, seed: int, villages: int
) -> dict[str, Any]:
    """All eight chapters; writes the files to `out` and returns the summary."""
    out.mkdir(parents=True, exist_ok=True)
    story = chapters.begin(runtime, clock, seed=seed, villages=villages)
    _service(story, teller)
    quote = _price(story, teller)
    _money(story, teller)
    _field(story, teller)
    _owed(story, teller)
    _payments(story, teller, out)
    tampering = _proof(story, teller, out)
    _next_version(story, teller, out, quote)
    (out / "quote.json").write_bytes(quote.canonical() + b"\n")
    (out / "quote.html").write_text(runtime.read(SYSTEM, _quote_html, quote), encoding="utf-8")
    summary = _summary(story, tampering)
    (out / "summary.json").write_bytes(
        orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return summary


def _amount(minor: int, currency: str = "XOF") -> str:
    return f"{Money(minor, currency).major():,f}".replace(",", "\u202f") + f" {currency}"


def _service(story: Story, teller: Teller) -> None:
    teller.title(1, "An expert's service")
    story.version_id = chapters.publish(story, "1.0.0")
    package = library.load(chapters.SERVICE, "1.0.0")
    teller.say(
        f'"{package.definition.service.name["en"]}" 1.0.0 is published: one diagram with its forms, '
        "complete in English, French and Spanish, and never changed from now on."
    )
    rows = []
    for node in package.definition.tasks():
        card = node.task
        assert card is not None
        rework = node.estimate.rework if node.estimate and node.estimate.rework else None
        rows.append(
            [card.title["en"], card.skill, str(len(card.evidence)), str(len(card.expenses)),
             f"{float(rework):.0%} sent back" if rework else ""]
        )  # fmt: skip
    teller.table(["task", "skill", "evidence", "expenses", "estimate"], rows)
    teller.say('A gateway "Quorum reached?" repeats the meeting when too few adults came.')


def _price(story: Story, teller: Teller) -> Quote:
    teller.title(2, "Its price in Copargo")
    try:
        chapters.price_without_list(story)
    except NotPriceable as refused:
        teller.say(
            f"Without a price list it is refused, with all {len(refused.problems)} reasons at once. The first:"
        )
        teller.say(f"  {refused.problems[0].text()}")
    imported = chapters.import_prices(story)
    teller.say(
        "Three price lists are imported from spreadsheets and approved by a second person: "
        + ", ".join(f"{name} ({rows} prices)" for name, rows in imported)
    )
    chapters.plan(story)
    quote = story.runtime.read(story.actor("coordinator"), quotes.quote, story.quote_id)
    rows = [
        [line.task, line.item, f"{float(line.quantity):g} {line.unit}", f"{float(line.executions):.3f}",
         f"{float(line.price.typical):g}", f"{line.price.region} ({line.price.list} row {line.price.row})",
         line.payer if line.payer != "fund" else ""]
        for line in quote.lines[:12]
    ]  # fmt: skip
    teller.table(["task", "item", "quantity", "times", "price", "found in", "payer"], rows)
    teller.say(f"… {len(quote.lines)} lines in all, each with its price list, row, place and date.")
    assert quote.risk is not None
    teller.table(
        ["for all villages", "XOF"],
        [
            ["expected", _amount(quote.expected_minor)], ["P10", _amount(quote.risk.p10_minor)],
            ["P50", _amount(quote.risk.p50_minor)], ["P80", _amount(quote.risk.p80_minor)],
            ["charged: expected and a contingency to P80", _amount(quote.charged_minor)],
            *[[f"  paid by the {party}", _amount(minor)] for party, minor in quote.party_minor.items()],
            *[[f"  given by the {party}, in kind", _amount(minor)] for party, minor in quote.in_kind_minor.items()],
            ["  paid by the Transformation Fund", _amount(quote.fund_minor)],
        ],
    )  # fmt: skip
    return quote


def _money(story: Story, teller: Teller) -> None:
    teller.title(3, "Money and a start")
    try:
        story.runtime.run(story.actor("coordinator"), _accept, story)
    except Unfunded as refused:
        teller.say(f"The quote is accepted too early and refused: {refused}")
    received = chapters.fund(story)
    teller.say(
        f"Alfter gives {_amount(chapters.GIFT.minor, 'EUR')}, which are {_amount(received.minor)} in the fund."
    )
    chapters.start(story)
    teller.say(
        f"The coordinator accepts the price, which commits the fund's share, and starts "
        f"{len(story.instance_ids)} villages in one go. Every first task has a facilitator with its skill."
    )


def _accept(tx: Tx, story: Story) -> None:
    projects.accept_quote(tx, story.project_id, story.quote_id)


def _field(story: Story, teller: Teller) -> None:
    teller.title(4, "In the villages, mostly without a network")
    chapters.work_on(story, RELEASE_DAY, teller.progress)
    if not story.next_version_id:  # few villages are done before that day
        story.next_version_id = chapters.publish(story, "1.1.0")
    tally = story.tally
    count = len(tally.sent_back)
    sent_back = "1 survey was" if count == 1 else f"{count} surveys were"
    teller.say(
        f"{tally.days} working days. {tally.sent} sendings arrived; {tally.replays_refused} were repetitions and "
        f"changed nothing, {tally.late_files} brought pictures that were missing."
    )
    teller.say(
        f"{tally.meetings_repeated} meetings had no quorum and were held again. {sent_back} "
        f"sent back with a reason and corrected. {tally.second_checks} deliveries, drawn by the rule or flagged, "
        "were checked a second time."
    )


def _owed(story: Story, teller: Teller) -> None:
    teller.title(5, "What is owed")
    owed = story.runtime.read(story.actor("auditor"), ledger.totals, "XOF")
    teller.table(
        ["accepted deliveries", "honorarium and expenses", "withheld for tax", "to be paid out"],
        [[str(story.tally.accepted), _amount(owed.gross), _amount(owed.withheld), _amount(owed.net)]],
    )
    left = story.runtime.read(story.actor("auditor"), ledger.postings_sum)
    teller.say(f"Every delivery owes exactly what its quote promised. The ledger sums to {left}.")
    free = story.runtime.read(story.actor("auditor"), _fund_left)
    teller.say(
        f"The project is done: what it did not use is in the fund again, which has {_amount(free)} free now."
    )


def _fund_left(tx: Tx) -> int:
    return ledger.available(tx, accounts.fund(demo_world.FUND, "XOF")).minor


DUES = "dues.pain001.xml"
_FILES = {"bank": "payment.pain001.xml", "mobile_money": "payment.momo.csv"}
_RETRY_FILES = {"bank": "retry.pain001.xml", "mobile_money": "retry.momo.csv"}


def _file_name(paid: Paid, seen: set[str]) -> str:
    return _RETRY_FILES[paid.rail] if paid.rail in seen else _FILES[paid.rail]


def _payments(story: Story, teller: Teller, out: Path) -> None:
    teller.title(6, "Two batches, two answers, nobody twice")
    seen: set[str] = set()
    rows = []
    for paid in chapters.pay(story):
        name = _file_name(paid, seen)
        seen.add(paid.rail)
        (out / name).write_bytes(paid.content)
        rows.append([name, str(paid.count), _amount(paid.total), str(paid.settled), str(paid.rejected)])
    teller.table(["file", "payments", "total", "settled", "failed"], rows)
    teller.say(
        "One bank account was closed and one wallet had another name. Both people are owed again, give another "
        "account, and are paid by a second file. The preparer of a batch cannot approve it."
    )
    _dues(story, teller, out)


def _dues(story: Story, teller: Teller, out: Path) -> None:
    """Tax and overheads are owed to organisations and paid like wages; the papers beside it are written down."""
    finance.register_organisations(story)
    finance.owe_tax_and_overheads(story)
    story.dues = chapters.pay_batch(story, "bank", failing=False)
    story.batches.remove(story.dues)
    (out / DUES).write_bytes(story.dues.content)
    officer = story.actor("finance")
    _, cover = story.runtime.read(officer, batches.cover_of, story.dues.batch_id)
    (out / "cover.pdf").write_bytes(cover)
    statement = story.runtime.read(officer, reports.statement, story.world.members[0], Period(), "fr")
    (out / "statement.pdf").write_bytes(writing.write(statement, "pdf", "fr"))
    teller.say(
        f"Most of the tax that was kept back, and half of what the coordination bears, go to two organisations: "
        f"{_amount(story.dues.total)} in {DUES}, with a cover sheet for the bank. A facilitator's statement says "
        "what was owed, kept back and paid."
    )


def _proof(story: Story, teller: Teller, out: Path) -> list[Finding]:
    teller.title(7, "Proof")
    auditor = story.actor("auditor")
    story.runtime.run(auditor, transparency.seal)
    instance_id = story.instance_ids[0]
    page = story.runtime.read(auditor, _village_html, instance_id)
    (out / "village.html").write_text(page, encoding="utf-8")
    teller.say(
        "A village's page, for its board: what was done, by which skill, what it cost, who paid, with a proof."
    )
    clean = story.runtime.read(auditor, transparency.verify)
    teller.say(f"franchise verify: {clean or 'everything is as it was promised'}.")
    tampering = tamper(story.runtime)
    teller.say("Somebody with the database's password raises one amount by 1 000. franchise verify finds it:")
    for finding in tampering[:3]:
        teller.say(f"  {finding.place}: {finding.detail}")
    return tampering if not clean else []


class _Undo(Exception):
    pass


def tamper(runtime: Runtime) -> list[Finding]:
    """Change one amount as somebody could who owns the database, verify, and take the change back.

    The triggers that refuse it are switched off first, as such a person would.
    """
    found: list[Finding] = []

    def change_and_look(tx: Tx) -> None:
        if tx.session.get_bind().dialect.name == "postgresql":
            tx.session.execute(text("ALTER TABLE ledger_posting DISABLE TRIGGER USER"))
        else:
            tx.session.execute(text("DROP TRIGGER ledger_posting_no_update"))
        tx.session.execute(
            text(
                "UPDATE ledger_posting SET amount = amount - 1000 WHERE (entry_id, line) IN "
                "(SELECT p.entry_id, p.line FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id "
                "WHERE a.kind = 'payable' AND p.amount < 0 ORDER BY p.entry_id LIMIT 1)"
            )
        )
        found.extend(transparency.verify(tx))
        raise _Undo

    with suppress(_Undo):
        runtime.run(SYSTEM, change_and_look)
    return found


def _next_version(story: Story, teller: Teller, out: Path, quote: Quote) -> None:
    teller.title(8, "The next version")
    old, new = library.load(chapters.SERVICE, "1.0.0"), library.load(chapters.SERVICE, "1.1.0")
    new_quote = story.runtime.read(story.actor("expert"), _quote_next, story)
    difference = compare(old, new)
    (out / "compare.html").write_text(
        compare_document(
            difference,
            old=old,
            new=new,
            locale="en",
            prices=[RegionPrices("Copargo", quote, new_quote)],
        ),
        encoding="utf-8",
    )
    versions = story.runtime.read(story.actor("coordinator"), _versions, story.instance_ids)
    teller.say(
        f"Version 1.1.0 asks 15 households instead of 20. When it was published, {story.running_at_release} "
        f"villages were running; all {len(story.instance_ids)} finished on {', '.join(sorted(versions))}."
    )
    teller.table(
        ["for all villages", "1.0.0", "1.1.0"],
        [["expected", _amount(quote.expected_minor), _amount(new_quote.expected_minor)],
         ["charged", _amount(quote.charged_minor), _amount(new_quote.charged_minor)]],
    )  # fmt: skip


def _quote_next(tx: Tx, story: Story) -> Quote:
    return quotes.calculate(
        tx, version_id=story.next_version_id, region=demo_world.COMMUNE, instances=story.village_count,
        on=chapters.START.date(), overheads=demo_world.overheads(), contributions=demo_world.contributions(),
    )  # fmt: skip


def _versions(tx: Tx, instance_ids: list[str]) -> set[str]:
    rows = instances.instances(tx, instance_ids).values()
    return {catalogue.version(tx, row.service_version_id).version for row in rows}


def _quote_html(tx: Tx, quote: Quote) -> str:
    package = library.load(chapters.SERVICE, "1.0.0")
    region = regions.region(tx, quote.region)
    return quote_document(
        quote, service_names=package.definition.service.name, region_name=regions.name(region, "en"), locale="en",
        service_version=package.version, skill_names=people.skills(tx),
        region_names={code: regions.name(row, "en") for code, row in regions.regions(tx).items()},
        parameter_names={p.id: p.label for p in package.definition.service.parameters},
    )  # fmt: skip


def _village_html(tx: Tx, instance_id: str) -> str:
    record = transparency.village_record(tx, instance_id, "fr")
    return village_document(record, locale="fr", base_url=tx.settings.base_url, skill_names=people.skills(tx))


def _summary(story: Story, tampering: list[Finding]) -> dict[str, Any]:
    """The numbers of the story: `by_file` has the two batches, `retry_by_file` what was paid again, `dues` the rest."""
    auditor = story.actor("auditor")
    owed = story.runtime.read(auditor, ledger.totals, "XOF", story.instance_ids)
    by_file: dict[str, dict[str, int]] = {}
    retry_by_file: dict[str, dict[str, int]] = {}
    seen: set[str] = set()
    for paid in story.batches:
        target = retry_by_file if paid.rail in seen else by_file
        target[_file_name(paid, seen)] = {"count": paid.count, "total_minor": paid.total}
        seen.add(paid.rail)
    return {
        "service": chapters.SERVICE,
        "version": "1.0.0",
        "villages": len(story.instance_ids),
        "working_days": story.tally.days,
        "sendings": story.tally.sent,
        "tasks_accepted": story.tally.accepted,
        "replays_refused": story.tally.replays_refused,
        "rejected_once": len(story.tally.sent_back),
        "second_checks": story.tally.second_checks,
        "meetings_repeated": story.tally.meetings_repeated,
        "currency": "XOF",
        "gross_minor": owed.gross,
        "withheld_minor": owed.withheld,
        "net_minor": owed.net,
        "settled_minor": owed.settled,
        "payments": sum(f["count"] for f in by_file.values()),
        "failed_then_paid": sum(paid.rejected for paid in story.batches),
        "by_file": by_file,
        "retry_by_file": retry_by_file,
        "dues": {"count": story.dues.count, "total_minor": story.dues.total} if story.dues else {},
        "ledger_sum_minor": story.runtime.read(auditor, ledger.postings_sum),
        "ledger_head": story.runtime.read(auditor, ledger.head)[1],
        "journal_entries": story.runtime.read(auditor, journal.count),
        "tamper_found": bool(tampering),
    }
