"""The texts of a diagram by language, found and replaced in the bytes of its file.

Idea: a translation must not touch anything else of a file that other people draw in, so nothing is parsed and
written again. Expat says at which byte each element begins and ends, and only the bytes of the texts that change
are replaced; a language that is not there yet is added after the text it belongs to, written as that one is.
Which elements are texts is said once, by the descriptor in workflows/schema/run.json.

What BPMN itself calls an element has one language, its attribute `name`: that of the service. Its translations are in
`run:label`, and together they are one text with the path "name"; a task with a card has its title instead.

Source: XML 1.0 (5th ed.), 2.4 and 2.11 (character data, line ends).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.parsers import expat
from xml.sax.saxutils import escape

from workflows import xml
from workflows.definitions.bpmn import MODEL, NAMED
from workflows.definitions.model import LANGUAGES
from workflows.definitions.processes import language_of_names
from workflows.errors import InvalidInput
from workflows.problems import Problem
from workflows.schema.descriptor import Property, descriptor

Format = Literal["plain", "markdown"]
_EXTENSIONS: Final = f"{{{MODEL}}}extensionElements"
_LABEL: Final = "Label"
"""The extension that holds the translations of a name."""
_TEXT_TYPES: Final = {"Text": "plain", "RichText": "markdown"}
_START: Final = re.compile(rb"""<([^\s/>]+)((?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_ATTRIBUTE: Final = re.compile(rb"""\s([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_ROOT: Final = re.compile(rb"<[^?!]")
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
"""An attribute holds one line."""
_LANG: Final = re.compile(rb"""(\blang\s*=\s*)("[^"]*"|'[^']*')""")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


class TextRefused(InvalidInput):
    """Texts that cannot be written into the diagram; `problems` says which and why."""

    code = "text-refused"


@dataclass(frozen=True, slots=True)
class DiagramText:
    """A text of an element. path: "title", "activity[announce_date].label". texts: by language, none empty.

    is_name: what BPMN itself calls the element.
    """

    element: str
    path: str
    texts: Mapping[str, str]
    format: Format = "plain"
    is_name: bool = False

    @property
    def id(self) -> tuple[str, str]:
        return self.element, self.path


@dataclass(slots=True)
class _Element:
    """An element of the file. start, inner, outer, end: byte offsets of "<a>", after it, of "</a>", after it."""

    tag: str
    attributes: Mapping[str, str]
    start: int
    inner: int = 0
    outer: int = 0
    end: int = 0
    words: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    @property
    def local(self) -> str:
        return self.tag.rpartition("}")[2]

    @property
    def text(self) -> str:
        found = "".join(self.words)
        return found if found.strip() else ""

    def child(self, tag: str) -> _Element | None:
        """The first child of that name."""
        return next((each for each in self.children if each.tag == tag), None)


@dataclass(slots=True)
class _Found:
    """A text with the elements that hold it, by language; those that say no language are left out.

    named: the element of which it is the name, written in `source`; its attribute holds that language.
    """

    element: str
    path: str
    format: Format
    held: dict[str, _Element] = field(default_factory=dict)
    named: _Element | None = None
    source: str = ""

    def texts(self) -> dict[str, str]:
        """By language, none empty."""
        found = {language: each.text for language, each in self.held.items() if each.text}
        if self.named is not None:
            found = {self.source: self.named.attributes["name"].strip(), **found}
        return found

    def loses_name(self, words: Mapping[str, str]) -> bool:
        """Whether the diagram itself would have no name left."""
        return self.named is not None and not words.get(self.source, "-").strip()


def texts(bpmn: bytes) -> tuple[DiagramText, ...]:
    """Every text of a diagram: of its services, its tasks and the names in it, in file order. Raises XmlRefused."""
    return tuple(
        DiagramText(each.element, each.path, each.texts(), each.format, each.named is not None)
        for each in _File(bpmn).found()
    )


def with_texts(bpmn: bytes, changes: Mapping[tuple[str, str], Mapping[str, str]]) -> bytes:
    """The diagram with other texts: (element, path) -> language -> text; "" takes one out.

    Every byte outside the changed texts stays as it is. Raises XmlRefused, TextRefused with everything that
    cannot be written.
    """
    wanted = {key: words for key, words in changes.items() if words}
    if not wanted:
        return bpmn
    file = _File(bpmn)
    known = {(each.element, each.path): each for each in file.found()}
    problems = [_unknown(key) for key in wanted if key not in known or not known[key].texts()]
    problems += [
        _nameless(key) for key, words in wanted.items() if key in known and known[key].loses_name(words)
    ]
    problems += [
        _control(key)
        for key, words in wanted.items()
        if any(_CONTROL.search(w) for w in words.values())
        or any(not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", lang) for lang in words)
    ]
    if problems:
        raise TextRefused(problems)
    edits = [edit for key, words in wanted.items() for edit in file.edits(known[key], words)]
    return file.edited(edits)


_Edit = tuple[int, int, bytes]


class _File:
    """A diagram's bytes with the places of its elements."""

    def __init__(self, data: bytes) -> None:
        xml.parse(data)  # the hardened entry: what it refuses is refused here
        self._bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        self._data = data.removeprefix(codecs.BOM_UTF8)
        declared = _DECLARED.match(self._data)
        # a file that says it is something else is plain ASCII, and stays so
        self._unicode = declared is None or declared[1].lower() in (b"utf-8", b"utf8")
        self._open: list[_Element] = []
        self._all: list[_Element] = []
        parser = expat.ParserCreate("UTF-8", namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words
        self._parser = parser
        parser.Parse(self._data, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        element = _Element(f"{{{name}" if "}" in name else name, attributes, at)
        opening = _START.match(self._data, at)
        assert opening is not None, "the hardened entry has read this start tag"
        element.inner = opening.end()
        if opening[3]:
            element.outer = element.end = opening.end()
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)
        self._all.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if not element.end:
            element.outer = self._parser.CurrentByteIndex
            element.end = self._data.index(b">", element.outer) + 1

    def _words(self, words: str) -> None:
        self._open[-1].words.append(words)

    def found(self) -> list[_Found]:
        """The texts, in file order, each with all its languages."""
        return list(self._found())

    def _found(self) -> Iterator[_Found]:
        declared = descriptor()
        space = f"{{{declared.uri}}}"
        services = (each.attributes for each in self._all if each.tag == f"{space}service")
        source = language_of_names(services)
        for host in self._all:
            name = self._name(host, source)
            if name is not None:
                yield name
            for holder in host.children:
                if holder.tag != _EXTENSIONS:
                    continue
                for own in holder.children:
                    kind = declared.extensions.get(own.local)
                    if (
                        kind is not None
                        and kind != _LABEL
                        and own.tag.startswith(space)
                        and host.attributes.get("id")
                    ):
                        yield from self._texts_of(host.attributes["id"], own, kind, "")

    def _name(self, host: _Element, source: str) -> _Found | None:
        """What an element is called, with its translations; None where it has a title, or no name."""
        if host.tag != f"{{{MODEL}}}{host.local}" or host.local not in NAMED or not host.attributes.get("id"):
            return None
        space, holder = f"{{{descriptor().uri}}}", host.child(_EXTENSIONS)
        titled = holder is not None and holder.child(f"{space}task") is not None
        if titled or not host.attributes.get("name", "").strip():
            return None
        found = _Found(host.attributes["id"], "name", "plain", named=host, source=source)
        label = holder.child(f"{space}label") if holder is not None else None
        for each in label.children if label is not None else ():
            language = each.attributes.get("lang", "")
            if each.tag == f"{space}name" and language not in ("", source):
                found.held.setdefault(language, each)
        return found

    def _texts_of(self, element: str, holder: _Element, kind: str, before: str) -> Iterator[_Found]:
        declared = descriptor()
        by_tag = {p.tag: p for p in declared.types[kind].values() if not p.is_attribute and not p.is_body}
        gathered: dict[str, _Found] = {}
        places: dict[str, int] = {}
        for child in holder.children:
            prop = by_tag.get(child.local)
            if prop is None or not child.tag.startswith(f"{{{declared.uri}}}"):
                continue
            if prop.type in _TEXT_TYPES:
                yield from self._gather(gathered, element, child, prop, before)
            elif prop.is_many:
                places[prop.tag] = places.get(prop.tag, -1) + 1
                key = child.attributes.get("id") or str(places[prop.tag])
                yield from self._texts_of(element, child, prop.type, f"{before}{prop.tag}[{key}].")

    @staticmethod
    def _gather(
        gathered: dict[str, _Found], element: str, child: _Element, prop: Property, before: str
    ) -> Iterator[_Found]:
        """The text the first time one of its languages is met; the others join it."""
        path = before + prop.tag
        is_new = path not in gathered
        markdown = _TEXT_TYPES[prop.type] == "markdown"
        found = gathered.setdefault(path, _Found(element, path, "markdown" if markdown else "plain"))
        if child.attributes.get("lang"):
            found.held.setdefault(child.attributes["lang"], child)
        if is_new:
            yield found

    def edits(self, found: _Found, words: Mapping[str, str]) -> Iterator[_Edit]:
        """What to replace so that the text reads so."""
        if found.named is not None:
            words = {language: _BLANKS.sub(" ", text).strip() for language, text in words.items()}
            if found.source in words:
                yield self._renaming(found.named, words.pop(found.source))
            if not found.held:
                yield from self._labelled(found.named, {lang: text for lang, text in words.items() if text})
                return
        added: dict[int, list[tuple[str, str]]] = {}
        for language, text in words.items():
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            held = found.held.get(language)
            if held is not None:
                if text != held.text:
                    yield self._replacement(held, text)
            elif text:
                added.setdefault(self._neighbour(found, language).end, []).append((language, text))
        for texts_there in added.values():
            texts_there.sort(key=lambda each: _order(each[0]))
            model = self._neighbour(found, texts_there[0][0])
            content = b"".join(self._written(model, language, text) for language, text in texts_there)
            yield model.end, model.end, content

    def _renaming(self, named: _Element, text: str) -> _Edit:
        """The attribute `name` with another value, in quotes as they are there."""
        attributes = _ATTRIBUTE.finditer(self._data, named.start, named.inner)
        found = next(each for each in attributes if each[1] == b"name")
        quote = found[2][:1]
        return found.start(2), found.end(2), quote + self._escaped(text, quote) + quote

    def _labelled(self, named: _Element, words: Mapping[str, str]) -> Iterator[_Edit]:
        """A `run:label` where there is none yet, in the extensions of the element, which may be new too."""
        if not words:
            return
        holder, indent = named.child(_EXTENSIONS), self._indent(named)
        empty = holder.child(f"{{{descriptor().uri}}}label") if holder is not None else None
        if empty is not None:
            yield self._filled(empty, words)
            return
        step = b"  " if indent else b""
        within = indent + step * 3 if indent else b""
        prefix, declared = self._prefix()
        texts = b"".join(
            within + step + b"<%sname lang=\"%s\">" % (prefix, language.encode()) + self._escaped(text)
            + b"</%sname>" % prefix
            for language, text in sorted(words.items(), key=lambda each: _order(each[0]))
        )  # fmt: skip
        around = within[: len(within) - len(step)]
        label = around + b"<%slabel%s>" % (prefix, declared) + texts.replace(within + step, within) + around
        label += b"</%slabel>" % prefix
        if holder is not None and holder.inner != holder.end:
            at = holder.children[-1].end if holder.children else holder.inner
            yield at, at, label
            return
        opened = self._named_like(named, b"extensionElements")
        margin = indent + step if indent else b""
        if holder is not None:  # <bpmn:extensionElements/>
            yield holder.start, holder.end, b"<%s>" % opened + label + margin + b"</%s>" % opened
            return
        content = margin + b"<%s>" % opened + label + margin + b"</%s>" % opened
        if named.inner == named.end:
            own = self._named_like(named, named.local.encode())
            slash = self._data.rindex(b"/", named.start, named.end)
            yield slash, named.end, b">" + content + indent + b"</%s>" % own
            return
        told = [each for each in named.children if each.tag == f"{{{MODEL}}}documentation"]
        at = told[-1].end if told else named.inner
        yield at, at, content

    def _filled(self, label: _Element, words: Mapping[str, str]) -> _Edit:
        """A `run:label` that has no translation yet with these, in one line when it is in one."""
        name, is_block = self._named_like(label, b"name"), b"\n" in self._data[label.inner : label.outer]
        within = self._indent(label) + b"  " if is_block else b""
        texts = b"".join(
            within + b'<%s lang="%s">' % (name, language.encode()) + self._escaped(text) + b"</%s>" % name
            for language, text in sorted(words.items(), key=lambda each: _order(each[0]))
        )
        if label.inner == label.end:  # <run:label/>
            opening = re.sub(rb"\s*/>$", b">", self._data[label.start : label.inner])
            closing = b"</%s>" % self._named_like(label, b"label")
            return label.start, label.end, opening + texts + closing
        at = label.children[-1].end if label.children else label.inner
        return at, at, texts

    def _prefix(self) -> tuple[bytes, bytes]:
        """How our elements are written in this file, and the declaration that it lacks."""
        uri = descriptor().uri.encode()
        start = _ROOT.search(self._data)
        opening = _START.match(self._data, start.start()) if start is not None else None
        attributes = opening[2] if opening is not None else b""
        found = re.search(rb"""\sxmlns:([^\s=]+)\s*=\s*["']""" + re.escape(uri) + rb"""["']""", attributes)
        own = descriptor().prefix.encode()
        return (found[1] + b":", b"") if found is not None else (own + b":", b' xmlns:%s="%s"' % (own, uri))

    def _named_like(self, element: _Element, local: bytes) -> bytes:
        """A name of BPMN with the prefix that an element of the file has."""
        name = _START.match(self._data, element.start)
        assert name is not None
        prefix, colon, _ = name[1].rpartition(b":")
        return prefix + colon + local

    def _replacement(self, held: _Element, text: str) -> _Edit:
        if not text:
            return held.start - len(self._indent(held)), held.end, b""
        if held.inner == held.end:  # <run:title lang="fr"/>
            return held.start, held.end, self._element(held, self._data[held.start : held.inner], text)
        return held.inner, held.outer, self._escaped(text)

    @staticmethod
    def _neighbour(found: _Found, language: str) -> _Element:
        """The last of the languages that come before it, else the last there is."""
        earlier = [e for lang, e in found.held.items() if _order(lang) < _order(language)]
        return max(earlier or found.held.values(), key=lambda e: e.end)

    def _written(self, model: _Element, language: str, text: str) -> bytes:
        opening = self._data[model.start : model.inner]
        quoted = b'"' + language.encode() + b'"'
        opening = _LANG.sub(lambda match: match[1] + quoted, opening, count=1)
        return self._indent(model) + self._element(model, opening, text)

    def _element(self, model: _Element, opening: bytes, text: str) -> bytes:
        name = _START.match(self._data, model.start)
        assert name is not None
        opening = re.sub(rb"\s*/>$", b">", opening)
        return opening + self._escaped(text) + b"</" + name[1] + b">"

    def _indent(self, element: _Element) -> bytes:
        """The line break and blanks before an element."""
        before = self._data[: element.start]
        blanks = before[len(before.rstrip(b" \t\r\n")) :]
        at = blanks.rfind(b"\n")
        if at < 0:
            return b""
        return blanks[at - 1 if at and blanks[at - 1 : at] == b"\r" else at :]

    def _escaped(self, text: str, quote: bytes = b"") -> bytes:
        entities = {'"': "&quot;"} if quote == b'"' else {"'": "&apos;"} if quote else {}
        return escape(text, entities).encode("utf-8" if self._unicode else "ascii", "xmlcharrefreplace")

    def edited(self, edits: list[_Edit]) -> bytes:
        """The file with these places replaced."""
        parts, at = [self._bom], 0
        for start, end, content in sorted(edits):
            parts += [self._data[at:start], content]
            at = end
        return b"".join([*parts, self._data[at:]])


def _order(language: str) -> int:
    return LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES)


def _unknown(key: tuple[str, str]) -> Problem:
    return Problem(
        "text-not-found",
        "There is no text “%(path)s” here any more. It may have been removed: export the texts again.",
        place=key[0],
        params={"path": key[1]},
    )


def _nameless(key: tuple[str, str]) -> Problem:
    return Problem(
        "text-not-possible",
        "“%(element)s” would have no name any more in the language of the service. Write one.",
        place=key[0],
        params={"element": key[0]},
    )


def _control(key: tuple[str, str]) -> Problem:
    return Problem(
        "text-not-possible",
        "The text “%(path)s” has a control character or no known language. Type it again.",
        place=key[0],
        params={"path": key[1]},
    )
