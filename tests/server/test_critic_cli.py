"""The installed command itself, as a shell or a nightly job sees it: exit codes, no tracebacks."""

import os
import subprocess
import sys

import pytest

MAIN = "import sys; from server.cli import main; sys.argv[0] = 'franchise'; main()"


def franchise(tmp_path, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "FRANCHISE_DATABASE_URL": f"sqlite:///{tmp_path}/x.db", **environment},
        check=False,
    )  # fmt: skip


def test_findings_end_with_exit_code_1(tampered, tmp_path):
    settings = tampered.runtime.settings
    done = franchise(
        tmp_path, "verify", FRANCHISE_DATABASE_URL=settings.database_url,
        FRANCHISE_FILES_DIR=str(settings.files_dir),
    )  # fmt: skip
    assert "finding(s)" in done.stdout, done.stderr
    assert done.returncode == 1


@pytest.fixture
def tampered(owing):
    owing.tamper("UPDATE ledger_entry SET memo = 'x' WHERE kind = 'delivery'")
    return owing


def test_a_diagram_that_cannot_be_read_ends_with_exit_code_1(tmp_path):
    assert franchise(tmp_path, "lint", "nowhere.bpmn").returncode == 1


def test_verify_does_not_make_a_database_and_find_it_in_order(tmp_path):
    done = franchise(tmp_path, "verify")
    assert done.returncode == 1
    assert "There is no database" in done.stderr
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--villages", "1", "--out", "/proc/nowhere"),
        ("demo", "--villages", "1", "--database", "mysql://x/y"),
        ("demo", "--villages", "1", "--database", "postgresql://nobody@127.0.0.1:1/x"),
        ("demo", "--villages", "1", "--database", "no url"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(tmp_path, arguments):
    done = franchise(tmp_path, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("franchise: ")
