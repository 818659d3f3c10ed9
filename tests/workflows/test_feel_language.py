"""The language: literals, names, operators, three-valued logic, paths, filters, loops, functions, types."""

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from workflows import feel


def shown(value):
    """The value as FEEL writes it, to keep the tables readable."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    return value.isoformat()


def table(text):
    """Lines of `expression => expected`."""
    rows = [line.strip().rpartition(" => ") for line in text.strip().splitlines() if line.strip()]
    return [pytest.param(left.strip(), right.strip(), id=left.strip()[:60]) for left, _, right in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    table(r"""
        1 => 1
        .5 => 0.5
        1.5e3 => 1500
        -1 => -1
        --1 => 1
        "say \"hi\"" => "say "hi""
        "\u00e9t\u00E9" => "été"
        "\uD83D\uDCA9" => "💩"
        "\U01F40E" => "🐎"
        "\d\\" => "\d\"
        string length("\uD83D") => 1
        true => true
        null => null
        [] => []
        [1, "a", null] => [1, "a", null]
        {a: 1, "b c": 2} => {a: 1, b c: 2}
        @"2020-02-29" => 2020-02-29
        @"not a date" => null
        /* before */ 1 + 1 // after => 2
    """),
)
def test_literals(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1 + 2 * 3 => 7
        (1 + 2) * 3 => 9
        10 - 2 - 3 => 5
        2 ** 3 ** 2 => 64
        -3 ** 2 => 9
        5 + 2 ** 5 => 37
        7 / 2 => 3.5
        0.1 + 0.2 => 0.3
        1 / 0 => null
        0 ** 0 => 1
        10 ** 6145 => null
        "a" + "b" => "ab"
        "a" + 1 => null
        1 + null => null
        -"a" => null
        true + 1 => null
    """),
)
def test_arithmetic(text, expected):
    assert shown(feel.evaluate(text)) == expected


def test_numbers_have_34_significant_digits():
    assert feel.evaluate("1 / 3") == Decimal("0.3333333333333333333333333333333333")
    assert feel.evaluate("abs(-1234567890123456789012345678901234)") == Decimal(
        1234567890123456789012345678901234
    )
    assert feel.evaluate("odd(1234567890123456789012345678901233)") is True


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        true and true => true
        true and null => null
        false and null => false
        null and false => false
        1 and false => false
        1 and true => null
        true or null => true
        false or null => null
        false or "x" => null
        not(true) => false
        not(null) => null
        true or false and false => true
        some x in [1, 2] satisfies x > 1 => true
        some x in [] satisfies x > 1 => false
        some x in [1, null] satisfies x > 1 => null
        every x in [] satisfies x > 1 => true
        every x in [2, null] satisfies x > 1 => null
        every x in [1, null] satisfies x > 1 => false
        some x in [1, 2], y in [x] satisfies y = 2 => true
        if true then 1 else 2 => 1
        if null then 1 else 2 => 2
        if false then 1 else if true then 2 else 3 => 2
    """),
)
def test_three_valued_logic(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1 = 1.0 => true
        1 = "1" => null
        null = null => true
        1 = null => false
        1 != 2 => true
        [1, 2] = [1, 2] => true
        [1, "a"] = [1, 2] => false
        {a: 1, b: 2} = {b: 2, a: 1} => true
        [1..2] = [1..2] => true
        (< 10) = (null..10) => false
        1 < 2 => true
        "a" < "b" => true
        1 < "b" => null
        null < 1 => null
        1 < 2 = true => true
        5 between 1 and 5 => true
        5 between 1 and 4 and true => false
        null between 1 and 2 => null
    """),
)
def test_equality_and_order(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1 in [1..3] => true
        1 in (1..3] => false
        3 in [1..3[ => false
        1 in ]1..3] => false
        2 in ]1..3[ => true
        1 in (< 5, > 10) => true
        7 in (< 5, > 10) => false
        5 in (5) => true
        5 in <= 5 => true
        5 in != 5 => false
        1 in [2, 1] => true
        1 in [[2..4], [1..3]] => true
        2 in (1 + 1) * 1 => true
        "b" in ["a".."c"] => true
        5 in (null..10] => null
        "a" in [1..3] => null
        [1..3].start => 1
        [1..3).end included => false
        (> 3).end => null
        [1.."a"] => null
    """),
)
def test_membership_and_ranges(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        [1, 2, 3][2] => 2
        [1, 2, 3][-1] => 3
        [1, 2, 3][0] => null
        [1, 2, 3][4] => null
        [1, 2, 3][item > 1] => [2, 3]
        [1, 2, 3][true] => [1, 2, 3]
        5[1] => 5
        5[item > 9] => []
        null[1] => null
        [{x: 1}, {x: 2}][x > 1] => [{x: 2}]
        [{x: 1}, {x: 2}].x => [1, 2]
        [{x: 1}].y => [null]
        [{item: 5}][item > 4] => [{item: 5}]
        [[1, 2], [3]][count(item) = 1] => [[3]]
        {a: {b: 1}}.a.b => 1
        {a: 1}.b => null
        {a: 1, b: a + 1}.b => 2
        {a: 1, a: 2} => null
        {i: 2, r: [5, 6][i]}.r => 6
    """),
)
def test_paths_and_filters(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        for i in 1..3 return i * 2 => [2, 4, 6]
        for i in 3..1 return i => [3, 2, 1]
        for i in [1..3) return i => [1, 2]
        for i in (1..4) return i => [2, 3]
        for i in (1..2) return i => []
        for i in [] return i => []
        for i in [1, 2], j in [10, 20] return i + j => [11, 21, 12, 22]
        for x in [[1, 2], [3]], y in x return y => [1, 2, 3]
        for i in 0..4 return if i = 0 then 1 else i * partial[-1] => [1, 1, 2, 6, 24]
        for d in @"2020-02-28"..@"2020-03-01" return d.day => [28, 29, 1]
        for i in [1.5..2] return i => null
        for i in null return i => null
        for i in @"10:00:00"..@"11:00:00" return i => null
    """),
)
def test_iteration(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        (function(a, b) a - b)(3, 1) => 2
        (function(a, b) a - b)(b: 3, a: 1) => -2
        (function(a, b) a - b)(1) => null
        (function(a, b) a - b)(a: 1, c: 2) => null
        (function(a: string) a)(1) => null
        (function(a: number) a)([1]) => 1
        (function(a: list<number>) a)(1) => [1]
        {f: function(x) x * 2, y: f(4)}.y => 8
        {fac: function(n) if n < 2 then 1 else n * fac(n - 1), r: fac(5)}.r => 120
        {k: 10, f: function(x) x + k, r: f(1)}.r => 11
        [abs][1](-1) => 1
        "abs"(-1) => null
        nothing(1) => null
        substring(start position: 2, string: "abc") => "bc"
        substring(text: "abc", start position: 2) => null
        abs(n: 1, n: 2) => null
        abs() => null
        abs(1, 2) => null
        abs("1") => null
        (function(a) external {java: 1})(1) => null
    """),
)
def test_functions_are_defined_and_called(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1 instance of number => true
        1 instance of Any => true
        null instance of number => false
        null instance of Null => true
        "a" instance of string => true
        @"P1D" instance of days and time duration => true
        @"P1D" instance of years and months duration => false
        @"2020-01-01T00:00:00" instance of date and time => true
        [1, 2] instance of list<number> => true
        [1, "a"] instance of list<number> => false
        {a: 1} instance of context<a: number> => true
        {a: 1} instance of context<a: number, b: number> => false
        [1..2] instance of range<number> => true
        (function(a: string) a) instance of function<string>->Any => true
        (function(a) a) instance of function<>->Any => false
        1 instance of tMoney => null
    """),
)
def test_types(text, expected):
    assert shown(feel.evaluate(text)) == expected


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("visit count + 1", {"visit count": 2}, 3),
        ("número de visitas + 1", {"número de visitas": 2}, 3),
        ("prix de l'heure * 2", {"prix de l'heure": 3}, 6),
        ("prix de l’heure * 2", {"prix de l'heure": 3}, 6),
        ("prix de l'heure * 2", {"prix de l’heure": 3}, 6),
        ("visit 2 price", {"visit 2 price": 9}, 9),
        ("n°2", {"n°2": 9}, 9),
        ("état", {"e\u0301tat": 9}, 9),
        ("e\u0301tat", {"état": 9}, 9),
        ("unit\u00a0price", {"unit price": 9}, 9),
        ("unit \n price", {"unit price": 9}, 9),
        ("unit-price * 2", {"unit-price": 3}, 6),
        ("unit-price * 2", {"unit": 5, "price": 3}, -1),
        ("a+b", {"a+b": 1, "a": 5, "b": 6}, 1),
        ("a + b", {"a+b": 1, "a": 5, "b": 6}, 11),
        ("order.unit-price", {"order": {"unit-price": 4}}, 4),
        ("terms and conditions and true", {"terms and conditions": True}, True),
        ("rice and beans.price", {"rice and beans": {"price": 4}}, 4),
        ("number of visits in [1..3]", {"number of visits": 2}, True),
        ("date for delivery = 1", {"date for delivery": 1}, True),
        ("count + count([1, 2])", {"count": 5}, 7),
        ("if duration > 3 then 1 else 2", {"duration": 4}, 1),
        ("{a-b: 1, c: a-b + 1}.c", {}, 2),
        ("items[price > limit].name", {"items": [{"price": 4, "name": 7}], "limit": 3}, [7]),
        ("[{price: 4}][price > 3].price[1]", {"price": 1}, 4),
        ("Mike's daughter.name", {"Mike's daughter.name": 1}, 1),
    ],
)
def test_names_have_spaces_accents_apostrophes_and_known_ones_even_operators(text, context, expected):
    assert feel.evaluate(text, context) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (True, "true"),
        (0.1, "0.1"),
        (Fraction(1, 4), "0.25"),
        (Decimal("1.50"), "1.5"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5, 600, tzinfo=datetime.UTC), "2020-01-02T03:04:05.0006Z"),
        (datetime.datetime(2020, 1, 2, 3, 4, tzinfo=None), "2020-01-02T03:04:00"),
        (datetime.time(3, 4), "03:04:00"),
        (datetime.timedelta(days=1, hours=2), "P1DT2H"),
        ((1, {"a": [2.5]}), "[1, {a: [2.5]}]"),
    ],
)
def test_values_of_the_context_become_feel_values(value, expected):
    assert shown(feel.evaluate("x", {"x": value})) == expected


def test_a_result_can_be_the_context_of_the_next_expression():
    first = feel.evaluate('{d: @"2020-01-01", l: [1, [2..3]], p: @"P1M"}')
    assert shown(feel.evaluate("x.d + x.p", {"x": first})) == "2020-02-01"
    assert feel.evaluate("2 in x.l[2]", {"x": first}) is True


def test_the_context_is_never_changed():
    context = {"a": {"b": [1]}}
    result = feel.evaluate("a", context)
    result["b"].append(2)
    feel.evaluate('context put(a, "b", 3)', context)
    assert context == {"a": {"b": [1]}}


@pytest.mark.parametrize("value", [object(), float("nan"), float("inf"), Decimal("NaN"), b"x", 1j])
def test_a_value_feel_has_no_type_for_is_refused_by_name(value):
    with pytest.raises(feel.FeelValueUnsupported) as caught:
        feel.evaluate("fee + 1", {"fee": value})
    assert caught.value.params["name"] == "fee"
    assert feel.evaluate("1 + 1", {"fee": value}) == 2


def test_names_are_those_the_context_is_asked_for():
    expression = feel.compile(
        "a.b > 1 and (for q in r return q + s)[1] > 2 and duration = 3 and count(x) > 1"
    )
    assert expression.names == {"a", "r", "s", "duration", "x"}
    filtered = feel.compile("items[price > limit and item.x = 1] and limit > 0")
    assert filtered.names == {"items", "price", "limit"}
    assert filtered.filter_names == {"price"}
    assert feel.compile("{a: 1, b: a}.b + (function(c) c + d)(1)").names == {"d"}


def test_null_comes_with_the_reason():
    outcome = feel.compile("unknown + 1").run({})
    assert outcome.value is None
    assert [warning.code for warning in outcome.warnings] == ["feel-unknown-name", "feel-wrong-type"]
    assert outcome.warnings[0].text() == "There is no value named “unknown”."
    assert outcome.warnings[0].severity == "warning"
    assert feel.compile("1 + 1").run({}).warnings == ()


def test_compiling_again_gives_the_same_expression():
    assert feel.compile("1 + 1") is feel.compile("1 + 1")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("1 +", 1, 4),
        ("1 2", 1, 3),
        ("a +\n* b", 2, 1),
        ("[1, 2", 1, 6),
        ("{a 1}", 1, 5),
        ("if a then b", 1, 12),
        ("for in x return 1", 1, 5),
        ('"abc', 1, 1),
        ("a # b", 1, 3),
        ("f(a: 1, 2)", 1, 9),
        ("not(", 1, 5),
        ("1 in", 1, 5),
        ("x instance of", 1, 14),
        ("10,5", 1, 3),
        ("1e99999", 1, 1),
        ("a\x00", 1, 2),
    ],
)
def test_a_syntax_error_tells_its_place(text, line, column):
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.compile(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.expected
    assert str(caught.value).startswith(f"Line {line}, column {column}: expected ")


@pytest.mark.parametrize(
    ("tests", "value", "expected"),
    [
        ("-", None, True),
        ("5", 5, True),
        ("5", 6, False),
        ("< 10", 5, True),
        ("< 10", "a", None),
        ("> 3, < 1", 0, True),
        ("[1..3]", 2, True),
        ("]1..3[", 1, False),
        ('"a", "b"', "b", True),
        ("not(1, 2)", 3, True),
        ("not(1, 2)", 1, False),
        ("not([1..3])", 5, True),
        ("? > 3 and ? < 9", 5, True),
        ('contains(?, "x")', "axb", True),
        ("true", False, False),
        ("false", False, True),
        ("null", None, True),
        ("null", 1, False),
        ("[1, 2]", 2, True),
        ("limit", 7, True),
        ("> limit", 8, True),
        ("> a-b", 8, True),
        ('@"2020-01-01"', datetime.date(2020, 1, 1), True),
        ('>= date("2020-01-01")', datetime.date(2019, 1, 1), False),
    ],
)
def test_unary_tests(tests, value, expected):
    assert feel.unary_tests(tests).matches(value, {"limit": 7, "a-b": 7}) is expected


def test_unary_tests_know_their_names_and_mistakes():
    assert feel.unary_tests("> limit, ? + margin").names == {"limit", "margin"}
    with pytest.raises(feel.FeelSyntaxError):
        feel.unary_tests("> ")


def test_half_a_character_is_nowhere_in_a_result():
    assert feel.evaluate('{\ud800b: 1, "\ud800c": "\ud800"}') == {"\ufffdb": 1, "\ufffdc": "\ufffd"}
    assert feel.evaluate("{\ud83d\udc0e: 1, b c: 2}") == {"\U0001f40e": 1, "b c": 2}
