"""Whatever is written into a submission or an expression, the answer is problems, not a crash."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from forms.check import check
from forms.data import values
from forms.errors import RegexError, XPathError
from forms.evaluation import Context
from forms.regex import compile_regex
from forms.tree import Node
from forms.xlsform import build
from forms.xpath import compile_expression

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=30)
ODD = st.sampled_from(
    [
        "",
        " ",
        "-0",
        "1e308",
        "0x10",
        "1_0",
        "٣",
        "NaN",
        "Infinity",
        "true",
        "2026-02-30",
        "2026-01-01T24:60",
        "0000-01-01",
        "-2026-01-01",
        "9999-12-31T23:59:60",
        "91 181",
        "1 1;2 2",
        "a b c",
        "'\"",
        "%s %(label)s",
        "🌳",
    ]
)
TOKENS = st.lists(
    st.sampled_from(
        [
            "/submission",
            "/",
            "//",
            "..",
            ".",
            "@id",
            "*",
            "[",
            "]",
            "(",
            ")",
            "1",
            "0",
            "'a'",
            "=",
            "<",
            "+",
            "-",
            " div ",
            " mod ",
            " and ",
            "|",
            ",",
            "count(",
            "if(",
            "sum(",
            "date(",
            "format-date(",
            "round(",
            "substr(",
            "pow(",
            "selected-at(",
            "position(",
            "indexed-repeat(",
            "regex(",
            "today()",
            "distance(",
            "int(",
        ]
    ),
    max_size=12,
)


@FEW
@given(st.data())
def test_any_text_in_any_answer_gives_problems_and_values(form, submission, now, data):
    root = etree.fromstring(submission())
    leaves = [element for element in root.iter() if len(element) == 0]
    for index in data.draw(st.lists(st.integers(0, len(leaves) - 1), max_size=5)):
        leaves[index].text = data.draw(TEXT | ODD)
    xml = etree.tostring(root)
    checked = check(form, xml, ["meeting.jpg"], now=now)
    assert all(problem.text() and problem.as_json() for problem in checked.problems)
    assert set(values(form, xml)) == set(checked.values)


@FEW
@given(st.data())
def test_any_shape_of_a_submission_gives_problems(form, submission, now, data):
    root = etree.fromstring(submission())
    elements = list(root.iter())
    for index in data.draw(st.lists(st.integers(1, len(elements) - 1), max_size=4)):
        target = elements[data.draw(st.integers(0, len(elements) - 1))]
        if target not in elements[index].iterdescendants() and target is not elements[index]:
            target.append(elements[index])
    assert check(form, etree.tostring(root), [], now=now).instance_id is not None


@settings(FEW, max_examples=300)
@given(TOKENS)
def test_any_expression_gives_a_value_or_a_reason(tokens):
    document = Node("")
    root = Node("submission", document, attributes={"id": "x"})
    Node("a", root, "2026-01-01")
    try:
        compile_expression("".join(tokens)).evaluate(
            Context(document, "2026-11-21", "2026-11-21T10:00:00"), root
        )
    except XPathError as error:
        assert error.params["reason"]  # noqa: PT017


@settings(FEW, max_examples=300)
@given(st.text("ab01()[]{}|*+?.\\^$-,dwpL", max_size=15), st.text("ab01-", max_size=10))
def test_any_pattern_matches_or_gives_a_reason(pattern, text):
    try:
        assert compile_regex(pattern).matches(text) in (True, False)
    except RegexError as error:
        assert error.params["reason"]  # noqa: PT017


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["text", "integer", "begin_group", "end_repeat", "select_one x", "note", "zz"]
                )
            },
            optional=dict.fromkeys(
                ("name", "label", "relevant", "constraint", "calculation", "choice_filter", "parameters"),
                TEXT | ODD,
            ),
        ),
        max_size=4,
    )
)
def test_any_rows_give_a_form_or_problems(rows):
    result = build({"survey": rows, "choices": [{"list_name": "x", "name": "y"}]}, form_id="f", version="1")
    assert result.form is not None or result.problems
