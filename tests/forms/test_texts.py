"""Texts of a form: found by language, and written into their cells without touching another line."""

import pytest

from forms.errors import InvalidForm
from forms.texts import as_markdown, is_markdown, texts, with_texts
from forms.xform import read
from forms.xlsform import build

FORM = """A remark that stays.
| survey |
| | type | name | label::English (en) | label::Français (fr) | hint |
| | begin_repeat | house | House | Maison |  |
| | text | name | Name \\| first | Nom |  Say it  |
| | end_repeat |  |  |  |  |
| | text | name | Again |  |  |
| choices |
| | list_name | name | label::English (en) | label::Français (fr) |
| | yes | yes | Yes | Oui |
""".encode()


def by_path(source):
    return {(t.path, t.column): dict(t.texts) for t in texts(source)}


def test_every_text_has_a_path_that_names_its_question():
    assert by_path(FORM) == {
        ("house", "label"): {"en": "House", "fr": "Maison"},
        ("house/name", "label"): {"en": "Name | first", "fr": "Nom"},
        ("house/name", "hint"): {"en": "Say it"},
        ("name", "label"): {"en": "Again"},
        ("choices/yes/yes", "label"): {"en": "Yes", "fr": "Oui"},
    }


def test_a_translation_changes_its_own_line_only():
    after = with_texts(FORM, {("house/name", "label"): {"fr": "Prénom | nom"}})
    before_lines, after_lines = FORM.splitlines(), after.splitlines()
    differing = [i for i, (a, b) in enumerate(zip(before_lines, after_lines, strict=True)) if a != b]
    assert differing == [4]
    assert by_path(after)["house/name", "label"]["fr"] == "Prénom | nom"


def test_a_language_without_column_gets_one_that_is_called_as_elsewhere():
    after = with_texts(FORM, {("house/name", "hint"): {"fr": "Dites-le"}, ("name", "label"): {"es": "Otra"}})
    assert b"hint::Fran\xc3\xa7ais (fr)" in after
    assert "label::Español (es)".encode() in after
    found = by_path(after)
    assert found["house/name", "hint"] == {"en": "Say it", "fr": "Dites-le"}
    assert found["name", "label"] == {"en": "Again", "es": "Otra"}
    assert {k: v for k, v in found.items() if k[0] == "choices/yes/yes"} == {
        ("choices/yes/yes", "label"): {"en": "Yes", "fr": "Oui"}
    }


def test_a_translated_form_is_built_with_the_translation():
    after = with_texts(FORM, {("name", "label"): {"fr": "Encore"}})
    built = build(after, form_id="f", version="1.0.0")
    assert built.form is not None, built.problems
    assert read(built.form.xform).questions["/submission/name"].label["fr"] == "Encore"


def test_a_form_that_is_no_markdown_is_laid_out_as_markdown_with_the_same_texts():
    csv = b'survey,,,\n,type,name,label::English (en)\n,text,q,"Say, please"\n'
    assert not is_markdown(csv)
    after = with_texts(csv, {("q", "label"): {"fr": "Dites"}})
    assert is_markdown(after)
    assert by_path(after) == {("q", "label"): {"en": "Say, please", "fr": "Dites"}}


def test_nothing_to_change_gives_the_file_back():
    assert with_texts(FORM, {}) is FORM
    assert by_path(as_markdown(FORM)) == by_path(FORM)


@pytest.mark.parametrize(
    ("key", "words", "code"),
    [
        (("gone", "label"), {"fr": "x"}, "form-text-not-found"),
        (("name", "label"), {"fr": "a\nb"}, "form-text-line-break"),
    ],
)
def test_what_a_form_cannot_hold_is_refused(key, words, code):
    with pytest.raises(InvalidForm) as refused:
        with_texts(FORM, {key: words})
    assert [p.code for p in refused.value.problems] == [code]


@pytest.mark.parametrize("source", [b"", b"\xff\xfe", b"PK\x03\x04 broken", b"<html></html>"])
def test_what_is_no_form_is_refused(source):
    with pytest.raises(InvalidForm):
        texts(source)
