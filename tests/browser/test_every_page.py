"""Every page of every role: found by following the links, looked at on a phone, in French and in Spanish.

Each page answers 200, has one heading, does not scroll sideways at 360 px (the width WCAG 2.2, 1.4.10 comes to at
400 % zoom is 320; cheap phones have 360), has nothing axe calls serious, no complaint in the console, nothing the
content policy refused, and no text left in English where the catalogue has another.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from playwright.sync_api import Page

from server.demo.world import FACILITATOR, USERS
from tests.browser_support import ROOT, wait_for_scripts
from translations import catalogue
from translations.extract import messages

pytestmark = pytest.mark.browser

AXE = ROOT / "server" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WIDTH = 360
OF_A_KIND = 2
"""How many pages with the same address but for ids are looked at by one role."""
LIMIT = 60
NOT_PAGES = re.compile(
    r"/(file|files/.*|form\.xml|forms/.*|diagram\.bpmn|template\.xlsx|submission\.xml|state\.json|openapi\.json)$"
)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (holder.closest('script, style, code, svg, [lang]:not(html)')) continue;
    found.push(walker.currentNode.data);
  }
  for (const e of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
    for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
      if (!e.closest('svg, [lang]:not(html)') && e.getAttribute(name)) found.push(e.getAttribute(name));
  return found.map(text => text.replace(/\\s+/g, ' ').trim()).filter(text => text);
}"""
CHECK_AXE = """() => axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations
  .filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120)).join(' | ')))"""
WHO = {"visitor": "", **{user.role.value: user.email for user in (*USERS, FACILITATOR)}}


def kind(address: str) -> str:
    """The address without what differs from one page of its kind to the next."""
    parts = urlsplit(address)
    path = re.sub(r"/(services)/[^/]+/\d+\.\d+\.\d+", r"/\1/*", ID.sub("*", parts.path))
    return f"{path}?{','.join(f'{k}={v[0]}' if k == 'v' else k for k, v in sorted(parse_qs(parts.query).items()))}"


def pages_from(page: Page, start: str) -> Iterator[str]:
    """Follow the links of each page that the caller has looked at; a few of each kind."""
    waiting, seen, kinds = deque([start]), {start}, {}
    while waiting:
        address = waiting.popleft()
        yield address
        for link in page.evaluate(LINKS):
            link = urljoin(address, link).partition("#")[0]
            parts = urlsplit(link)
            if link in seen or not link.startswith(start) or NOT_PAGES.search(parts.path):
                continue
            if "download" in parse_qs(parts.query) or kinds.get(kind(link), 0) >= OF_A_KIND:
                continue
            seen.add(link)
            kinds[kind(link)] = kinds.get(kind(link), 0) + 1
            waiting.append(link)


@cache
def english(locale: str) -> frozenset[str]:
    """The English texts of the interface that this language says otherwise."""
    words = catalogue(locale)
    texts = {text for message in messages() for text in ([message] if isinstance(message, str) else message)}
    return frozenset(t for t in texts if t and words.gettext(t) != t and "%(" not in t)


def left_in_english(page: Page, locale: str) -> list[str]:
    return [f"in English: {text}" for text in page.evaluate(TEXTS) if text in english(locale)]


def look(page: Page, address: str) -> list[str]:
    """What is wrong with the page as it is loaded."""
    answer = page.goto(address)
    wait_for_scripts(page)
    wrong = [] if answer is not None and answer.status == 200 else [f"status {answer and answer.status}"]
    headings = page.locator("h1:visible").count()
    if headings != 1:
        wrong.append(f"{headings} headings")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > WIDTH:
        wrong.append(f"{wide} px wide")
    return wrong


def axe(page: Page, source: str) -> list[str]:
    page.evaluate(source)
    return page.evaluate(CHECK_AXE)


@pytest.mark.parametrize("role", WHO)
def test_every_page_can_be_read_on_a_phone_in_french_and_spanish(site, open_window, role: str) -> None:
    source = AXE.read_text("utf-8")
    french = open_window(language="fr", email=WHO[role], width=WIDTH, height=740)
    spanish = open_window(language="es", email=WHO[role], width=WIDTH, height=740)
    wrong: dict[str, list[str]] = {}
    count = 0
    for address in pages_from(french.page, site.address + "/"):
        count += 1
        assert count <= LIMIT, "the crawl does not end"
        found = look(french.page, address) + left_in_english(french.page, "fr") + axe(french.page, source)
        found += french.wrong()
        found += look(spanish.page, address) + left_in_english(spanish.page, "es") + spanish.wrong()
        if found:
            wrong[address.removeprefix(site.address)] = sorted(set(found))
    assert not wrong, "\n".join(f"{address}\n    " + "\n    ".join(found) for address, found in wrong.items())
    assert count >= 4
