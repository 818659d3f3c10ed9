"""Eight processes hammer one ledger: what may happen once happens once, on both databases.

The issue's numbers are 12,000 attempts at 1,500 deliveries, 2,080 reservations on money for 1,000 and eight
exporters of one batch; `make test` tries a tenth, `make soak` all of it.
"""

import random

import pytest
from sqlalchemy import text

from server.demo.world import FUND
from server.ledger import service as ledger
from tests.engine_processes import Process, together
from tests.server.test_storage_refusals import copy_row

COUNT = 8
SIZES = [pytest.param(150, 100, id="tenth"), pytest.param(1_500, 1_000, id="whole", marks=pytest.mark.soak)]


@pytest.fixture(scope="module")
def eight():
    """Eight processes that can open any installation."""
    started = [Process() for _ in range(COUNT)]
    yield started
    for process in started:
        process.close()


@pytest.fixture
def opened_eight(eight, owing):
    """The eight on a world in which nine deliveries are accepted."""
    yield [process.open(owing) for process in eight]
    for process in eight:
        process.end()


def waiting_deliveries(world, count: int) -> list[list[str]]:
    """Deliveries nobody owes yet, with instance, run-time task and person; copies of the world's first."""
    made = []
    with world.runtime.engine.begin() as connection:
        instance, task, person = connection.execute(
            text("SELECT instance_id, task_id, person_id FROM delivery ORDER BY id LIMIT 1")
        ).one()
        for n in range(count):
            delivery, of = f"hammer-{n}", f"hammer-task-{n}"
            connection.execute(
                text(
                    copy_row(
                        "task", f"id = '{task}'", id=f"'{of}'", engine_task_id=f"'h-{n}'", round=str(1000 + n)
                    )
                )
            )
            connection.execute(
                text(copy_row("delivery", f"task_id = '{task}'", id=f"'{delivery}'", task_id=f"'{of}'"))
            )
            made.append([delivery, instance, of, person])
    return made


def total(answers: list[dict]) -> dict[str, int]:
    """Of all processes together."""
    found: dict[str, int] = {}
    for answer in answers:
        for name, number in answer["result"].items():
            found[name] = found.get(name, 0) + number
    return found


@pytest.mark.parametrize(("deliveries", "money_for"), SIZES)
def test_eight_processes_owe_each_delivery_once(opened_eight, owing, deliveries, money_for):
    project = owing.project_id
    owing.grant()
    owing.run(
        "finance", ledger.commit_money, quote_id="hammer", fund=FUND, project=project,
        amount=ledger.Money(deliveries * 3_000, "XOF"), contingency=ledger.Money(0, "XOF"),
    )  # fmt: skip
    rows = waiting_deliveries(owing, deliveries)
    before = len(owing.entries("delivery"))

    orders = []
    for n in range(COUNT):
        shuffled = random.Random(n).sample(rows, len(rows))
        orders.append({"order": "owe", "deliveries": shuffled, "project": project, "minor": 2_900})
    counted = total(together(opened_eight, orders))

    assert counted == {"done": deliveries, "already-posted": (COUNT - 1) * deliveries}
    assert len(owing.entries("delivery")) == before + deliveries
    with owing.runtime.engine.connect() as connection:
        owed = connection.execute(
            text(
                "SELECT count(*), count(DISTINCT delivery_id) FROM payable WHERE delivery_id LIKE 'hammer-%'"
            )
        ).one()
    assert tuple(owed) == (deliveries, deliveries)
    assert not [code for code in owing.verify() if code.startswith("ledger")]


@pytest.mark.parametrize(("deliveries", "money_for"), SIZES)
def test_eight_processes_reserve_no_more_than_there_is(opened_eight, owing, deliveries, money_for):
    fund = "hammer"
    owing.run(
        "finance", ledger.receive_grant, funder="alfter", fund=fund,
        amount=ledger.Money(money_for * 500, "XOF"),
    )  # fmt: skip
    tries = money_for * 208 // 100
    keys = [f"hammer-{n}" for n in range(tries)]

    counted = total(
        together(
            opened_eight,
            [{"order": "reserve", "keys": keys[n::COUNT], "fund": fund, "minor": 500} for n in range(COUNT)],
        )
    )

    assert counted == {"done": money_for, "unfunded": tries - money_for}
    assert owing.read(ledger.available, ledger.rules.fund(fund, "XOF")).minor == 0
    assert not [code for code in owing.verify() if code.startswith("ledger")]


def test_eight_exporters_write_one_file(opened_eight, owing):
    batch_id = owing.approved(owing.bank_account)
    answers = together(opened_eight, [{"order": "export", "batch": batch_id}] * COUNT)
    written = [answer["result"] for answer in answers if "result" in answer]
    refused = [answer["refused"] for answer in answers if "refused" in answer]
    assert len(written) == 1
    assert refused == ["wrong-state"] * (COUNT - 1)
    assert len(owing.entries("export")) == 1
    assert owing.verify() == []
