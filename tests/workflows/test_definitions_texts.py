"""Texts of a diagram: found by language, and replaced without touching another byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import xml
from workflows.definitions.read import read
from workflows.definitions.texts import TextRefused, texts, with_texts

NS = (
    'xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:run="https://w3id.org/run-services/bpmn/1.0"'
)


def diagram(inside: str, declaration: str = "") -> bytes:
    return (
        f"{declaration}<b:definitions {NS}>\n  <!-- kept -->\n  <b:process id='p'>\n    <b:userTask\n   id='a' >"
        f"<b:extensionElements>\n      <run:task   skill='X'>{inside}\n      </run:task></b:extensionElements>"
        f"</b:userTask></b:process></b:definitions>\n"
    ).encode()


TWO = """
        <run:title lang="en">Meet</run:title>
        <run:title lang='es' >Reunirse</run:title>
        <run:instructions lang="en" format="markdown">One &amp; two</run:instructions>
        <run:activity id="call"><run:label lang="en"><![CDATA[Call <all>]]></run:label></run:activity>
        <run:expense item="I"><run:label lang="en">Rice</run:label></run:expense>"""


def of(data: bytes, element: str, path: str):
    return next(t for t in texts(data) if t.id == (element, path)).texts


def test_texts_are_found_where_the_descriptor_says_they_are():
    found = {t.id: dict(t.texts) for t in texts(diagram(TWO))}
    assert found == {
        ("a", "title"): {"en": "Meet", "es": "Reunirse"},
        ("a", "instructions"): {"en": "One & two"},
        ("a", "activity[call].label"): {"en": "Call <all>"},
        ("a", "expense[0].label"): {"en": "Rice"},
    }
    assert {t.path: t.format for t in texts(diagram(TWO))}["instructions"] == "markdown"


def test_a_replaced_text_changes_nothing_else():
    before = diagram(TWO)
    after = with_texts(before, {("a", "title"): {"es": "Juntarse & <hablar>"}})
    assert after == before.replace(b"Reunirse", b"Juntarse &amp; &lt;hablar&gt;")


def test_a_new_language_is_written_beside_and_like_the_one_before_it():
    before = diagram(TWO)
    after = with_texts(before, {("a", "title"): {"fr": "Réunir"}})
    assert after == before.replace(
        b"Meet</run:title>", b'Meet</run:title>\n        <run:title lang="fr">R\xc3\xa9unir</run:title>'
    )
    rich = with_texts(before, {("a", "instructions"): {"fr": "Un"}})
    assert b'<run:instructions lang="fr" format="markdown">Un</run:instructions>' in rich


def test_several_new_languages_come_in_their_order():
    after = with_texts(diagram(TWO), {("a", "activity[call].label"): {"es": "Llamar", "fr": "Appeler"}})
    assert list(of(after, "a", "activity[call].label")) == ["en", "fr", "es"]


def test_taking_a_text_out_and_putting_it_back_gives_the_same_bytes():
    before = diagram(TWO.replace("lang='es' ", 'lang="es"'))
    without = with_texts(before, {("a", "title"): {"es": ""}})
    assert b"Reunirse" not in without
    assert with_texts(without, {("a", "title"): {"es": "Reunirse"}}) == before


def test_an_empty_element_is_filled():
    before = diagram('<run:title lang="en">Meet</run:title><run:title lang="fr"/>')
    assert of(with_texts(before, {("a", "title"): {"fr": "Réunir"}}), "a", "title")["fr"] == "Réunir"


def test_a_file_that_says_it_is_latin_1_stays_plain_ascii():
    before = diagram(TWO, '<?xml version="1.0" encoding="ISO-8859-1"?>')
    after = with_texts(before, {("a", "title"): {"fr": "Réunir"}})
    assert after.isascii()
    assert of(after, "a", "title")["fr"] == "Réunir"


def test_a_byte_order_mark_and_windows_line_ends_stay():
    before = b"\xef\xbb\xbf" + diagram(TWO).replace(b"\n", b"\r\n")
    after = with_texts(before, {("a", "title"): {"fr": "X"}})
    assert after.replace(b'\r\n        <run:title lang="fr">X</run:title>', b"", 1) == before


@pytest.mark.parametrize("key", [("a", "outcome"), ("b", "title"), ("a", "activity[gone].label")])
def test_a_text_that_is_nowhere_is_refused(key):
    with pytest.raises(TextRefused) as refused:
        with_texts(diagram(TWO), {key: {"fr": "x"}, ("a", "title"): {"fr": "y"}})
    assert [p.code for p in refused.value.problems] == ["text-not-found"]


@pytest.mark.parametrize("words", [{"fr": "a\x00b"}, {"fr": "a\x0bb"}, {"fr": "\ud800"}, {'fr" x="': "a"}])
def test_what_xml_cannot_hold_is_refused(words):
    with pytest.raises(TextRefused):
        with_texts(diagram(TWO), {("a", "title"): words})


@pytest.mark.parametrize("data", [b"", b"x", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_diagram_is_refused(data):
    with pytest.raises(xml.XmlRefused):
        texts(data)


def test_a_diagram_in_another_spelling_of_namespaces_is_read():
    bare = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"><extensionElements>'
        b'<service xmlns="https://w3id.org/run-services/bpmn/1.0"><name lang="en">N</name></service>'
        b"</extensionElements></process></definitions>"
    )
    after = with_texts(bare, {("p", "name"): {"fr": "M"}})
    assert b'<name lang="en">N</name><name lang="fr">M</name>' in after


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    min_size=1,
)


@given(st.dictionaries(st.sampled_from(["en", "fr", "es"]), WORDS.filter(str.strip), min_size=1))
def test_any_text_is_read_back_as_it_was_written(words):
    before = diagram(TWO)
    after = with_texts(before, {("a", "title"): words})
    assert dict(of(after, "a", "title")) == {**of(before, "a", "title"), **words}
    others = [t for t in texts(before) if t.path != "title"]
    assert [t for t in texts(after) if t.path != "title"] == others


# names ------------------------------------------------------------------------------------------------

NAMED = b"""<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:run="https://w3id.org/run-services/bpmn/1.0">
  <b:process id="p">
    <b:extensionElements><run:service code="x" language="en"/></b:extensionElements>
    <b:startEvent id="s" name="Asked for"/>
    <b:sequenceFlow id="f" name='yes' vendor="name='no'" sourceRef="s" targetRef="g">
      <b:documentation>why</b:documentation>
      <b:conditionExpression>true</b:conditionExpression>
    </b:sequenceFlow>
    <b:exclusiveGateway id="g" name="Enough?"><b:extensionElements/></b:exclusiveGateway>
    <b:endEvent id="e" name="Done &quot;so&quot;"><b:extensionElements>
        <run:label><run:name lang="fr">Fini</run:name></run:label>
      </b:extensionElements></b:endEvent>
    <b:userTask id="t" name="Meet"><b:extensionElements><run:task><run:title lang="en">Meet</run:title></run:task>
      </b:extensionElements></b:userTask>
    <b:dataObject id="d" name="households"/>
  </b:process>
</b:definitions>
"""


def names(data):
    return {t.element: dict(t.texts) for t in texts(data) if t.is_name}


def test_names_are_texts_but_not_those_of_tasks_with_a_card_nor_of_data():
    assert names(NAMED) == {
        "s": {"en": "Asked for"}, "f": {"en": "yes"}, "g": {"en": "Enough?"}, "e": {"en": 'Done "so"', "fr": "Fini"},
    }  # fmt: skip
    assert all(t.path == "name" for t in texts(NAMED) if t.is_name)


def test_a_name_is_translated_whatever_stands_in_its_element_already():
    wanted = {(id_, "name"): {"fr": f"f {id_} <&", "es": f"e {id_}"} for id_ in names(NAMED)}
    after = with_texts(NAMED, wanted)
    assert names(after) == {
        element: {**words, **wanted[element, "name"]} for element, words in names(NAMED).items()
    }
    assert [t for t in texts(after) if not t.is_name] == [t for t in texts(NAMED) if not t.is_name]
    reading = read(after)
    assert {p.code for p in reading.problems} <= {"several-processes"}
    found = reading.definition.own_names()
    assert found["g"] == {"en": "Enough?", **wanted["g", "name"]}
    assert (b"<b:documentation>why</b:documentation>\n      <b:extensionElements>") in after
    assert with_texts(after, {("g", "name"): {"fr": "Assez ?"}}) == after.replace(
        b"f g &lt;&amp;", b"Assez ?"
    )


def test_a_name_in_the_language_of_the_service_is_the_attribute():
    after = with_texts(NAMED, {("f", "name"): {"en": "it's\n so"}, ("e", "name"): {"en": '"Over"'}})
    assert after == NAMED.replace(b"name='yes'", b"name='it&apos;s so'").replace(
        b"Done &quot;so&quot;", b"&quot;Over&quot;"
    )
    with pytest.raises(TextRefused):
        with_texts(NAMED, {("f", "name"): {"en": " "}})


def test_a_translation_of_a_name_brings_its_namespace_where_the_file_has_none():
    bare = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"><startEvent id="s" name="A"/>
</process></definitions>"""
    after = with_texts(bare, {("s", "name"): {"fr": "B"}})
    assert names(after) == {"s": {"en": "A", "fr": "B"}}
    assert read(after).definition.nodes["s"].names == {"en": "A", "fr": "B"}


def test_the_names_of_a_french_service_are_french():
    french = NAMED.replace(b'language="en"', b'language="fr"')
    assert names(french)["e"] == {"fr": 'Done "so"'}, (
        "the attribute counts, not a translation into its language"
    )
    assert names(with_texts(french, {("s", "name"): {"en": "Asked"}}))["s"] == {
        "fr": "Asked for",
        "en": "Asked",
    }


@pytest.mark.parametrize(
    "label",
    [
        "<run:label/>",
        "<run:label></run:label>",
        "<run:label>\n        </run:label>",
        '<run:label><run:name lang="en">Old</run:name></run:label>',
        '<label xmlns="https://w3id.org/run-services/bpmn/1.0" />',
    ],
)
def test_a_label_without_a_translation_is_filled_and_no_second_one_is_written(label):
    was = b'<run:label><run:name lang="fr">Fini</run:name></run:label>'
    assert was in NAMED
    after = with_texts(NAMED.replace(was, label.encode()), {("e", "name"): {"fr": "Fini", "es": "Hecho"}})
    assert names(after)["e"] == {"en": 'Done "so"', "fr": "Fini", "es": "Hecho"}
    assert after.count(b"</run:label>") + after.count(b"</label>") == 1
    assert {p.code for p in read(after).problems} <= {"several-processes"}
    assert read(after).definition.nodes["e"].names == names(after)["e"]


def test_a_translation_of_a_name_that_was_taken_out_can_be_put_back():
    without = with_texts(NAMED, {("e", "name"): {"fr": ""}})
    assert names(without)["e"] == {"en": 'Done "so"'}
    assert with_texts(without, {("e", "name"): {"fr": "Fini"}}) == NAMED


def one_line(text):
    return re.sub("[ \t\r\n]+", " ", text).strip()


@given(st.dictionaries(st.sampled_from(["en", "fr", "es"]), WORDS.filter(str.strip), min_size=1))
def test_any_name_is_read_back_in_one_line(words):
    after = names(with_texts(NAMED, {(id_, "name"): words for id_ in "sfge"}))
    for element, before in names(NAMED).items():
        assert after[element] == {**before, **{lang: one_line(text) for lang, text in words.items()}}
