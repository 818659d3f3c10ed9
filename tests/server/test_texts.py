"""Translating a draft: conflicts, what is stale, PO files in and out, the gate before publication."""

import pytest
from flask import g

from server.app import create_app
from server.drafts import review
from server.drafts import service as drafts
from server.errors import Forbidden, NotFound, WrongState
from server.http.words import node_titles
from server.texts import po
from server.texts import service as texts
from server.texts.service import SourceChanged, TextChanged
from service_library.texts import fingerprint
from workflows.errors import InvalidInput

SOURCE = drafts.FromVersion("community_profile", "1.0.0")
TITLE = "diagram:announce:title"
SIZE = "form:survey:household/size:label"


@pytest.fixture
def draft(world):
    return world.run("expert", drafts.make, SOURCE).row.id


def sheet(world, draft):
    return world.read(texts.sheet, draft, who="coordinator")


def entry(world, draft, key):
    return next(e for e in sheet(world, draft).entries if e.key == key)


def save(world, draft, key, language, text, *, who="coordinator", seen=None):
    seen = seen or entry(world, draft, key)
    return world.run(
        who, texts.save_text, draft, key, language, text, source=fingerprint(seen.texts["en"]),
        before=fingerprint(seen.texts.get(language, "")),
    )  # fmt: skip


def change_source(world, draft, old=b">Announce the meeting<", new=b">Call the meeting<"):
    row = world.read(drafts.draft, draft, who="expert")
    bpmn = world.read(drafts.content, draft, who="expert").bpmn
    assert old in bpmn
    world.run("expert", drafts.save_diagram, draft, bpmn.replace(old, new), expected=row.diagram_revision)


def state(world, draft, key, language):
    found = sheet(world, draft)
    return found.state(next(e for e in found.entries if e.key == key), language)


def test_a_coordinator_translates_and_nothing_else_of_the_draft_changes(world, draft):
    before = world.read(drafts.content, draft, who="expert")
    saved = save(world, draft, TITLE, "fr", "Convoquer")
    assert (saved.state, saved.entry.texts["fr"]) == ("done", "Convoquer")
    after = world.read(drafts.content, draft, who="expert")
    assert after.bpmn == before.bpmn.replace(
        '<run:title lang="fr">Annoncer la réunion<'.encode(), b'<run:title lang="fr">Convoquer<'
    )
    assert after.forms == before.forms
    with pytest.raises(Forbidden):
        world.run("coordinator", drafts.save_diagram, draft, before.bpmn, expected=2)


def test_a_translated_form_keeps_the_other_forms_and_the_diagram(world, draft):
    before = world.read(drafts.content, draft, who="expert")
    save(world, draft, SIZE, "es", "¿Cuántos son?")
    after = world.read(drafts.content, draft, who="expert")
    assert after.bpmn == before.bpmn
    assert [ref for ref in after.forms if after.forms[ref] != before.forms[ref]] == ["survey"]


def test_two_translators_of_one_text_do_not_overwrite_each_other(world, draft):
    seen = entry(world, draft, TITLE)
    save(world, draft, TITLE, "fr", "Convoquer", who="expert", seen=seen)
    with pytest.raises(TextChanged) as refused:
        save(world, draft, TITLE, "fr", "Appeler", seen=seen)
    assert refused.value.params["text"] == "Convoquer"
    assert refused.value.params["by"]
    save(world, draft, TITLE, "fr", "Convoquer", seen=seen)  # the same text again is no conflict
    save(world, draft, TITLE, "es", "Convocar", seen=seen)  # nor another language


def test_a_source_that_changed_meanwhile_is_not_translated_unseen(world, draft):
    seen = entry(world, draft, TITLE)
    change_source(world, draft)
    with pytest.raises(SourceChanged) as refused:
        save(world, draft, TITLE, "fr", "Convoquer", seen=seen)
    assert refused.value.params["text"] == "Call the meeting"


def test_a_changed_source_makes_translations_stale_until_they_are_adapted_or_confirmed(world, draft):
    assert state(world, draft, TITLE, "fr") == "done"
    change_source(world, draft)
    assert state(world, draft, TITLE, "fr") == state(world, draft, TITLE, "es") == "stale"
    save(world, draft, TITLE, "fr", "Convoquer la réunion")
    kept = entry(world, draft, TITLE).texts["es"]
    save(world, draft, TITLE, "es", kept)  # still right
    assert state(world, draft, TITLE, "fr") == state(world, draft, TITLE, "es") == "done"
    change_source(world, draft, b">Call the meeting<", b">Announce it<")
    assert state(world, draft, TITLE, "fr") == state(world, draft, TITLE, "es") == "stale"


def test_many_texts_that_lag_are_told_once_for_each_language(world, draft):
    change_source(world, draft, b'lang="en">', b'lang="en">In short: ')
    found = world.read(review.readiness, draft, who="expert")
    told = [p for p in found.mistakes if p.code == "text-stale"]
    assert [p.place for p in told] == ["fr", "es"]
    assert all(p.params["count"] > 50 for p in told)


def test_stale_translations_keep_a_draft_from_publication(world, draft):
    change_source(world, draft)
    found = world.read(review.readiness, draft, who="expert")
    assert {p.params["language"] for p in found.mistakes if p.code == "text-stale"} == {"fr", "es"}
    for language in ("fr", "es"):
        save(world, draft, TITLE, language, "Convoquer")
    found = world.read(review.readiness, draft, who="expert")
    assert not [p for p in found.hindrances if p.code == "text-stale"]


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        (TITLE, "Convoquer ${qui}", "placeholder-added"),
        (SIZE, "Combien\nde gens ?", "form-text-line-break"),
        (TITLE, "x" * 20_001, "text-too-long"),
        (TITLE, "a\x00b", "text-not-possible"),
    ],
)
def test_what_would_break_a_text_is_refused(world, draft, key, text, code):
    with pytest.raises(InvalidInput) as refused:
        save(world, draft, key, "fr", text)
    assert [p.code for p in refused.value.problems] == [code]


def test_a_name_of_the_diagram_is_translated_like_any_text(world, draft):
    """It waits for nobody until it is begun; then publication waits for the other language."""
    assert [p.names for p in sheet(world, draft).progress] == [5, 5, 5]
    assert world.read(review.readiness, draft, who="expert").mistakes == ()
    key = "diagram:quorum_reached:name"
    save(world, draft, key, "fr", "Quorum atteint ?")
    found = world.read(review.readiness, draft, who="expert").mistakes
    assert {(p.code, p.place) for p in found} == {("missing-translation", "quorum_reached")}
    save(world, draft, key, "es", "¿Hay quórum?")
    assert world.read(review.readiness, draft, who="expert").mistakes == ()
    definition = drafts.opened(world.read(drafts.content, draft, who="expert")).definition
    assert definition.nodes["quorum_reached"].names["es"] == "¿Hay quórum?"
    with create_app(world.runtime).app_context():
        g.locale = "fr"
        titles = node_titles(definition)
    assert titles["quorum_reached"] == "Quorum atteint ?"
    assert titles["delivered"] == "Profile delivered", "where there is no translation, the name of the file"


def test_what_is_nowhere_is_not_found(world, draft):
    for key, language in (("diagram:no:title", "fr"), (TITLE, "en"), (TITLE, "xx")):
        with pytest.raises(NotFound):
            world.run("expert", texts.save_text, draft, key, language, "x", source="", before="")


def test_only_translators_translate(world, draft):
    for who in ("finance", "verifier", world.members[0]):
        with pytest.raises(Forbidden):
            world.run(who, texts.save_text, draft, TITLE, "fr", "x", source="", before="")


def test_nobody_translates_while_a_draft_is_reviewed(world, draft):
    world.run("expert", review.ask, draft, note="")
    with pytest.raises(WrongState):
        save(world, draft, TITLE, "fr", "Convoquer")
    with pytest.raises(WrongState):
        world.run("expert", texts.import_po, draft, export(world, draft), "fr")


# PO files -------------------------------------------------------------------------------------------


def export(world, draft, language="fr"):
    return world.read(texts.export_draft, draft, language, who="coordinator")


def translated(file, old="Annoncer la réunion", new="Convoquer"):
    assert f'msgstr "{old}"'.encode() in file
    return file.replace(f'msgstr "{old}"'.encode(), f'msgstr "{new}"'.encode())


def outcomes(report):
    return {line.key: line.outcome for line in report.lines if line.outcome != "unchanged"}


def test_a_file_that_is_sent_back_unchanged_changes_nothing(world, draft):
    before = world.read(drafts.draft, draft, who="expert").revision
    report = world.run("coordinator", texts.import_po, draft, export(world, draft), "fr")
    assert outcomes(report) == {}
    assert len(report.lines) == len(sheet(world, draft).entries)
    assert world.read(drafts.draft, draft, who="expert").revision == before


def test_translations_of_a_file_are_one_revision(world, draft):
    before = world.read(drafts.draft, draft, who="expert").revision
    file = translated(translated(export(world, draft)), entry(world, draft, SIZE).texts["fr"], "Combien ?")
    report = world.run("coordinator", texts.import_po, draft, file, "fr")
    assert outcomes(report) == {TITLE: "applied", SIZE: "applied"}
    assert entry(world, draft, SIZE).texts["fr"] == "Combien ?"
    assert world.read(drafts.draft, draft, who="expert").revision == before + 1


def test_a_dry_run_says_the_same_and_changes_nothing(world, draft):
    file = translated(export(world, draft))
    report = world.run("coordinator", texts.import_po, draft, file, "fr", dry_run=True)
    assert outcomes(report) == {TITLE: "applied"}
    assert entry(world, draft, TITLE).texts["fr"] == "Annoncer la réunion"


def test_what_a_file_leaves_out_or_empties_is_not_lost(world, draft):
    file = translated(export(world, draft), new="")
    cut = file[: file.index(b"\n\n", len(file) // 2)] + b"\n"
    report = world.run("coordinator", texts.import_po, draft, cut, "fr")
    assert outcomes(report) == {TITLE: "empty"}
    assert all(p.missing == 0 for p in sheet(world, draft).progress)


def test_translations_of_another_source_are_reported_and_not_taken(world, draft):
    file = translated(export(world, draft))
    change_source(world, draft)
    report = world.run("coordinator", texts.import_po, draft, file, "fr")
    assert outcomes(report) == {TITLE: "other_source"}
    assert entry(world, draft, TITLE).texts["fr"] == "Annoncer la réunion"


def test_stale_translations_are_fuzzy_with_the_source_they_were_made_of(world, draft):
    change_source(world, draft)
    file = export(world, draft).decode()
    at = file.index(f'msgctxt "{TITLE}"')
    assert "#, fuzzy" in file[at - 80 : at]
    assert '#| msgid "Announce the meeting"' in file[at - 80 : at]
    report = world.run("coordinator", texts.import_po, draft, translated(file.encode()), "fr")
    assert outcomes(report) == {TITLE: "fuzzy"}


def test_unknown_and_double_entries_are_reported(world, draft):
    more = (
        '\nmsgctxt "diagram:gone:title"\nmsgid "a"\nmsgstr "b"\n'
        f'\nmsgctxt "{TITLE}"\nmsgid "Announce the meeting"\nmsgstr "Autre"\n'
        '\nmsgid "without context"\nmsgstr "x"\n'
    ).encode()
    report = world.run("coordinator", texts.import_po, draft, export(world, draft) + more, "fr")
    assert outcomes(report) == {
        "diagram:gone:title": "unknown", TITLE: "duplicate", "without context": "unknown",
    }  # fmt: skip


def test_a_placeholder_too_many_is_refused_and_the_rest_is_taken(world, draft):
    size = entry(world, draft, SIZE).texts["fr"]
    file = translated(translated(export(world, draft), new="Convoquer %(x)s"), size, "Combien ?")
    report = world.run("coordinator", texts.import_po, draft, file, "fr")
    assert outcomes(report) == {TITLE: "refused", SIZE: "applied"}
    assert [p.code for p in report.problems] == ["placeholder-added"]


def test_a_file_in_another_encoding_is_read_as_it_says(world, draft):
    text = translated(export(world, draft)).decode()
    for charset in ("utf-16", "utf-8-sig", "cp1252"):
        named = text.replace("charset=utf-8", f"charset={charset}") if charset == "cp1252" else text
        keep = named if charset != "cp1252" else named.encode("cp1252", "ignore").decode("cp1252")
        report = world.run("coordinator", texts.import_po, draft, keep.encode(charset), "fr", dry_run=True)
        assert outcomes(report)[TITLE] == "applied"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.replace(b"Language: fr", b"Language: es"), "po-language"),
        (lambda f: b"", "po-malformed"),
        (lambda f: b"PK\x03\x04", "po-malformed"),
        (lambda f: f + b'\nmsgid "x\n', "po-malformed"),
        (lambda f: f.replace(b"charset=utf-8", b"charset=hex"), "po-encoding"),
        (lambda f: f.replace(b"charset=utf-8", b"charset=ascii"), "po-encoding"),
        # Python would decode it, in quadratic time
        (lambda f: f.replace(b"charset=utf-8", b"charset=punycode") + b"\n# a-" + b"a9" * 9, "po-encoding"),
        (lambda f: f + b"\x00", "po-encoding"),
        (lambda f: f + b" " * po.MAX_SIZE, "po-too-large"),
    ],
)
def test_what_is_no_po_file_of_that_language_is_refused(world, draft, change, code):
    with pytest.raises(po.InvalidPo) as refused:
        world.run("coordinator", texts.import_po, draft, change(export(world, draft)), "fr")
    assert [p.code for p in refused.value.problems] == [code]
    assert refused.value.problems[0].text()


def test_a_published_version_and_a_template_can_be_exported(world, draft):
    file = world.read(texts.export_version, world.version_id, "es", who="auditor")
    assert b"Language: es" in file
    template = world.read(texts.export_draft, draft, "fr", template=True, who="expert").decode()
    assert "Annoncer" not in template
    assert 'msgid "Announce the meeting"' in template
