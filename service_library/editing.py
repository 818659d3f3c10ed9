"""Small, exact changes to a diagram file: its identity, and the version its forms are asked for in.

Everything else of the file stays as it is, elements of other tools included. The file comes back in the one
normalised form of `workflows.definitions.read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from workflows import xml
from workflows.definitions import bpmn
from workflows.definitions.read import normalised
from workflows.schema.descriptor import descriptor

_RUN: Final = descriptor().uri


def with_identity(
    data: bytes, *, code: str, names: Mapping[str, str], version: str, new_process_id: bool = True
) -> bytes:
    """The diagram as a service of that code; its name in each language of `names`, its forms in that version.

    Without `names` it keeps its own. With some it has these only: in the other languages it would still be called
    what it was made from, and nobody would notice that its name is not translated. Raises XmlRefused.
    """
    root = xml.parse(data)
    service = _service(root)
    if service is not None:
        service.set("code", code)
        _set_names(service, names)
        process = next(service.iterancestors(bpmn.tag("process")))
        if names:
            process.set("name", names.get(service.get("language", "en")) or next(iter(names.values())))
        if new_process_id:
            _rename(root, process.get("id", ""), code)
    _set_form_versions(root, version)
    return normalised(root)


def with_form_version(data: bytes, version: str) -> bytes:
    """The diagram with all its forms asked for in that version. Raises XmlRefused."""
    root = xml.parse(data)
    _set_form_versions(root, version)
    return normalised(root)


def _service(root: etree._Element) -> etree._Element | None:
    return next(root.iter(f"{{{_RUN}}}service"), None)


def _set_names(service: etree._Element, names: Mapping[str, str]) -> None:
    """Give it those names and no others; a name goes before the other parts of the card."""
    tag = f"{{{_RUN}}}name"
    for former in service.findall(tag) if names else []:
        if former.get("lang") not in names:
            service.remove(former)
    for language, text in names.items():
        known = next((each for each in service.iter(tag) if each.get("lang") == language), None)
        if known is None:
            known = etree.Element(tag, lang=language)
            service.insert(len(service.findall(tag)), known)
        known.text = text


def _rename(root: etree._Element, old: str, new: str) -> None:
    """Another id for the process, wherever the file refers to it; as it is when the id is taken."""
    if not old or any(element.get("id") == new for element in root.iter()):
        return
    for element in root.iter():
        for attribute in ("id", "processRef", "bpmnElement", "calledElement"):
            if element.get(attribute) == old:
                element.set(attribute, new)


def _set_form_versions(root: etree._Element, version: str) -> None:
    for form in root.iter(f"{{{_RUN}}}form"):
        form.set("version", version)
