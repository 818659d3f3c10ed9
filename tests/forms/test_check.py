"""Every kind of check, on a submission that is right but for one thing."""

import datetime
from decimal import Decimal

import pytest

from forms.check import check
from forms.fill import fill
from forms.xform import read
from forms.xlsform import build


@pytest.fixture
def found(form, now):
    """Code and place of each problem of a submission."""

    def run(xml, attachments=("meeting.jpg",), **options):
        checked = check(form, xml, attachments, **{"now": now} | options)
        return [(problem.code, problem.place) for problem in checked.problems]

    return run


def form_of(*survey, choices=()):
    result = build({"survey": list(survey), "choices": list(choices)}, form_id="small", version="1")
    assert result.form is not None, [problem.text() for problem in result.problems]
    return read(result.form.xform)


def small(inner, form_id="small", version="1"):
    return (
        f'<submission id="{form_id}" version="{version}">{inner}'
        "<meta><instanceID>uuid:0002</instanceID></meta></submission>"
    ).encode()


def test_right_answers_have_no_problem(form, submission, now):
    checked = check(form, submission(), ["meeting.jpg"], now=now)
    assert checked.problems == ()
    assert checked.valid
    assert checked.complete
    assert checked.instance_id == "uuid:0001"
    assert checked.deprecated_id is None
    assert checked.values["present_adults"] == 42
    assert len(checked.values["household"]) == 20


def test_the_corrected_submission_is_named(form, answers, now):
    xml = fill(form, answers, instance_id="uuid:0003", now=now, deprecated_id="uuid:0001")
    assert check(form, xml, ["meeting.jpg"], now=now).deprecated_id == "uuid:0001"


def test_meta_may_be_in_the_namespace_of_openrosa(form, submission, found, now):
    xml = submission().replace(b"<meta>", b'<orx:meta xmlns:orx="http://openrosa.org/xforms">')
    xml = xml.replace(b"</meta>", b"</orx:meta>").replace(b"instanceID>", b"orx:instanceID>")
    assert found(xml) == []
    assert check(form, xml, ["meeting.jpg"], now=now).instance_id == "uuid:0001"


def test_another_root_form_or_version_is_told(submission, found, form, now):
    assert found(submission().replace(b"submission", b"data"))[0] == ("wrong-root", "/data")
    other = submission().replace(b'id="village"', b'id="other"')
    assert found(other) == [("form-id-mismatch", "/submission")]
    assert not check(form, other, [], now=now).valid
    assert found(submission().replace(b'"1.0.0"', b'"0.9.0"')) == [("form-version-mismatch", "/submission")]


def test_a_submission_without_an_id_is_told(submission, found):
    xml = submission().replace(b"<instanceID>uuid:0001</instanceID>", b"<instanceID/>")
    assert found(xml) == [("instance-id-missing", "/submission/meta/instanceID")]


def test_unknown_nodes_are_told_and_left_out(submission, found, form, now):
    xml = submission().replace(b"<hall>", b"<bribe>5</bribe><hall>")
    assert found(xml) == [("unknown-node", "/submission/bribe")]
    assert "bribe" not in check(form, xml, ["meeting.jpg"], now=now).values


def test_a_question_answered_twice_is_told_and_the_first_answer_counts(submission, found, form, now):
    xml = submission().replace(b"<women>25</women>", b"<women>25</women><women>99</women>")
    assert found(xml) == [("duplicate-node", "/submission/people/women")]
    assert check(form, xml, ["meeting.jpg"], now=now).values["women"] == 25


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("women", "12.5"),
        ("women", "many"),
        ("area", "1,5"),
        ("held_on", "yesterday"),
        ("held_on", "2026-02-30"),
        ("place", "91 0"),
        ("place", "9.8"),
        ("place", "9.8 1.5 0 -1"),
        ("place", "nan nan"),
    ],
)
def test_an_answer_of_the_wrong_type_is_told(submission, found, name, value):
    codes = [code for code, place in found(submission(**{name: value})) if place.endswith(f"/{name}")]
    assert codes == ["wrong-type"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("time", "08:30:00.000+01:00", "25:00"),
        ("dateTime", "2026-11-21T08:30:00.000Z", "2026-11-21T99:00"),
        ("geotrace", "1 1 0 0; 2 2 0 0", "1 1 0 0"),
        ("geoshape", "0 0;0 1;1 1;0 0", "0 0;0 1"),
        ("text", "x", None),
    ],
)
def test_each_type_has_its_own_rule(now, kind, good, bad):
    form = form_of({"type": kind, "name": "q", "label": "Q"})
    assert check(form, small(f"<q>{good}</q>"), [], now=now).problems == ()
    if bad is not None:
        problems = check(form, small(f"<q>{bad}</q>"), [], now=now).problems
        assert [problem.code for problem in problems] == ["wrong-type"]


def test_a_missing_required_answer_is_told_with_its_place_and_labels(form, submission, now, answers):
    answers["household"][2]["age"] = None
    problem = check(form, submission(), ["meeting.jpg"], now=now).problems[0]
    assert (problem.code, problem.place) == ("required-missing", "/submission/household[3]/age")
    assert problem.params["labels"]["fr"] == "Ménage 3 › Âge du chef"
    assert problem.params["labels"]["es"] == "Hogar 3 › Edad del jefe"
    assert "Ménage 3 › Âge du chef" in problem.text()


def test_a_required_answer_that_was_cut_out_is_told(submission, found):
    assert found(submission().replace(b"<men>17</men>", b"")) == [
        ("required-missing", "/submission/people/men"),
        ("calculation-differs", "/submission/people/present_adults"),
    ]


def test_what_is_not_relevant_is_not_required_and_counts_as_blank(form, submission, found, now):
    assert found(submission(hall="yes")) == []
    xml = submission().replace(b"<hall>no</hall>", b"<hall>yes</hall>")
    assert found(xml) == [("not-relevant", "/submission/no_hall")]
    checked = check(form, xml, ["meeting.jpg"], now=now)
    assert checked.values["no_hall"] is None
    assert checked.valid


def test_a_choice_must_be_offered(submission, found):
    assert found(submission(hall="perhaps"))[0] == ("not-a-choice", "/submission/hall")
    assert found(submission(languages=["fr", "xx"])) == [("not-a-choice", "/submission/languages")]
    assert found(submission(languages=["fr", "fr"])) == []


def test_a_choice_must_pass_the_filter(submission, found):
    assert found(submission(commune="parakou")) == [("not-a-choice", "/submission/commune")]
    assert found(submission(department="borgou", commune="parakou")) == []


def test_a_constraint_is_told_in_the_words_of_its_author(form, submission, now):
    (problem,) = check(form, submission(women=1000), ["meeting.jpg"], now=now).problems
    assert (problem.code, problem.place) == ("constraint-failed", "/submission/people/women")
    assert problem.params["details"] == {"en": "0 to 999", "fr": "de 0 à 999", "es": "de 0 a 999"}
    assert "de 0 à 999" in problem.text()


def test_constraints_look_at_other_answers_and_patterns(submission, found, answers):
    assert found(submission(phone="97000000")) == [("constraint-failed", "/submission/phone")]
    answers["household"][4]["others"] = ["maize"]
    assert found(submission()) == [("constraint-failed", "/submission/household[5]/others")]
    early = [{"text": "x", "due": datetime.date(2026, 11, 20)}]
    answers["household"][4]["others"] = []
    assert found(submission(decision=early)) == [("constraint-failed", "/submission/decision[1]/due")]


def test_today_is_the_day_the_form_was_filled_in_not_the_day_it_arrived(form, answers, now):
    filled = datetime.datetime(2026, 11, 10, 8, tzinfo=datetime.UTC)
    on_the_day = answers | {"held_on": filled.date()}
    xml = fill(form, on_the_day, instance_id="uuid:1", now=filled)
    assert check(form, xml, ["meeting.jpg"], now=now).problems == ()
    later = answers | {"held_on": datetime.date(2026, 11, 11)}
    xml = fill(form, later, instance_id="uuid:1", now=filled)
    assert [p.code for p in check(form, xml, ["meeting.jpg"], now=now).problems] == ["constraint-failed"]


def test_a_form_finished_on_another_day_may_name_that_day(form, answers, now):
    begun = datetime.datetime(2026, 11, 10, 8, tzinfo=datetime.UTC)
    answers |= {"held_on": datetime.date(2026, 11, 12)}
    xml = fill(form, answers, instance_id="uuid:1", started=begun, now=begun + datetime.timedelta(days=2))
    assert check(form, xml, ["meeting.jpg"], now=now).problems == ()


def test_a_phone_whose_clock_is_ahead_is_told(form, answers, now):
    xml = fill(form, answers, instance_id="uuid:1", now=now + datetime.timedelta(days=3))
    problems = check(form, xml, ["meeting.jpg"], now=now).problems
    assert [(p.code, p.severity) for p in problems] == [("device-clock-ahead", "warning")]


def test_the_number_of_entries_is_the_one_the_form_asks_for(submission, found, answers):
    assert found(submission(households=21)) == [("too-few-entries", "/submission/household")]
    assert found(submission(households=19)) == [("too-many-entries", "/submission/household")]
    assert found(submission(households=20, household=[])) == [("too-few-entries", "/submission/household")]


def test_an_immense_number_of_entries_costs_nothing(now):
    form = form_of(
        {"type": "integer", "name": "n", "label": "N"},
        {"type": "begin_repeat", "name": "r", "label": "R", "repeat_count": "${n}"},
        {"type": "text", "name": "t", "label": "T"},
        {"type": "end_repeat"},
    )
    problems = check(form, small("<n>999999999999999999</n>"), [], now=now).problems
    assert [problem.code for problem in problems] == ["too-few-entries"]


def test_calculations_are_done_again(submission, found):
    xml = submission().replace(
        b"<present_adults>42</present_adults>", b"<present_adults>420</present_adults>"
    )
    assert found(xml) == [("calculation-differs", "/submission/people/present_adults")]
    xml = submission().replace(b"<land_each>0.38</land_each>", b"<land_each>0.380</land_each>")
    assert found(xml) == []
    xml = submission().replace(b"<members_all>80</members_all>", b"<members_all/>")
    assert found(xml) == [("calculation-differs", "/submission/members_all")]


def test_a_calculation_that_was_cut_out_is_told(now):
    form = form_of(
        {"type": "begin_repeat", "name": "r", "label": "R", "repeat_count": "2"},
        {"type": "text", "name": "t", "label": "T"},
        {"type": "end_repeat"},
    )
    checked = check(form, small("<r><t>1</t></r>"), [], now=now)
    assert "calculation-differs" in [p.code for p in checked.problems]
    assert not checked.valid


def test_what_changes_at_every_look_is_not_computed_again(form, submission, found):
    ticket = submission().split(b"<ticket>")[1].split(b"<")[0]
    assert found(submission().replace(ticket, b"another")) == []


def test_a_read_only_answer_must_be_the_one_that_was_given(submission, found):
    assert found(submission(village="Pélébina")) == [
        ("read-only-changed", "/submission/village"),
    ]
    assert found(submission(village="Pélébina"), defaults={"village": "Pélébina"}) == []
    assert found(submission(village="Pélébina"), defaults={"/submission/village": "Tchandégou"}) == [
        ("read-only-changed", "/submission/village")
    ]


def test_a_file_that_has_not_arrived_is_missing_but_the_answers_are_valid(form, submission, now):
    checked = check(form, submission(), [], now=now)
    assert [(p.code, p.place) for p in checked.problems] == [("attachment-missing", "/submission/photo")]
    assert checked.missing_attachments == ("meeting.jpg",)
    assert checked.valid
    assert not checked.complete


def test_a_file_no_answer_names_is_told(submission, found):
    assert found(submission(), ["meeting.jpg", "other.jpg"]) == [("attachment-unexpected", "")]


def test_a_rule_that_cannot_be_evaluated_is_never_a_silent_pass(now):
    form = form_of(
        {"type": "text", "name": "q", "label": "Q", "constraint": "regex(., '^(?!a).*$')"},
        {"type": "calculate", "name": "c", "calculation": "pulldata('f', 'a', 'b', ${q})"},
    )
    problems = check(form, small("<q>b</q><c>1</c>"), [], now=now).problems
    assert [(p.code, p.severity, p.place) for p in problems] == [
        ("not-checked", "warning", "/submission/q"),
        ("not-checked", "warning", "/submission/c"),
    ]


def test_a_repeat_may_be_irrelevant_as_a_whole(now):
    form = form_of(
        {"type": "select_one yn", "name": "any", "label": "Any?"},
        {"type": "begin_repeat", "name": "r", "label": "R", "relevant": "${any} = 'y'", "repeat_count": "2"},
        {"type": "text", "name": "t", "label": "T", "required": "yes"},
        {"type": "end_repeat"},
        choices=[{"list_name": "yn", "name": name, "label": name} for name in "yn"],
    )
    assert check(form, small("<any>n</any><r_count>2</r_count>"), [], now=now).problems == ()
    codes = [
        p.code
        for p in check(form, small("<any>y</any><r_count>2</r_count><r><t>1</t></r>"), [], now=now).problems
    ]
    assert codes == ["too-few-entries"]
    checked = check(form, small("<any>n</any><r_count>2</r_count><r><t>1</t></r>"), [], now=now)
    assert [p.code for p in checked.problems] == ["not-relevant"]
    assert checked.values["r"] == []


def test_all_problems_come_at_once_in_the_order_of_the_form(submission, found, answers):
    answers["household"][0]["land"] = Decimal(-1)
    assert [code for code, _ in found(submission(hall="x", phone="1", households=22))] == [
        "too-few-entries",
        "not-a-choice",
        "constraint-failed",
        "constraint-failed",
    ]
