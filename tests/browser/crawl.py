"""Which pages there are: everything a role reaches from the start page by links."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from server.demo.world import FACILITATOR, USERS

if TYPE_CHECKING:
    from playwright.sync_api import Page

WHO = {"visitor": "", **{user.role.value: user.email for user in (*USERS, FACILITATOR)}}
"""The e-mail address of each role's demonstration person; nobody's for a visitor."""
OF_A_KIND = 1
NOT_PAGES = re.compile(
    r"/(file|files/.*|form\.xml|forms/.*|diagram\.bpmn|template\.xlsx|submission\.xml|state\.json|openapi\.json"
    r"|handbook\.pdf|[^/]+\.po)$"
)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"


def kind(address: str) -> str:
    """The address without what differs from one page of its kind to the next."""
    parts = urlsplit(address)
    path = re.sub(r"/services/[^/]+/\d+\.\d+\.\d+", "/services/*", ID.sub("*", parts.path))
    path = re.sub(r"/services/[^/*]+", "/services/*", path)
    asked = sorted(parse_qs(parts.query).items())
    return f"{path}?{','.join(f'{key}={values[0]}' if key == 'v' else key for key, values in asked)}"


def links_of(page: Page, start: str, *, of_a_kind: int = OF_A_KIND) -> Iterator[str]:
    """Each address once its page may be opened; the caller opens it in `page` before asking for the next.

    of_a_kind: how many pages are wanted whose addresses differ in ids only.
    """
    waiting, seen, kinds = deque([start]), {start}, {}
    while waiting:
        address = waiting.popleft()
        yield address
        for link in page.evaluate(LINKS):
            link = urljoin(address, link).partition("#")[0]
            parts = urlsplit(link)
            if link in seen or not link.startswith(start) or NOT_PAGES.search(parts.path):
                continue
            if "download" in parse_qs(parts.query) or kinds.get(kind(link), 0) >= of_a_kind:
                continue
            seen.add(link)
            kinds[kind(link)] = kinds.get(kind(link), 0) + 1
            waiting.append(link)
