"""Translating a service: keys that stay, states of a text, what is checked, the gate before publishing."""

from dataclasses import replace

import pytest

from service_library import library, texts
from service_library.package import assemble
from service_library.texts import (
    Background,
    Made,
    apply,
    check,
    entries,
    entries_of,
    fingerprint,
    gate,
    progress,
    state,
)

OLD = library.load("community_profile", "1.0.0")
TITLE = "diagram:announce:title"
SIZE = "form:survey:household/size:label"


def changed(key, **words):
    done = apply(OLD.bpmn, OLD.form_sources, {key: words})
    assert done.problems == ()
    return done


def package_of(done):
    assembly = assemble(done.bpmn, done.form_sources, version=OLD.version)
    assert assembly.package is not None, assembly.problems
    return assembly.package


def entry(package_entries, key):
    return next(each for each in package_entries if each.key == key)


@pytest.mark.parametrize(("code", "version"), [(c, v) for c, vs in library.available() for v in vs])
def test_every_text_of_a_shipped_service_is_there_in_all_languages(code, version):
    package = library.load(code, version)
    assert all(p.done == p.total > 0 for p in progress(entries_of(package)))
    assert gate(package) == ()


def test_every_text_of_the_cards_is_an_entry():
    """What the readers of the diagram and of the forms know as texts, and no other."""
    known = {e.texts["en"] for e in entries_of(OLD)}
    for node in OLD.definition.tasks():
        card = node.task
        for text in (card.title, card.outcome, card.instructions, *(a.label for a in card.activities),
                     *(c.label for c in card.criteria), *(e.label for e in card.evidence),
                     *(x.label for x in card.expenses)):  # fmt: skip
            assert not text or text["en"] in known


def test_keys_are_unique():
    keys = [e.key for e in entries_of(OLD)]
    assert len(keys) == len(set(keys))


def test_a_changed_diagram_text_leaves_the_forms_alone_and_a_changed_form_the_diagram():
    done = changed(TITLE, fr="Convoquer")
    assert done.form_sources == OLD.form_sources
    assert done.changed == (TITLE,)
    done = changed(SIZE, fr="Combien ?")
    assert done.bpmn == OLD.bpmn
    assert [ref for ref, s in done.form_sources.items() if s != OLD.form_sources[ref]] == ["survey"]


def test_a_new_translation_reaches_the_package():
    package = package_of(changed(TITLE, fr="Convoquer"))
    assert package.definition.nodes["announce"].task.title["fr"] == "Convoquer"


def test_writing_what_is_there_already_changes_nothing():
    same = {e.key: dict(e.texts) for e in entries_of(OLD)}
    done = apply(OLD.bpmn, OLD.form_sources, same)
    assert (done.bpmn, dict(done.form_sources), done.changed) == (OLD.bpmn, dict(OLD.form_sources), ())


def test_all_mistakes_come_together_and_nothing_is_written():
    done = apply(
        OLD.bpmn, OLD.form_sources,
        {"diagram:nowhere:title": {"fr": "x"}, TITLE: {"fr": "y" * 20_001}, "form:survey:no:label": {"fr": "z"}},
    )  # fmt: skip
    assert sorted(p.code for p in done.problems) == ["text-too-long", "text-unknown", "text-unknown"]
    assert done.bpmn == OLD.bpmn
    assert done.changed == ()


def test_a_line_break_in_a_form_is_refused_with_its_reason():
    done = apply(OLD.bpmn, OLD.form_sources, {SIZE: {"fr": "a\nb"}, TITLE: {"fr": "y"}})
    assert [p.code for p in done.problems] == ["form-text-line-break"]
    assert done.bpmn == OLD.bpmn


def test_a_source_that_changed_since_the_last_version_makes_its_translations_stale():
    now = entries_of(package_of(changed(TITLE, en="Call everybody")))
    background = Background(base=texts.base_of(OLD))
    assert state(entry(now, TITLE), "fr", background) == "stale"
    assert state(entry(now, TITLE), "en", background) == "done"
    assert state(entry(now, SIZE), "fr", background) == "done"
    followed = package_of(changed(TITLE, en="Call everybody", fr="Appeler tout le monde"))
    assert state(entry(entries_of(followed), TITLE), "fr", background) == "done"
    assert state(entry(entries_of(followed), TITLE), "es", background) == "stale"


def test_a_fingerprint_of_the_source_says_more_than_the_last_version():
    now = entry(entries_of(package_of(changed(TITLE, en="Call everybody"))), TITLE)
    base = texts.base_of(OLD)
    confirmed = Made(fingerprint("Call everybody"), fingerprint(now.texts["fr"]))
    assert state(now, "fr", Background(base, {(TITLE, "fr"): confirmed})) == "done"
    of_another = Made(fingerprint("Call"), fingerprint(now.texts["fr"]))
    assert state(now, "fr", Background({}, {(TITLE, "fr"): of_another})) == "stale"
    of_another_text = replace(of_another, text=fingerprint("Autre"))
    assert state(now, "fr", Background({}, {(TITLE, "fr"): of_another_text})) == "done"


def test_missing_texts_and_texts_without_source_are_told_apart():
    done = changed(TITLE, fr="")
    now = entries(done.bpmn, done.form_sources)
    assert state(entry(now, TITLE), "fr") == "missing"
    done = apply(done.bpmn, done.form_sources, {TITLE: {"en": ""}})
    assert state(entry(entries(done.bpmn, done.form_sources), TITLE), "es") == "no_source"


def test_progress_counts_each_language_for_itself():
    done = changed(TITLE, fr="", en="Call")
    english, french, spanish = progress(
        entries(done.bpmn, done.form_sources), Background(base=texts.base_of(OLD))
    )
    assert (english.missing, english.stale) == (0, 0)
    assert (french.missing, french.stale) == (1, 0)
    assert (spanish.missing, spanish.stale) == (0, 1)
    assert spanish.done == spanish.total - 1


@pytest.mark.parametrize(
    ("original", "text", "codes"),
    [
        ("Give ${name} rice", "Donnez du riz", {"placeholder-missing": "error"}),
        ("Give rice", "Donnez ${name}", {"placeholder-added": "error"}),
        ("%(count)s of %(count)s", "%(count)s", {"placeholder-missing": "error"}),
        ("See [this](https://a.org/x)", "Voir", {"link-missing": "warning"}),
        ("See", "Voir [ici](https://b.org)", {"link-added": "warning"}),
        ("Be <b>quick</b>", "Soyez rapides", {"html-differs": "warning"}),
        ("a < b and b > c", "a < b et b > c", {}),
        ("See [this](https://a.org)", "Voir [ceci](https://a.org)", {}),
    ],
)  # fmt: skip
def test_what_a_translation_loses_or_adds_is_told(original, text, codes):
    assert {p.code: p.severity for p in check(original, text, format="markdown")} == codes


def test_the_gate_names_every_missing_stale_and_broken_text():
    done = apply(
        OLD.bpmn, OLD.form_sources,
        {TITLE: {"en": "Call ${who}", "fr": "Appeler"}, "diagram:survey:title": {"es": ""}},
    )  # fmt: skip
    assembly = assemble(done.bpmn, done.form_sources, version=OLD.version)
    found = {
        (p.code, p.place, p.params.get("language", ""))
        for p in gate(assembly.package, Background(texts.base_of(OLD)))
    }
    assert found == {
        ("placeholder-missing", TITLE, ""), ("text-stale", TITLE, "es"),
        ("text-untranslated", "diagram:survey:title", "es"),
    }  # fmt: skip


QUORUM = "diagram:quorum_reached:name"


def test_a_name_counts_once_its_translation_is_begun():
    """What was published before names could be translated is complete, and may be translated."""
    quorum = entry(entries_of(OLD), QUORUM)
    assert quorum.is_only_a_name
    assert state(quorum, "fr") == "missing"
    begun = package_of(changed(QUORUM, fr="Quorum atteint ?"))
    before, after = progress(entries_of(OLD)), progress(entries_of(begun))
    assert [p.names for p in before] == [5, 5, 5]
    assert [(p.names, p.missing) for p in after] == [(4, 0), (4, 0), (4, 1)]
    assert [(p.code, p.params["language"]) for p in gate(begun)] == [("text-untranslated", "es")]
    assert gate(begun, languages=["en", "fr"]) == ()
    whole = package_of(changed(QUORUM, fr="Quorum atteint ?", es="¿Hay quórum?"))
    assert gate(whole) == ()
    assert whole.definition.nodes["quorum_reached"].names["es"] == "¿Hay quórum?"


def test_a_renamed_gateway_makes_its_translations_stale():
    whole = changed(QUORUM, fr="Quorum atteint ?", es="¿Hay quórum?")
    base = texts.base_of(package_of(whole))
    done = apply(whole.bpmn, whole.form_sources, {QUORUM: {"en": "Enough people?"}})
    found = entry(entries(done.bpmn, done.form_sources), QUORUM)
    assert state(found, "fr", Background(base=base)) == "stale"
    assert package_of(done).definition.nodes["quorum_reached"].name == "Enough people?"
