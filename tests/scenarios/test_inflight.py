"""What ran under an earlier release goes on under this one: each instance in tests/fixtures/inflight, each way."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests import inflight
from workflows import engine

INSTANCES = sorted(
    path for folder in inflight.releases() for path in folder.glob("*.json") if path.stem != "installation"
)


def name_of(path: Path) -> str:
    return f"{path.parent.name}: {path.stem}"


@pytest.mark.parametrize("path", INSTANCES, ids=name_of)
def test_an_instance_of_an_earlier_release_runs_to_its_end(path):
    kept = json.loads(path.read_text("utf-8"))
    assert kept["ways"]
    for name, steps in kept["ways"].items():
        player = inflight.Player(path.with_suffix(".bpmn").read_bytes(), datetime.fromisoformat(kept["now"]))
        player.resume(engine.InstanceState(json.dumps(kept["state"]).encode(), kept["engine"]))
        assert player.seen() == kept["seen"], name
        for number, step in enumerate(steps):
            player.play(step["move"])
            assert player.seen() == step["seen"], f"{name}: step {number}, {step['move']}"


def test_no_release_is_without_its_instances():
    """The version of this code, and of every tag: whoever raises the version runs `tests.inflight create`."""
    kept = {folder.name for folder in inflight.releases()}
    git = ["git", "-C", str(inflight.FIXTURES), "tag", "--list", "v[0-9]*"]
    tagged = subprocess.run(git, capture_output=True, text=True, check=False).stdout.split()
    assert {inflight.version(), *(tag.removeprefix("v") for tag in tagged)} <= kept


def test_every_release_kept_instances_of_every_kind():
    for folder in inflight.releases():
        assert len(list(folder.glob("*.bpmn"))) >= 12, folder
        assert (folder / "installation.sql.xz").exists(), folder


def test_every_kind_of_instance_can_be_kept_by_this_release():
    """What `python -m tests.inflight create` would write today; all ways end, but for one that shows a failure."""
    for case in inflight.cases():
        kept = inflight.kept(case)
        ends = {name: steps[-1]["seen"]["status"] for name, steps in kept["ways"].items()}
        assert set(ends) - {name for name, status in ends.items() if status == "completed"} <= {
            "the reason stays"
        }


@pytest.mark.parametrize("folder", inflight.releases(), ids=lambda folder: folder.name)
def test_the_villages_of_an_earlier_release_are_finished_after_the_upgrade(folder, tmp_path):
    from server.deliveries import service as deliveries
    from server.demo import story as telling
    from server.instances import service as instances
    from server.ledger import service as ledger
    from server.transparency import service as transparency

    with inflight.installation(folder, tmp_path) as (story, facts):
        auditor = story.actor("auditor")
        before = story.runtime.read(auditor, instances.instances, facts["instances"])
        assert [row.status for row in before.values()] == ["running"] * inflight.VILLAGES
        telling.work_on(story, telling.MAX_DAYS, lambda _done, _all: None)
        after = story.runtime.read(auditor, instances.instances, facts["instances"])
        assert [row.status for row in after.values()] == ["accepted"] * inflight.VILLAGES
        assert {row.service_version_id for row in after.values()} == {facts["version"]}
        done = story.runtime.read(auditor, deliveries.deliveries_of_instances, facts["instances"])
        owed = [e for e in story.runtime.read(auditor, ledger.entries, limit=10_000) if e.kind == "delivery"]
        assert len(done) == len(owed) >= 6 * inflight.VILLAGES
        story.runtime.run(auditor, transparency.seal)
        assert [
            f for f in story.runtime.read(auditor, transparency.verify) if f.code != "file-damaged"
        ] == []  # files are not kept
