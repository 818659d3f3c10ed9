"""`make messages`: brings the catalogues in step with the texts in the sources.

Texts are found where the house writes them: gettext, ngettext, _, N_ and {% trans %}; what is assigned to a name
`message`, as error classes do; the message of a `Problem`; translate, t and N_ in the modeler's JavaScript.
Translations that exist are kept; texts that are gone are dropped.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from translations import FOLDER, LOCALES, SCRIPTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("workflows", "forms", "pricing", "payments", "service_library", "server")
_CALLS = {"gettext": 1, "_": 1, "_text": 1, "N_": 1, "refuse": 1, "ngettext": 2}
_SCRIPT_CALL = re.compile(r"""(?<![\w$])(?:t|translate|N_)\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
_MESSAGE_CLASSES = {"Problem", "LintRule", "Notice"}

Message = str | tuple[str, str]


def messages() -> dict[Message, set[str]]:
    """Every text of the sources, with the files it is in (relative to the repository)."""
    found: dict[Message, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if "node_modules" in path.parts or "static" in path.parts or "migrations" in path.parts:
                continue
            texts: Iterator[Message] = iter(())
            if path.suffix == ".py":
                texts = python_messages(path.read_text("utf-8"))
            elif path.suffix in (".html", ".txt") and "templates" in path.parts:
                texts = template_messages(path.read_bytes())
            elif path.suffix == ".js" and path.is_relative_to(ROOT / SCRIPTS):
                texts = script_messages(path.read_text("utf-8"))
            for text in texts:
                found.setdefault(text, set()).add(path.relative_to(ROOT).as_posix())
    return _merged(found)


def _merged(found: dict[Message, set[str]]) -> dict[Message, set[str]]:
    """The texts, a marked singular together with its plural: gettext has one entry for both."""
    plurals: dict[Message, Message] = {text[0]: text for text in found if isinstance(text, tuple)}
    merged: dict[Message, set[str]] = {}
    for text, paths in found.items():
        merged.setdefault(plurals.get(text, text), set()).update(paths)
    return merged


def python_messages(source: str) -> Iterator[Message]:
    """The texts of a Python module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _of_assignment(node)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            # the values of an error's message are words too: what="delivery"
            yield from (text for k in node.exc.keywords if k.arg and (text := _text(k.value)))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _text(node: ast.expr | None) -> str | None:
    return (
        node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value else None
    )


def _of_call(node: ast.Call) -> Iterator[Message]:
    name = _name(node.func)
    if name in _CALLS:
        texts = [_text(a) for a in node.args[: _CALLS[name]]]
        if len(texts) == _CALLS[name] and all(texts):
            yield (texts[0], texts[1]) if len(texts) == 2 else texts[0]  # type: ignore[misc]
    elif name in _MESSAGE_CLASSES:
        given = next((k.value for k in node.keywords if k.arg == "message"), None)
        text = _text(given if given is not None else (node.args[1] if len(node.args) > 1 else None))
        if text and text != "%(message)s":
            yield text


def _of_assignment(node: ast.Assign | ast.AnnAssign) -> Iterator[Message]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    text = _text(node.value)
    if text and any(_name(target) == "message" for target in targets):
        yield text


def template_messages(source: bytes) -> Iterator[Message]:
    """The texts of a Jinja template."""
    options = {"trimmed": "true", "silent": "false", "encoding": "utf-8"}
    for _line, text, _comments, _context in extract(
        "jinja2.ext:babel_extract", io.BytesIO(source), keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
        options=options,
    ):  # fmt: skip
        if isinstance(text, tuple):
            yield (str(text[0]), str(text[1]))
        elif text:
            yield str(text)


def script_messages(source: str) -> Iterator[Message]:
    """The texts of a script of the modeler: what is given to translate, t or N_ as one plain string."""
    for quoted in _SCRIPT_CALL.findall(source):
        text = re.sub(r"\\(.)", r"\1", quoted[1:-1])
        if text:
            yield text


def update(locale: str, found: dict[Message, set[str]]) -> tuple[int, int]:
    """Write the catalogue of a language anew; returns (texts, those without a translation)."""
    path = FOLDER / locale / "LC_MESSAGES" / "messages.po"
    known: dict[object, object] = {}
    if path.exists():
        with path.open("rb") as source:
            known = {_key(m.id): m.string for m in read_po(source, locale) if m.id and not m.fuzzy}
    catalogue = Catalog(locale=locale, project="RUN", fuzzy=False)
    missing = 0
    for text in sorted(found, key=lambda t: t if isinstance(t, str) else t[0]):
        translated = known.get(_key(text), "")
        whole = all(translated) if isinstance(translated, tuple) else bool(translated)
        missing += not whole
        catalogue.add(text, translated or None, locations=[(p, 0) for p in sorted(found[text])])  # type: ignore[arg-type]
    out = io.BytesIO()
    write_po(out, catalogue, width=100, omit_header=True, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_header(locale) + out.getvalue())
    return len(found), missing


def _key(message: object) -> object:
    return tuple(message) if isinstance(message, (list, tuple)) else message


def _header(locale: str) -> bytes:
    plural = "(n > 1)" if locale == "fr" else "(n != 1)"
    return (
        f'# RUN: {locale}. Brought in step by `make messages`.\nmsgid ""\nmsgstr ""\n"Language: {locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural={plural};\\n"\n\n'
    ).encode()


def main() -> None:
    """Update every catalogue and say what is missing."""
    found = messages()
    for locale in LOCALES:
        if locale != "en":
            count, missing = update(locale, found)
            sys.stdout.write(f"{locale}: {count} texts, {missing} without a translation\n")


if __name__ == "__main__":
    main()
