"""The catalogues of French and Spanish against the texts of the sources, and the extraction itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from translations import FOLDER, LOCALES, SCRIPTS, catalogue, extract, script_words

TRANSLATED = [locale for locale in LOCALES if locale != "en"]
NO_BREAK_SPACE = "\u00a0"


@cache
def entries(locale: str) -> tuple[Message, ...]:
    with (FOLDER / locale / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return tuple(message for message in read_po(source, locale) if message.id)


@cache
def texts_of_the_sources() -> frozenset[extract.Message]:
    return frozenset(extract.messages())


def forms(text: object) -> tuple[str, ...]:
    """The text, or its singular and plural."""
    return tuple(text) if isinstance(text, (tuple, list)) else (str(text or ""),)


def pairs(locale: str) -> Iterator[tuple[str, str]]:
    """Each English text with its translation; singular with singular, plural with plural."""
    for entry in entries(locale):
        yield from zip(forms(entry.id), forms(entry.string), strict=True)


def places(text: str) -> list[str]:
    return sorted(re.findall(r"%\((\w+)\)s", text))


def without_places(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "", text)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_catalogue_holds_exactly_the_texts_of_the_sources(locale: str) -> None:
    held = {tuple(e.id) if isinstance(e.id, (tuple, list)) else e.id for e in entries(locale)}
    new, gone = texts_of_the_sources() - held, held - texts_of_the_sources()
    assert not new, f"run `make messages` and translate: {sorted(map(str, new))}"
    assert not gone, f"run `make messages` to drop: {sorted(map(str, gone))}"


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_text_is_translated(locale: str) -> None:
    assert [e.id for e in entries(locale) if e.fuzzy or not all(t.strip() for t in forms(e.string))] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_has_the_places_of_its_text_and_no_other(locale: str) -> None:
    assert [(text, said) for text, said in pairs(locale) if said and places(text) != places(said)] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_per_cent_sign_stands_only_in_a_place(locale: str) -> None:
    """Every text is filled with `%`: a lone sign would be an error on the page."""
    both = [text for pair in pairs(locale) for text in pair]
    assert [text for text in both if "%" in without_places(text)] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_begins_and_ends_like_its_text(locale: str) -> None:
    """No white space is lost or added where sentences are put together, and none is a full stop short."""
    assert [said for _, said in pairs(locale) if said != said.strip()] == []
    stop = re.compile(r"[.!?…]$")
    assert [
        (text, said)
        for text, said in pairs(locale)
        if said and len(text) > 40 and bool(stop.search(text)) != bool(stop.search(said))
    ] == []


def test_french_is_set_with_no_break_spaces_and_its_own_apostrophe() -> None:
    said = [re.sub(r"%\(\w+\)s", "x", text) for _, text in pairs("fr")]
    assert [text for text in said if "'" in text or re.search(r" [:;!?»]|« |“|”", text)] == []
    assert any(f"{NO_BREAK_SPACE}:" in text for text in said)


def test_a_singular_has_one_plural() -> None:
    """gettext finds a plural by its singular, so two with the same singular would be mixed up."""
    singulars = [text[0] for text in texts_of_the_sources() if isinstance(text, tuple)]
    assert sorted(singulars) == sorted(set(singulars))
    assert not {text for text in texts_of_the_sources() if isinstance(text, str)} & set(singulars)


def test_none_is_singular_in_french_and_plural_in_spanish() -> None:
    text = ("%(num)s village", "%(num)s villages")
    assert text in texts_of_the_sources()
    for locale, of_none, of_one in (("fr", 0, 0), ("es", 1, 0), ("en", 1, 0)):
        entry = [e for e in entries(locale) if e.id == text] if locale != "en" else []
        expected = forms(entry[0].string) if entry else text
        assert catalogue(locale).ngettext(*text, 0) == expected[of_none]
        assert catalogue(locale).ngettext(*text, 1) == expected[of_one]
        assert catalogue(locale).ngettext(*text, 2) == expected[1]


def test_a_text_without_translation_and_an_unknown_language_are_english() -> None:
    assert catalogue("fr").gettext("No such text.") == "No such text."
    assert catalogue("de").gettext("Draft") == "Draft"


# The extraction --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('gettext("Sign in")', ["Sign in"]),
        ('locale.gettext("By %(who)s", who=name)', ["By %(who)s"]),
        ('_("Sign in")', ["Sign in"]),
        ('STATES = {"draft": N_("Draft")}', ["Draft"]),
        ('ngettext("one village", "%(num)s villages", n)', [("one village", "%(num)s villages")]),
        ('class NotFound(RunError):\n    message = "There is nothing."', ["There is nothing."]),
        ('class RunError(Exception):\n    message: ClassVar[str] = "It is wrong."', ["It is wrong."]),
        ('def check():\n    message = "Name it once."\n    raise wrong(message)', ["Name it once."]),
        ('class Problem:\n    message: str\n    code = "no-end"', []),
        ('Problem("no-end", "There is no end event.", place="x")', ["There is no end event."]),
        ('Problem(code="no-end", message="There is no " "end event.")', ["There is no end event."]),
        ('LintRule("no-end", message="No end.")', ["No end."]),
        ('Notice("kept", "It is kept.")', ["It is kept."]),
        ("gettext(words)", []),
        ('gettext("")', []),
        ('Problem("other", "%(message)s")', []),
        ('log("Not for people.")', []),
    ],
)
def test_python_texts_are_found_in_each_form(source: str, expected: list[extract.Message]) -> None:
    assert list(extract.python_messages(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<h1>{{ _('Sign in') }}</h1>", ["Sign in"]),
        ("{{ gettext('By %(who)s', who=name) }}", ["By %(who)s"]),
        ("{% set title = _('What?') if a else _('Who?') %}", ["What?", "Who?"]),
        ("{{ ngettext('one village', '%(num)s villages', n) }}", [("one village", "%(num)s villages")]),
        ("{% trans day=now %}Made {{ day }}{% endtrans %}", ["Made %(day)s"]),
        ("{% trans %}\n  Two\n  lines\n{% endtrans %}", ["Two lines"]),
        (
            "{% trans n=count %}one village{% pluralize n %}{{ n }} villages{% endtrans %}",
            [("one village", "%(n)s villages")],
        ),
        ("<p>Not marked</p>", []),
    ],
)
def test_template_texts_are_found_in_each_form(source: str, expected: list[extract.Message]) -> None:
    assert list(extract.template_messages(source.encode())) == expected


def test_a_template_that_cannot_be_read_is_not_passed_over() -> None:
    with pytest.raises(Exception, match="unknown tag|unexpected"):
        list(extract.template_messages(b"{{ _('Sign in') }}{% nonsense %}"))


def test_a_marked_singular_stands_with_its_plural(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "a.py").write_text('N_("%(num)s late")')
    (tmp_path / "server" / "b.py").write_text('ngettext("%(num)s late", "%(num)s are late", n)')
    monkeypatch.setattr(extract, "ROOT", tmp_path)
    assert extract.messages() == {("%(num)s late", "%(num)s are late"): {"server/a.py", "server/b.py"}}


def test_update_keeps_what_is_translated_and_drops_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "FOLDER", tmp_path)
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    assert extract.update("fr", {"Old": {"a.py"}, "Kept": {"a.py"}, ("one", "many"): {"b.py"}}) == (3, 3)
    text = path.read_text("utf-8").replace('msgid "Kept"\nmsgstr ""', 'msgid "Kept"\nmsgstr "Gardé"')
    path.write_text(text.replace('msgstr[0] ""', 'msgstr[0] "un"'), "utf-8")
    assert extract.update("fr", {"Kept": {"a.py"}, "New": {"c.py"}, ("one", "many"): {"b.py"}}) == (3, 2)
    with path.open("rb") as source:
        kept = {forms(m.id)[0]: forms(m.string)[0] for m in read_po(source, "fr") if m.id}
    assert kept == {"Kept": "Gardé", "New": "", "one": "un"}


def test_the_words_given_to_an_error_are_found():
    source = 'raise WrongState(what="delivery", state=row.state)\nraise ValueError("not for people")\n'
    assert list(extract.python_messages(source)) == ["delivery"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("button(t('Undo'), act)", ["Undo"]),
        ("this.translate('By %(who)s', { who })", ["By %(who)s"]),
        ('const KINDS = { photo: N_("Photo") }', ["Photo"]),
        ("html`<p>${t('Nothing yet.')}</p>`", ["Nothing yet."]),
        ("t('Somebody else\\'s')", ["Somebody else's"]),
        ("t(words)", []),
        ("t('')", []),
        ("import('not for people')", []),
        ("format('not for people')", []),
    ],
)
def test_script_texts_are_found_in_each_form(source: str, expected: list[extract.Message]) -> None:
    assert list(extract.script_messages(source)) == expected


def test_scripts_get_their_own_texts_in_the_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "FOLDER", tmp_path)
    monkeypatch.setattr("translations.FOLDER", tmp_path)
    script = f"{SCRIPTS}/page.js"
    found: dict[extract.Message, set[str]] = {"Undo": {script, "a.py"}, "Redo": {script}, "Pay": {"a.py"}}
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    extract.update("fr", found)
    for text, said in (("Undo", "Annuler"), ("Pay", "Payer")):
        path.write_text(
            path.read_text("utf-8").replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{said}"'),
            "utf-8",
        )
    script_words.cache_clear()
    assert script_words("fr") == {"Undo": "Annuler"}
    assert script_words("en") == script_words("de") == {}
    script_words.cache_clear()
