"""Reads `run:` elements by the same moddle descriptor that the modeler in the browser uses (run.json).

Idea: the descriptor is data; this reader knows its few rules (attribute, body, many, default, enumeration,
tag) and nothing of services, so a new property needs a line in run.json and a line in the model, no more.
Source: bpmn-moddle / moddle-xml descriptor format (`isAttr`, `isBody`, `isMany`, `xml.serialize = property`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, cast

from lxml import etree

from workflows.problems import Problem

FAMILY: Final = "https://w3id.org/run-services/bpmn/"
"""Every version of the metadata lives under this address; the last part is the version."""
_TEXT_TYPES: Final = frozenset({"Text", "RichText"})
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}

Values = dict[str, Any]
"""Property name -> str, int, bool, Values (a nested element), list of Values, or {language: text}."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a type. tag: local name of its element when it is one."""

    name: str
    type: str
    tag: str
    is_attribute: bool = False
    is_body: bool = False
    is_many: bool = False
    default: str | int | bool | None = None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The declaration of the metadata.

    types: type -> property name -> property, inherited ones first. enumerations: type -> its values.
    extensions: local name of an element inside bpmn:extensionElements -> its type.
    allowed_in: type of an extension -> the BPMN types it may be on.
    """

    uri: str
    prefix: str
    types: Mapping[str, Mapping[str, Property]]
    enumerations: Mapping[str, tuple[str, ...]]
    extensions: Mapping[str, str]
    allowed_in: Mapping[str, tuple[str, ...]]

    def read(self, element: etree._Element, type_name: str, place: str) -> tuple[Values, list[Problem]]:
        """The properties of `element` as a value of `type_name`, and every mistake in it.

        A wrong value is reported and left out. `place` is the BPMN element that carries the metadata.
        """
        reader = _Reader(self, place)
        return reader.element(element, type_name), reader.problems


@lru_cache(maxsize=1)
def descriptor() -> Descriptor:
    """The descriptor in workflows/schema/run.json."""
    return build(json.loads(files("workflows.schema").joinpath("run.json").read_text("utf-8")))


def build(declared: Mapping[str, Any]) -> Descriptor:
    """A descriptor from the moddle JSON."""
    raw = {each["name"]: each for each in declared["types"]}
    extensions = {name: each for name, each in raw.items() if "Element" in each.get("superClass", ())}
    return Descriptor(
        uri=declared["uri"],
        prefix=declared["prefix"],
        types={name: _properties(raw, name) for name in raw},
        enumerations={
            each["name"]: tuple(value["name"] for value in each["literalValues"])
            for each in declared["enumerations"]
        },
        extensions={_lower_first(name): name for name in extensions},
        allowed_in={name: tuple(each["meta"]["allowedIn"]) for name, each in extensions.items()},
    )


def is_run_namespace(uri: str) -> bool:
    """Whether the namespace is of our metadata, in any version."""
    return uri.startswith(FAMILY)


def namespace_of(tag: str) -> str:
    """The namespace in an lxml name `{uri}local`; "" when there is none."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _properties(raw: Mapping[str, Any], name: str) -> Mapping[str, Property]:
    found: dict[str, Property] = {}
    for parent in raw.get(name, {}).get("superClass", ()):
        found.update(_properties(raw, parent))
    for each in raw.get(name, {}).get("properties", ()):
        own_tag = each.get("xml", {}).get("serialize") == "property"
        found[each["name"]] = Property(
            name=each["name"],
            type=each["type"],
            tag=each["name"] if own_tag else _lower_first(each["type"]),
            is_attribute=each.get("isAttr", False),
            is_body=each.get("isBody", False),
            is_many=each.get("isMany", False),
            default=each.get("default"),
        )
    return found


class _Reader:
    """One reading of one extension element; collects the problems."""

    def __init__(self, declared: Descriptor, place: str) -> None:
        self._declared = declared
        self._place = place
        self.problems: list[Problem] = []

    def element(self, element: etree._Element, type_name: str) -> Values:
        properties = self._declared.types[type_name]
        values: Values = {p.name: p.default for p in properties.values() if p.default is not None}
        self._attributes(element, properties, values)
        children = {p.tag: p for p in properties.values() if not p.is_attribute and not p.is_body}
        for child in element.iterchildren("*"):
            self._child(element, child, children, values)
        for each in properties.values():
            if each.is_body:
                # moddle drops a body of spaces only, so it means nothing here either
                values[each.name] = (element.text or "") if (element.text or "").strip() else ""
        return values

    def _attributes(
        self, element: etree._Element, properties: Mapping[str, Property], values: Values
    ) -> None:
        declared = {p.name: p for p in properties.values() if p.is_attribute}
        for key, text in cast(list[tuple[str, str]], element.items()):
            prop = declared.get(key)
            namespace = namespace_of(key)
            if prop is not None:
                value = self._value(element, prop, text)
                if value is not None:
                    values[prop.name] = value
            elif not namespace or is_run_namespace(namespace):
                self._report_unknown(element, etree.QName(key).localname)

    def _child(
        self,
        element: etree._Element,
        child: etree._Element,
        children: Mapping[str, Property],
        values: Values,
    ) -> None:
        name = etree.QName(child)
        prop = children.get(name.localname) if name.namespace == self._declared.uri else None
        if prop is None:
            self._report_unknown(element, name.localname)
        elif prop.type in _TEXT_TYPES:
            self._text(element, child, prop, values)
        elif prop.is_many:
            values.setdefault(prop.name, []).append(self.element(child, prop.type))
        elif prop.name in values:
            self._report_repeated(element, name.localname)
        else:
            values[prop.name] = self.element(child, prop.type)

    def _text(self, element: etree._Element, child: etree._Element, prop: Property, values: Values) -> None:
        value = self.element(child, prop.type)
        language = value.get("lang", "")
        texts = values.setdefault(prop.name, {})
        if not language:
            self.problems.append(
                Problem(
                    "metadata-value",
                    'The text “%(element)s” says no language. Add lang="en", "fr" or "es".',
                    place=self._place,
                    params={"element": prop.tag},
                )
            )
        elif language in texts:
            self._report_repeated(element, f"{prop.tag} ({language})")
        elif value.get("value"):
            texts[language] = value["value"]

    def _value(self, element: etree._Element, prop: Property, text: str) -> str | int | bool | None:
        allowed = self._declared.enumerations.get(prop.type)
        if allowed is not None:
            if text in allowed:
                return text
            self._report_value(element, prop, text, ", ".join(allowed))
        elif prop.type == "Integer":
            if _INTEGER.fullmatch(text.strip()):
                return int(text)
            self._report_value(element, prop, text, "a whole number")
        elif prop.type == "Boolean":
            if text.strip() in _BOOLEANS:
                return _BOOLEANS[text.strip()]
            self._report_value(element, prop, text, "true, false")
        else:
            return text.strip()
        return None

    def _report_value(self, element: etree._Element, prop: Property, text: str, allowed: str) -> None:
        self.problems.append(
            Problem(
                "metadata-value",
                "“%(value)s” is not possible for %(property)s of “%(element)s”. Possible: %(allowed)s.",
                place=self._place,
                params={
                    "value": text[:60],
                    "property": prop.name,
                    "element": _described(element),
                    "allowed": allowed,
                },
            )
        )

    def _report_unknown(self, element: etree._Element, name: str) -> None:
        self.problems.append(
            Problem(
                "metadata-unknown",
                "“%(element)s” has “%(name)s”, which this version of RUN does not know. "
                "It may come from a newer version: update RUN, or remove it.",
                place=self._place,
                params={"element": _described(element), "name": name},
            )
        )

    def _report_repeated(self, element: etree._Element, name: str) -> None:
        self.problems.append(
            Problem(
                "metadata-repeated",
                "“%(element)s” has “%(name)s” twice; only the first is read. Remove one.",
                place=self._place,
                params={"element": _described(element), "name": name},
            )
        )


def _described(element: etree._Element) -> str:
    name = etree.QName(element).localname
    own = element.get("id")
    return f"{name} {own}" if own else name
