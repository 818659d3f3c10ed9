"""`franchise visits`: columns, formats, probabilities, refusals."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from server.cli.pricing import COLUMNS, visits

BPMN = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">'
    '<process id="p">{}</process></definitions>'
)


def diagram(text):
    """'a>b': flows with the id 'a_b'; the first letter of an id tells its kind."""
    kinds = {"s": "startEvent", "e": "endEvent", "x": "exclusiveGateway", "p": "parallelGateway"}
    kinds |= {"o": "inclusiveGateway", "b": "boundaryEvent"}
    flows = [part.split(">") for part in text.split()]
    names = dict.fromkeys(name for flow in flows for name in flow)
    nodes = "".join(f'<{kinds.get(n[0], "task")} id="{n}"/>' for n in names)
    return BPMN.format(
        nodes + "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows)
    )


REWORK = diagram("s>x1 x1>t1 t1>x2 x2>x1 x2>t2 t2>e")
CHANCES = '{"x2_x1": 0.1, "x2_t2": "9/10"}'


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments):
        (tmp_path / "models").mkdir(exist_ok=True)
        (tmp_path / "models" / "model.bpmn").write_text(text, encoding="utf-8")
        return CliRunner().invoke(visits, ["models/model.bpmn", *arguments])

    return run


def rows(result):
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_table_of_exact_numbers_is_printed(run):
    result = run(REWORK, "--probabilities", CHANCES)
    first, second = rows(result)
    assert tuple(first) == COLUMNS
    assert list(first.values()) == [
        "models/model.bpmn", "t1", "10/9", "1.1111111111", "1.0000000000", "1", "inf",
    ]  # fmt: skip
    assert second["maximum"] == "1"
    assert result.stderr == ""


def test_json_has_the_same_numbers(run):
    first, _ = json.loads(run(REWORK, "--probabilities", CHANCES, "--format", "json").stdout)
    assert (first["expected_executions_exact"], first["maximum"], first["bounded"]) == ("10/9", None, False)
    assert first["expected_executions"] == pytest.approx(10 / 9)


def test_without_probabilities_equal_shares_are_taken_and_said(run):
    result = run(REWORK)
    assert rows(result)[0]["expected_executions_exact"] == "2"
    assert "probability-assumed [x2]" in result.stderr


def test_probabilities_may_come_from_a_file(run, tmp_path):
    (tmp_path / "chances.json").write_text(CHANCES, encoding="utf-8")
    assert rows(run(REWORK, "--probabilities", "chances.json"))[0]["expected_executions_exact"] == "10/9"


def test_probabilities_are_read_exactly(run):
    result = run(REWORK, "--probabilities", '{"x2_x1": 0.2, "x2_t2": 0.8}')
    assert rows(result)[0]["expected_executions_exact"] == "5/4"


def test_an_id_that_is_not_in_the_diagram_is_said(run):
    result = run(REWORK, "--probabilities", '{"x2_x1": 0.1, "x2_t2": 0.9, "nowhere": 1}')
    assert len(rows(result)) == 2
    assert "unknown-id [nowhere]" in result.stderr


@pytest.mark.parametrize(
    "given",
    [
        '{"x2_x1": "a"}',
        '{"x2_x1": null}',
        '{"x2_x1": true}',
        "{",
        "[1]",
        '{"x2_x1": 1e999999}',
        '{"x2_x1": "1/0"}',
    ],
)
def test_senseless_probabilities_are_refused(run, given):
    result = run(REWORK, "--probabilities", given)
    assert isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("chance", ["1.5", "-0.1"])
def test_a_probability_beyond_0_and_1_is_refused_with_its_place(run, chance):
    result = run(REWORK, "--probabilities", f'{{"x2_x1": {chance}, "x2_t2": 0.5}}')
    assert result.exit_code == 1
    assert "probability-range [x2_x1]" in result.stderr


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("s>x1 x1>t1 x1>t2 t1>p1 t2>p1 p1>e", "deadlock", "p1"),
        ("s>x1 x1>t1 t1>x1", "never-ends", "x1"),
        ("t1>t2 t2>t1", "no-start", ""),
    ],
)
def test_unsound_diagrams_are_refused_with_the_node(run, text, code, place):
    result = run(diagram(text))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error: {code}" in result.stderr
    assert f"[{place}]" in result.stderr or not place
    answer = run(diagram(text), "--format", "json")
    assert answer.exit_code == 1
    found = json.loads(answer.stdout)
    assert not found["ok"]
    assert (code, place) in [(p["code"], p["place"]) for p in found["problems"]]


@pytest.mark.parametrize("text", ["", "no xml", "<a/>", BPMN.format("")])
def test_what_is_no_diagram_is_refused(run, text):
    result = run(text, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"]


def test_estimates_are_marked(run):
    text = "s>p1 p1>t1 p1>t2 t1>x1 x1>o2 x1>t4 t4>o2 t2>x3 x3>t4 x3>e1 o2>t3 t3>e"
    by_task = {row["task"]: row for row in rows(run(diagram(text)))}
    assert by_task["t3"]["expected_executions_exact"] == ""
    assert float(by_task["t3"]["expected_executions"]) > 0
    assert by_task["t1"]["expected_executions_exact"] == "1"
    in_json = {row["task"]: row for row in json.loads(run(diagram(text), "--format", "json").stdout)}
    assert in_json["t3"]["method"] == "monte-carlo"
    assert in_json["t3"]["standard_error"] > 0
