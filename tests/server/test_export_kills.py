"""A process is killed with SIGKILL while it writes a payment file: no half file, no second file, no lost batch.

An export keeps two files (the payments, the cover sheet), each forced to the disk twice (bytes, then the folder's
entry), before the one commit that names them.
"""

import hashlib
import random

import pytest

from server.batches import service as batches
from tests.engine_processes import Killed

FORCED = 4
"""How often one export forces something to the disk."""


def die_while_exporting(process, world, batch_id, point, times):
    process.open(world)
    process.ask("die_at", point=point, times=times)
    with pytest.raises(Killed):
        process.ask("export", batch=batch_id)


def assert_nothing_half(world):
    """Every kept file is what its name says; what is begun has no such name."""
    for path in world.runtime.files.root.rglob("*"):
        if path.is_file() and not path.name.startswith(".tmp-"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def state(world, batch_id):
    return world.read(batches.batch, batch_id).state


@pytest.mark.parametrize(
    ("rail", "point", "times", "is_exported"),
    [
        *(("bank_account", "file", n, False) for n in range(1, FORCED + 1)), ("momo_account", "file", 1, False),
        ("bank_account", "before commit", 1, False), ("bank_account", "after commit", 1, True),
    ],
)  # fmt: skip
def test_a_killed_export_left_the_house_whole_or_not_at_all(
    processes, owing, rail, point, times, is_exported
):
    batch_id = owing.approved(getattr(owing, rail))
    die_while_exporting(processes[0], owing, batch_id, point, times)

    assert state(owing, batch_id) == ("exported" if is_exported else "approved")
    assert len(owing.entries("export")) == int(is_exported)
    assert_nothing_half(owing)
    assert owing.verify() == []

    again = processes[1].open(owing).ask("export", batch=batch_id)
    assert again.get("refused") == ("wrong-state" if is_exported else None)
    name, content = owing.read(batches.file_of, batch_id, who="finance")
    assert hashlib.sha256(content).hexdigest() == owing.read(batches.batch, batch_id).file_sha256
    assert name
    assert len(owing.entries("export")) == 1
    assert owing.verify() == []
    processes[1].end()


@pytest.mark.soak
def test_fifty_killed_exports_and_one_that_lives(processes, owing):
    batch_id, chance = owing.approved(owing.bank_account), random.Random(50)
    points = [*(("file", n) for n in range(1, FORCED + 1)), ("before commit", 1)]
    known = set(owing.runtime.files.root.rglob("*"))
    for _ in range(50):
        for path in owing.runtime.files.root.rglob("*"):
            if path.is_file() and path not in known:
                path.unlink()  # what an earlier export left behind is kept once and not written again
        die_while_exporting(processes[0], owing, batch_id, *chance.choice(points))
        assert state(owing, batch_id) == "approved"
        assert_nothing_half(owing)
    assert "result" in processes[1].open(owing).ask("export", batch=batch_id)
    processes[1].end()
    assert owing.verify() == []
