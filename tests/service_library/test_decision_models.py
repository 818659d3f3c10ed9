"""A service package may hold decision models: checked with it, covered by its digest, compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service_library import decision_models
from service_library.compare import DecisionModelChange, compare
from service_library.library import load
from service_library.package import Assembly, ServicePackage, assemble, digest, manifest

SHIPPED = load("village_meeting", "1.0.0")


def model(name: str = "tariff", text: str = "40", namespace: str = "urn:tariff", more: str = "") -> bytes:
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" '
        f'namespace="{namespace}">{more}<decision id="{name}" name="{name}"><variable name="{name}"/>'
        f"<literalExpression><text>{text}</text></literalExpression></decision></definitions>"
    ).encode()


def assembled(**models: bytes) -> Assembly:
    return assemble(SHIPPED.bpmn, SHIPPED.form_sources, version="1.0.0", decision_sources=models)


def package(**models: bytes) -> ServicePackage:
    made = assembled(**models).package
    assert made is not None
    return made


def test_decisions_are_found_by_their_id() -> None:
    made = package(prices=model(), ages=model("age", "18", "urn:age"))
    assert set(made.decisions) == {"tariff", "age"}
    assert made.decisions["tariff"].evaluate() == 40


def test_a_package_without_decisions_has_the_digest_it_always_had() -> None:
    assert digest(package()) == digest(SHIPPED)
    assert b"decisions" not in manifest(SHIPPED)


def test_the_digest_covers_what_a_model_says_not_how_it_is_spelled() -> None:
    spelled = model().replace(b"><decision ", b" ><decision ")
    assert digest(package(prices=spelled)) == digest(package(prices=model()))
    assert digest(package(prices=model(text="41"))) != digest(package(prices=model()))
    assert digest(package(other=model())) != digest(package(prices=model()))


@pytest.mark.parametrize(
    ("models", "code", "place"),
    [
        ({"prices": b"no xml"}, "xml-malformed", "prices: 1:1"),
        ({"prices": model(text="1 +")}, "dmn-invalid-expression", "prices: tariff"),
        ({"prices": model(text="rural")}, "dmn-unknown-name", "prices: tariff"),
        ({"one": model(), "two": model(namespace="urn:two")}, "repeated-decision", "two: tariff"),
        ({"Bad name": model()}, "invalid-decision-reference", "Bad name"),
        ({f"m{n}": model(f"d{n}") for n in range(21)}, "too-many-decision-models", ""),
    ],
)
def test_a_model_with_mistakes_makes_no_package(models: dict[str, bytes], code: str, place: str) -> None:
    assembly = assembled(**models)
    assert assembly.package is None
    assert (code, place) in {(problem.code, problem.place) for problem in assembly.problems}


def test_every_decision_the_diagram_asks_is_there() -> None:
    made = package(prices=model())
    node_id, node = next(iter(made.definition.nodes.items()))
    for ref, codes in (("tariff", []), ("gone", ["decision-not-found"]), ("", [])):
        asking = replace(made.definition, nodes={node_id: replace(node, decision=ref)})
        assert [problem.code for problem in decision_models.check(asking, made.decisions)] == codes


def importing(name: str, other: str) -> str:
    return (
        f'<import namespace="urn:{other}" name="{other}" importType="x"/><decision id="{name}_2" name="{name}_2">'
        f'<informationRequirement><requiredDecision href="urn:{other}#{other}"/></informationRequirement>'
        f"<literalExpression><text>{other}.{other} + 1</text></literalExpression></decision>"
    )


def test_models_import_each_other_whatever_their_order() -> None:
    sources = {
        "a": model("a", "1", "urn:a", importing("a", "b")),
        "b": model("b", "2", "urn:b", importing("b", "c")),
        "c": model("c", "3", "urn:c"),
    }
    models, problems = decision_models.read(sources)
    assert not problems
    asked = decision_models.decisions_of(models)
    assert (asked["a_2"].evaluate(), asked["b_2"].evaluate()) == (3, 4)


def test_models_that_import_each_other_in_a_circle_are_told() -> None:
    sources = {
        "a": model("a", "1", "urn:a", importing("a", "b")),
        "b": model("b", "2", "urn:b", importing("b", "a")),
    }
    _, problems = decision_models.read(sources)
    assert {problem.code for problem in problems} >= {"dmn-unresolved-reference"}


def test_a_comparison_names_the_models_that_differ() -> None:
    old = package(kept=model("k"), gone=model("g"), other=model("o"))
    new = package(kept=model("k"), other=model("o", "41"), fresh=model("f"))
    found = compare(old, new)
    assert found.decisions == (
        DecisionModelChange("fresh", "added"),
        DecisionModelChange("gone", "removed"),
        DecisionModelChange("other", "changed"),
    )
    assert not found.is_same_service
    assert compare(old, old).is_same_service
