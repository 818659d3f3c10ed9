"""From a template to a file: a plain Jinja environment per language, the style inlined, nothing fetched.

The documents carry their own content security policy (CSP Level 3): only the one inline style, named by its
hash. So they hold no style attributes; drawings use the presentation attributes of SVG.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache, partial
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from server import formatting
from server.documents.words import Words
from translations import LOCALES, catalogue

STYLE: Final = (resources.files(__package__) / "templates" / "style.css").read_text("utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)
"""To be sent with a document that is served; it stands in the document too."""


def render(template: str, locale: str, **values: object) -> str:
    """The document; an unknown language is written in English."""
    known = locale if locale in LOCALES else "en"
    environment = _environment(known)
    return environment.get_template(template).render(locale=known, **values)


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("server.documents"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], keep_trailing_newline=True,
    )  # fmt: skip
    texts, words = catalogue(locale), Words(locale)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        texts.gettext, texts.ngettext, newstyle=True
    )
    environment.filters.update(
        number=partial(formatting.number, locale), minor=partial(formatting.minor, locale),
        share=partial(formatting.share, locale), day=partial(formatting.day, locale),
        moment=partial(formatting.moment, locale), localised=partial(formatting.localised, locale),
        party=words.party, state=words.state, unit=words.unit, level=words.level, event=words.event,
        category=words.category, evidence=words.evidence, language=words.language, part=words.part,
        quality=words.quality, measure=words.measure, warning=words.warning,
    )  # fmt: skip
    # our own file; "</style" cannot occur in it, a test sees to that
    environment.globals.update(
        style=Markup(STYLE),  # noqa: S704
        policy=CONTENT_SECURITY_POLICY,
        nbsp=formatting.NO_BREAK,
    )
    return environment
