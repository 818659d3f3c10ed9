"""Comparing two versions shows what changed in diagram, texts, parameters and forms, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from service_library.compare import PackageComparison, compare
from service_library.library import load
from service_library.package import ServicePackage, assemble


@pytest.fixture(scope="module")
def upgrade() -> PackageComparison:
    """The version that asks 15 households instead of 20."""
    return compare(load("community_profile", "1.0.0"), load("community_profile", "1.1.0"))


def edited(
    *, diagram: Callable[[str], str] = str, ref: str = "survey", form: Callable[[str], str] = str
) -> ServicePackage:
    """Version 1.0.0 of the community profile with an edited diagram or form."""
    origin = load("community_profile", "1.0.0")
    sources = {**origin.form_sources, ref: form(origin.form_sources[ref].decode()).encode()}
    assembly = assemble(diagram(origin.bpmn.decode()).encode(), sources, version="1.0.0")
    assert assembly.package is not None, [each.text() for each in assembly.problems]
    return assembly.package


def replacing(before: str, after: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    return edit


def changes_of(comparison: PackageComparison, ref: str) -> list[tuple[str, str, str, str]]:
    (form,) = (each for each in comparison.forms if each.ref == ref)
    return [(each.path, each.part, each.language, each.kind) for each in form.changes]


def test_a_package_does_not_differ_from_itself() -> None:
    same = compare(load("village_meeting", "1.0.0"), load("village_meeting", "1.0.0"))
    assert same.is_same_service
    assert same.stale == ()


def test_the_upgrade_leaves_the_drawing_as_it_is(upgrade: PackageComparison) -> None:
    diagram = upgrade.definition
    assert diagram.added_nodes + diagram.removed_nodes + diagram.added_flows + diagram.removed_flows == ()
    assert diagram.moved == ()


def test_the_upgrade_changes_exactly_these_texts_and_numbers(upgrade: PackageComparison) -> None:
    assert {(each.element, each.path) for each in upgrade.definition.changes} == {
        ("community_profile", "service.parameters[households].default"),
        ("community_profile", "service.parameters[households].minimum"),
        ("announce", "task.activities[announce_notice].label"),
        ("hold_meeting", "task.instructions"),
        ("survey", "task.outcome"),
        ("survey", "task.instructions"),
        ("survey", "task.criteria[survey_c1].label"),
        ("survey", "task.evidence[survey_places].min"),
    }


def test_the_upgrade_changes_the_number_of_households(upgrade: PackageComparison) -> None:
    assert [(each.path.rpartition(".")[2], int(each.old), int(each.new)) for each in upgrade.parameters] == [
        ("default", 20, 15),
        ("minimum", 20, 15),
    ]


def test_the_upgrade_moves_an_activity(upgrade: PackageComparison) -> None:
    (moved,) = upgrade.reordered
    assert moved.element == "announce"
    assert moved.before == ("announce_date", "announce_call", "announce_notice")
    assert moved.after == ("announce_date", "announce_notice", "announce_call")


def test_the_upgrade_changes_the_threshold_of_the_forms(upgrade: PackageComparison) -> None:
    assert [form.ref for form in upgrade.forms] == ["request", "survey", "enter_data"]
    (survey,) = (each for each in upgrade.forms if each.ref == "survey")
    rules = {
        (each.path, each.part): (each.before, each.after) for each in survey.changes if not each.language
    }
    agreed = "/submission/households"
    assert rules == {
        ("households", "default"): ("20", "15"),
        ("households", "constraint"): (". >= 20", ". >= 15"),
        ("households_interviewed", "constraint"): (
            f". >= 20 and . >= {agreed}",
            f". >= 15 and . >= {agreed}",
        ),
    }
    assert {each.language for each in survey.changes if each.part == "constraint_message"} == {
        "en",
        "fr",
        "es",
    }


def test_no_translation_of_the_upgrade_lags(upgrade: PackageComparison) -> None:
    assert upgrade.stale == ()


def test_that_forms_follow_the_version_of_their_service_is_no_change(upgrade: PackageComparison) -> None:
    assert not [each for each in upgrade.definition.changes if "forms[" in each.path]


def test_the_comparison_is_plain_json(upgrade: PackageComparison) -> None:
    written = upgrade.as_json()
    assert json.loads(json.dumps(written)) == written
    assert (written["old_version"], written["new_version"]) == ("1.0.0", "1.1.0")
    assert written["parameters"][0] == {
        "kind": "service",
        "element": "community_profile",
        "path": "service.parameters[households].default",
        "language": "",
        "old": "20",
        "new": "15",
    }


def test_a_translation_of_the_diagram_that_did_not_follow_lags() -> None:
    new = edited(diagram=replacing(">Draw the map of the village<", ">Draw a map of the whole village<"))
    stale = compare(load("community_profile", "1.0.0"), new).stale
    assert {(each.place, each.language) for each in stale} == {
        ("write_profile", "fr"),
        ("write_profile", "es"),
    }


def test_a_translation_of_a_form_that_did_not_follow_lags() -> None:
    new = edited(
        form=replacing("How many people live in the household?", "How many people sleep in the house?")
    )
    comparison = compare(load("community_profile", "1.0.0"), new)
    assert changes_of(comparison, "survey") == [("household/size", "label", "en", "changed")]
    assert [(each.place, each.field, each.language) for each in comparison.stale] == [
        ("survey: household/size", "label", "fr"),
        ("survey: household/size", "label", "es"),
    ]


def test_a_corrected_translation_lags_nowhere() -> None:
    new = edited(
        form=replacing("Combien de personnes vivent dans le ménage", "Combien de gens vivent au ménage")
    )
    comparison = compare(load("community_profile", "1.0.0"), new)
    assert changes_of(comparison, "survey") == [("household/size", "label", "fr", "changed")]
    assert comparison.stale == ()


def test_a_removed_question_is_told_once_with_its_label() -> None:
    def without_remarks(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if "| remarks |" not in line)

    old = load("community_profile", "1.0.0")
    comparison = compare(old, edited(form=without_remarks))
    assert changes_of(comparison, "survey") == [("remarks", "question", "", "removed")]
    back = compare(edited(form=without_remarks), old)
    assert changes_of(back, "survey") == [("remarks", "question", "", "added")]
    assert back.forms[0].changes[0].after == "Remarks for the data analyst"


def test_a_new_choice_and_a_changed_filter_are_shown() -> None:
    new = edited(
        form=lambda text: replacing(
            "| crop | none |", "| crop | rice | Rice | Riz | Arroz |  |\n| | crop | none |"
        )(replacing("protected = ${water_protected}", "protected != ${water_protected}")(text))
    )
    changed = changes_of(compare(load("community_profile", "1.0.0"), new), "survey")
    assert ("household/water_source", "choice_filter", "", "changed") in changed
    assert {each for each in changed if "choice rice" in each} == {
        ("household/fields", "choice rice", language, "added") for language in ("en", "fr", "es")
    }


def test_a_rule_that_is_gone_is_shown() -> None:
    new = edited(ref="announce", form=replacing(". >= 2 and . <= 20", ". >= 1"))
    (form,) = compare(load("community_profile", "1.0.0"), new).forms
    assert [(each.part, each.before, each.after) for each in form.changes] == [
        ("constraint", ". >= 2 and . <= 20", ". >= 1")
    ]
