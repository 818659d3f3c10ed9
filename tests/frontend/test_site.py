"""The look: every snippet of STYLE.md, rendered under a policy without inline styles and scripts."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

FRONTEND = Path(__file__).resolve().parents[2] / "server" / "frontend"
pytestmark = pytest.mark.browser


def snippets() -> list[str]:
    """The HTML of STYLE.md: first the page's frame, last the field app."""
    return re.findall(
        r"^```html\n(.*?)^```", (FRONTEND / "STYLE.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def back_office_page() -> str:
    frame, *others = snippets()
    parts = [part for part in others if not re.search(r"<body|data-bpmn-url|data-xform-url", part)]
    body = frame[frame.index("<body>") :]
    return body.replace("  …\n", "\n".join(parts))


def field_page() -> str:
    return snippets()[-1]


def serious(page: Page) -> list[str]:
    page.evaluate((FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("kind", ["back-office", "field"])
def test_every_component_is_accessible_and_fits(
    pages: Any, visit: Callable[..., Page], photograph: Callable[..., None], width: int, kind: str
) -> None:
    body = back_office_page() if kind == "back-office" else field_page()
    pages.put_page("/", body, csp=pages.STRICT_CSP)
    page = visit("/", width)
    expect(page.locator("h1").first).to_be_visible()
    page.evaluate("document.fonts.ready")
    photograph(page, f"{kind}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_the_text_is_set_in_the_font_we_ship(pages: Any, visit: Callable[..., Page]) -> None:
    pages.put_page("/", "<h1>É ɖ ɔ œ ñ</h1>", csp=pages.STRICT_CSP)
    page = visit("/")
    assert page.evaluate(
        "document.fonts.load('16px \"Source Sans 3\"', 'Éɖɔœñ').then(faces => faces.map(face => face.status))"
    ) == ["loaded", "loaded"]


def test_nothing_moves_when_the_font_arrives(pages: Any, visit: Callable[..., Page]) -> None:
    pages.put_page("/", back_office_page(), csp=pages.STRICT_CSP)
    page = visit("/")
    page.evaluate("document.fonts.ready")
    shift = page.evaluate("""new Promise(done => {
        let sum = 0;
        new PerformanceObserver(list => list.getEntries().forEach(each => { sum += each.value; }))
            .observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(sum), 300);
    })""")
    assert shift < 0.02


def test_a_key_presses_the_button_unless_the_person_types_or_switched_it_off(
    pages: Any, visit: Callable[..., Page]
) -> None:
    pages.put_page(
        "/",
        '<h1>Queue</h1><a href="#accepted" data-key="a">Accept</a><input id="note">'
        '<label><input type="checkbox" data-shortcuts-switch checked> Keys</label>',
    )
    page = visit("/")
    page.locator("#note").press("a")
    assert page.url.endswith("/")
    page.locator("#note").blur()
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("#accepted$"))
    page.goto(pages.address + "/")
    page.get_by_label("Keys").uncheck()
    page.keyboard.press("a")
    page.reload()
    expect(page.get_by_label("Keys")).not_to_be_checked()
    page.keyboard.press("a")
    assert page.url.endswith("/")


def test_a_form_is_sent_once_and_htmx_carries_the_token(pages: Any, visit: Callable[..., Page]) -> None:
    seen = []

    def note(request: Any) -> Any:
        seen.append((request.method, request.headers.get("X-CSRFToken")))
        return pages.text("<p>Problem</p>", 422 if request.headers.get("HX-Request") else 204)

    pages.answers["/send"] = note
    pages.put_page(
        "/",
        '<h1>Send</h1><div id="part"></div><form method="post" action="/send"><button>Send</button></form>'
        '<button hx-post="/send" hx-target="#part">Check</button>',
        csp=pages.STRICT_CSP,
    )
    page = visit("/")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#part")).to_have_text("Problem")
    page.evaluate(
        "() => { const b = document.querySelector('form button'); b.click(); b.click(); b.click(); }"
    )
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#part[aria-busy=false]")).to_have_text("Problem")
    assert [method for method, token in seen if token is None] == ["POST"]
    assert ("POST", "token") in seen
