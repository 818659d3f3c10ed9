"""Submissions made to hurt: each ends in problems, quickly."""

import pytest

from forms.check import check
from forms.instance import MAX_ENTRIES
from forms.xform import read
from forms.xlsform import build


def form_of(*survey, choices=()):
    result = build({"survey": list(survey), "choices": list(choices)}, form_id="small", version="1")
    return read(result.form.xform)


def small(inner):
    meta = "<meta><instanceID>u</instanceID></meta>"
    return f'<submission id="small" version="1">{inner}{meta}</submission>'.encode()


def codes(form, xml, now):
    return [problem.code for problem in check(form, xml, [], now=now).problems]


BOMB = b"<!DOCTYPE s [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><submission>&b;</submission>"


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"\0",
        b"not xml",
        b"<submission>",
        BOMB,
        b"<a>" * 200 + b"</a>" * 200,
        b"<s>" + b"<a/>" * 60_000 + b"</s>",
        b"<s>" + b" " * 6_000_000 + b"</s>",
        '<?xml version="1.0" encoding="utf-16"?><s/>'.encode("utf-16"),
    ],
)
def test_what_is_no_xml_of_acceptable_size_is_a_fatal_problem(form, now, xml):
    checked = check(form, xml, [], now=now)
    assert [problem.severity for problem in checked.problems] == ["fatal"]
    assert not checked.valid
    assert checked.values == {}


def test_more_entries_than_a_village_has_are_refused(now):
    form = form_of(
        {"type": "begin_repeat", "name": "r", "label": "R"},
        {"type": "text", "name": "t", "label": "T"},
        {"type": "end_repeat"},
    )
    assert codes(form, small("<r><t>x</t></r>" * MAX_ENTRIES), now) == []
    assert codes(form, small("<r><t>x</t></r>" * (MAX_ENTRIES + 1)), now) == ["repeat-limit"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "([a-z]+)*x", "(.*)(.*)(.*)(.*)(.*)(.*)x"])
def test_a_pattern_of_an_author_cannot_stop_the_server(now, pattern):
    form = form_of({"type": "text", "name": "q", "label": "Q", "constraint": f"regex(., '{pattern}')"})
    assert codes(form, small(f"<q>{'a' * 3000}!</q>"), now) == ["constraint-failed"]


def test_rules_that_visit_everything_again_and_again_are_stopped(now):
    form = form_of(
        {"type": "begin_repeat", "name": "r", "label": "R"},
        {"type": "text", "name": "t", "label": "T", "constraint": "count(//*[count(//*) > 1]) > 1"},
        {"type": "end_repeat"},
    )
    assert codes(form, small("<r><t>x</t></r>" * 500), now) == ["check-too-costly"]


def test_a_deep_or_long_expression_is_a_problem_of_the_form():
    for constraint in (
        "(" * 500 + "1" + ")" * 500,
        "+".join(["1"] * 5000),
        "-" * 5000 + "1",
        "not(" * 300 + "1",
    ):
        survey = {"survey": [{"type": "text", "name": "q", "label": "Q", "constraint": constraint}]}
        result = build(survey, form_id="f", version="1")
        assert result.form is None
        assert result.problems


def test_markup_in_answers_stays_text(now):
    form = form_of({"type": "text", "name": "q", "label": "Q"})
    checked = check(form, small("<q>&lt;script&gt; %s %(x)s {0}</q>"), [], now=now)
    assert checked.values == {"q": "<script> %s %(x)s {0}"}
    form = form_of({"type": "integer", "name": "q", "label": "100 %s of %(x)s"})
    (problem,) = check(form, small("<q>%(label)s %d</q>"), [], now=now).problems
    assert "100 %s of %(x)s: %(label)s %d" in problem.text()


def test_elements_inside_an_answer_are_read_as_text(now):
    form = form_of({"type": "text", "name": "q", "label": "Q"})
    assert check(form, small("<q>a<b>c</b>d</q>"), [], now=now).values == {"q": "acd"}


def test_numbers_of_absurd_size_are_no_numbers(now):
    form = form_of(
        {"type": "integer", "name": "i", "label": "I"},
        {"type": "decimal", "name": "d", "label": "D", "constraint": ". < 10"},
    )
    assert codes(form, small(f"<i>{'9' * 5000}</i><d>{'9' * 5000}</d>"), now) == [
        "wrong-type",
        "constraint-failed",
    ]
    assert codes(form, small("<i>١٢</i><d>1e999</d>"), now) == ["wrong-type", "constraint-failed"]
    assert codes(form, small("<i>1_0</i><d>NaN</d>"), now) == ["wrong-type", "wrong-type"]


def test_a_thousand_unknown_names_are_told_shortly(form, submission, now):
    xml = submission().replace(
        b"<hall>", b"".join(b"<x%d/>" % n for n in range(1000)) + b"<" + b"y" * 5000 + b"/><hall>"
    )
    problems = check(form, xml, ["meeting.jpg"], now=now).problems
    assert {problem.code for problem in problems} == {"unknown-node"}
    assert all(len(problem.text()) < 300 for problem in problems)
