"""Diagram and forms are assembled together; every mistake between them is told at once, with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from service_library.library import load
from service_library.package import Assembly, ServicePackage, assemble, digest, form_id, manifest

LABELS = "label::English (en) | label::Français (fr) | label::Español (es)"


def form(*rows: str, header: str = f"type | name | {LABELS}", choices: str = "") -> bytes:
    lines = ["| survey |", f"| | {header} |", *(f"| | {row} |" for row in rows)]
    return ("\n".join(lines) + "\n" + choices).encode()


SIMPLE_FORM = form("text | wish | Wish | Souhait | Deseo")
PICTURE = "image | picture | Photo | Photo | Foto | max-pixels=1280"
WITH_PICTURE = f"type | name | {LABELS} | parameters"
RESPONSE = form("integer | present_adults | Adults | Adultes | Adultos", PICTURE, header=WITH_PICTURE)


def diagram(
    *,
    service_forms: str = '<run:form role="request" ref="request" version="1.0.0"/>'
    '<run:form role="evaluation" ref="evaluation" version="1.0.0"/>',
    task_forms: str = '<run:form role="response" ref="meet" version="1.0.0"/>',
    evidence: str = '<run:evidence id="e" kind="photo" field="picture" criteria="c"/>',
    condition: str = "present_adults &gt;= quorum",
    code: str = "talk",
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:run="https://w3id.org/run-services/bpmn/1.0" id="d" targetNamespace="urn:test">
  <bpmn:process id="talk" name="Talk" isExecutable="true">
    <bpmn:extensionElements><run:service code="{code}">
      <run:name lang="en">Talk</run:name>
      <run:parameter id="quorum" default="40"/>
      {service_forms}
    </run:service></bpmn:extensionElements>
    <bpmn:startEvent id="start"/>
    <bpmn:userTask id="meet" name="Meet"><bpmn:extensionElements><run:task skill="FAC">
      <run:title lang="en">Meet</run:title>
      <run:criterion id="c"><run:label lang="en">Done</run:label></run:criterion>
      {evidence}{task_forms}
    </run:task></bpmn:extensionElements></bpmn:userTask>
    <bpmn:exclusiveGateway id="enough" default="again"/>
    <bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="meet"/>
    <bpmn:sequenceFlow id="f2" sourceRef="meet" targetRef="enough"/>
    <bpmn:sequenceFlow id="again" sourceRef="enough" targetRef="meet"/>
    <bpmn:sequenceFlow id="on" sourceRef="enough" targetRef="end">
      <bpmn:conditionExpression>{condition}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
  </bpmn:process>
</bpmn:definitions>""".encode()


FORMS: Mapping[str, bytes] = {"request": SIMPLE_FORM, "evaluation": SIMPLE_FORM, "meet": RESPONSE}


def assembled(
    bpmn: bytes | None = None, forms: Mapping[str, bytes] = FORMS, version: str = "1.0.0"
) -> Assembly:
    return assemble(bpmn if bpmn is not None else diagram(), forms, version=version)


def package(bpmn: bytes | None = None, forms: Mapping[str, bytes] = FORMS) -> ServicePackage:
    assembly = assembled(bpmn, forms)
    assert assembly.package is not None, [each.text() for each in assembly.problems]
    return assembly.package


def found(assembly: Assembly) -> set[tuple[str, str]]:
    return {(each.code, each.place) for each in assembly.problems}


def test_diagram_and_forms_that_fit_make_a_package() -> None:
    assembly = assembled()
    assert assembly.problems == ()
    assert assembly.package is not None
    assert assembly.package.code == "talk"
    assert assembly.package.forms["meet"].form_id == form_id("talk", "meet") == "talk-meet"
    assert assembly.package.forms["meet"].version == "1.0.0"
    assert assembly.package.form_sources["meet"] == RESPONSE


@pytest.mark.parametrize(("encoding", "declared"), [("cp1252", "windows-1252"), ("utf-16", "UTF-16")])
def test_files_of_older_tools_are_kept_as_utf_8(encoding: str, declared: str) -> None:
    model = (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" '
        'id="m" name="m" namespace="urn:m"><decision id="tarif" name="tarif"><literalExpression><text>"été"</text>'
        "</literalExpression></decision></definitions>"
    )

    def made(encoding: str, declared: str) -> ServicePackage:
        bpmn, decisions = (
            text.replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding)
            for text in (diagram().decode().replace('lang="en">Talk', 'lang="en">Été'), model)
        )
        forms = {"request": SIMPLE_FORM, "meet": RESPONSE, "evaluation": SIMPLE_FORM}
        package = assemble(bpmn, forms, version="1.0.0", decision_sources={"tarifs": decisions}).package
        assert package is not None
        return package

    expected, package = made("utf-8", "UTF-8"), made(encoding, declared)
    assert (package.bpmn, package.decision_sources) == (expected.bpmn, expected.decision_sources)
    assert digest(package) == digest(expected)


def test_the_forms_of_a_package_cannot_be_exchanged() -> None:
    with pytest.raises(TypeError):
        package().forms["meet"] = package().forms["request"]  # type: ignore[index]


@pytest.mark.parametrize("bpmn", [b"", b"<a/>", b"PK\x03\x04", b"\xff\xfe", b"<!DOCTYPE a><a/>"])
def test_what_is_no_diagram_is_told(bpmn: bytes) -> None:
    assembly = assembled(bpmn)
    assert assembly.package is None
    assert assembly.problems


@pytest.mark.parametrize(
    "version", ["", "1", "1.0", "01.0.0", "1.0.0\n", "1.0.0-beta", "../1.0.0", "1.0.9999999"]
)
def test_a_version_is_three_numbers(version: str) -> None:
    assembly = assembled(version=version)
    assert assembly.package is None
    assert "invalid-version" in {each.code for each in assembly.problems}


@pytest.mark.parametrize("code", ["", "Talk", "talk-1", "../talk", "é", "a" * 65])
def test_the_code_of_a_service_is_plain(code: str) -> None:
    assert ("invalid-service-code", "talk") in found(assembled(diagram(code=code)))


def test_a_form_that_is_not_there_is_told_where_it_is_used() -> None:
    assembly = assembled(forms={"request": SIMPLE_FORM, "evaluation": SIMPLE_FORM})
    assert found(assembly) == {("form-not-found", "meet")}
    assert assembly.package is None


def test_a_form_nobody_uses_is_a_warning() -> None:
    assembly = assembled(forms={**FORMS, "other": SIMPLE_FORM})
    assert found(assembly) == {("unused-form", "other")}
    assert assembly.package is not None
    assert "other" not in assembly.package.form_sources


def test_a_form_has_the_version_of_its_service() -> None:
    other = '<run:form role="response" ref="meet" version="0.9.0"/>'
    assert ("form-version-differs", "meet") in found(assembled(diagram(task_forms=other)))


@pytest.mark.parametrize("ref", ["../meet", "Meet", "a b", ""])
def test_a_reference_to_a_form_is_plain(ref: str) -> None:
    task_forms = f'<run:form role="response" ref="{ref}" version="1.0.0"/>'
    assert assembled(diagram(task_forms=task_forms), {**FORMS, ref: RESPONSE}).package is None


def test_the_mistakes_of_a_form_name_the_form() -> None:
    assembly = assembled(forms={**FORMS, "meet": form("text | | A | A | A")})
    assert assembly.package is None
    assert all(each.place.startswith("meet: sheet survey, row 2") for each in assembly.problems)


def test_mistakes_of_several_forms_are_told_at_once() -> None:
    assembly = assembled(forms={"request": b"nothing", "evaluation": b"\xff", "meet": RESPONSE})
    assert {each.place for each in assembly.problems} >= {"request", "evaluation"}


@pytest.mark.parametrize("role", ["request", "evaluation"])
def test_a_service_needs_one_request_and_one_evaluation_form(role: str) -> None:
    other = "evaluation" if role == "request" else "request"
    one = f'<run:form role="{other}" ref="{other}" version="1.0.0"/>'
    assert ("service-form-count", "talk") in found(assembled(diagram(service_forms=one)))


def test_a_response_form_stands_on_a_task() -> None:
    on_service = (
        '<run:form role="request" ref="request" version="1.0.0"/>'
        '<run:form role="evaluation" ref="evaluation" version="1.0.0"/>'
        '<run:form role="response" ref="meet" version="1.0.0"/>'
    )
    assert ("misplaced-form", "talk") in found(assembled(diagram(service_forms=on_service)))


def test_a_form_has_one_role() -> None:
    same = (
        '<run:form role="request" ref="request" version="1.0.0"/>'
        '<run:form role="evaluation" ref="request" version="1.0.0"/>'
    )
    assert ("form-in-two-roles", "talk") in found(assembled(diagram(service_forms=same)))


def test_evidence_is_asked_for_by_the_response_form() -> None:
    absent = '<run:evidence id="e" kind="photo" field="portrait" criteria="c"/>'
    assert found(assembled(diagram(evidence=absent))) == {("evidence-without-question", "meet")}


@pytest.mark.parametrize(
    ("kind", "field", "fits"),
    [
        ("photo", "picture", True),
        ("document", "picture", True),
        ("form", "present_adults", True),
        ("form", "", True),
        ("photo", "", True),
        ("photo", "present_adults", False),
        ("gps_point", "picture", False),
        ("gps_point", "", False),
        ("audio", "picture", False),
    ],
)
def test_evidence_is_in_a_question_that_can_hold_it(kind: str, field: str, fits: bool) -> None:
    evidence = f'<run:evidence id="e" kind="{kind}" field="{field}" criteria="c"/>'
    problems = found(assembled(diagram(evidence=evidence)))
    assert problems == (set() if fits else {("evidence-of-other-type", "meet")})


def test_a_condition_uses_what_forms_and_parameters_give() -> None:
    assert found(assembled(diagram(condition="guests &gt; quorum"))) == {("unknown-condition-name", "on")}


def test_a_condition_does_not_reach_into_a_repeat() -> None:
    within = form(
        "begin_repeat | house | House | Maison | Casa",
        "integer | present_adults | Adults | Adultes | Adultos",
        "end_repeat | | | | ",
        PICTURE,
        header=WITH_PICTURE,
    )
    assert found(assembled(forms={**FORMS, "meet": within})) == {("unknown-condition-name", "on")}
    counted = diagram(condition="count(house) &gt; quorum")
    assert found(assembled(counted, {**FORMS, "meet": within})) == set()


def test_an_answer_cannot_change_a_parameter() -> None:
    hiding = form(
        "integer | present_adults | Adults | Adultes | Adultos",
        "integer | quorum | Quorum | Quorum | Quórum",
        PICTURE,
        header=WITH_PICTURE,
    )
    assert found(assembled(forms={**FORMS, "meet": hiding})) == {("question-hides-parameter", "meet: quorum")}


def test_a_form_speaks_every_language() -> None:
    english = form("text | wish | Wish", header="type | name | label::English (en)")
    problems = assembled(forms={**FORMS, "request": english}).problems
    (missing,) = (each for each in problems if each.code == "missing-form-translation")
    assert missing.place == "request: /submission/wish"
    assert missing.params["languages"] == "fr, es"


def test_a_rule_says_in_every_language_what_is_wrong() -> None:
    silent = form("integer | n | N | N | N | . > 0", header=f"type | name | {LABELS} | constraint")
    problems = assembled(forms={**FORMS, "request": silent}).problems
    missing = [each for each in problems if each.code == "missing-form-translation"]
    assert [(each.place, each.params["column"]) for each in missing] == [
        ("request: /submission/n", "constraint_message")
    ]


def test_choices_are_translated() -> None:
    choices = (
        "| choices |\n"
        "| | list_name | name | label::English (en) | label::Français (fr) | label::Español (es) |\n"
        "| | yes_no | yes | Yes | Oui | |\n"
    )
    asked = form("select_one yes_no | ok | OK? | OK ? | ¿OK?", choices=choices)
    problems = assembled(forms={**FORMS, "request": asked}).problems
    assert ("missing-form-translation", "request: /submission/ok, yes") in {
        (p.code, p.place) for p in problems
    }


def test_the_digest_is_the_sha256_of_the_manifest() -> None:
    made = package()
    lines = manifest(made).decode().splitlines()
    assert lines[:3] == ["run-service-package 1", "service talk", "version 1.0.0"]
    assert [line.split()[1] for line in lines[4:]] == ["evaluation", "meet", "request"]
    assert digest(made) == hashlib.sha256(manifest(made)).hexdigest()


def test_how_a_diagram_is_spelled_does_not_change_the_digest() -> None:
    respelled = (
        diagram()
        .replace(b"\n      ", b"\n\t\t")
        .replace(b'id="d" targetNamespace="urn:test"', b'targetNamespace="urn:test"   id="d"')
    )
    assert respelled != diagram()
    assert digest(package(respelled)) == digest(package())


def test_the_order_of_the_form_files_does_not_change_the_digest() -> None:
    assert digest(package(forms=dict(reversed(FORMS.items())))) == digest(package())


def test_a_changed_text_changes_the_digest() -> None:
    other = diagram().replace(b'<run:title lang="en">Meet<', b'<run:title lang="en">Meet!<')
    assert digest(package(other)) != digest(package())
    reworded = {**FORMS, "meet": RESPONSE.replace(b"Adultes", b"Les adultes")}
    assert digest(package(forms=reworded)) != digest(package())


def test_the_digests_of_published_services_never_change() -> None:
    """A published version is immutable: when this fails, restore the files and publish a new version."""
    digests = {
        ("community_profile", "1.0.0"): "36b453164a6f6053193f0afbf65013eaf8c6588e5cc81e0405578aab7fd215a6",
        ("community_profile", "1.1.0"): "95ac0f2a002f06d8ebf7b6fd8395e0121d43afbd662c0331a39a4c50aa01a1f0",
        ("village_meeting", "1.0.0"): "3eb13fbb67ba7d292f9b14c4ce08973f9756131b5e8db6d0190a108e26956f1e",
    }
    assert {key: digest(load(*key)) for key in digests} == digests
