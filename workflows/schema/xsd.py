"""An XML Schema of the `run:` elements, generated from the same descriptor as everything else.

For other tools: BPMN20.xsd admits elements of other namespaces and checks them when a schema is there.
Attributes and elements of other namespaces stay allowed, so vendors can extend ours as we extend BPMN.
Source: W3C XML Schema 1.0 part 1. Elements may come in any order, as moddle writes and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from workflows.schema.descriptor import Descriptor, Property, descriptor

_XS: Final = "http://www.w3.org/2001/XMLSchema"
_SIMPLE: Final = {"String": "xs:string", "Integer": "xs:integer", "Boolean": "xs:boolean"}


def generate() -> bytes:
    """The schema as a UTF-8 file; the same bytes each time."""
    declared = descriptor()
    schema = etree.Element(
        _tag("schema"),
        {"targetNamespace": declared.uri, "elementFormDefault": "qualified"},
        nsmap={"xs": _XS, declared.prefix: declared.uri},
    )
    for name, type_name in declared.extensions.items():
        etree.SubElement(schema, _tag("element"), {"name": name, "type": _reference(declared, type_name)})
    for name, values in declared.enumerations.items():
        _enumeration(schema, name, values)
    for name, properties in declared.types.items():
        _complex_type(declared, schema, name, properties)
    etree.indent(schema)
    return etree.tostring(schema, encoding="UTF-8", xml_declaration=True) + b"\n"


def _tag(name: str) -> str:
    return f"{{{_XS}}}{name}"


def _reference(declared: Descriptor, type_name: str) -> str:
    return _SIMPLE.get(type_name) or f"{declared.prefix}:{type_name}"


def _enumeration(schema: etree._Element, name: str, values: tuple[str, ...]) -> None:
    simple = etree.SubElement(schema, _tag("simpleType"), {"name": name})
    restriction = etree.SubElement(simple, _tag("restriction"), {"base": "xs:string"})
    for value in values:
        etree.SubElement(restriction, _tag("enumeration"), {"value": value})


def _complex_type(
    declared: Descriptor, schema: etree._Element, name: str, properties: Mapping[str, Property]
) -> None:
    complex_type = etree.SubElement(schema, _tag("complexType"), {"name": name})
    owner = complex_type
    if any(each.is_body for each in properties.values()):
        content = etree.SubElement(complex_type, _tag("simpleContent"))
        owner = etree.SubElement(content, _tag("extension"), {"base": "xs:string"})
    elements = [each for each in properties.values() if not each.is_attribute and not each.is_body]
    if elements:
        # xs:all would fix the order free too, but in XSD 1.0 it admits each element once only
        choice = etree.SubElement(owner, _tag("choice"), {"minOccurs": "0", "maxOccurs": "unbounded"})
        for each in elements:
            etree.SubElement(
                choice, _tag("element"), {"name": each.tag, "type": _reference(declared, each.type)}
            )
        etree.SubElement(choice, _tag("any"), {"namespace": "##other", "processContents": "lax"})
    for each in properties.values():
        if each.is_attribute:
            _attribute(declared, owner, each)
    etree.SubElement(owner, _tag("anyAttribute"), {"namespace": "##other", "processContents": "lax"})


def _attribute(declared: Descriptor, owner: etree._Element, prop: Property) -> None:
    attributes = {"name": prop.name, "type": _reference(declared, prop.type)}
    if prop.default is not None:
        is_boolean = isinstance(prop.default, bool)
        attributes["default"] = str(prop.default).lower() if is_boolean else str(prop.default)
    if prop.name == "lang":
        attributes["use"] = "required"
    etree.SubElement(owner, _tag("attribute"), attributes)
