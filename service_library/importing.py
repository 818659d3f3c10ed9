"""A BPMN file of any tool as the diagram of a draft: what was changed and what cannot run is told, nothing is lost.

Kept: every element, also those of other tools and those that RUN does not execute; an expert replaces them one by
one. Changed: the file is brought into its one normalised form, its main process is made executable, and it gets
the card of a service. Left out: comments and processing instructions, which no modeler shows either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from service_library.drawing import has_drawing, with_drawing
from service_library.editing import with_form_version
from service_library.package import CODE
from workflows import xml
from workflows.definitions import bpmn
from workflows.definitions.lint import lint
from workflows.definitions.model import Definition
from workflows.definitions.read import normalised, read
from workflows.problems import Problem
from workflows.schema.descriptor import descriptor

_RUN: Final = descriptor().uri
_COMMENT: Final = re.compile(rb"<!--|<\?(?!xml[\s?])")
_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class BpmnImport:
    """The imported diagram, None when it cannot be read; everything that was changed, and all that lint says."""

    bpmn: bytes | None
    problems: tuple[Problem, ...]


def import_bpmn(data: bytes, *, version: str) -> BpmnImport:
    """The diagram of a file made with any tool. version: that of the service, which its forms share.

    Never raises for what is in `data`.
    """
    data = xml.as_utf8(data)
    reading = read(data)
    if reading.definition is None:
        return BpmnImport(None, reading.problems)
    root = xml.parse(reading.definition.xml)
    problems = [*reading.problems, *_left_out(data), *_prepared(root, reading.definition)]
    content = with_form_version(normalised(root), version)
    if not has_drawing(root):
        content = with_drawing(content)
        problems.append(
            Problem(
                "import-not-drawn",
                "The file says what follows what, but not where it is drawn. RUN has drawn it; move things to "
                "where you like them.",
                place=reading.definition.process_id,
                severity="info",
            )
        )
    made = read(content).definition
    if made is not None:
        problems += lint(made, level="executable")
    return BpmnImport(content, tuple(problems))


def code_of(text: str) -> str:
    """A code made from a name: small letters, digits and _; "service" when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_0123456789")[:64].rstrip("_") or "service"


def _left_out(data: bytes) -> Iterator[Problem]:
    count = len(_COMMENT.findall(data))
    if count:
        yield Problem(
            "import-comments-left-out",
            "Comments and processing instructions of the file were left out: %(count)s.",
            severity="info",
            params={"count": count},
        )


def _prepared(root: etree._Element, definition: Definition) -> Iterator[Problem]:
    """Make the main process executable and give it a card, telling each change."""
    process = bpmn.process_of(root, definition.process_id)
    if not bpmn.is_true(process, "isExecutable"):
        process.set("isExecutable", "true")
        yield Problem(
            "import-made-executable",
            "The process was not marked as executable; it is now.",
            place=definition.process_id,
            severity="info",
        )
    if next(process.iter(f"{{{_RUN}}}service"), None) is None:
        code = code_of(definition.name or definition.process_id)
        _add_card(process, code, definition.name)
        yield Problem(
            "import-card-added",
            "The process has no card of a service. It got one with the code “%(code)s”; fill it in.",
            place=definition.process_id,
            severity="info",
            params={"code": code},
        )
    elif not CODE.fullmatch(definition.service.code):
        yield Problem(
            "invalid-service-code",
            "The code of the service, “%(code)s”, must begin with a small letter and have only small "
            "letters, digits and _ (at most 64). Change it on the card of the process.",
            place=definition.process_id,
            params={"code": definition.service.code},
        )


def _add_card(process: etree._Element, code: str, name: str) -> None:
    extensions = process.find(bpmn.tag("extensionElements"))
    if extensions is None:
        extensions = etree.Element(bpmn.tag("extensionElements"))
        documentation = process.findall(bpmn.tag("documentation"))
        process.insert(len(documentation), extensions)
    service = etree.SubElement(
        extensions, f"{{{_RUN}}}service", {"code": code, "language": _LANGUAGE}, nsmap={"run": _RUN}
    )
    if name:
        etree.SubElement(service, f"{{{_RUN}}}name", lang=_LANGUAGE).text = name
