"""How long `franchise demo` takes, beside the floor: as many bare commits as it makes, on the same disk.

Prints `bench demo limit SECONDS s bar 30`, the median of five runs, and the floor's seconds before it.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import event

from server.clock import SetClock
from server.demo import run, story

RUNS = 5
BAR_SECONDS = 30


def silent() -> run.Teller:
    return run.Teller(lambda *_: None, lambda *_: None, lambda *_: None, lambda *_: None)


def demo_seconds() -> tuple[float, int]:
    """Seconds and commits of one demonstration of 46 villages, in a fresh folder."""
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    clock = SetClock(story.START)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with run.installation_for(None, clock, 46) as runtime:
            event.listen(runtime.engine, "commit", count)
            run.tell(runtime, clock, silent(), out=Path(folder), seed=46, villages=46)
        return time.perf_counter() - started, commits


def floor_seconds(commits: int) -> float:
    """Seconds for that many one-row commits by the bare driver, synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/floor.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
        started = time.perf_counter()
        for number in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES(?, ?)", (number, "x" * 300))
            connection.execute("COMMIT")
        seconds = time.perf_counter() - started
        connection.close()
        return seconds


def main() -> None:
    measured = [demo_seconds() for _ in range(RUNS)]
    commits = measured[0][1]
    floors = [floor_seconds(commits) for _ in range(RUNS)]
    out = sys.stdout.write
    out(f"demo: {commits} commits; {', '.join(f'{s:.1f}' for s, _ in measured)} s\n")
    out(f"floor: the same number of bare commits: {statistics.median(floors):.2f} s\n")
    out(f"bench demo limit {statistics.median(s for s, _ in measured):.1f} s bar {BAR_SECONDS}\n")


if __name__ == "__main__":
    main()
