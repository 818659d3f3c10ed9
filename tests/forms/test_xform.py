"""The model of a form, and prefilled forms."""

import pytest

from forms.check import check
from forms.data import values
from forms.errors import InvalidForm, UnknownQuestion
from forms.fill import fill
from forms.prefill import prefill
from forms.xform import questions, read
from forms.xlsform import build
from workflows.xml import XmlRefused


def by_name(form):
    return {question.name: question for question in questions(form)}


def test_the_model_has_what_the_form_says(form):
    assert (form.form_id, form.version, form.title, form.default_language) == (
        "village",
        "1.0.0",
        "Village meeting",
        "fr",
    )
    asked = by_name(form)
    assert asked["women"].label == {
        "en": "Women present",
        "fr": "Femmes présentes",
        "es": "Mujeres presentes",
    }
    assert form.repeats["/submission/household"].label["en"] == "Household"
    assert asked["age"].repeat == "/submission/household"
    assert form.repeats["/submission/household"].count.source == "/submission/households"
    assert form.repeats["/submission/decision"].count is None
    women = form.binds["/submission/people/women"]
    assert (women.type, women.required.source, women.constraint_message["es"]) == (
        "int",
        "true()",
        "de 0 a 999",
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("start", "start"),
        ("today", "today"),
        ("village", "note"),
        ("held_on", "date"),
        ("women", "integer"),
        ("present_adults", "calculate"),
        ("hall", "select_one"),
        ("languages", "select_multiple"),
        ("phone", "text"),
        ("area", "decimal"),
        ("place", "geopoint"),
        ("photo", "image"),
    ],
)
def test_questions_have_the_type_of_the_xlsform(form, name, kind):
    assert by_name(form)[name].type == kind


def test_choices_have_labels_and_the_columns_of_their_filter(form):
    choice = by_name(form)["commune"].choices[2]
    assert (choice.value, choice.label["fr"], choice.attributes) == (
        "parakou",
        "Parakou",
        {"department": "borgou"},
    )
    assert by_name(form)["hall"].choices[0].label == {"en": "Yes", "fr": "Oui", "es": "Sí"}


def test_questions_come_in_the_order_a_person_meets_them(form):
    names = [question.name for question in questions(form)]
    assert names.index("village") < names.index("women") < names.index("head")
    assert names.index("due") < names.index("present_adults")


def test_a_form_without_translations_has_one_language():
    md = "| survey |\n| | type | name | label |\n| | text | q | Why ${n}? |\n| | integer | n | N |\n"
    form = read(build(md, form_id="f", version="1").form.xform)
    assert form.languages == ("default",)
    assert form.questions["/submission/q"].label == {"default": "Why ${n}?"}


def test_a_missing_translation_is_a_missing_key(source):
    form = read(build(source.replace("| Mujeres presentes |", "| |"), form_id="f", version="1").form.xform)
    assert set(by_name(form)["women"].label) == {"en", "fr"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<head><model/></head><body/>",
        b"<head><model><instance><a/></instance></model></head><body/>",
        (
            b"<head><model><instance><a id='x'><b/></a></instance>"
            b"<bind nodeset='/a/b' constraint='1 +'/></model></head><body/>"
        ),
        b"<head><model><instance>" + b"<a id='x'>" * 40 + b"</a>" * 40 + b"</instance></model></head><body/>",
    ],
)
def test_what_is_no_form_is_refused_with_its_problems(content):
    with pytest.raises(InvalidForm) as error:
        read(b"<html>" + content + b"</html>")
    assert error.value.problems


@pytest.mark.parametrize("xml", [b"", b"words", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff"])
def test_what_is_no_xml_is_refused(xml):
    with pytest.raises(XmlRefused):
        read(xml)


def test_binds_may_be_relative_to_the_root():
    xml = (
        b"<html><head><model><instance><a id='x'><b/></a></instance>"
        b"<bind nodeset='b' type='xsd:int'/></model></head>"
        b"<body><input ref='b'><label>B</label></input></body></html>"
    )
    form = read(xml)
    assert form.binds["/a/b"].type == "int"
    assert form.questions["/a/b"].type == "integer"


def test_prefilled_values_are_there_when_the_form_is_opened(built, now, answers):
    xform = prefill(built.form.xform, {"village": "Pélébina & Co", "/submission/people/women": "3"})
    form = read(xform)
    xml = fill(form, {}, instance_id="uuid:1", now=now)
    got = values(form, xml)
    assert (got["village"], got["women"]) == ("Pélébina & Co", 3)
    codes = {
        p.code for p in check(form, fill(form, answers, instance_id="uuid:1", now=now), [], now=now).problems
    }
    assert "read-only-changed" not in codes
    assert prefill(built.form.xform, {"village": "A"}) == prefill(built.form.xform, {"village": "A"})


@pytest.mark.parametrize("name", ["nothing", "age", "/submission/household/age", "household", "/submission"])
def test_only_questions_outside_repeats_can_be_prefilled(built, name):
    with pytest.raises(UnknownQuestion):
        prefill(built.form.xform, {name: "x"})
