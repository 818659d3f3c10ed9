"""Eight processes hammer one ledger: what may happen once happens once. For the tests and for bench/payments.

The issue's numbers are 12,000 attempts at 1,500 deliveries, 2,080 reservations on money for 1,000 and eight exporters
of one batch. The world is one with accepted deliveries (`owing` of tests/server/conftest.py).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from server.demo.world import FUND
from server.ledger import service as ledger
from tests.engine_processes import Process, together
from tests.server.test_storage_refusals import copy_row

COUNT = 8
DELIVERIES, MONEY_FOR = 1_500, 1_000
"""Of the issue."""


@dataclass(frozen=True)
class Outcome:
    """What the processes were told, by the refusal's code or `done`, and how many of it the database then holds."""

    told: dict[str, int]
    held: int

    @property
    def attempts(self) -> int:
        return sum(self.told.values())


def total(answers: list[dict[str, Any]]) -> dict[str, int]:
    """Of all processes together."""
    found: Counter[str] = Counter()
    for answer in answers:
        found.update(answer["result"])
    return dict(found)


def waiting_deliveries(world: Any, count: int) -> list[list[str]]:
    """Deliveries nobody owes yet, with instance, run-time task and person; copies of the world's first."""
    made = []
    with world.runtime.engine.begin() as connection:
        instance, task, person = connection.execute(
            text("SELECT instance_id, task_id, person_id FROM delivery ORDER BY id LIMIT 1")
        ).one()
        for n in range(count):
            delivery, of = f"hammer-{n}", f"hammer-task-{n}"
            numbered = {"id": f"'{of}'", "engine_task_id": f"'h-{n}'", "round": str(1000 + n)}
            connection.execute(text(copy_row("task", f"id = '{task}'", **numbered)))
            named = {"id": f"'{delivery}'", "task_id": f"'{of}'"}
            connection.execute(text(copy_row("delivery", f"task_id = '{task}'", **named)))
            made.append([delivery, instance, of, person])
    return made


def owe(opened: list[Process], world: Any, deliveries: int = DELIVERIES) -> Outcome:
    """Each process tries to owe each delivery, each in an order of its own; held: payables of so many deliveries."""
    world.grant()
    world.run(
        "finance", ledger.commit_money, quote_id="hammer", fund=FUND, project=world.project_id,
        amount=ledger.Money(deliveries * 3_000, "XOF"), contingency=ledger.Money(0, "XOF"),
    )  # fmt: skip
    rows = waiting_deliveries(world, deliveries)
    orders = [
        {
            "order": "owe", "deliveries": random.Random(n).sample(rows, len(rows)), "project": world.project_id,
            "minor": 2_900,
        }
        for n in range(len(opened))
    ]  # fmt: skip
    told = total(together(opened, orders))
    with world.runtime.engine.connect() as connection:
        query = "SELECT count(*), count(DISTINCT delivery_id) FROM payable WHERE delivery_id LIKE 'hammer-%'"
        payables, distinct = connection.execute(text(query)).one()
    return Outcome(told, payables if payables == distinct else -payables)


def reserve(opened: list[Process], world: Any, money_for: int = MONEY_FOR) -> Outcome:
    """Twice as many reservations, and a few, as there is money for; held: those the fund's account has paid for."""
    fund = "hammer"
    world.run(
        "finance", ledger.receive_grant, funder="alfter", fund=fund,
        amount=ledger.Money(money_for * 500, "XOF"),
    )  # fmt: skip
    keys = [f"hammer-{n}" for n in range(money_for * 208 // 100)]
    orders = [
        {"order": "reserve", "keys": keys[n :: len(opened)], "fund": fund, "minor": 500}
        for n in range(len(opened))
    ]
    told = total(together(opened, orders))
    left = world.read(ledger.available, ledger.rules.fund(fund, "XOF")).minor
    return Outcome(told, money_for - left // 500)


def export(opened: list[Process], world: Any) -> Outcome:
    """Every process exports one approved batch; held: the entries that say that it left the house."""
    batch_id = world.approved(world.bank_account)
    answers = together(opened, [{"order": "export", "batch": batch_id}] * len(opened))
    told = Counter(answer.get("refused", "done") for answer in answers)
    return Outcome(dict(told), len(world.entries("export")))
