"""A service package: one version of a service, complete, as it is published.

Idea: the diagram says which forms it uses; `assemble` builds them, checks that diagram and forms fit
together, and returns all mistakes of both at once. The digest covers what people work with, not how it was
typed: two spellings of the same diagram and the same forms have one digest.

Canonical form (see `manifest`): UTF-8 lines, each ended by a line feed,

    run-service-package 1
    service <code>
    version <version>
    diagram <sha256 of the normalised BPMN file>
    form <ref> <sha256 of the XForm as Canonical XML 1.0>      one line per form, sorted by ref
    decisions <ref> <sha256 of the DMN file as Canonical XML 1.0>      one line per decision model, sorted by ref

The texts of all languages are in the diagram and the forms. The digest is the SHA-256 of these lines, so
anybody can recompute it with sha256sum.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from forms import xform
from forms.xlsform import FormVersion, build
from service_library import checks, decision_models
from service_library.references import FormUse, form_uses
from workflows import xml
from workflows.decisions import LIMITS as DECISION_LIMITS
from workflows.decisions import Decision
from workflows.definitions.model import Definition
from workflows.definitions.read import read
from workflows.problems import Problem, blocking

VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Of services and of references to forms: both become parts of form ids, folders and addresses."""
MAX_FORMS: Final = 200
_TOLD_BY_CHECKS: Final = "translation-missing"
"""A form alone may leave out a label in one of its languages; a form of a service may not."""


@dataclass(frozen=True, slots=True)
class ServicePackage:
    """One version of a service.

    forms and form_sources: by reference, as the diagram names them. bpmn, form_sources and decision_sources:
    as the author gave them; `definition.xml` is the diagram in its one normalised form. decisions: of all
    decision models, by id.
    """

    code: str
    version: str
    definition: Definition
    forms: Mapping[str, FormVersion]
    bpmn: bytes
    form_sources: Mapping[str, bytes]
    decision_sources: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    decisions: Mapping[str, Decision] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Assembly:
    """What assembling gave; package is None when a problem is an error or fatal."""

    package: ServicePackage | None
    problems: tuple[Problem, ...]


def assemble(
    bpmn: bytes,
    form_sources: Mapping[str, bytes],
    *,
    version: str,
    decision_sources: Mapping[str, bytes] = MappingProxyType({}),
) -> Assembly:
    """The package made of a diagram, its forms (XLSForm: Markdown, XLSX, XLS or CSV) and its decision models (DMN).

    Forms and decision models by reference. The places of problems are ids of the diagram, or "<ref>: <place in
    the file>". Never raises for what is in the files.
    """
    bpmn = xml.as_utf8(bpmn)
    decision_sources = {
        ref: xml.as_utf8(data, limits=DECISION_LIMITS) for ref, data in decision_sources.items()
    }
    reading = read(bpmn)
    problems = [*reading.problems, *_version_problems(version)]
    definition = reading.definition
    if definition is None or blocking(problems):
        return Assembly(None, tuple(problems))
    problems += _code_problems(definition)
    uses, found = _usable(form_uses(definition), form_sources, version)
    problems += found
    forms, found = _build_forms(definition, uses, form_sources, version)
    problems += found
    problems += checks.check(definition, {ref: xform.read(form.xform) for ref, form in forms.items()})
    models, found = decision_models.read(decision_sources)
    decisions = decision_models.decisions_of(models)
    problems += (*found, *decision_models.check(definition, decisions))
    if blocking(problems):
        return Assembly(None, tuple(problems))
    package = ServicePackage(
        code=definition.service.code,
        version=version,
        definition=definition,
        forms=MappingProxyType(forms),
        bpmn=bytes(bpmn),
        form_sources=MappingProxyType({ref: bytes(form_sources[ref]) for ref in forms}),
        decision_sources=MappingProxyType({ref: bytes(data) for ref, data in decision_sources.items()}),
        decisions=MappingProxyType(decisions),
    )
    return Assembly(package, tuple(problems))


def form_problems(
    definition: Definition, form_sources: Mapping[str, bytes], *, version: str
) -> tuple[Problem, ...]:
    """What is wrong with the forms a diagram asks for, without building them: one is missing, or of another version."""
    _, problems = _usable(form_uses(definition), form_sources, version)
    return tuple(problems)


def manifest(package: ServicePackage) -> bytes:
    """The canonical form of a package, whose SHA-256 is its digest; described in the module."""
    lines = [
        "run-service-package 1",
        f"service {package.code}",
        f"version {package.version}",
        f"diagram {_sha256(package.definition.xml)}",
    ]
    for ref in sorted(package.forms):
        canonical = xml.canonical(xml.parse(package.forms[ref].xform, limits=xform.LIMITS))
        lines.append(f"form {ref} {_sha256(canonical)}")
    for ref in sorted(package.decision_sources):
        canonical = xml.canonical(xml.parse(package.decision_sources[ref], limits=DECISION_LIMITS))
        lines.append(f"decisions {ref} {_sha256(canonical)}")
    return "".join(f"{line}\n" for line in lines).encode()


def digest(package: ServicePackage) -> str:
    """The SHA-256 of the package's canonical form, in hexadecimal: equal packages have equal digests."""
    return _sha256(manifest(package))


def form_id(code: str, ref: str) -> str:
    """The id of a form on phones, unique over all services."""
    return f"{code}-{ref}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _version_problems(version: str) -> Iterable[Problem]:
    if not VERSION.fullmatch(version):
        yield Problem(
            "invalid-version",
            "“%(version)s” is not a version. Write three numbers with dots, for example 1.0.0.",
            params={"version": version},
        )


def _code_problems(definition: Definition) -> Iterable[Problem]:
    code = definition.service.code
    if not CODE.fullmatch(code):
        yield Problem(
            "invalid-service-code",
            "The code of the service, “%(code)s”, must begin with a small letter and have only small "
            "letters, digits and _ (at most 64). Change it on the card of the process.",
            place=definition.process_id,
            params={"code": code},
        )


def _usable(
    uses: Iterable[FormUse], sources: Mapping[str, bytes], version: str
) -> tuple[list[FormUse], list[Problem]]:
    """The uses whose form can be built, and what is wrong with the others."""
    usable: dict[str, FormUse] = {}
    used: set[str] = set()
    problems: list[Problem] = []
    for use in uses:
        used.add(use.ref)
        found = _use_problem(use, sources, version)
        if found is not None:
            problems.append(found)
        else:
            usable.setdefault(use.ref, use)
    if len(usable) > MAX_FORMS:
        problems.append(
            Problem(
                "too-many-forms",
                "The service uses %(count)s forms; at most %(limit)s are possible. Divide it into several.",
                params={"count": len(usable), "limit": MAX_FORMS},
            )
        )
        return [], problems
    problems += (
        Problem(
            "unused-form",
            "No task uses the form “%(ref)s”. Choose it on the card of a task, or remove it.",
            place=ref,
            severity="warning",
            params={"ref": ref},
        )
        for ref in sorted(set(sources) - used)
    )
    return list(usable.values()), problems


def _use_problem(use: FormUse, sources: Mapping[str, bytes], version: str) -> Problem | None:
    params = {"ref": use.ref, "version": use.version, "expected": version}
    if not CODE.fullmatch(use.ref):
        return Problem(
            "invalid-form-reference",
            "The name of the form, “%(ref)s”, must begin with a small letter and have only small "
            "letters, digits and _ (at most 64).",
            place=use.place,
            params=params,
        )
    if use.ref not in sources:
        return Problem(
            "form-not-found",
            "The form “%(ref)s” is not in the package. Add it, or choose another on this card.",
            place=use.place,
            params=params,
        )
    if use.version != version:
        return Problem(
            "form-version-differs",
            "The form “%(ref)s” is asked for in version %(version)s, but the forms of a service have "
            "the version of the service, %(expected)s. Change it on this card.",
            place=use.place,
            params=params,
        )
    return None


def _build_forms(
    definition: Definition, uses: Iterable[FormUse], sources: Mapping[str, bytes], version: str
) -> tuple[dict[str, FormVersion], list[Problem]]:
    forms: dict[str, FormVersion] = {}
    problems: list[Problem] = []
    for use in uses:
        built = build(
            sources[use.ref],
            form_id=form_id(definition.service.code, use.ref),
            version=version,
        )
        problems += (
            replace(each, place=f"{use.ref}: {each.place}" if each.place else use.ref)
            for each in built.problems
            if each.code != _TOLD_BY_CHECKS
        )
        if built.form is not None:
            forms[use.ref] = built.form
    return forms, problems
