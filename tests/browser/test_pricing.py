"""The sliders of what-if in a real browser: the price follows, on a phone it stays in sight, nothing is reloaded."""

import pytest
from playwright.sync_api import expect

from tests.browser.crawl import WHO

pytestmark = pytest.mark.browser

WHAT_IF = "/quotes/what-if?service=community_profile&region=BJ-DO-COPARGO"


@pytest.mark.parametrize("width", [1280, 360])
def test_the_price_follows_the_slider_without_a_new_page(open_window, width):
    page = open_window(email=WHO["expert"], width=width).page
    page.goto(WHAT_IF)
    price = page.locator("#headline .run-price")
    before = price.inner_text()
    page.evaluate("window.same = true")
    slider = page.get_by_label("Distance to the village")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("output[for=p_distance_km]")).to_have_text("150")
    expect(price).not_to_have_text(before)
    expect(page.locator("#headline")).to_contain_text("at the usual numbers")
    expect(price).to_be_in_viewport()
    assert page.evaluate("window.same")
    assert "p_distance_km" not in page.url
