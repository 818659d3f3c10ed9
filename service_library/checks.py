"""What only diagram and forms together can get wrong.

Lint looks at the diagram, `forms` at each form; here are the promises between them: a task's evidence is
asked for by its form, a gateway's condition uses numbers that somebody gives, every question can be read in
every language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from forms.xform import Form, Question
from service_library.references import form_uses
from workflows import feel
from workflows.definitions.model import LANGUAGES, Definition, Evidence, Node, Text
from workflows.problems import Problem

HOLDS: Final[Mapping[str, frozenset[str]]] = {
    "photo": frozenset({"image"}),
    "document": frozenset({"image", "file"}),
    "gps_point": frozenset({"geopoint"}),
    "gps_track": frozenset({"geotrace"}),
    "gps_area": frozenset({"geoshape"}),
    "signature": frozenset({"image"}),
    "audio": frozenset({"audio"}),
}
"""Types of questions that can hold a kind of evidence. Evidence of kind "form" is in any question."""


def check(definition: Definition, forms: Mapping[str, Form]) -> Iterator[Problem]:
    """All mistakes between a diagram and those of its forms that could be built, by reference."""
    yield from _roles(definition)
    for ref, form in forms.items():
        yield from _languages(ref, form)
    for node in definition.tasks():
        yield from _evidence(node, forms)
    yield from _hidden_parameters(definition, forms)
    yield from _conditions(definition, forms)


def answers(definition: Definition, forms: Mapping[str, Form]) -> frozenset[str]:
    """The names that response forms give to conditions (those outside repeats, and the repeats)."""
    names: set[str] = set()
    for ref in _response_refs(definition):
        if ref in forms:
            names |= _top_level(forms[ref])
    return frozenset(names)


def _response_refs(definition: Definition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(use.ref for use in form_uses(definition) if use.role == "response"))


def _top_level(form: Form) -> frozenset[str]:
    repeats = tuple(f"{path}/" for path in form.repeats)
    return frozenset(key for path, key in form.keys.items() if not path.startswith(repeats))


def _roles(definition: Definition) -> Iterator[Problem]:
    roles: dict[str, str] = {}
    uses = tuple(form_uses(definition))
    for use in uses:
        if use.on_task != (use.role == "response"):
            yield Problem(
                "misplaced-form",
                "The form “%(ref)s” has the role %(role)s here. Tasks have response forms; request "
                "and evaluation forms belong on the card of the process.",
                place=use.place,
                params={"ref": use.ref, "role": use.role},
            )
        elif roles.setdefault(use.ref, use.role) != use.role:
            yield Problem(
                "form-in-two-roles",
                "The form “%(ref)s” is used as %(first)s and as %(second)s form. Make one form for each.",
                place=use.place,
                params={"ref": use.ref, "first": roles[use.ref], "second": use.role},
            )
    for role in ("request", "evaluation"):
        count = sum(use.role == role and not use.on_task for use in uses)
        if count != 1:
            yield Problem(
                "service-form-count",
                "The service has %(count)s forms with the role %(role)s; it needs exactly one, on the "
                "card of the process.",
                place=definition.process_id,
                params={"count": count, "role": role},
            )


def _languages(ref: str, form: Form) -> Iterator[Problem]:
    for path, question in form.questions.items():
        yield from _question_languages(ref, form, path, question)
    for group in form.groups.values():
        if group.label or group.repeats:
            yield from _missing(ref, group.path, "label", group.label)


def _question_languages(ref: str, form: Form, path: str, question: Question) -> Iterator[Problem]:
    bind = form.binds.get(path)
    if question.label:
        yield from _missing(ref, path, "label", question.label)
    if question.hint:
        yield from _missing(ref, path, "hint", question.hint)
    if bind is not None and bind.constraint is not None and question.label:
        yield from _missing(ref, path, "constraint_message", bind.constraint_message)
    if bind is not None and bind.required_message:
        yield from _missing(ref, path, "required_message", bind.required_message)
    for choice in question.choices:
        yield from _missing(ref, f"{path}, {choice.value}", "label", choice.label)


def _missing(ref: str, place: str, column: str, text: Text) -> Iterator[Problem]:
    absent = [language for language in LANGUAGES if not text.get(language, "").strip()]
    if absent:
        yield Problem(
            "missing-form-translation",
            "The %(column)s has no text in: %(languages)s. Fill in the columns %(column)s::… of these "
            "languages.",
            place=f"{ref}: {place}",
            params={"column": column, "languages": ", ".join(absent)},
        )


def _evidence(node: Node, forms: Mapping[str, Form]) -> Iterator[Problem]:
    assert node.task is not None
    refs = [use.ref for use in node.task.forms if use.role == "response"]
    if any(ref not in forms for ref in refs):
        return  # what is wrong with that form is told already
    asked = [question for ref in refs for question in forms[ref].questions.values()]
    for evidence in node.task.evidence:
        problem = _evidence_problem(node, evidence, asked)
        if problem is not None:
            yield problem


def _evidence_problem(node: Node, evidence: Evidence, asked: list[Question]) -> Problem | None:
    kinds = HOLDS.get(evidence.kind)
    named = [question for question in asked if not evidence.field or question.name == evidence.field]
    params = {"evidence": evidence.id, "kind": evidence.kind, "field": evidence.field}
    if not named:
        return Problem(
            "evidence-without-question",
            "The evidence “%(evidence)s” is in the question “%(field)s”, which the response form does "
            "not ask. Add the question, or choose another.",
            place=node.id,
            params=params,
        )
    if kinds is not None and not any(question.type in kinds for question in named):
        return Problem(
            "evidence-of-other-type",
            "The response form has no question that can hold the evidence “%(evidence)s” (%(kind)s). "
            "Use one of the types: %(types)s.",
            place=node.id,
            params={**params, "types": ", ".join(sorted(kinds))},
        )
    return None


def _hidden_parameters(definition: Definition, forms: Mapping[str, Form]) -> Iterator[Problem]:
    """A read-only question may have a parameter's name: the order fills it in, nobody answers it."""
    parameters = {parameter.id for parameter in definition.service.parameters}
    for ref in _response_refs(definition):
        for name in sorted(parameters & _top_level(forms[ref])) if ref in forms else ():
            if _is_read_only(forms[ref], name):
                continue
            yield Problem(
                "question-hides-parameter",
                "The question “%(name)s” has the name of a parameter, so an answer would change what "
                "was agreed. Rename the question, or make it read-only: then the order fills it in.",
                place=f"{ref}: {name}",
                params={"name": name},
            )


def _is_read_only(form: Form, name: str) -> bool:
    paths = [path for path, key in form.keys.items() if key == name and path in form.binds]
    return bool(paths) and all(form.binds[path].readonly is not None for path in paths)


def _conditions(definition: Definition, forms: Mapping[str, Form]) -> Iterator[Problem]:
    if any(ref not in forms for ref in _response_refs(definition)):
        return  # the names of a form that could not be built are not known
    known = answers(definition, forms) | {parameter.id for parameter in definition.service.parameters}
    for flow in definition.flows.values():
        for name in sorted(_names(flow.condition) - known):
            yield Problem(
                "unknown-condition-name",
                "The condition “%(condition)s” uses “%(name)s”, which is neither a question of a "
                "response form nor a parameter of the service. Correct the name, or ask the question.",
                place=flow.id,
                params={"condition": flow.condition, "name": name},
            )


def _names(condition: str) -> frozenset[str]:
    """The names a condition uses; none for what is no FEEL, which lint reports."""
    try:
        return frozenset(feel.compile(condition).names) if condition else frozenset()
    except feel.FeelError:
        return frozenset()
