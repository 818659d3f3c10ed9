"""Translating a service: every text of its diagram and forms under a key that stays, and how far each language is.

Idea: texts stay where they belong - in the `run:` elements of the diagram and in the columns of the XLSForms - so
one package is one promise in all languages and nothing can be published without its texts. Translators see them
as one list of entries; a changed entry is written back into its place and touches nothing else.

A translation is *stale* when the source has changed since the translation was made. What is known of that is
passed in: a fingerprint of the source kept with the translation (`Made`), else the texts of the last published
version, where a source that changed beside a translation that did not says the same.

Source: GNU gettext, "The Format of PO Files" (context, fuzzy), for what server.texts makes of it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from forms import texts as form_texts
from forms.errors import InvalidForm
from service_library.package import ServicePackage
from workflows.definitions import texts as diagram_texts
from workflows.definitions.model import LANGUAGES
from workflows.definitions.texts import TextRefused
from workflows.problems import Problem

SOURCE_LANGUAGE: Final = LANGUAGES[0]
MAX_LENGTH: Final = 20_000
"""Characters of one text."""
State = Literal["done", "missing", "stale", "no_source"]
Format = Literal["plain", "markdown"]
_PLACEHOLDER: Final = re.compile(r"\$\{[^{}\s]{1,100}\}|%\([A-Za-z_]\w*\)[a-z]|\{\{[^{}]{1,100}\}\}")
_LINK: Final = re.compile(r"\]\(\s*<?([^)\s>]{1,2000})")
_TAG: Final = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)(?=[\s/>])[^<>]*>")


@dataclass(frozen=True, slots=True)
class Entry:
    """A text of a service in its languages.

    key: stays when the text changes ("diagram:announce:activity[announce_date].label",
    "form:survey:household/size:label"). place: id of the element, or reference of the form. part: which text of it.
    is_name: of an element that BPMN names in one language; it may stay so, see `is_only_a_name`.
    """

    key: str
    place: str
    part: str
    texts: Mapping[str, str]
    format: Format = "plain"
    in_form: bool = False
    is_name: bool = False

    @property
    def is_only_a_name(self) -> bool:
        """A name that nobody has begun to translate: it may be, but nothing waits for it.

        Versions published before names could be translated, and files of other tools, are complete without.
        """
        return self.is_name and len(self.texts) < 2


@dataclass(frozen=True, slots=True)
class Made:
    """What a translation was made of: fingerprints of the source then, and of the translation."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of how translations came about.

    base: texts of the last published version, by key. made: by (key, language).
    """

    base: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    made: Mapping[tuple[str, str], Made] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a language is: of `total` texts with a source, how many are done, stale and missing.

    names: of the diagram that nobody has begun to translate; they are in no other count.
    """

    language: str
    total: int
    done: int
    stale: int
    missing: int
    names: int = 0

    @property
    def share(self) -> float:
        """Done, of all; 1 when there is nothing to translate."""
        return self.done / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Applied:
    """The files with their new texts. changed: keys whose text differs now."""

    bpmn: bytes
    form_sources: Mapping[str, bytes]
    changed: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def fingerprint(text: str) -> str:
    """SHA-256 of a text, in hexadecimal; line ends are all alike."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")).hexdigest()


def entries(bpmn: bytes, form_sources: Mapping[str, bytes]) -> tuple[Entry, ...]:
    """Every text: the diagram's in file order, then each form's. Raises XmlRefused.

    A form that cannot be read has none; its own check says why.
    """
    found = [
        Entry(
            f"diagram:{each.element}:{each.path}",
            each.element,
            each.path,
            each.texts,
            each.format,
            is_name=each.is_name,
        )
        for each in diagram_texts.texts(bpmn)
        if each.texts
    ]
    for ref, source in sorted(form_sources.items()):
        try:
            texts = form_texts.texts(source)
        except InvalidForm:
            continue
        found += (
            Entry(f"form:{ref}:{each.path}:{each.column}", ref, f"{each.path}:{each.column}", each.texts, in_form=True)
            for each in texts
        )  # fmt: skip
    return tuple(found)


def entries_of(package: ServicePackage) -> tuple[Entry, ...]:
    """Every text of a package."""
    return entries(package.bpmn, package.form_sources)


def base_of(package: ServicePackage) -> Mapping[str, Mapping[str, str]]:
    """The texts of a published version, by key, as `Background.base` takes them."""
    return {entry.key: entry.texts for entry in entries_of(package)}


def state(
    entry: Entry, language: str, background: Background = Background(), *, source: str = SOURCE_LANGUAGE
) -> State:  # fmt: skip
    """How far an entry is in a language."""
    original, text = entry.texts.get(source, ""), entry.texts.get(language, "")
    if not original:
        return "no_source"
    if not text:
        return "missing"
    if language == source:
        return "done"
    made = background.made.get((entry.key, language))
    if made is not None and made.text == fingerprint(text):
        return "done" if made.source == fingerprint(original) else "stale"
    before = background.base.get(entry.key)
    if before is None or before.get(language, "") != text:
        return "done"
    was = before.get(source, "")
    return "stale" if was and fingerprint(was) != fingerprint(original) else "done"


def progress(
    texts: Iterable[Entry], background: Background = Background(), *,
    languages: Iterable[str] = LANGUAGES, source: str = SOURCE_LANGUAGE,
) -> tuple[Progress, ...]:  # fmt: skip
    """How far each language is."""
    every = tuple(texts)
    known = [entry for entry in every if not entry.is_only_a_name]
    names, found = len(every) - len(known), []
    for language in languages:
        count = Counter(state(entry, language, background, source=source) for entry in known)
        total = len(known) - count["no_source"]
        found.append(Progress(language, total, count["done"], count["stale"], count["missing"], names))
    return tuple(found)


def apply(
    bpmn: bytes, form_sources: Mapping[str, bytes], changes: Mapping[str, Mapping[str, str]]
) -> Applied:
    """Write texts (key -> language -> text, "" = none) into their places; whole files are kept or replaced.

    Nothing is written when anything is wrong: unknown keys, what a form cannot hold, texts that are too long. All
    problems come together; their place is the key. Raises XmlRefused.
    """
    known = {entry.key: entry for entry in entries(bpmn, form_sources)}
    changed = {
        key: {lang: text for lang, text in words.items() if text != known[key].texts.get(lang, "")}
        for key, words in changes.items()
        if key in known
    }
    changed = {key: words for key, words in changed.items() if words}
    problems = [_unknown(key) for key in changes if key not in known]
    problems += [
        _too_long(key) for key, words in changed.items() if max(map(len, words.values())) > MAX_LENGTH
    ]
    new_bpmn, new_forms = bpmn, dict(form_sources)
    if not problems:
        new_bpmn, new_forms, problems = _written(bpmn, new_forms, known, changed)
    if problems:
        return Applied(bpmn, form_sources, (), tuple(problems))
    return Applied(new_bpmn, new_forms, tuple(changed))


def _written(
    bpmn: bytes, forms: dict[str, bytes], known: Mapping[str, Entry], changed: Mapping[str, Mapping[str, str]]
) -> tuple[bytes, dict[str, bytes], list[Problem]]:
    diagram: dict[tuple[str, str], Mapping[str, str]] = {}
    by_form: dict[str, dict[tuple[str, str], Mapping[str, str]]] = {}
    for key, words in changed.items():
        entry = known[key]
        if entry.in_form:
            path, _, column = entry.part.rpartition(":")
            by_form.setdefault(entry.place, {})[path, column] = words
        else:
            diagram[entry.place, entry.part] = words
    problems: list[Problem] = []
    try:
        bpmn = diagram_texts.with_texts(bpmn, diagram)
    except TextRefused as refused:
        problems += refused.problems
    for ref, texts in by_form.items():
        try:
            forms[ref] = form_texts.with_texts(forms[ref], texts)
        except InvalidForm as refused:
            problems += refused.problems
    return bpmn, forms, problems


def check(original: str, text: str, *, place: str = "", format: Format = "plain") -> Iterator[Problem]:  # noqa: A002
    """What a translation loses or adds: placeholders (error), links of Markdown and HTML tags (warning)."""
    for placeholder, missing in _differences(_PLACEHOLDER, original, text):
        if missing:
            yield Problem(
                "placeholder-missing",
                "The translation leaves out %(what)s, where a value is filled in. Put it in as it is.",
                place=place,
                params={"what": placeholder},
            )
        else:
            yield Problem(
                "placeholder-added",
                "The translation has %(what)s, which the original has not. Take it out or write it as it is there.",
                place=place,
                params={"what": placeholder},
            )
    if format == "markdown":
        yield from _links(original, text, place)
    for tag, missing in _differences(_TAG, original.lower(), text.lower()):
        yield Problem(
            "html-differs",
            "Original and translation do not have the same HTML: <%(tag)s>. Instructions show HTML as it is typed.",
            place=place,
            severity="warning",
            params={"tag": tag, "missing": missing},
        )


def _links(original: str, text: str, place: str) -> Iterator[Problem]:
    for link, missing in _differences(_LINK, original, text):
        if missing:
            yield Problem(
                "link-missing",
                "The translation leaves out the link to %(link)s. Put it in.",
                place=place,
                severity="warning",
                params={"link": link},
            )
        else:
            yield Problem(
                "link-added",
                "The translation links to %(link)s, the original does not. See whether that is meant.",
                place=place,
                severity="warning",
                params={"link": link},
            )


def _differences(pattern: re.Pattern[str], original: str, text: str) -> list[tuple[str, bool]]:
    """What is in one of them only: (what, whether the second one lacks it)."""
    before, after = Counter(pattern.findall(original)), Counter(pattern.findall(text))
    return [(each, True) for each in before - after] + [(each, False) for each in after - before]


def gate(
    package: ServicePackage, background: Background = Background(), *, languages: Iterable[str] = LANGUAGES,
    source: str = SOURCE_LANGUAGE,
) -> tuple[Problem, ...]:  # fmt: skip
    """What keeps a package from being published as far as its texts go: missing, stale or broken translations.

    languages: those it must be complete in. Errors must be mended, warnings need not. The places are keys;
    `Problem.params` names the element.
    """
    problems: list[Problem] = []
    wanted = tuple(languages)
    for entry in entries_of(package):
        for language in () if entry.is_only_a_name else wanted:
            problems += _gate(entry, language, background, source)
    return tuple(problems)


def _gate(entry: Entry, language: str, background: Background, source: str) -> Iterator[Problem]:
    found = state(entry, language, background, source=source)
    params = {"part": entry.part, "place": entry.place, "language": language}
    if found == "no_source":
        if language == source:
            yield Problem(
                "text-without-source",
                "“%(part)s” of %(place)s has translations, but no text in the language %(language)s. Write it.",
                place=entry.key,
                params=params,
            )
    elif found == "missing":
        yield Problem(
            "text-untranslated",
            "“%(part)s” of %(place)s has no text in the language %(language)s. Translate it.",
            place=entry.key,
            params=params,
        )
    elif found == "stale":
        yield Problem(
            "text-stale",
            "“%(part)s” of %(place)s has changed since it was translated into %(language)s. Adapt the translation, or "
            "confirm that it still says the same.",
            place=entry.key,
            params=params,
        )
    elif language != source:
        yield from check(entry.texts[source], entry.texts[language], place=entry.key, format=entry.format)


def _unknown(key: str) -> Problem:
    return Problem(
        "text-unknown",
        "The service has no text “%(key)s” any more. It may have been removed: export the texts again.",
        place=key,
        params={"key": key},
    )


def _too_long(key: str) -> Problem:
    return Problem(
        "text-too-long",
        "The text “%(key)s” is longer than %(limit)s characters. Shorten it.",
        place=key,
        params={"key": key, "limit": MAX_LENGTH},
    )
