"""Starters: complete and runnable as they are, with another code and name."""

import pytest

from service_library import starters
from service_library.editing import with_form_version, with_identity
from service_library.errors import UnknownStarter
from service_library.package import assemble
from workflows.definitions.lint import lint
from workflows.definitions.model import LANGUAGES
from workflows.definitions.read import read


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_can_be_published_as_it_is(name):
    names = {"en": "My service", "fr": "Mon service", "es": "Mi servicio"}
    made = starters.make(name, code="my_service", names=names, version="3.2.1")
    assembly = assemble(made.bpmn, made.forms, version="3.2.1")
    assert assembly.problems == ()
    assert assembly.package is not None
    assert lint(assembly.package.definition, level="executable") == ()
    card = assembly.package.definition.service
    assert (card.code, card.name["fr"]) == ("my_service", "Mon service")
    assert set(card.name) == set(LANGUAGES)


def test_a_service_is_not_called_as_its_starter_in_the_languages_it_has_no_name_for():
    made = starters.make("single_delivery", code="well", names={"fr": "Le puits"}, version="1.0.0")
    found = read(made.bpmn).definition
    assert found is not None
    assert found.service.name == {"fr": "Le puits"}


def test_a_starter_begins_with_its_code_and_not_with_that_of_another():
    made = starters.make("two_skills", code="enquete", names={}, version="1.0.0")
    definition = read(made.bpmn).definition
    assert definition is not None
    assert definition.process_id == "enquete"
    assert {node.task.skill for node in definition.tasks()} == {"ENUM", "DATA"}


def test_a_starter_that_is_not_shipped_is_told():
    with pytest.raises(UnknownStarter):
        starters.make("../services", code="x", names={}, version="1.0.0")


def test_changing_the_version_changes_that_of_the_forms_only():
    before = starters.make("single_delivery", code="x", names={}, version="1.0.0").bpmn
    after = with_form_version(before, "1.1.0")
    assert after.replace(b'version="1.1.0"', b'version="1.0.0"') == before


def test_an_id_that_is_taken_is_not_given_to_the_process():
    bpmn = starters.load("single_delivery").bpmn
    found = read(with_identity(bpmn, code="deliver", names={}, version="1.0.0")).definition
    assert found is not None
    assert (found.service.code, found.process_id) == ("deliver", "starter")
