"""Answers become a submission and come back as typed values."""

import datetime
from decimal import Decimal

import pytest

from forms.check import check
from forms.data import values
from forms.errors import AnswerRefused, UnknownQuestion
from forms.fill import fill
from forms.xform import read
from forms.xlsform import build

NOW = datetime.datetime(2026, 11, 21, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


def form_of(*survey, choices=()):
    result = build({"survey": list(survey), "choices": list(choices)}, form_id="small", version="1")
    return read(result.form.xform)


def filled(form, answers):
    return fill(form, answers, instance_id="uuid:1", now=NOW)


def test_the_answers_come_back_as_they_were_given(form, answers, submission):
    back = values(form, submission())
    assert {key: back[key] for key in answers if key != "household"} == {
        key: value for key, value in answers.items() if key != "household"
    }
    for given, got in zip(answers["household"], back["household"], strict=True):
        assert {key: got[key] for key in given} == given


def test_groups_are_flat_and_what_is_not_answered_is_none(form, submission):
    back = values(form, submission(hall="yes", photo=None, decision=[]))
    assert back["women"] == 25
    assert back["photo"] is None
    assert back["no_hall"] is None
    assert back["decision"] == []
    assert "meta" not in back


def test_calculations_are_numbers_where_they_can_be_nothing_else(form, submission):
    back = values(form, submission())
    assert back["present_adults"] == 42
    assert back["household"][0]["land_each"] == Decimal("0.38")
    assert back["code"] == "V-"


def test_a_calculation_that_copies_an_answer_has_its_type():
    form = form_of(
        {"type": "integer", "name": "n", "label": "N"},
        {"type": "calculate", "name": "copy", "calculation": "${n}"},
        {"type": "calculate", "name": "big", "calculation": "${n} > 3"},
        {"type": "calculate", "name": "digits", "calculation": "concat('00', ${n})"},
    )
    back = values(form, filled(form, {"n": 5}))
    assert (back["copy"], back["big"], back["digits"]) == (5, True, "005")


def test_times_keep_the_offset_of_the_phone(form, answers):
    back = values(form, filled(form, answers))
    assert back["start"] == NOW
    assert back["start"].utcoffset() == datetime.timedelta(hours=1)
    assert back["today"] == datetime.date(2026, 11, 21)


def test_names_shared_by_groups_are_told_apart_and_fit_an_expression():
    form = form_of(
        {"type": "begin_group", "name": "mother", "label": "M"},
        {"type": "integer", "name": "age", "label": "Age"},
        {"type": "end_group"},
        {"type": "begin_group", "name": "father", "label": "F"},
        {"type": "integer", "name": "age", "label": "Age"},
        {"type": "end_group"},
        {"type": "integer", "name": "land-size.ha", "label": "Land"},
    )
    answers = {"mother_age": 30, "father_age": 40, "land_size_ha": 2}
    assert values(form, filled(form, answers)) == answers


def test_repeats_within_repeats_are_lists_within_lists():
    form = form_of(
        {"type": "begin_repeat", "name": "house", "label": "H"},
        {"type": "begin_repeat", "name": "field", "label": "F"},
        {"type": "decimal", "name": "ha", "label": "ha"},
        {"type": "end_repeat"},
        {"type": "calculate", "name": "total", "calculation": "sum(${ha})"},
        {"type": "end_repeat"},
    )
    houses = [{"field": [{"ha": 1}, {"ha": 2}]}, {"field": []}, {"field": [{"ha": 5}]}]
    xml = filled(form, {"house": houses})
    back = values(form, xml)
    assert [house["total"] for house in back["house"]] == [3, 0, 5]
    assert back["house"][1]["field"] == []
    assert check(form, xml, [], now=NOW).problems == ()


def test_every_type_of_answer_comes_back():
    form = form_of(
        {"type": "time", "name": "at", "label": "At"},
        {"type": "dateTime", "name": "when", "label": "When"},
        {"type": "geotrace", "name": "path", "label": "Path"},
        {"type": "rank c", "name": "order", "label": "Order"},
        {"type": "acknowledge", "name": "ok", "label": "Ok"},
        choices=[{"list_name": "c", "name": name, "label": name} for name in "ab"],
    )
    point = {
        "latitude": Decimal(1),
        "longitude": Decimal(2),
        "altitude": Decimal(3),
        "accuracy": Decimal("4.5"),
    }
    answers = {
        "at": datetime.time(8, 30),
        "when": NOW,
        "path": [point, point],
        "order": ["b", "a"],
        "ok": "OK",
    }
    assert values(form, filled(form, answers)) == answers


def test_text_that_is_not_of_its_type_stays_text(form, submission):
    back = values(form, submission(women="a lot", place="here", held_on="soon"))
    assert (back["women"], back["place"], back["held_on"]) == ("a lot", "here", "soon")


def test_what_is_not_relevant_is_not_written(submission):
    assert b"no_hall" not in submission(hall="yes")
    assert b"<no_hall>under the tree</no_hall>" in submission()


def test_the_same_answers_give_the_same_bytes(submission):
    assert submission() == submission()


def test_defaults_and_dynamic_defaults_are_set_where_nothing_is_answered():
    form = form_of(
        {"type": "text", "name": "fixed", "label": "F", "default": "Benin"},
        {"type": "date", "name": "day", "label": "D", "default": "today()"},
    )
    assert values(form, filled(form, {})) == {"fixed": "Benin", "day": NOW.date()}
    other = {"fixed": "Alfter", "day": datetime.date(2026, 1, 1)}
    assert values(form, filled(form, other)) == other


def test_calculations_that_need_each_other_are_refused():
    form = form_of(
        {"type": "calculate", "name": "a", "calculation": "concat(${b}, 'x')"},
        {"type": "calculate", "name": "b", "calculation": "concat(${a}, 'y')"},
    )
    with pytest.raises(AnswerRefused, match="circle"):
        filled(form, {})


@pytest.mark.parametrize("name", ["nothing", "household[1]"])
def test_an_answer_to_no_question_is_refused(form, name):
    with pytest.raises(UnknownQuestion):
        filled(form, {name: 1})


@pytest.mark.parametrize(
    "answers",
    [
        {"household": 3},
        {"household": "x"},
        {"household": [{}] * 1001},
        {"village": "a\0b"},
        {"women": object()},
        {"women": 1.5},
        {"place": {"latitude": 1}},
    ],
)
def test_an_answer_that_cannot_be_written_is_refused(form, answers):
    with pytest.raises(AnswerRefused):
        filled(form, answers)
