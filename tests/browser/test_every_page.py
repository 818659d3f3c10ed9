"""Every page of every role: found by following the links, looked at on a phone, in French and in Spanish.

Each page answers 200, has one heading, does not scroll sideways at 360 px (the width WCAG 2.2, 1.4.10 comes to at
400 % zoom is 320; cheap phones have 360), has nothing axe calls serious, no complaint in the console, nothing the
content policy refused, and no text left in English where the catalogue has another.
"""

from functools import cache

import pytest
from playwright.sync_api import Page

from server.actor import SYSTEM
from server.adoptions import service as adoptions
from server.catalogue import service as catalogue_of_services
from server.demo.world import COMMUNE
from server.drafts import review
from server.drafts import service as drafts
from tests.browser.crawl import WHO, kind, links_of
from tests.browser.modeler import actor
from tests.browser_support import ROOT, Site, wait_for_scripts
from translations import catalogue
from translations.extract import messages

pytestmark = pytest.mark.browser

AXE = ROOT / "server" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WIDTH = 360
LIMIT = 80
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

SKELETON = "() => [...document.querySelectorAll('main *')].map(e => e.tagName + '.' + e.getAttribute('class')).join()"


@cache
def english(locale: str) -> frozenset[str]:
    """The English texts of the interface that this language says otherwise, and never says: French has a “Comment”."""
    words = catalogue(locale)
    texts = {text for message in messages() for text in ([message] if isinstance(message, str) else message)}
    said = {words.gettext(text) for text in texts}
    return frozenset(t for t in texts - said if t and "%(" not in t)


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


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """The demonstration with what experts and regions have begun: a draft, one in review, a proposed adoption."""
    expert = actor(site)
    version = site.runtime.read(SYSTEM, catalogue_of_services.find_version, "community_profile")
    site.runtime.run(
        expert,
        drafts.make,
        drafts.FromStarter("village_meeting", dict.fromkeys(("en", "fr", "es"), "Well meeting")),
    )
    asked = site.runtime.run(
        expert, drafts.make, drafts.FromVersion("community_profile", version.version)
    ).row  # the one in review is the newest, so the one that is visited
    site.runtime.run(expert, review.comment, asked.id, "Is 50 right?")
    site.runtime.run(expert, review.ask, asked.id)
    site.runtime.run(
        actor(site, "coordinator"), adoptions.propose, version_id=version.id, region=COMMUNE,
        overlay=adoptions.Overlay("fr"),
    )  # fmt: skip
    return site


VISITED = {
    "expert": {
        "/drafts/*",
        "/drafts/*/modeler",
        "/drafts/*/review",
        "/drafts/*/texts",
        "/drafts/*/compare",
    },
    "coordinator": {"/drafts/*", "/drafts/*/texts", "/adoptions/*", "/adoptions/new", "/calendars"},
}
"""Pages that the crawl must come by, whatever else it finds."""


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The skeletons of the pages that were looked at closely: another role's page of the same build is not again."""
    return set()


@pytest.mark.parametrize("role", WHO)
def test_every_page_can_be_read_on_a_phone_in_french_and_spanish(site, open_window, known, role: str) -> None:
    source = AXE.read_text("utf-8")
    french = open_window(language="fr", email=WHO[role], width=WIDTH, height=740)
    spanish = open_window(language="es", email=WHO[role], width=WIDTH, height=740)
    wrong: dict[str, list[str]] = {}
    count = 0
    came_by: set[str] = set()
    for address in links_of(french.page, site.address + "/"):
        count += 1
        came_by.add(kind(address.removeprefix(site.address)).partition("?")[0])
        assert count <= LIMIT, "the crawl does not end"
        found = look(french.page, address) + left_in_english(french.page, "fr")
        skeleton = french.page.evaluate(SKELETON)
        if skeleton not in known:
            known.add(skeleton)
            found += axe(french.page, source)
            found += look(spanish.page, address) + left_in_english(spanish.page, "es")
        found += french.wrong() + spanish.wrong()
        if found:
            wrong[address.removeprefix(site.address)] = sorted(set(found))
    assert not wrong, "\n".join(f"{address}\n    " + "\n    ".join(found) for address, found in wrong.items())
    assert count >= 4
    assert VISITED.get(role, set()) <= came_by
