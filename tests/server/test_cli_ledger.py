"""The ledger and batches from the command line."""

import csv
import hashlib
import io
import json

import pytest
from click.testing import CliRunner

from payments.accounting_journal import HEADER
from server.batches import service as batches
from server.cli import cli
from tests.payments.test_reports import read_beancount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def run(owing, monkeypatch, tmp_path):
    settings = owing.runtime.settings
    monkeypatch.setenv("FRANCHISE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("FRANCHISE_FILES_DIR", str(settings.files_dir))
    monkeypatch.setenv("FRANCHISE_SECRET_KEY", "k" * 40)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(cli, list(arguments))

    return invoke


def test_the_journal_is_the_ledger_in_each_form(owing, run):
    rows = list(csv.reader(io.StringIO(run("ledger", "export").stdout, newline="")))
    assert tuple(rows[0]) == HEADER
    lines = sum(len(e.lines) for e in owing.entries())
    assert len(rows) == lines + 1
    sums, unknown = read_beancount(run("ledger", "export", "--format", "beancount").stdout)
    assert len(sums) == len(owing.entries())
    assert not unknown
    assert not any(value for each in sums for value in each.values())
    document = json.loads(run("ledger", "export", "--format", "json").stdout)
    assert sum(len(e["lines"]) for e in document) == lines
    assert run("ledger", "export", "--from", "2030-01-01", "--format", "json").stdout == "[]\n"
    assert run("ledger", "export", "--from", "yesterday").exit_code == 2


def test_a_file_that_is_there_is_not_overwritten(run, tmp_path):
    (tmp_path / "journal.csv").write_text("mine")
    again = run("ledger", "export", "--out", "journal.csv")
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert (tmp_path / "journal.csv").read_text() == "mine"


def test_a_statement_is_found_by_id_and_by_name(owing, run):
    person_id = owing.payables()[0].person_id
    document = json.loads(run("statement", person_id, "--format", "json").stdout)
    name = dict(document["facts"])["Name"]
    same = json.loads(run("ledger", "statement", name, "--format", "json").stdout)
    assert same == document
    assert "Closing" in run("statement", name).stdout
    assert run("statement", "nobody").exception is not None


def test_a_batch_is_exported_once_and_given_again_and_answered(owing, run, tmp_path):
    batch_id = owing.approved(owing.momo_account)
    reference = owing.read(batches.batch, batch_id).reference
    assert run("batch", "export", reference, "--out", "a.csv").exit_code == 0
    assert run("batch", "export", batch_id, "--out", "b.csv", "--as", "finance@demo.example").exit_code == 0
    written = (tmp_path / "a.csv").read_bytes()
    assert written == (tmp_path / "b.csv").read_bytes()
    assert hashlib.sha256(written).hexdigest() == owing.read(batches.batch, batch_id).file_sha256
    assert len(owing.entries("export")) == 1
    (tmp_path / "answer.csv").write_bytes(owing.momo_answer(written))
    assert run("batch", "import", "answer.csv").exit_code == 0
    assert owing.read(batches.batch, batch_id).state == "settled"
    assert run("batch", "import", "answer.csv").exception is not None, "the same file again"
    assert owing.verify() == []


def test_a_bank_answer_finds_its_batch(owing, run, tmp_path):
    batch_id, file = owing.exported(owing.bank_account)
    (tmp_path / "answer.xml").write_bytes(owing.bank_answer(file))
    assert run("batch", "import", "answer.xml").exit_code == 0
    assert owing.read(batches.batch, batch_id).state == "settled"


def test_who_may_not_does_not(owing, run, tmp_path):
    batch_id = owing.approved(owing.bank_account)
    assert run("batch", "export", batch_id, "--as", "coordinator@demo.example").exception is not None
    assert run("batch", "export", batch_id, "--as", "nobody@demo.example").exception is not None
    assert owing.read(batches.batch, batch_id).state == "approved"
    (tmp_path / "x.xml").write_text("<a/>")
    assert run("batch", "import", "x.xml").exception is not None
    assert run("batch", "import", "x.xml", "--batch", "a", "--account", "b").exit_code == 2
