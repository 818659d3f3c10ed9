"""A comparison names every change once, with both values, and the translations that lag."""

from decimal import Decimal

from workflows.definitions.compare import FieldChange, StaleText, compare
from workflows.definitions.read import read

MODEL = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
RUN = 'xmlns:run="https://w3id.org/run-services/bpmn/1.0"'
DI = 'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
TITLES = {"en": "Survey", "fr": "Enquête", "es": "Encuesta"}


def titles(**texts):
    return "".join(f'<run:title lang="{code}">{text}</run:title>' for code, text in texts.items())


def definition(card="", *, service="", nodes="", x=10):
    process = (
        f"<extensionElements>{service}</extensionElements>"
        f'<userTask id="t" name="T"><extensionElements><run:task skill="FAC">{card}</run:task>'
        f"</extensionElements></userTask>{nodes}"
    )
    shape = f'<di:BPMNShape bpmnElement="t"><dc:Bounds x="{x}" y="1" width="2" height="2"/></di:BPMNShape>'
    text = f'<definitions {MODEL} {RUN} {DI}><process id="p">{process}</process>{shape}</definitions>'
    found = read(text.encode())
    assert found.problems == ()
    return found.definition


def test_a_definition_differs_in_nothing_from_itself():
    found = compare(definition(titles(**TITLES)), definition(titles(**TITLES)))
    assert found.is_same_service
    assert found.moved == ()
    assert found.stale == ()


def test_nodes_and_flows_are_added_and_removed():
    more = '<task id="u"/><sequenceFlow id="f" sourceRef="t" targetRef="u"/>'
    found = compare(definition(), definition(nodes=more))
    assert (found.added_nodes, found.added_flows, found.changes) == (("u",), ("f",), ())
    back = compare(definition(nodes=more), definition())
    assert (back.removed_nodes, back.removed_flows) == (("u",), ("f",))


def test_a_changed_field_has_its_path_and_both_values():
    expense = '<run:expense id="rice" item="RICE"><run:quantity>{}</run:quantity></run:expense>'
    found = compare(definition(expense.format("20")), definition(expense.format("15")))
    assert found.changes == (FieldChange("node", "t", "task.expenses[rice].quantity", "20", "15"),)
    assert found.changed_nodes == ("t",)


def test_the_order_of_the_parts_of_a_card_is_no_change():
    one, other = ('<run:activity id="a"/>', '<run:activity id="b"/>')
    assert compare(definition(one + other), definition(other + one)).is_same_service


def test_parameters_of_the_service_are_compared():
    service = '<run:service><run:parameter id="n" default="{}"/></run:service>'
    found = compare(definition(service=service.format(20)), definition(service=service.format(15)))
    assert found.changes == (
        FieldChange("service", "p", "service.parameters[n].default", Decimal(20), Decimal(15)),
    )


def test_texts_are_compared_by_language():
    found = compare(definition(titles(**TITLES)), definition(titles(**{**TITLES, "fr": "Sondage"})))
    assert found.changes == (FieldChange("node", "t", "task.title", "Enquête", "Sondage", "fr"),)
    assert found.stale == ()


def test_a_translation_lags_when_only_its_source_changed():
    new = definition(titles(en="Census", fr="Recensement", es="Encuesta"))
    found = compare(definition(titles(**TITLES)), new)
    assert found.stale == (StaleText("t", "task.title", "es"),)


def test_a_missing_translation_of_a_new_or_changed_text_lags():
    found = compare(definition(titles(en="Survey")), definition(titles(en="Census")))
    assert {text.language for text in found.stale} == {"fr", "es"}
    card = f"<extensionElements><run:task>{titles(en='New', fr='Neuf')}</run:task></extensionElements>"
    found = compare(definition(), definition(nodes=f'<userTask id="u">{card}</userTask>'))
    assert found.stale == (StaleText("u", "task.title", "es"),)


def test_a_shape_that_moved_is_no_change_of_the_service():
    found = compare(definition(x=10), definition(x=300))
    assert found.moved == ("t",)
    assert found.is_same_service


def test_a_card_that_appears_is_all_new_fields():
    old = read(
        f'<definitions {MODEL}><process id="p"><userTask id="t" name="T"/></process></definitions>'.encode()
    )
    found = compare(old.definition, definition(titles(en="Survey")))
    assert FieldChange("node", "t", "task.title", None, "Survey", "en") in found.changes


def gate(name, **translated):
    names = "".join(f'<run:name lang="{code}">{text}</run:name>' for code, text in translated.items())
    extension = f"<extensionElements><run:label>{names}</run:label></extensionElements>"
    return definition(nodes=f'<exclusiveGateway id="g" name="{name}">{extension}</exclusiveGateway>')


def test_a_name_is_compared_by_language_and_its_translations_lag():
    found = compare(gate("Enough?", fr="Assez ?"), gate("Quorum?", fr="Assez ?"))
    assert found.changes == (FieldChange("node", "g", "names", "Enough?", "Quorum?", "en"),)
    assert found.stale == (StaleText("g", "names", "fr"), StaleText("g", "names", "es"))
    followed = compare(gate("Enough?", fr="Assez ?"), gate("Quorum?", fr="Quorum ?", es="¿Quórum?"))
    assert [each.language for each in followed.changes] == ["en", "fr", "es"]
    assert followed.stale == ()


def test_a_name_that_nobody_has_begun_to_translate_lags_nowhere():
    assert compare(gate("Enough?"), gate("Quorum?")).stale == ()
