"""What the public and an auditor may see, the sealing of the journal, and `franchise verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from server.batches import service as batches
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.findings import Finding
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event, JournalBlock, JournalRow
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Tx
from server.submissions import service as submissions
from server.transparency import money_told
from server.transparency.money_told import agree
from service_library.package import digest as package_digest
from workflows.errors import RunError

PARTS = ("ledger", "payables", "batches", "journal", "versions", "quotes", "files")


def seal(tx: Tx) -> JournalBlock | None:
    """Seal the journal's new rows into a block that names the ledger's head; None when there are none."""
    return journal.seal(tx, ledger.head(tx))


def verify(tx: Tx, only: str | None = None, progress: Callable[[str], None] | None = None) -> list[Finding]:
    """Recompute everything that was promised; an empty list means all is well.

    only: one of PARTS. progress: told the name of each part before it is checked.
    """
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "ledger": lambda: chain(ledger.verify(tx), claims.verify(tx)),
        "payables": lambda: _verify_payables(tx),
        "batches": lambda: batches.verify(tx),
        "journal": lambda: _verify_journal(tx),
        "versions": lambda: _verify_versions(tx),
        "quotes": lambda: _verify_quotes(tx),
        "files": lambda: _verify_files(tx),
    }
    findings: list[Finding] = []
    for name in PARTS:
        if only is None or only == name:
            if progress:
                progress(name)
            findings.extend(_all_of(name, checks[name]))
    return findings


def _all_of(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The part's findings; what cannot even be read is one, and ends the part but not the verification."""
    try:
        yield from check()
    except (RunError, ValueError) as error:
        yield Finding("unreadable", f"part {name}", f"The rest of this part cannot be checked: {error}")


def _verify_payables(tx: Tx) -> Iterator[Finding]:
    """Every accepted delivery owes exactly what its quote promised; nothing else is owed."""
    owed: dict[str, dict[str, int]] = {}
    for payable in ledger.all_payables(tx):
        if payable.delivery_id is not None:
            owed.setdefault(payable.delivery_id, {})[payable.component] = payable.gross
    for row in deliveries.accepted(tx):
        due = deliveries.amounts(tx, row)
        promised = {"honorarium": due.honorarium_minor, "expenses": due.expenses_minor}
        found = owed.pop(row.id, {})
        for component, minor in promised.items():
            if found.get(component, 0) != minor:
                yield Finding(
                    "delivery-owed-otherwise", f"delivery {row.id}, {component}",
                    f"The quote promised {minor}, the payable says {found.get(component, 0)} (minor units).",
                )  # fmt: skip
    for delivery_id in owed:
        yield Finding(
            "payable-without-delivery", f"delivery {delivery_id}", "It is owed but was not accepted."
        )


def _verify_journal(tx: Tx) -> Iterator[Finding]:
    """The chain holds, and the tables say what the journal told; what was erased cannot be compared."""
    yield from journal.verify(tx, lambda seq: ledger.hash_at(tx, seq))
    yield from _verify_payee_accounts(tx)
    yield from _verify_evidence(tx)
    yield from _verify_acceptances(tx)
    yield from _verify_batches(tx)
    yield from _verify_payments(tx)
    yield from money_told.verify(tx)


def _verify_payee_accounts(tx: Tx) -> Iterator[Finding]:
    """Nobody's money is led elsewhere: each account is the one that was written down when it changed."""
    told: dict[str, list[str | None]] = {}
    for row in journal.told(tx, Event.PAYEE_ACCOUNT_CHANGED):
        told.setdefault(row.object_id, []).append(row.private.get("account"))
    known = people.payee_accounts(tx)
    for person_id in sorted({*told, *known}):
        said = told.get(person_id, [])
        have = [account.identifier for account in known.get(person_id, [])]
        same = len(said) == len(have) and all(a in (None, b) for a, b in zip(said, have, strict=True))
        if not same:
            yield Finding("payee-account-changed", f"person {person_id}", "It was changed past the journal.")


def _verify_evidence(tx: Tx) -> Iterator[Finding]:
    """Every submission and file that a delivery was made of is still named and kept."""
    kept = submissions.kept_files(tx)
    for row in journal.told(tx, Event.DELIVERY_MADE):
        for sha in (row.public.get("submission"), *row.public.get("files", ())):
            if sha not in kept:
                yield Finding(
                    "evidence-missing", f"delivery {row.object_id}", f"The file {str(sha)[:12]}… is gone."
                )


def _verify_acceptances(tx: Tx) -> Iterator[Finding]:
    """Who did and who accepted the work is who the journal names."""
    known = {row.id: row for row in deliveries.accepted(tx)}
    for row in journal.told(tx, Event.DELIVERY_ACCEPTED):
        delivery = known.get(row.object_id)
        if delivery is None or not agree(row, person=delivery.person_id, actor=delivery.accepted_by):
            yield Finding(
                "acceptance-changed", f"delivery {row.object_id}", "Its people are not those who acted."
            )


def _verify_batches(tx: Tx) -> Iterator[Finding]:
    """Who prepared and approved a batch, and which file left, is what the journal names."""
    known = {row.id: row for row in batches.batches(tx)}
    for row in journal.told(tx, Event.BATCH_APPROVED, Event.BATCH_EXPORTED):
        batch = known.get(row.object_id)
        if row.event == Event.BATCH_APPROVED:
            same = batch is not None and agree(row, actor=batch.approved_by, prepared_by=batch.prepared_by)
        else:
            same = batch is not None and batch.file_sha256 == row.public["file"]
        if not same:
            yield Finding("batch-told-otherwise", f"batch {row.object_id}", "The journal tells it otherwise.")


def _verify_payments(tx: Tx) -> Iterator[Finding]:
    """A payment is settled, refused or came back when, and only when, the journal says so last."""
    outcome = {
        Event.PAYMENT_SETTLED: "settled", Event.PAYMENT_FAILED: "rejected", Event.PAYMENT_RETURNED: "returned",
    }  # fmt: skip
    told = {row.object_id: outcome[Event(row.event)] for row in journal.told(tx, *outcome)}
    have = {
        payment.id: payment.state
        for batch in batches.batches(tx)
        for payment in batches.payments(tx, batch.id)
        if payment.state in ("settled", "rejected", "returned")
    }
    for payment_id in sorted({*told, *have}):
        if told.get(payment_id) != have.get(payment_id):
            yield Finding(
                "payment-told-otherwise", f"payment {payment_id}", "The journal tells its end otherwise."
            )


def _verify_versions(tx: Tx) -> Iterator[Finding]:
    for row in catalogue.versions(tx):
        catalogue.forget(row.digest)
        place = f"service {row.service_code} {row.version}"
        try:
            package = catalogue.package(tx, row.id)
        except RunError as error:
            yield Finding("version-changed", place, f"What is stored cannot be read any more: {error}")
            continue
        built = {f.form_id: (f.version, f.xform, f.md5) for f in package.forms.values()}
        stored = {f.form_id: (f.form_version, f.xform, f.md5) for f in catalogue.forms(tx, row.id)}
        if package_digest(package) != row.digest or built != stored:
            yield Finding("version-changed", place, "Its diagram or forms are not those that were published.")


def _verify_quotes(tx: Tx) -> Iterator[Finding]:
    for row in quotes.quotes(tx, limit=1_000_000):
        place = f"quote {row.id}"
        try:
            value = quotes.quote(tx, row.id)
        except RunError as error:
            yield Finding("quote-changed", place, f"What is stored cannot be read any more: {error}")
            continue
        same = (value.digest(), value.charged_minor, value.fund_minor, value.currency)
        if same != (row.digest, row.charged_minor, row.fund_minor, row.currency):
            yield Finding("quote-changed", place, "The quote is not the one that was made.")


def _verify_files(tx: Tx) -> Iterator[Finding]:
    hashes = submissions.kept_files(tx)
    for price_list in price_lists.price_lists(tx):
        hashes.setdefault(price_list.file_sha256, f"price list {price_list.filename}")
    for answer in batches.bank_files(tx):
        hashes.setdefault(answer.sha256, f"bank answer {answer.name}")
    for sha, place in hashes.items():
        try:
            tx.files.get(sha)
        except Exception as error:  # noqa: BLE001  (any failure to read is a finding)
            yield Finding("file-damaged", f"{place}, file {sha[:12]}…", str(error))


# The public record ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task as the public sees it: the skill of who did it, never the name. Amounts in minor units."""

    node_id: str
    title: str
    outcome: str
    skill: str
    round: int
    state: str
    accepted_at: datetime | None
    honorarium: int
    expenses: int
    paid: int
    evidence: int
    """How many pieces of evidence are kept."""
    delivery_id: str | None


@dataclass(frozen=True, slots=True)
class VillageRecord:
    """What the public may know about one instance."""

    instance_id: str
    service: str
    service_version: str
    service_digest: str
    village: str
    region_code: str
    illustrative: bool
    status: str
    requested_at: datetime
    started_at: datetime
    ended_at: datetime | None
    currency: str
    tasks: tuple[TaskRecord, ...]
    payers: dict[str, int]
    """Party -> minor units it bears of what was accepted; in kind under "<party> (in kind)"."""
    total: int
    rows: tuple[JournalRow, ...]
    block: JournalBlock | None
    """The newest block with a row of this instance; None before the first sealing."""


def village_record(tx: Tx, instance_id: str, locale: str = "en") -> VillageRecord:
    """The public record of an instance. Raises NotFound."""
    row = instances.instance(tx, instance_id)
    version = catalogue.version(tx, row.service_version_id)
    definition = catalogue.package(tx, row.service_version_id).definition
    village = regions.region(tx, row.region_code)
    made = deliveries.deliveries_of_instances(tx, [instance_id])
    by_task = {d.task_id: d for d in made}
    tasks = []
    payers: dict[str, int] = {}
    for task in instances.tasks_of_instance(tx, instance_id):
        delivery = by_task.get(task.id)
        card = definition.node(task.node_id).task
        due = (
            deliveries.amounts(tx, delivery)
            if delivery
            else quotes.owed(tx, row.quote_id, task.node_id, round_=task.round)
        )
        accepted = delivery is not None and delivery.state == "accepted"
        owed = ledger.payables_of_deliveries(tx, [delivery.id]) if delivery else []
        if accepted:
            _add(payers, "fund", due.fund_minor)
            for party, minor in due.party_minor.items():
                _add(payers, party, minor)
            for party, minor in due.in_kind_minor.items():
                _add(payers, f"{party} (in kind)", minor)
        tasks.append(
            TaskRecord(
                node_id=task.node_id, title=_text(card.title if card else {}, locale),
                outcome=_text(card.outcome if card else {}, locale), skill=task.skill, round=task.round,
                state="accepted" if accepted else (delivery.state if delivery else task.state),
                accepted_at=delivery.accepted_at if delivery else None,
                honorarium=due.honorarium_minor, expenses=due.expenses_minor,
                paid=sum(p.settled for p in owed),
                evidence=len(submissions.files_of(tx, delivery.submission_id)) if delivery else 0,
                delivery_id=delivery.id if delivery else None,
            )
        )  # fmt: skip
    rows = journal.of_objects(tx, [instance_id, row.request_id, *by_task, *(d.id for d in made)])
    block = next((b for b in (journal.block_of(tx, r.seq) for r in reversed(rows)) if b), None)
    return VillageRecord(
        instance_id=instance_id, service=_text(version.names, locale), service_version=version.version,
        service_digest=version.digest, village=regions.name(village, locale), region_code=village.code,
        illustrative=village.illustrative, status=row.status,
        requested_at=requests.request(tx, row.request_id).made_at, started_at=row.started_at,
        ended_at=row.ended_at, currency=quotes.quote_row(tx, row.quote_id).currency, tasks=tuple(tasks),
        payers={party: minor for party, minor in payers.items() if minor}, total=sum(payers.values()),
        rows=tuple(rows), block=block,
    )  # fmt: skip


def _add(sums: dict[str, int], key: str, minor: int) -> None:
    sums[key] = sums.get(key, 0) + minor


def _text(text: Mapping[str, str], locale: str) -> str:
    return text.get(locale) or text.get("en") or next(iter(text.values()), "")
