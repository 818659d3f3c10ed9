"""Eight processes hammer one ledger (tests/hammer.py): what may happen once happens once, on both databases.

`make test` tries a tenth of the issue's numbers, `make soak` and bench/payments all of them.
"""

import pytest

from server.ledger import service as ledger
from tests import hammer
from tests.engine_processes import Process

SIZES = [
    pytest.param(hammer.DELIVERIES // 10, hammer.MONEY_FOR // 10, id="tenth"),
    pytest.param(hammer.DELIVERIES, hammer.MONEY_FOR, id="whole", marks=pytest.mark.soak),
]


@pytest.fixture(scope="module")
def eight():
    """Eight processes that can open any installation."""
    started = [Process() for _ in range(hammer.COUNT)]
    yield started
    for process in started:
        process.close()


@pytest.fixture
def opened_eight(eight, owing):
    """The eight on a world in which nine deliveries are accepted."""
    yield [process.open(owing) for process in eight]
    for process in eight:
        process.end()


def ledger_findings(world):
    return [code for code in world.verify() if code.startswith("ledger")]


@pytest.mark.parametrize(("deliveries", "money_for"), SIZES)
def test_eight_processes_owe_each_delivery_once(opened_eight, owing, deliveries, money_for):
    before = len(owing.entries("delivery"))
    found = hammer.owe(opened_eight, owing, deliveries)
    assert found.told == {"done": deliveries, "already-posted": (hammer.COUNT - 1) * deliveries}
    assert found.held == deliveries
    assert len(owing.entries("delivery")) == before + deliveries
    assert ledger_findings(owing) == []


@pytest.mark.parametrize(("deliveries", "money_for"), SIZES)
def test_eight_processes_reserve_no_more_than_there_is(opened_eight, owing, deliveries, money_for):
    found = hammer.reserve(opened_eight, owing, money_for)
    tries = money_for * 208 // 100
    assert found.told == {"done": money_for, "unfunded": tries - money_for}
    assert found.held == money_for
    assert owing.read(ledger.available, ledger.rules.fund("hammer", "XOF")).minor == 0
    assert ledger_findings(owing) == []


def test_eight_exporters_write_one_file(opened_eight, owing):
    found = hammer.export(opened_eight, owing)
    assert found.told == {"done": 1, "wrong-state": hammer.COUNT - 1}
    assert found.held == 1
    assert owing.verify() == []
