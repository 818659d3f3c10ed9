"""The declaration, the reader and the XSD say the same."""

import pytest
from lxml import etree

from workflows.definitions import model
from workflows.schema.descriptor import FAMILY, descriptor
from workflows.schema.xsd import generate

RUN = 'xmlns="https://w3id.org/run-services/bpmn/1.0"'
GOOD = f"""<task {RUN} skill="FAC" deadlineDays="5"><title lang="en">x</title><title lang="fr">y</title>
<form role="response" ref="visit" version="1"/><evidence id="e" kind="photo" mandatory="false"/>
<honorarium item="FEE"><quantity>1.5</quantity></honorarium><title lang="es">z</title></task>"""


@pytest.fixture(scope="module")
def schema():
    return etree.XMLSchema(etree.fromstring(generate()))


def test_a_good_document_is_valid(schema):
    schema.assertValid(etree.ElementTree(etree.fromstring(GOOD)))


@pytest.mark.parametrize(
    "text",
    [
        f'<operation {RUN} ref="notify" result="answer"><payload>{{to: village}}</payload></operation>',
        f'<decision {RUN} ref="grade" result="grade"/>',
        f'<message {RUN} key="village"><payload>{{n: 1}}</payload></message>',
    ],
)
def test_what_tasks_and_messages_name_is_valid(schema, text):
    schema.assertValid(etree.ElementTree(etree.fromstring(text)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind="photo"', 'kind="selfie"'),
        ('deadlineDays="5"', 'deadlineDays="soon"'),
        ('lang="en"', ""),
        ('mandatory="false"', 'mandatory="perhaps"'),
        ("<title", "<novelty/><title"),
        ('skill="FAC"', 'novelty="1"'),
        ("<quantity>1.5</quantity>", "<quantity><b/></quantity>"),
    ],
)
def test_a_bad_document_is_not_valid(schema, old, new):
    assert old in GOOD
    assert not schema.validate(etree.ElementTree(etree.fromstring(GOOD.replace(old, new, 1))))


def test_the_schema_is_the_same_each_time():
    assert generate() == generate()


def test_the_namespace_belongs_to_the_family():
    assert descriptor().uri.startswith(FAMILY)


@pytest.mark.parametrize(
    ("enumeration", "literal"),
    [
        ("EvidenceKind", model.EvidenceKind),
        ("Procurement", model.Procurement),
        ("Charge", model.Charge),
        ("Rework", model.Rework),
        ("FormRole", model.FormRole),
        ("VerificationPolicy", model.VerificationPolicy),
    ],
)
def test_the_declaration_and_the_model_name_the_same_values(enumeration, literal):
    assert descriptor().enumerations[enumeration] == literal.__args__
