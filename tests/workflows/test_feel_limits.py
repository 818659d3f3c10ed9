"""Hostile expressions end early, with a FeelError, and reach nothing of Python."""

import random
import time
from itertools import pairwise

import pytest

from workflows import feel


def doubling(first, template):
    """A context in which each entry holds the one before it several times."""
    names = "abcdefghijklmn"
    entries = [f"{name}: {template.replace('?', before)}" for before, name in pairwise(names)]
    return "{a: " + ", ".join([first, *entries]) + "}"


MERGED = "{{a: for i in 1..20000 return {{x: i}}, r: {}}}.r"
ENTRIES = (
    "{c: context(for i in 1..9000 return {key: string(i), value: i}), "
    "r: for i in 1..900 return count(get entries(c))}.r"
)
LONG_TEXT = 'string join(for i in 1..9000 return "aa", "")'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 5000 + "1" + ")" * 5000, id="parentheses"),
        pytest.param("[" * 5000, id="brackets"),
        pytest.param("{a:" * 3000, id="contexts"),
        pytest.param("if true then 1 else " * 900 + "1", id="if"),
        pytest.param("-" * 10_000 + "x", id="minus"),
        pytest.param("1 in (" * 900, id="in"),
        pytest.param("a" + ".b" * 3000, id="path"),
        pytest.param("a" + "[1]" * 3000, id="filters"),
        pytest.param("a" + "()" * 3000, id="calls"),
        pytest.param("1 instance of " + "list<" * 900, id="types"),
        pytest.param("1+" * 20_000 + "1", id="length"),
    ],
)
def test_deep_and_long_texts_are_refused(text):
    with pytest.raises(feel.FeelLimitExceeded):
        feel.compile(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(doubling('"xxxxxxxxxx"', "? + ? + ? + ?"), id="text doubles"),
        pytest.param(doubling("[1, 1]", "[?, ?, ?, ?, ?, ?, ?, ?]"), id="lists double"),
        pytest.param("for a in 1..1000, b in 1..1000, c in 1..1000 return 1", id="loops"),
        pytest.param("for a in 1..100000, b in 1..100000, c in [] return 1", id="empty loops"),
        pytest.param("some a in 1..10**40 satisfies a < 0", id="a long range"),
        pytest.param("for i in 1..50000 return count(partial)", id="partial"),
        pytest.param("{f: function(x) f(x + 1)}.f(1)", id="recursion"),
        pytest.param("(function(f) f(f))(function(f) f(f))", id="self application"),
        pytest.param('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")', id="regex"),
        pytest.param(f'matches({LONG_TEXT}, "(a*)*b")', id="regex over long text"),
        pytest.param('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "(a|a|aa)*b")', id="regex alternatives"),
        pytest.param(f'replace({LONG_TEXT}, "a", "bbbbbbbbb")', id="replace"),
        pytest.param("flatten(for i in 1..300 return for j in 1..300 return j)", id="flatten"),
        pytest.param(MERGED.format("for i in 1..2000 return context merge(a)"), id="context merge"),
        pytest.param(ENTRIES, id="get entries"),
        pytest.param(MERGED.format("for i in 1..900 return sort(a)"), id="sort what has no order"),
        pytest.param(
            MERGED.format("for i in 1..2000 return get value({}, for j in 1..900 return j)"), id="paths"
        ),
        pytest.param("for i in 1..40000 return log(i)", id="logarithms"),
        pytest.param("for i in 1..40000 return exp(i / 1000)", id="exponentials"),
        pytest.param("for i in 1..40000 return 1.37 ** 0.7", id="broken powers"),
        pytest.param('for i in 1..40000 return matches("a", string(i) + "(a|b)*")', id="many patterns"),
    ],
)
def test_work_is_bounded(text):
    began = time.process_time()
    with pytest.raises(feel.FeelLimitExceeded):
        feel.evaluate(text)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9**9",
        "10**6000 * 10**6000",
        "exp(10**30)",
        "1.0000001**(10**30)",
        'substring("abc", 10**30)',
        "[1, 2][10**30]",
        "decimal(1, 10**30)",
        '@"P1D" * 10**6000',
        'matches("x", "((((a{1000}){1000}){1000}){1000})")',
        'matches("x", "' + "(" * 500 + "a" + ")" * 500 + '")',
    ],
)
def test_what_is_too_large_is_null(text):
    assert feel.evaluate(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '"".__class__',
        "a.__class__.__mro__",
        "abs.__globals__",
        "[].append",
        "{}.keys",
        '__import__("os")',
        'open("/etc/passwd")',
        'eval("1")',
        "string.format",
        "(function() 1).__closure__",
        '@"2020-01-01".isoformat',
        '@"2020-01-01".__init__',
        'get value({a: 1}, "__class__")',
        "[1..2].__slots__",
        "item",
        "partial",
        "?",
    ],
)
def test_nothing_of_python_is_reachable(text):
    value = feel.evaluate(text, {"a": {"b": 1}})
    assert value is None or value == [None] or value == []


def test_is_compares_each_part_once_and_counts_it():
    def chain(name):
        return f'{name}a: ["x"], ' + ", ".join(
            f"{name}{new}: [{', '.join([f'{name}{old}'] * 10)}]" for old, new in pairwise("abcdefghijk")
        )

    began = time.process_time()
    with pytest.raises(feel.FeelLimitExceeded):
        feel.evaluate(f"{{{chain('p')}, {chain('q')}, r: is(pk, qk)}}.r")
    assert time.process_time() - began < 10


@pytest.mark.parametrize("step", ["[partial[-1]]", "{k: partial[-1]}"])
def test_a_result_is_not_deeper_than_what_can_be_given_back(step):
    nested = "{a: for i in 1..COUNT return STEP, r: a[-1]}.r".replace("STEP", step)
    with pytest.raises(feel.FeelLimitExceeded, match="64 levels of the result"):
        feel.evaluate(nested.replace("COUNT", "1500"))
    value = feel.evaluate(nested.replace("COUNT", "60"))
    assert feel.evaluate("is(v, v)", {"v": value}) is True


def test_a_comment_without_end_is_an_error_at_its_beginning():
    began = time.process_time()
    with pytest.raises(feel.FeelSyntaxError, match="column 5: expected the end of the comment"):
        feel.compile("1 + /* " * 2800)
    assert time.process_time() - began < 1
    assert feel.evaluate("6 / /* half */ 2") == 3


def test_python_names_are_ordinary_names():
    assert feel.evaluate("__class__ + 1", {"__class__": 1}) == 2
    assert feel.evaluate("a.__class__", {"a": {"__class__": 3}}) == 3


def test_a_context_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(feel.FeelLimitExceeded):
        feel.evaluate("x - 1", {"x": loop})


def test_a_huge_integer_of_the_context_is_refused():
    with pytest.raises(feel.FeelLimitExceeded):
        feel.evaluate("x", {"x": 10**10_000})


def test_limits_can_be_narrowed():
    with pytest.raises(feel.FeelLimitExceeded) as caught:
        feel.compile("for i in 1..100 return i").run({}, limits=feel.Limits(steps=50))
    assert caught.value.limit == "steps"
    assert caught.value.maximum == 50


OPERATORS = "( ) [ ] { } , : . .. + - * / ** < <= > >= = != @ \" ' \\ ?"
KEYWORDS = "if then else for in return some every satisfies and or not between instance of function null true"
VALUES = (
    '1 0.5 "a" @"2020-01-01" @"P1D" x y abs count date time string join matches sort partial item number Any'
)
ODDITIES = "external é ’ \u00a0 // /* */ 🐎 \ud800"
PIECES = [piece for text in (OPERATORS, KEYWORDS, VALUES, ODDITIES) for piece in text.split(" ")]


@pytest.mark.parametrize("seed", range(40))
def test_any_text_gives_a_value_or_a_feel_error(seed):
    source = random.Random(seed)
    context = {"x": 3, "y": [1, {"x": "a"}], "a-b": 1, "date": 4}
    for _ in range(50):
        text = source.choice(["", " "]).join(source.choices(PIECES, k=source.randint(1, 14)))
        try:
            outcome = feel.compile(text).run(context)
        except feel.FeelError:
            continue
        repr(outcome)
        [warning.text() for warning in outcome.warnings]
