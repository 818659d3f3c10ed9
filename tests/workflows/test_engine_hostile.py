"""Whatever an author writes where something is evaluated: refused, or an incident, soon, and nothing else.

Every text is put in every place of a diagram that is evaluated. A diagram that is not refused runs, is saved and
loaded; afterwards the instance runs, is over, or shows incidents, and can be cancelled. None may take long, raise
anything but an EngineError, or reach Python.
"""

from __future__ import annotations

import builtins
import os
import time
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest

from workflows import engine
from workflows.definitions.read import read

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
SECONDS = 3
"""Of processor time, for one text in one place; each bound of FEEL lies far below."""

TEXTS = {
    "Python's import": "__import__('os').system('id')",
    "Python's classes": "().__class__.__bases__[0].__subclasses__()",
    "Python's lambda": "(lambda: 1)()",
    "Python's open": "open('/etc/passwd').read()",
    "Python's format": "'{0.__class__}'.format(1)",
    "names of its own": "_running._rows",
    "a power": "10 ** 10 ** 10",
    "a huge power": "9 ** 9999999",
    "a chain of powers": "((((9 ** 999) ** 999) ** 999) ** 999)",
    "a number of many digits": "1" * 5_000,
    "a huge exponent": "1e999999999",
    "nested brackets": "(" * 3_000 + "1" + ")" * 3_000,
    "nested lists": "[" * 3_000 + "]" * 3_000,
    "nested conditions": "if true then " * 2_000 + "1" + " else 1" * 2_000,
    "signs": "-" * 5_000 + "1",
    "a long sum": "+".join(["1"] * 4_000),
    "four loops": "count(for a in 1..1000, b in 1..1000, c in 1..1000, d in 1..1000 return a) > 0",
    "an endless range": "count(for i in 1..1000000000000 return i)",
    "a quantified bomb": "some a in 1..100000, b in 1..100000 satisfies a = -b",
    "a doubling list": "count(concatenate(" * 20 + "[1,2]" + ", [1])" * 20 + ")",
    "a repeated text": 'string join(for i in 1..1000000 return "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")',
    "an exponential pattern": 'matches("' + "a" * 40 + '!", "^(a+)+$")',
    "another pattern": 'replace("' + "a" * 60 + '", "(a*)*b", "x")',
    "a pattern of many groups": 'matches("x", "' + "(" * 500 + ")" * 500 + '")',
    "a wide split": 'count(split("' + "a," * 3_000 + '", ","))',
    "half a character": '"\ud83d" = "x"',
    "a null character": '"a\\u0000b" = "x"',
    "a function that calls itself": "{f: function(x) f(x), r: f(1)}.r",
    "an exponential function": "{f: function(n) if n < 1 then 1 else f(n - 1) + f(n - 1), r: f(100)}.r",
    "dates without end": 'date("999999999-01-01") + duration("P999999999Y")',
    "a duration": 'duration("P99999999999999999999Y")',
    "a cycle without end": '"R/PT0S"',
    "no time at all": '"PT0S"',
    "a number of instances": "1000000000",
    "half an instance": "0.5",
    "a negative number": "-1",
    "nothing": "null",
    "a text": '"text"',
    "a list of everything": "for i in 1..100000 return {a: i, b: [i]}",
}


def diagram(place: str, text: str) -> bytes:
    """A diagram in which the text stands in that place."""
    inner = escape(text).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    at = dict.fromkeys(
        ("condition", "loop", "cardinality", "collection", "completion", "script", "duration"), ""
    )
    at[place] = inner
    many = "multiInstanceLoopCharacteristics"
    loops = {
        "loop": f"<standardLoopCharacteristics loopMaximum='1000'><loopCondition>{inner}</loopCondition></standardLoopCharacteristics>",
        "cardinality": f"<{many}><loopCardinality>{inner}</loopCardinality></{many}>",
        "collection": f"<{many}><loopDataInputRef>{inner}</loopDataInputRef><inputDataItem id='i' name='item'/></{many}>",
        "completion": f"<{many}><loopCardinality>2</loopCardinality><completionCondition>{inner}</completionCondition></{many}>",
    }
    script = f"x = {inner}" if place == "script" else "x = 1"
    wait = inner if place == "duration" else "P1D"
    condition = inner if place == "condition" else "x = 1"
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
        '<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="first"/>'
        f'<scriptTask id="calculate"><script>{script}</script></scriptTask>'
        '<exclusiveGateway id="choose" default="no"/>'
        f'<userTask id="work">{loops.get(place, "")}</userTask>'
        '<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition>'
        f"<timeDuration>{wait}</timeDuration></timerEventDefinition></boundaryEvent>"
        '<endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="first"/>'
        '<sequenceFlow id="f2" sourceRef="first" targetRef="calculate"/>'
        '<sequenceFlow id="f3" sourceRef="calculate" targetRef="choose"/>'
        f'<sequenceFlow id="f4" sourceRef="choose" targetRef="work"><conditionExpression>{condition}</conditionExpression></sequenceFlow>'
        '<sequenceFlow id="no" sourceRef="choose" targetRef="e1"/>'
        '<sequenceFlow id="f5" sourceRef="work" targetRef="e2"/>'
        '<sequenceFlow id="f6" sourceRef="late" targetRef="e3"/></process></definitions>'
    ).encode()


def run(bpmn: bytes) -> str:
    """Run the diagram as far as it goes: what became of it."""
    reading = read(bpmn)
    if reading.definition is None:
        return "refused"
    try:
        program = engine.program(reading.definition)
    except engine.NotExecutable:
        return "refused"
    live = engine.Instance.new(program, {}, now=NOW)
    changes = live.start(NOW)
    for _ in range(6):
        if changes.pending:
            changes = live.proceed(NOW)
        assert not live.broken
        if changes.status != "running":
            return changes.status
        live = engine.Instance.load(program, live.records(), now=NOW)
        if not live.ready:
            assert live.incidents, "it stands still and says nothing"
            break
        changes = live.complete(live.ready[0].task_id, {"given": 1}, NOW)
    if changes.pending:
        live.proceed(NOW)
    became = "incident" if live.incidents else "running"
    live.cancel(NOW)
    return became


@pytest.fixture
def no_python(monkeypatch):
    """Whatever runs a command, evaluates a text or opens a file fails the test; from when it is called on."""
    reached = []

    def forbid():
        for module, name in ((builtins, "eval"), (builtins, "exec"), (os, "system"), (os, "popen")):
            monkeypatch.setattr(module, name, lambda *given, **_: reached.append(given))

    yield forbid
    monkeypatch.undo()
    assert reached == []


@pytest.mark.parametrize(
    "place", ["condition", "loop", "cardinality", "collection", "completion", "script", "duration"]
)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_an_author_writes_is_refused_or_an_incident_soon(text, place, no_python):
    bpmn = diagram(place, text)
    no_python()
    started = time.process_time()
    became = run(bpmn)
    assert time.process_time() - started < SECONDS
    assert became in ("refused", "incident", "running", "completed")


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("Python")])
def test_python_is_refused_before_anything_runs(name):
    assert run(diagram("script", TEXTS[name])) == "refused"


@pytest.mark.parametrize("name", ["four loops", "an exponential function", "an endless range"])
def test_what_costs_too_much_is_an_incident_and_the_persons_step_is_kept(name):
    assert run(diagram("script", TEXTS[name])) == "incident"
