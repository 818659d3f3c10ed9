"""The command line, as a stranger meets it."""

import importlib
import json
import os
import subprocess
import sys

import openpyxl
import pytest
from click.testing import CliRunner

from server.cli import PARTS, cli, main
from server.cli.tables import table
from service_library import library


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("FRANCHISE_DATABASE_URL", f"sqlite:///{tmp_path}/cli.db")
    monkeypatch.setenv("FRANCHISE_FILES_DIR", str(tmp_path / "files"))
    monkeypatch.setenv("FRANCHISE_SECRET_KEY", "k" * 40)

    def invoke(*arguments, **options):
        return CliRunner().invoke(cli, list(arguments), catch_exceptions=False, **options)

    return invoke


def good_diagram(tmp_path):
    path = tmp_path / "service.bpmn"
    path.write_bytes(library.load("village_meeting", "1.0.0").bpmn)
    return path


def test_every_command_says_what_it_does(run):
    for name, command in cli.commands.items():
        assert command.help, name
        assert run(name, "--help").exit_code == 0


def test_lint_passes_a_shipped_diagram(run, tmp_path):
    done = run("lint", str(good_diagram(tmp_path)), "--format", "json")
    [report] = json.loads(done.stdout)
    assert (done.exit_code, report["ok"], report["level"]) == (0, True, "executable")


def test_lint_names_the_element_and_fails(run, tmp_path):
    path = good_diagram(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'skill="ANIM"', b'skill=""', 1))
    done = run("lint", str(path), "--format", "json")
    [report] = json.loads(done.stdout)
    assert done.exit_code == 1
    assert not report["ok"]
    assert ("error", "prepare") in {(p["severity"], p["element"]) for p in report["problems"]}


@pytest.mark.parametrize(
    "content",
    [b"", b"not xml", b"\xff\xfe\x00", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"<a/>", b"\x00" * 100],
)
def test_lint_reports_what_cannot_be_read_without_a_traceback(run, tmp_path, content):
    path = tmp_path / "broken.bpmn"
    path.write_bytes(content)
    done = run("lint", str(path), "--format", "json")
    assert done.exit_code == 1
    assert "fatal" in {p["severity"] for p in json.loads(done.stdout)[0]["problems"]}


def test_lint_goes_on_after_a_file_that_is_not_there(run, tmp_path):
    done = run("lint", str(tmp_path / "nowhere.bpmn"), str(good_diagram(tmp_path)), "--format", "json")
    assert [r["ok"] for r in json.loads(done.stdout)] == [False, True]
    assert done.exit_code == 1


def report_of(done):
    """The one report in JSON, of the fixed form."""
    [report] = json.loads(done.stdout_bytes)
    assert set(report) == {"file", "level", "ok", "problems"}
    for problem in report["problems"]:
        assert list(problem) == ["code", "severity", "element", "message"]
        assert problem["severity"] in ("fatal", "error", "warning", "info")
    assert report["ok"] == (done.exit_code == 0)
    return report


def test_lint_reports_a_folder_and_what_may_not_be_read(run, tmp_path):
    assert report_of(run("lint", str(tmp_path), "--format", "json"))["problems"][0]["code"] == "unreadable"
    assert run("lint", str(tmp_path)).exit_code == 1


def test_lint_reads_a_device_without_end_only_so_far(run):
    assert report_of(run("lint", "/dev/zero", "--format", "json"))["problems"][0]["code"] == "xml-too-large"


def test_lint_takes_any_extension_and_any_file_name(run, tmp_path):
    path = good_diagram(tmp_path).rename(tmp_path / "Réunion du village (1).xml.txt")
    assert report_of(run("lint", str(path), "--format", "json"))["file"] == str(path)
    odd = os.fsdecode(bytes(tmp_path) + b"/\xff.bpmn")
    path.rename(odd)
    assert report_of(run("lint", odd, "--format", "json"))["file"] == f"{tmp_path}/\ufffd.bpmn"
    assert run("lint", odd).exit_code == 0


def test_lint_reads_standard_input_as_a_dash(run, tmp_path):
    data = good_diagram(tmp_path).read_bytes()
    assert report_of(run("lint", "-", "--format", "json", input=data)) == {
        "file": "-", "level": "executable", "ok": True, "problems": [],
    }  # fmt: skip
    assert (
        report_of(run("lint", "-", "--format", "json", input=b""))["problems"][0]["code"] == "xml-malformed"
    )


def test_lint_says_of_an_encoding_which_it_is_and_what_to_do(run, tmp_path):
    path = tmp_path / "old.bpmn"
    path.write_bytes('<?xml version="1.0" encoding="EBCDIC-CP-FR"?>\n<é/>'.encode("cp1252"))
    [problem] = report_of(run("lint", str(path), "--format", "json"))["problems"]
    assert problem["code"] == "xml-encoding"
    assert problem["message"].startswith("2:2: The file is in the encoding ebcdic-cp-fr")


def test_lint_speaks_where_the_terminal_has_no_such_letters(run, tmp_path):
    path = tmp_path / "é.bpmn"
    path.write_bytes(good_diagram(tmp_path).read_bytes().replace(b'id="prepare"', 'id="é“"'.encode()))
    for encoding in ("ascii", "latin-1"):
        done = CliRunner(charset=encoding).invoke(cli, ["lint", str(path)], catch_exceptions=False)
        assert done.exit_code == 1
        assert b"invalid-id" in done.stdout_bytes


def test_lint_reports_its_own_failure_and_goes_on(run, tmp_path, monkeypatch):
    def fail(*_arguments):
        raise RecursionError

    monkeypatch.setattr("server.cli.authoring.read_decisions", fail)
    done = run("lint", str(good_diagram(tmp_path)), "--format", "json")
    assert report_of(done)["problems"][0]["code"] == "lint-failed"


def test_lint_at_preview_admits_what_another_tool_drew(run, tmp_path):
    path = tmp_path / "drawn.bpmn"
    path.write_text(
        '<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL"><b:process id="p">'
        '<b:task id="t"/><b:complexGateway id="g"/><b:sequenceFlow id="f" sourceRef="t" targetRef="g"/>'
        "</b:process></b:definitions>"
    )
    assert report_of(run("lint", str(path), "--level", "preview", "--format", "json"))["ok"]
    assert not report_of(run("lint", str(path), "--format", "json"))["ok"]


def test_lint_knows_a_decision_model_by_its_root(run, tmp_path):
    path = tmp_path / "tariff.dmn"
    path.write_text(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">'
        '<decision id="tariff" name="tariff"><literalExpression id="l"><text>rural</text></literalExpression>'
        "</decision></definitions>"
    )
    for level, severity, code in (("preview", "warning", 0), ("executable", "error", 1)):
        done = run("lint", str(path), "--level", level, "--format", "json")
        [problem] = json.loads(done.stdout)[0]["problems"]
        found = (problem["code"], problem["severity"], problem["element"], done.exit_code)
        assert found == ("dmn-unknown-name", severity, "l", code)


def test_lint_says_in_the_message_where_in_the_xml_it_stopped(run, tmp_path):
    path = tmp_path / "cut.bpmn"
    path.write_text('<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">\n<process')
    [problem] = report_of(run("lint", str(path), "--format", "json"))["problems"]
    assert (problem["code"], problem["element"], problem["message"][:2]) == ("xml-malformed", None, "2:")
    assert problem["message"] in run("lint", str(path)).stdout


def test_lint_knows_a_decision_model_of_another_version(run, tmp_path):
    path = tmp_path / "old.dmn"
    for namespace in ("http://www.omg.org/spec/DMN/20130901", "https://www.omg.org/spec/DMN/20301231/MODEL/"):
        path.write_text(f'<Definitions xmlns="{namespace}"/>')
        [problem] = report_of(run("lint", str(path), "--format", "json"))["problems"]
        assert problem["code"] == "dmn-version"
        assert namespace in problem["message"]


def test_feel_evaluates_with_a_context(run):
    done = run("feel", "ceiling(households / 6) * 2", "--context", '{"households": 20}')
    assert (done.exit_code, json.loads(done.stdout)) == (0, 8)


def test_feel_shows_what_is_no_whole_number_exactly(run):
    assert json.loads(run("feel", "0.1 + 0.2").stdout) == "0.3"
    exact = '{"x": 12345678901234567890.125, "y": 1e400}'
    assert json.loads(run("feel", "x", "--context", exact).stdout) == "12345678901234567890.125"
    assert json.loads(run("feel", "y / 1e399", "--context", exact).stdout) == 10
    assert json.loads(run("feel", "0.9 * 50").stdout) == 45
    assert json.loads(run("feel", f"{10**29}").stdout) == str(10**29)
    assert run("feel", "x", "--context", '{"x": "\\ud800"}').exit_code == 1


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("[1..3]", "[1..3]"),
        ("(1..2.5)", "(1..2.5)"),
        ('["a".."c"]', '["a".."c"]'),
        ('[date("2026-01-01")..date("2026-02-01"))', '[@"2026-01-01"..@"2026-02-01")'),
        ("(< 10)", "(< 10)"),
        ("(>= 10)", "(>= 10)"),
        ("function(x) x + 1", "function"),
        ("[count]", ["function"]),
    ],
)
def test_feel_prints_ranges_and_functions_as_feel_names_them(run, expression, printed):
    assert json.loads(run("feel", expression).stdout) == printed


def test_a_wrong_expression_is_one_sentence_and_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["franchise", "feel", "1 +"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.startswith("franchise: ")


def test_a_dry_run_of_a_price_list_needs_no_database(run, tmp_path, monkeypatch):
    monkeypatch.setenv("FRANCHISE_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    path = tmp_path / "prices.csv"
    path.write_text(
        "region,item,unit,typical,currency,valid_from\nBJ-DO-COPARGO,MOTO.KM,KMT,75,XOF,2026-01-01\n"
    )
    done = run("prices", "import", str(path), "--dry-run", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["prices"]) == (0, 1)


def test_a_broken_price_list_says_where_and_imports_nothing(run, tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(
        "region,item,unit,typical,currency,valid_from\nBJ-DO-COPARGO,MOTO.KM,KMT,abc,XOF,2026-01-01\n"
    )
    done = run("prices", "import", str(path), "--dry-run", "--format", "json")
    [problem] = json.loads(done.stdout)["problems"]
    assert done.exit_code == 1
    assert (problem["code"], str(problem["row"]), problem["value"]) == ("not-a-number", "2", "abc")


def test_the_report_of_a_price_list_is_in_three_languages_and_a_workbook(run, tmp_path):
    path, marked = tmp_path / "prices.csv", tmp_path / "marked.xlsx"
    path.write_text("item;price (XOF);region\nMOTO.KM;abc;BJ-DO-COPARGO\n")
    arguments = ("prices", "import", str(path), "--dry-run", "--set", "valid_from=2026-01-01")
    done = run(*arguments, "--report", str(marked), "--format", "json")
    [problem] = json.loads(done.stdout)["problems"]
    assert (problem["row"], problem["column"], problem["field"]) == (2, "price (XOF)", "typical")
    assert len(set(problem["messages"].values())) == 3
    assert marked.read_bytes()[:2] == b"PK"
    assert "not-a-number" in run(*arguments).stdout


def test_a_value_for_a_column_that_does_not_exist_is_refused(run, tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("item;price\n")
    assert run("prices", "import", str(path), "--dry-run", "--set", "colour=red").exit_code != 0


def test_the_first_administrator_is_created_once(run):
    arguments = (
        "admin",
        "create",
        "--email",
        "a@b.example",
        "--name",
        "A",
        "--password",
        "long enough words",
    )
    assert run(*arguments).exit_code == 0
    from server.accounts.service import AccountExists

    with pytest.raises(AccountExists):
        run(*arguments)


def test_settings_hide_the_secret(run):
    said = run("settings").stdout
    assert "FRANCHISE_SECRET_KEY=(hidden)" in said
    assert "kkkk" not in said


def test_an_unsafe_secret_is_refused(run, monkeypatch):
    monkeypatch.delenv("FRANCHISE_SECRET_KEY")
    from server.errors import Misconfigured

    with pytest.raises(Misconfigured):
        run("serve", "--port", "0")


def test_verify_of_an_empty_installation_finds_nothing(run):
    run("migrate")
    done = run("verify", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


def test_a_table_aligns_numbers_right():
    assert table(["a", "b"], [["x", "1"], ["yy", "10"]]).splitlines()[-2:] == ["x    1", "yy  10"]


def test_bank_read_says_what_a_bank_file_says_and_stores_nothing(run, tmp_path):
    statement = tmp_path / "statement.xml"
    statement.write_bytes(
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.08'><BkToCstmrDbtCdtNtfctn>"
        b"<GrpHdr><MsgId>M1</MsgId></GrpHdr><Ntfctn><Id>S1</Id><Acct><Id><IBAN>X1</IBAN></Id></Acct><Ntry>"
        b"<Amt Ccy='XOF'>1500</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Refs>"
        b"<EndToEndId>E1</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
    result = run("bank", "read", "--format", "json", str(statement))
    assert result.exit_code == 0, result.output
    (report,) = json.loads(result.output)
    assert report["payments"][0]["end_to_end_id"] == "E1"
    assert report["statements"][0]["entries"][0]["amount"] == "1500"
    assert "settled" in run("bank", "read", str(statement)).output


def test_bank_read_says_what_a_workbook_says(run, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Reference", "Status", "Amount"],
        ["RUN-1-0001", "SUCCESS", 1500],
        ["RUN-1-0002", "FAILED", 5],
    ):
        book.active.append(row)
    book.save(tmp_path / "answer.xlsx")
    result = run("bank", "read", "--format", "json", str(tmp_path / "answer.xlsx"))
    assert result.exit_code == 0, result.output
    (report,) = json.loads(result.output)
    assert (report["message"], report["problems"]) == ("xlsx", [])
    assert [(p["outcome"], p["amount"]) for p in report["payments"]] == [
        ("settled", "1500"),
        ("rejected", "5"),
    ]


def test_bank_read_of_what_is_no_bank_file_says_so_and_fails(run, tmp_path):
    junk = tmp_path / "junk.xml"
    junk.write_bytes(b"\x00\x01")
    result = run("bank", "read", "--format", "json", str(junk), str(tmp_path / "none"))
    assert result.exit_code == 1
    assert [r["problems"][0]["code"] for r in json.loads(result.output)] == [
        "unknown-bank-file",
        "unreadable",
    ]


# --- price --------------------------------------------------------------------------------------------------

PRICE = ("price", "community_profile@1.0.0", "--region", "BJ-DO-COPARGO", "--on", "2026-12-01")


def test_a_price_needs_no_database_and_says_the_row_of_each_price(run, monkeypatch):
    monkeypatch.setenv("FRANCHISE_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    done = run(*PRICE, "--format", "json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"]) == (0, True)
    assert all(line["price"]["list"] and line["price"]["row"] for line in found["quote"]["lines"])
    assert found["quote"]["overheads"]
    assert run(*PRICE).stdout.count(found["digest"]) == 1


def test_a_parameter_lowers_the_price_and_one_out_of_bounds_is_refused(run):
    def charged(*more):
        return json.loads(run(*PRICE, *more, "--format", "json").stdout)["quote"]["expected_minor"]

    assert charged("--param", "distance_km=5") < charged()
    done = run(*PRICE, "--param", "households=-1", "--format", "json")
    assert done.exit_code == 1
    assert [p["code"] for p in json.loads(done.stdout)["problems"]] == ["parameter-out-of-bounds"]


def test_every_missing_price_is_told_with_what_was_tried(run):
    done = run(*PRICE[:-1], "2016-12-01")
    assert done.exit_code == 1
    assert done.stderr.count("missing-price") > 10
    assert "BJ-DO: date 2026-01-01..2026-12-31" in done.stderr


def test_a_diagram_and_a_price_list_of_ones_own_can_be_priced(run, tmp_path):
    from importlib.resources import files

    diagram = files("service_library") / "services" / "community_profile" / "1.0.0" / "service.bpmn"
    prices = tmp_path / "own.csv"
    prices.write_text("region,item,price (XOF),valid_from\nBJ,FEE.ANIM,6000,2026-01-01\n")
    done = run("price", str(diagram), *PRICE[2:], "--prices", str(prices), "--format", "json")
    missing = {p["params"]["item"] for p in json.loads(done.stdout)["problems"]}
    assert missing
    assert "FEE.ANIM" not in missing


@pytest.mark.parametrize("content", ["<x", "", "<definitions/>"])
def test_a_diagram_that_cannot_be_read_is_refused_in_the_asked_format(run, tmp_path, content):
    path = tmp_path / "own.bpmn"
    path.write_text(content)
    done = run("price", str(path), *PRICE[2:], "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (1, False)
    assert run("price", str(path), *PRICE[2:]).stdout == ""


@pytest.mark.parametrize("service", ["nobody", "nobody@1.0.0", "nowhere.bpmn"])
def test_a_service_that_is_not_there_is_one_sentence(run, service):
    done = run("price", service, *PRICE[2:])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There is no ")
    assert service.split("@")[0] in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        ("--param", "households"),
        ("--param", "households=many"),
        ("--param", "=3"),
        ("--param", "households=NaN"),
    ],
)
def test_a_senseless_parameter_is_one_sentence(run, more):
    assert run(*PRICE, *more).exit_code != 0


def test_a_formula_is_evaluated_without_reading_the_server():
    asked = (
        "import sys; from server.cli import main\nsys.argv = ['franchise', 'feel', '1+1']\ntry: main()\n"
        "except SystemExit: print(sorted({'flask', 'sqlalchemy', 'reportlab', 'numpy'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["2", "[]"]


def test_each_command_is_in_the_part_that_is_said_to_have_it():
    for part, names in PARTS.items():
        commands = importlib.import_module(f"server.cli.{part}").COMMANDS
        assert {command.name for command in commands} == set(names)
