"""The one entry for XML from outside: diagrams, forms, bank files.

Idea: two passes. The first (Expat, no tree, no namespaces) only counts and refuses: it stops at the first
DOCTYPE, so no entity is ever declared and nothing can expand or fetch, and at the first element too many.
The second (lxml, locked down) builds the tree of what passed. Comments and processing instructions are left
out: a comment inside a text would cut the text in two, an `xml-stylesheet` would make a browser fetch.
The entry reads UTF-8 only. Diagrams and decision models, which older tools write otherwise, go through `as_utf8`
before: the bytes that are checked are the bytes that are read, so no encoding hides anything from the checks.

Source: XML 1.0 (5th ed.), 4.3.3 and appendix F, Canonical XML 1.0; OWASP XML External Entity Prevention Cheat
Sheet; WHATWG Encoding (what calls itself ISO-8859-1 is windows-1252).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from lxml import etree

from workflows.errors import InvalidInput
from workflows.problems import Problem

XINCLUDE: Final = "http://www.w3.org/2001/XInclude"
_UTF8_NAMES: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "utf-16"})
"""Names under which UTF-8 is read. Programs on .NET write utf-16 on what they then save as UTF-8; what really is
UTF-16 is found by its NULs before."""
_EXTENDS_ASCII: Final = re.compile(
    r"(iso[-_]?8859[-_]?|windows-?125|cp-?125)[0-9]{1,2}|latin-?1|macintosh|gbk|gb2312|gb18030|big5|koi8-[ru]"
)
"""Encodings in which ASCII bytes mean ASCII: many tools write such a name on files that are plain ASCII."""


_DECLARED: Final = re.compile(
    r"""\s*<\?xml(?=\s)[^>]*?\sencoding\s*=\s*(["'])([A-Za-z][A-Za-z0-9._-]{0,39})\1"""
)
_UTF16_STARTS: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    "<?".encode("utf-16-le"): "utf-16-le",
    "<?".encode("utf-16-be"): "utf-16-be",
}
_LATIN_1: Final = re.compile(r"iso[-_]?8859[-_]?1|latin-?1")
_NUMBERED: Final = re.compile(r"(iso)[-_]?(8859)[-_]?([0-9]{1,2})|(?:windows|cp)-?(125[0-9])")


@dataclass(frozen=True, slots=True)
class Limits:
    """How big an XML file may be.

    size: bytes. depth: nested elements. elements: in the whole file.
    attributes: on one element, namespace declarations included. attribute_length: characters of one value.
    """

    size: int = 5_000_000
    depth: int = 100
    elements: int = 50_000
    attributes: int = 200
    attribute_length: int = 100_000


DEFAULT: Final = Limits()


class XmlRefused(InvalidInput):
    """The bytes are not XML that may be read; `problems` has one Problem with place "line:column"."""

    code = "xml-refused"


def as_utf8(data: bytes, *, limits: Limits = DEFAULT) -> bytes:
    """The file in UTF-8, when it says plainly that it is in another encoding; else `data` as it is.

    Read are UTF-16 (with a byte order mark or an XML declaration), and declared encodings that extend ASCII
    (windows-1252, ISO-8859-1 ...). What is UTF-8 stays so, whatever it declares. What does not fit
    its encoding is left for `parse` to refuse.
    """
    if len(data) > limits.size or (data.isascii() and b"\0" not in data):
        return data
    text = _utf16(data) or _declared(data)
    if text is None:
        return data
    declared = _DECLARED.match(text)
    if declared:
        text = f"{text[: declared.start(2)]}UTF-8{text[declared.end(2) :]}"
    return text.encode()


def parse(data: bytes, *, limits: Limits = DEFAULT) -> etree._Element:
    """The root element of the XML file `data`, without comments and processing instructions.

    Only UTF-8 (or plain ASCII), no DOCTYPE (so no entities), no XInclude, nothing fetched. Raises XmlRefused.
    """
    text = _checked_bytes(data, limits)
    _Scan(limits).run(text)
    root = _tree(text)
    included = next(root.iter(f"{{{XINCLUDE}}}*"), None)
    if included is not None:
        raise XmlRefused([_problem_include(f"{included.sourceline}:1")])
    return root


def serialize(root: etree._Element) -> bytes:
    """`root` as a UTF-8 file with an XML declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, with_tail=False)


def canonical(root: etree._Element) -> bytes:
    """`root` as Canonical XML 1.0: equal documents give equal bytes.

    Raises XmlRefused when a namespace is a relative address, which the standard forbids.
    """
    try:
        return etree.tostring(root, method="c14n", with_comments=False, with_tail=False)
    except etree.LxmlError as error:
        raise XmlRefused([_problem_malformed("1:1", str(error))]) from error


def _utf16(data: bytes) -> str | None:
    """The text of a file in UTF-16; None when it is something else, has half a character or a NUL."""
    encoding = next((name for start, name in _UTF16_STARTS.items() if data.startswith(start)), None)
    text = _decoded(data, encoding) if encoding else None
    return None if text is None or "\0" in text else text  # NULs: it is UTF-32


def _declared(data: bytes) -> str | None:
    """The text of a file that is no UTF-8 and declares an encoding that extends ASCII."""
    name = _declared_name(data)
    if not _EXTENDS_ASCII.fullmatch(name):
        return None
    plain = data.removeprefix(codecs.BOM_UTF8)
    text = _decoded(plain, "utf-8")
    if text is not None:
        return text  # accents of other encodings are hardly ever UTF-8 by chance
    if _LATIN_1.fullmatch(name):
        return _decoded(data, "cp1252")
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        name = f"cp{numbered[4]}" if numbered[4] else f"iso8859_{numbered[3]}"
    return _decoded(data, name)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _declared_name(data: bytes) -> str:
    """The encoding in the XML declaration, in small letters; "" without one."""
    found = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8)[:1_000].decode("ascii", "replace"))
    return found[2].lower() if found else ""


def _checked_bytes(data: bytes, limits: Limits) -> bytes:
    if len(data) > limits.size:
        raise XmlRefused(
            [
                Problem(
                    "xml-too-large",
                    "The file has %(size)s bytes; at most %(limit)s are read. Make it smaller or split it.",
                    severity="fatal",
                    params={"size": len(data), "limit": limits.size},
                )
            ]
        )
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise XmlRefused([_problem_bytes(_place_of(text, error.start), data)]) from None
    nul = text.find(b"\0")
    if nul >= 0:
        # UTF-16 and UTF-32 without a byte order mark are full of NUL and are valid UTF-8
        raise XmlRefused([_problem_bytes(_place_of(text, nul), data)])
    return _without_margin(text)


def _without_margin(text: bytes) -> bytes:
    """Blank lines before the XML declaration, which some tools write and XML forbids, are left out."""
    margin = len(text) - len(text.lstrip(b" \t\r\n"))
    return text[margin:] if margin and text.startswith(b"<?xml", margin) else text


def _place_of(text: bytes, offset: int) -> str:
    line_start = text.rfind(b"\n", 0, offset) + 1
    line = text.count(b"\n", 0, offset) + 1
    return f"{line}:{offset - line_start + 1}"


class _Scan:
    """The first pass: counts, and refuses by raising out of Expat's callbacks."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._depth = 0
        self._elements = 0
        self._ascii = False
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def run(self, text: bytes) -> None:
        self._ascii = text.isascii()
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            place = f"{error.lineno}:{error.offset + 1}"
            raise XmlRefused([_problem_malformed(place, _reason(text, error))]) from None

    def _place(self) -> str:
        return f"{self._parser.CurrentLineNumber}:{self._parser.CurrentColumnNumber + 1}"

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        name = (encoding or "utf-8").lower()
        if name not in _UTF8_NAMES and not (self._ascii and _EXTENDS_ASCII.fullmatch(name)):
            raise XmlRefused([_problem_encoding(self._place(), name)])

    def _doctype(self, *_: object) -> None:
        raise XmlRefused(
            [
                Problem(
                    "xml-doctype",
                    "The file has a DOCTYPE, which is not read because it can hide other files. "
                    "Save it again without DOCTYPE.",
                    place=self._place(),
                    severity="fatal",
                )
            ]
        )

    def _start(self, _name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        self._bound("elements", self._elements, self._limits.elements)
        self._bound("nested elements", self._depth, self._limits.depth)
        self._bound("attributes on one element", len(attributes), self._limits.attributes)
        longest = max(map(len, attributes.values()), default=0)
        self._bound("characters in one attribute", longest, self._limits.attribute_length)

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _bound(self, what: str, count: int, limit: int) -> None:
        if count > limit:
            raise XmlRefused(
                [
                    Problem(
                        "xml-too-large",
                        "The file has more than %(limit)s %(what)s. Make it smaller or split it.",
                        place=self._place(),
                        severity="fatal",
                        params={"limit": limit, "what": what},
                    )
                ]
            )


def _reason(text: bytes, error: expat.ExpatError) -> str:
    """What Expat found, in words that do not repeat the message around them."""
    if not text.lstrip().startswith(b"<"):
        return "it does not begin with <" if text.strip() else "it is empty"
    reason = expat.ErrorString(error.code) or "?"
    return reason.removeprefix("not well-formed (").removesuffix(")") if "invalid token" in reason else reason


def _tree(text: bytes) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text, parser)  # noqa: TID251 (this is the one entry)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise XmlRefused([_problem_malformed(f"{line}:{column}", error.msg or "?")]) from None


def _problem_malformed(place: str, reason: str) -> Problem:
    return Problem(
        "xml-malformed",
        "The file is not well-formed XML (%(reason)s). It may be cut off or of another format: export it again as "
        "XML from its tool.",
        place=place,
        severity="fatal",
        params={"reason": reason},
    )


def _problem_bytes(place: str, data: bytes) -> Problem:
    """Bytes that are no UTF-8, in a file that says it is UTF-8, says nothing, or is of an encoding not read here."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) or data[:8].count(0) > 4:
        return _problem_encoding("1:1", "UTF-32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in data[:4]:
        return _problem_encoding("1:1", "UTF-16")
    declared = _declared_name(data)
    if declared and declared not in _UTF8_NAMES:
        return _problem_encoding(place, declared)
    return Problem(
        "xml-encoding",
        "The file says that it is UTF-8, or says nothing, but the byte at this place is of another encoding "
        "(often Windows-1252). Export it again as UTF-8, or open it in a text editor and save it with the "
        "encoding UTF-8.",
        place=place,
        severity="fatal",
        params={"encoding": "?"},
    )


def _problem_encoding(place: str, encoding: str) -> Problem:
    return Problem(
        "xml-encoding",
        "The file is in the encoding %(encoding)s, which is not read. Export it again as UTF-8, or open it in a "
        "text editor, save it with the encoding UTF-8 and write UTF-8 into its first line.",
        place=place,
        severity="fatal",
        params={"encoding": encoding},
    )


def _problem_include(place: str) -> Problem:
    return Problem(
        "xml-xinclude",
        "The file includes other files (XInclude), which is not read. Put their content into it.",
        place=place,
        severity="fatal",
    )
