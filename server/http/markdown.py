"""Instructions written in Markdown (CommonMark), made HTML without any HTML of their author's."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

# html off: tags are shown as text; links to anything but web and mail addresses are not made
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
_parser.enable("table")


def render(text: str) -> Markup:
    """CommonMark with tables as safe HTML; headings start at h3, below those of the page."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            level = min(6, int(token.tag[1]) + 1)
            token.tag = f"h{max(3, level)}"
    return Markup(_parser.renderer.render(tokens, _parser.options, {}))  # noqa: S704  (html is off)
