"""Moving running instances to another version of their definition."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from tests.engine_runs import (
    NOW,
    boundary,
    chain,
    element,
    end,
    error,
    event_sub_process,
    flow,
    many,
    message,
    program,
    run,
    script,
    start,
    sub_process,
    timer,
    users,
)
from workflows import engine
from workflows.definitions.read import read
from workflows.engine import Instance, Migration, migrate

PLAIN = (start(), users("a", "b", "c"), end(), chain("s", "a", "b", "c", "e"))


class Case:
    """An instance of an older version that went through some tasks."""

    def __init__(self, *elements: str, done: Collection[str] = (), **data: object) -> None:
        self.old = program(*elements)
        self.instance = Instance.new(self.old, data, now=NOW)
        self.finished: set[str] = set()
        self.note(self.instance.start(NOW))
        for node_id in done:
            self.complete(node_id)

    def complete(self, node_id: str, **data: object) -> None:
        task_id = next(item.task_id for item in self.instance.ready if item.node_id == node_id)
        self.note(self.instance.complete(task_id, data, NOW))

    def note(self, changes: engine.Changes) -> None:
        """Remember where it has been, as the history does."""
        pending = True
        while pending:
            for event in changes.events:
                if isinstance(event, engine.FlowTaken):
                    self.finished.add(self.instance.program.definition.flows[event.flow_id].source)
                elif isinstance(event, (engine.TaskCompleted, engine.EventOccurred)):
                    self.finished.add(event.node_id)
            pending = changes.pending
            if pending:
                changes = self.instance.proceed(NOW)

    def to(self, *elements: str) -> Migration:
        self.new = program(*elements)
        before = self.instance.records()
        found = migrate(before, self.old, self.new, self.finished)
        assert self.instance.records() == before, "a trial changes nothing"
        assert (found.records is None) == any(each.severity == "error" for each in found.problems)
        return found

    def moved(self, *elements: str) -> Instance:
        """The instance after it, from its rows."""
        found = self.to(*elements)
        assert found.records is not None, found.problems
        self.instance = Instance.load(self.new, found.records, now=NOW)
        assert self.instance.records().tasks == tuple(sorted(found.records.tasks, key=lambda row: row.order))
        return self.instance

    @property
    def ready(self) -> list[str]:
        return [item.node_id for item in self.instance.ready]


def said(found: Migration) -> set[tuple[str, str]]:
    for problem in found.problems:
        assert problem.text()
    return {(problem.code.removeprefix("migration-"), problem.place) for problem in found.problems}


# What may change


def test_what_lies_ahead_may_change() -> None:
    case = Case(*PLAIN, done="a")
    before = [item.task_id for item in case.instance.ready]
    case.moved(start(), users("a", "b", "x", "y"), end(), chain("s", "a", "b", "x", "y", "e"))
    assert [item.task_id for item in case.instance.ready] == before
    for node_id in ("b", "x", "y"):
        assert case.ready == [node_id]
        case.complete(node_id)
    assert case.instance.status == "completed"


def test_the_same_version_fits() -> None:
    case = Case(*PLAIN, done="a")
    assert case.moved(*PLAIN).records() == case.instance.records()


def card(title: str, skill: str = "mason") -> str:
    return run(f'<run:task skill="{skill}"><run:title lang="en">{title}</run:title></run:task>')


def test_texts_names_and_translations_may_change() -> None:
    case = Case(start(), element("userTask", "a", card("Dig"), name="Dig"), end(), chain("s", "a", "e"))
    case.moved(
        start(), element("userTask", "a", card("Dig a well"), name="Well"), end(), chain("s", "a", "e")
    )


def label(text: str) -> str:
    return run(f'<run:label><run:name lang="fr">{text}</run:name></run:label>')


def test_names_of_what_has_no_card_may_change_and_be_translated() -> None:
    def drawn(word: str, inner: str = "") -> tuple[str, ...]:
        named = {"name": word}
        inside = (start("i"), users("a"), end("j"), chain("i", "a", "j"))
        return (
            start("s", inner, **named), sub_process("w", inner, *inside, **named), end(), chain("s", "w", "e")
        )  # fmt: skip

    case = Case(*drawn("Well"))
    case.moved(*drawn("Well", label("Puits")))
    case.moved(*drawn("Deep well", label("Puits profond")))
    case.complete("a")
    assert case.instance.status == "completed"


def test_another_way_out_of_a_decision_that_was_taken_may_come_and_go() -> None:
    def version(*ways: str) -> tuple[str, ...]:
        flows = [flow("g", way, f'x = "{way}"') + flow(way, "e") for way in ways]
        return (
            start(), users("a", *ways), element("exclusiveGateway", "g", default="g_b"), end(),
            chain("s", "a", "g"), flow("g", "b"), users("b"), flow("b", "e"), *flows,
        )  # fmt: skip

    case = Case(*version("c"))
    case.complete("a", x="none")
    assert case.ready == ["b"]
    case.moved(*version("n", "o"))


def test_the_expression_of_a_step_that_failed_may_be_mended() -> None:
    def version(text: str) -> tuple[str, ...]:
        return (
            start(),
            element("intermediateCatchEvent", "t", timer(text)),
            users("b"),
            end(),
            chain("s", "t", "b", "e"),
        )

    case = Case(*version("due"), due="never")
    assert [each.node_id for each in case.instance.incidents] == ["t"]
    case.moved(*version("P1D"))
    assert [each.node_id for each in case.instance.incidents] == ["t"]
    case.instance.retry(NOW)
    case.instance.fire_timer(case.instance.timers[0].task_id, NOW + timedelta(days=1))
    assert case.ready == ["b"]


def test_a_condition_that_no_token_has_met_may_be_mended() -> None:
    def version(text: str) -> tuple[str, ...]:
        return (
            start(), users("a", "b"), element("exclusiveGateway", "g"), end(), chain("s", "a", "g"),
            flow("g", "b", text), flow("b", "e"), end("e2"), flow("g", "e2", "x = 2"),
        )  # fmt: skip

    case = Case(*version("x = 3"))
    case.complete("a", x=1)
    assert [each.code for each in case.instance.incidents] == ["no-flow-taken"]
    case.moved(*version("x = 1"))
    case.instance.retry(NOW)
    case.instance.proceed(NOW)
    assert case.ready == ["b"]


# What is refused


def test_another_process_is_refused() -> None:
    case = Case(*PLAIN)
    xml = case.old.definition.xml.replace(b'<process id="p"', b'<process id="q"')
    reading = read(xml)
    assert reading.definition is not None
    found = migrate(case.instance.records(), case.old, engine.program(reading.definition), ())
    assert said(found) == {("other-process", "")}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (users("a", "c") + chain("s", "a", "c", "e"), "open-vanished"),
        (users("a", "c") + script("b", "x = 1") + chain("s", "a", "b", "c", "e"), "open-changed"),
        (users("a", "c") + element("userTask", "b", many("3")) + chain("s", "a", "b", "c", "e"), "open-changed"),
        (users("a", "c") + element("userTask", "b", card("B")) + chain("s", "a", "b", "c", "e"), "open-changed"),
        (
            users("a", "c") + sub_process("sp", start("s2"), users("b"), end("e2"), chain("s2", "b", "e2"))
            + chain("s", "a", "sp", "c", "e"),
            "open-vanished",
        ),
    ],
)  # fmt: skip
def test_an_open_task_that_changes_is_refused(changed: str, code: str) -> None:
    found = Case(*PLAIN, done="a").to(start(), end(), changed)
    assert (code, "b") in said(found)


def test_an_open_task_whose_card_changes_in_substance_is_refused() -> None:
    case = Case(start(), element("userTask", "a", card("Dig")), end(), chain("s", "a", "e"))
    found = case.to(start(), element("userTask", "a", card("Dig", "smith")), end(), chain("s", "a", "e"))
    assert said(found) == {("open-changed", "a")}
    assert "task" in found.problems[0].text()


def test_a_timer_that_runs_is_not_changed() -> None:
    def version(text: str) -> tuple[str, ...]:
        return (start(), element("intermediateCatchEvent", "t", timer(text)), end(), chain("s", "t", "e"))

    assert said(Case(*version("P1D")).to(*version("P2D"))) == {("open-changed", "t")}


def test_what_was_done_stays() -> None:
    case = Case(*PLAIN, done="a")
    without = case.to(start(), users("b", "c"), end(), chain("s", "b", "c", "e"))
    assert ("past-vanished", "a") in said(without)
    changed = case.to(start(), script("a", "x = 1"), users("b", "c"), end(), chain("s", "a", "b", "c", "e"))
    assert said(changed) == {("past-changed", "a")}


@pytest.mark.parametrize(
    ("order", "skipped"),
    [
        ("sxabce", {"s"}),
        ("saxbce", {"a", "b"}),
        ("sbace", {"s", "a", "b"}),
    ],
)
def test_a_step_where_the_instance_has_passed_would_be_skipped(order: str, skipped: set[str]) -> None:
    found = Case(*PLAIN, done="a").to(
        start(), users(*(each for each in order if each not in "se")), end(), chain(*order)
    )
    assert {place for code, place in said(found) if code == "step-skipped"} == skipped


def test_a_branch_beside_what_was_passed_would_be_skipped() -> None:
    case = Case(
        start(), users("a", "b"), element("parallelGateway", "g"), end(), chain("s", "g", "a", "e"),
        chain("g", "b", "e"),
    )  # fmt: skip
    found = case.to(
        start(), users("a", "b", "c"), element("parallelGateway", "g"), end(), chain("s", "g", "a", "e"),
        chain("g", "b", "e"), chain("g", "c", "e"),
    )  # fmt: skip
    assert said(found) == {("step-skipped", "g")}


def joined(*branches: str) -> tuple[str, ...]:
    return (
        start(), users(*branches), element("parallelGateway", "g"), element("parallelGateway", "j"), end(),
        flow("s", "g"), flow("j", "e"), *(chain("g", each, "j") for each in branches),
    )  # fmt: skip


def test_a_join_where_a_branch_waits_keeps_its_branches() -> None:
    case = Case(*joined("a", "b"), done="a")
    assert ("join-changed", "j") in said(case.to(*joined("a", "b", "c")))
    assert ("step-skipped", "g") in said(case.to(*joined("a", "b", "c")))
    case.moved(*joined("a", "b"))
    case.complete("b")
    assert case.instance.status == "completed"


def test_a_join_of_branches_the_instance_does_not_have_is_refused() -> None:
    found = Case(*PLAIN, done="a").to(
        start(), users("a", "b", "c", "x"), element("parallelGateway", "g"), element("parallelGateway", "j"), end(),
        chain("s", "g", "a", "b", "j", "c", "e"), chain("g", "x", "j"),
    )  # fmt: skip
    assert said(found) == {("step-skipped", "s"), ("join-starved", "j")}


def test_a_join_ahead_of_a_split_ahead_is_no_problem() -> None:
    case = Case(*PLAIN, done="a")
    case.moved(
        start(), users("a", "b", "c", "x"), element("parallelGateway", "g"), element("parallelGateway", "j"), end(),
        chain("s", "a", "b", "g", "c", "j", "e"), chain("g", "x", "j"),
    )  # fmt: skip
    case.complete("b")
    assert case.ready == ["c", "x"]


def inside(*tasks: str, more: str = "") -> tuple[str, ...]:
    within = sub_process("sp", start("s2"), users(*tasks), end("e2"), chain("s2", *tasks, "e2"), more)
    return (start(), within, end(), chain("s", "sp", "e"))


def test_sub_processes_are_looked_into() -> None:
    case = Case(*inside("a", "b"), done="a")
    assert said(case.to(*inside("a", "c"))) >= {("open-vanished", "b")}
    assert said(case.to(*inside("a", "b", more=many("2")))) == {("open-changed", "sp")}
    assert said(case.to(start(), users("a", "b"), end(), chain("s", "a", "b", "e"))) >= {
        ("open-vanished", "sp"), ("open-vanished", "b"),
    }  # fmt: skip
    case.moved(*inside("a", "b", "c"))
    case.complete("b")
    assert case.ready == ["c"]


def test_each_instance_of_a_repeated_activity_is_moved() -> None:
    case = Case(*inside("a", "b", more=many("3")), done="a")
    assert len(case.to(*inside("a", "c", more=many("3"))).problems) == len(
        said(case.to(*inside("a", "c", more=many("3"))))
    ), "a problem of a place is said once"
    case.moved(*inside("a", "b", "c", more=many("3")))
    case.complete("b")
    assert case.ready == ["a", "a", "c"]


def test_all_reasons_are_given_at_once() -> None:
    found = Case(*PLAIN, done="a").to(
        start(),
        script("a", "x = 1"),
        users("c", "x"),
        script("b", "y = 1"),
        end(),
        chain("s", "x", "a", "b", "c", "e"),
    )
    assert said(found) == {("past-changed", "a"), ("open-changed", "b"), ("step-skipped", "s")}


def test_an_event_sub_process_that_comes_too_late_is_said() -> None:
    case = Case(*PLAIN)
    found = case.to(*PLAIN, event_sub_process("es", message(), "x"))
    assert said(found) == {("not-listening", "es_s")}
    assert found.records is not None


def test_an_event_added_to_a_gateway_that_waits_is_warned_about() -> None:
    def version(*events: str) -> tuple[str, ...]:
        ways = [
            element("intermediateCatchEvent", each, timer("P7D")) + flow("g", each) + flow(each, "e")
            for each in events
        ]
        return (start(), users("a"), element("eventBasedGateway", "g"), end(), chain("s", "a", "g"), *ways)

    case = Case(*version("one", "two"), done="a")
    assert said(case.to(*version("one", "two"))) == set()
    found = case.to(*version("one", "two", "three"))
    assert said(found) == {("not-listening", "g")}
    before = Case(*version("one", "two"))
    assert said(before.to(*version("one", "two", "three"))) == set()


def test_an_activity_added_to_an_open_ad_hoc_sub_process_is_warned_about() -> None:
    def version(*inside: str, ordering: str = "Parallel") -> tuple[str, ...]:
        ad_hoc = element("adHocSubProcess", "h", users(*inside), ordering=ordering)
        return (start(), users("a"), ad_hoc, end(), chain("s", "a", "h", "e"))

    case = Case(*version("b", "c"), done="a")
    assert said(case.to(*version("b", "c"))) == set()
    assert said(case.to(*version("b", "c", "later"))) == {("not-listening", "h")}
    assert said(Case(*version("b")).to(*version("b", "c"))) == set()
    in_order = Case(*version("b", "c", ordering="Sequential"), done="a")
    assert said(in_order.to(*version("b", "c", "later", ordering="Sequential"))) == set()


# Boundary events for what is open


def watched(*events: str, body: str = users("a")) -> tuple[str, ...]:
    ends = [
        end(f"{each}_e") + flow(each, f"{each}_e")
        for each in ("slow", "told")
        if f'"{each}"' in "".join(events)
    ]
    return (start(), body, end(), chain("s", "a", "e"), *events, *ends)


SLOW = boundary("slow", "a", timer("P7D"), interrupting=False)
TOLD = boundary("told", "a", message())


def test_a_new_boundary_event_is_listed_and_attached_when_asked() -> None:
    case = Case(*watched())
    found = case.to(*watched(SLOW, TOLD))
    assert (said(found), found.unattached) == (set(), ("slow", "told"))
    task_id = case.instance.ready[0].task_id
    assert {each.task_id for each in found.attachable} == {task_id.replace("-", "")}
    case.moved(*watched(SLOW, TOLD))
    assert (case.instance.timers, case.instance.subscriptions) == ((), ())

    changes = case.instance.add_deadline(task_id, "slow", NOW + timedelta(days=1))
    assert [each.due for each in changes.timers] == [NOW + timedelta(days=8)]
    assert case.instance.add_deadline(task_id, "told", NOW).subscriptions
    again = Instance.load(case.new, case.instance.records(), now=NOW)
    again.fire_timer(again.timers[0].task_id, NOW + timedelta(days=8))
    assert [item.node_id for item in again.ready] == ["a"]
    again.deliver("News", {}, NOW)
    assert again.status == "completed"


def test_an_attached_event_ends_with_its_task() -> None:
    case = Case(*watched())
    case.moved(*watched(SLOW))
    case.instance.add_deadline(case.instance.ready[0].task_id, "slow", NOW)
    case.complete("a")
    assert (case.instance.status, case.instance.timers) == ("completed", ())


def test_an_event_beside_others_joins_them() -> None:
    case = Case(*watched(SLOW))
    case.moved(*watched(SLOW, TOLD))
    task_id = case.instance.ready[0].task_id
    with pytest.raises(engine.NotAttachable):
        case.instance.add_deadline(task_id, "slow", NOW)
    case.instance.add_deadline(task_id, "told", NOW)
    assert len({row.parent for row in case.instance.records().tasks if row.parent}) == 1
    case.instance.deliver("News", {}, NOW)
    assert case.instance.status == "completed"
    assert len(case.instance.records().tasks) == 0


def test_a_new_boundary_event_of_a_repeated_task_watches_all_instances() -> None:
    body = element("userTask", "a", many("3"))
    case = Case(*watched(body=body))
    found = case.to(*watched(TOLD, body=body))
    assert len(found.attachable) == 1
    case.moved(*watched(TOLD, body=body))
    case.instance.add_deadline(case.instance.ready[1].task_id, "told", NOW)
    case.instance.deliver("News", {}, NOW)
    assert (case.instance.status, case.ready) == ("completed", [])


def test_an_error_event_attached_to_an_open_sub_process_catches() -> None:
    def version(*more: str) -> tuple[str, ...]:
        ends = end("e2", error("dry"))
        within = sub_process("a", start("s2"), users("b"), ends, chain("s2", "b", "e2"))
        return (start(), within, end(), chain("s", "a", "e"), *more)

    case = Case(*version(boundary("any", "a", error("")), users("x"), end("e4"), chain("any", "x", "e4")))
    assert case.ready == ["b"]
    found = case.to(
        *version(boundary("dry1", "a", error("dry")), users("x"), end("e4"), chain("dry1", "x", "e4"))
    )
    assert said(found) == {("open-vanished", "any")}
    case.moved(
        *version(
            boundary("any", "a", error("")), users("x", "y"), end("e4"), chain("any", "x", "e4"),
            boundary("dry1", "a", error("dry")), end("e5"), chain("dry1", "y", "e5"),
        )
    )  # fmt: skip
    sub = case.to(
        *version(boundary("any", "a", error("")), users("x"), end("e4"), chain("any", "x", "e4"))
    ).problems
    assert sub == ()
    activity = next(row.task_id for row in case.instance.records().tasks if row.node == "a")
    case.instance.add_deadline(activity, "dry1", NOW)
    case.complete("b")
    assert case.ready == ["y"]


def test_what_only_held_boundary_events_together_goes_with_them() -> None:
    case = Case(*watched(SLOW))
    case.note(case.instance.fire_timer(case.instance.timers[0].task_id, NOW + timedelta(days=7)))
    assert len(case.instance.records().tasks) == 2
    without = watched()
    found = case.to(*without)
    assert said(found) == {("past-vanished", "slow")}
    case.finished -= {"slow"}  # as if it had ended in a history that is not known
    case.moved(*without)
    assert len(case.instance.records().tasks) == 1
    case.complete("a")
    assert case.instance.status == "completed"


def test_every_reason_against_a_version_has_its_line_in_the_reference():
    import re
    from pathlib import Path

    root = Path(__file__).parents[2]
    sources = ("workflows/engine/migration.py", "server/instances/migration.py")
    told = {
        code
        for source in sources
        for code in re.findall(r'"(migration-[a-z-]+)"', (root / source).read_text("utf-8"))
    }
    page = (root / "docs/reference/migration.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(migration-[a-z-]+)`", page, re.MULTILINE)) == told - {"migration-refused"}
