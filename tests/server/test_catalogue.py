"""Publishing: a broken service stores nothing, a published one never changes."""

import pytest
from sqlalchemy import text

from server.catalogue import service as catalogue
from server.catalogue.service import VersionExists
from server.errors import Forbidden, NotFound
from service_library import library
from workflows.errors import InvalidInput

SHIPPED = library.load("community_profile", "1.0.0")


def publish(world, bpmn=SHIPPED.bpmn, forms=SHIPPED.form_sources, version="1.0.0", who="expert"):
    return world.run(who, catalogue.publish, bpmn, forms, version=version)


def counts(world):
    with world.runtime.engine.connect() as connection:
        return [
            connection.scalar(text(f"SELECT count(*) FROM {t}"))
            for t in ("service_version", "service_form", "journal")
        ]


def test_publishing_the_same_again_gives_the_version_back(world):
    before = counts(world)
    assert publish(world).id == world.version_id
    assert counts(world) == before


def test_the_same_diagram_typed_otherwise_is_the_same_version(world):
    respelled = SHIPPED.bpmn.replace(b"\n", b"\n\n", 3)
    assert respelled != SHIPPED.bpmn
    assert publish(world, respelled).id == world.version_id


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'name="Announce the meeting"', b'name="Announce the meetings"'), (b'maxRework="2"', b'maxRework="9"')],
)
def test_other_content_under_a_taken_version_is_refused(world, old, new):
    changed = SHIPPED.bpmn.replace(old, new)
    assert changed != SHIPPED.bpmn
    before = counts(world)
    with pytest.raises(VersionExists):
        publish(world, changed)
    assert counts(world) == before


def test_another_form_under_a_taken_version_is_refused(world):
    forms = dict(SHIPPED.form_sources)
    forms["announce"] = forms["announce"].replace(b". >= 2 and . <= 20", b". >= 3 and . <= 20")
    assert forms != SHIPPED.form_sources
    with pytest.raises(VersionExists):
        publish(world, forms=forms)


BROKEN = {
    "empty": b"",
    "not XML": b"hello",
    "cut off": SHIPPED.bpmn[:5000],
    "an entity bomb": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "another language": b"<html></html>",
    "a flow to nowhere": SHIPPED.bpmn.replace(b'targetRef="survey"', b'targetRef="nowhere"'),
    "a script": SHIPPED.bpmn.replace(b"present_adults &gt;= quorum", b"__import__('os')"),
    "a form that is not there": SHIPPED.bpmn.replace(b'ref="announce"', b'ref="unknown"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_diagram_is_refused_with_its_problems_and_stores_nothing(world, name):
    before = counts(world)
    with pytest.raises(InvalidInput) as refused:
        publish(world, BROKEN[name])
    assert refused.value.problems
    assert all(p.text() for p in refused.value.problems)
    assert counts(world) == before


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-beta", "1.0.0\n"])
def test_what_is_no_version_is_refused(world, version):
    with pytest.raises(InvalidInput):
        publish(world, version=version)


def test_a_new_version_stands_beside_the_old_one(world):
    newer = library.load("community_profile", "1.1.0")
    row = publish(world, newer.bpmn, newer.form_sources, "1.1.0")
    assert world.read(catalogue.find_version, "community_profile").id == row.id
    assert world.read(catalogue.find_version, "community_profile", "1.0.0").id == world.version_id
    assert {v.version for v in world.read(catalogue.versions, "community_profile")} == {"1.0.0", "1.1.0"}
    assert world.read(catalogue.package, world.version_id).version == "1.0.0"
    assert world.read(catalogue.form, "community_profile-survey", "1.0.0") is not None
    with pytest.raises(NotFound):
        world.read(catalogue.find_version, "community_profile", "9.9.9")


def test_only_experts_publish(world):
    for who in (
        "coordinator",
        "verifier",
        "finance",
        "approver",
        "auditor",
        "administrator",
        world.members[0],
    ):
        with pytest.raises(Forbidden):
            publish(world, version="2.0.0", who=who)


def test_four_publishing_at_once_make_one_version(world, race):
    newer = library.load("community_profile", "1.1.0")
    done = race(4, lambda _: publish(world, newer.bpmn, newer.form_sources, "1.1.0"))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert len({d.id for d in done}) == 1


DECISION = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="tariff" namespace="t">'
    b'<decision id="tariff" name="tariff"><variable name="tariff"/>'
    b"<literalExpression><text>40</text></literalExpression></decision></definitions>"
)
NEXT = (
    SHIPPED.bpmn.replace(b'version="1.0.0"', b'version="9.0.0"'),
    {ref: source.replace(b"1.0.0", b"9.0.0") for ref, source in SHIPPED.form_sources.items()},
)


def test_a_version_keeps_its_decision_models(world):
    row = world.run(
        "expert", catalogue.publish, *NEXT, version="9.0.0", decision_sources={"tariff": DECISION},
    )  # fmt: skip
    catalogue.forget(row.digest)
    package = world.run("expert", catalogue.package, row.id)
    assert package.decision_sources == {"tariff": DECISION}
    assert package.decisions["tariff"].evaluate() == 40


def test_a_decision_model_that_cannot_be_read_is_not_published(world):
    with pytest.raises(InvalidInput) as refused:
        world.run(
            "expert", catalogue.publish, *NEXT, version="9.0.0", decision_sources={"tariff": b"<nothing/>"},
        )  # fmt: skip
    assert {problem.code for problem in refused.value.problems} == {"not-dmn"}
