"""The form page: ODK Web Forms draws an XForm made by pyxform, the answers go out like OpenRosa's."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from pyxform.xls2xform import convert

pytestmark = pytest.mark.browser
SHEETS = {
    "survey": [
        {
            "type": "text",
            "name": "village",
            "label::English (en)": "Village",
            "label::Français (fr)": "Village (nom)",
        },
        {
            "type": "integer",
            "name": "adults",
            "label::English (en)": "Adults present",
            "label::Français (fr)": "Adultes présents",
            "required": "yes",
        },
        {
            "type": "image",
            "name": "photo",
            "label::English (en)": "Photo",
            "label::Français (fr)": "Photo prise",
        },
    ],
    "choices": [],
    "settings": [{"form_id": "meeting", "version": "1", "default_language": "English (en)"}],
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63"
    "f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def xform(sheets: dict[str, Any] = SHEETS) -> str:
    return convert(sheets, form_name="submission").xform


class Receiver:
    """A server's end of submissions: gives the prepared answers in turn, keeps what arrived."""

    def __init__(self, pages: Any, *answers: tuple[int, str]) -> None:
        self.pages, self.answers, self.received = pages, list(answers), []
        pages.answers["/submission"] = self

    def __call__(self, request: Any) -> Any:
        files = {part: (file.filename, file.mimetype, file.read()) for part, file in request.files.items()}
        self.received.append((request.headers.get("X-CSRFToken"), files))
        status, body = self.answers.pop(0)
        return self.pages.text(body, status, "application/json")

    @property
    def documents(self) -> list[str]:
        return [files["xml_submission_file"][2].decode() for _, files in self.received]


def open_form(
    pages: Any,
    visit: Callable[..., Page],
    language: str = "en",
    width: int = 1280,
    more: str = "",
    sheets: dict[str, Any] = SHEETS,
) -> Page:
    pages.put("/form.xml", xform(sheets), "text/xml")
    pages.put_page("/done", "<h1>Thank you</h1>")
    pages.put_page(
        "/",
        '<main class="run-main run-main--narrow"><h1>Report the meeting</h1>'
        '<div id="form" data-xform-url="/form.xml" data-submit-url="/submission" data-csrf="secret"'
        f' data-media-url="/media/" data-done-url="/done" data-lang="{language}" {more}></div></main>',
        "form",
        language=language,
        csp=pages.FORM_CSP,
    )
    page = visit("/", width)
    expect(page.locator(".odk-form")).to_be_visible(timeout=20_000)
    return page


def fill(page: Page) -> None:
    page.get_by_role("textbox").first.fill("Anandana")
    adults = page.get_by_role("spinbutton")
    adults.press_sequentially("34")
    adults.blur()


@pytest.mark.parametrize("width", [1280, 360])
def test_answers_and_photo_arrive_and_the_person_moves_on(
    pages: Any, visit: Callable[..., Page], photograph: Callable[..., None], width: int
) -> None:
    receiver = Receiver(pages, (201, ""))
    page = open_form(pages, visit, width=width)
    fill(page)
    page.locator("input[type=file]").last.set_input_files(
        {"name": "meeting.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    expect(page.locator("img[src^=blob]")).to_be_visible()
    photograph(page, f"form-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    [(token, files)] = receiver.received
    assert token == "secret"
    xml = files["xml_submission_file"][2].decode()
    assert "<village>Anandana</village>" in xml
    assert "<adults>34</adults>" in xml
    [photo] = re.findall("<photo>(.*?)</photo>", xml)
    assert files[photo][0] == photo
    assert files[photo][2] == PIXEL


def test_a_large_picture_is_reduced_before_it_is_sent(pages: Any, visit: Callable[..., Page]) -> None:
    receiver = Receiver(pages, (201, ""))
    survey = [
        {**row, "parameters": "max-pixels=640"} if row["type"] == "image" else row for row in SHEETS["survey"]
    ]
    page = open_form(pages, visit, sheets={**SHEETS, "survey": survey})
    fill(page)
    Image.new("RGB", (1600, 800), "green").save(large := io.BytesIO(), "JPEG")
    page.locator("input[type=file]").last.set_input_files(
        {"name": "meeting.jpg", "mimeType": "image/jpeg", "buffer": large.getvalue()}
    )
    expect(page.locator("img[src^=blob]")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    [(_, files)] = receiver.received
    [photo] = re.findall("<photo>(.*?)</photo>", files["xml_submission_file"][2].decode())
    assert Image.open(io.BytesIO(files[photo][2])).size == (640, 320)


def test_it_opens_in_the_language_of_the_person_words_of_the_renderer_too(
    pages: Any, visit: Callable[..., Page], photograph: Callable[..., None]
) -> None:
    page = open_form(pages, visit, language="fr")
    expect(page.get_by_text("Adultes présents")).to_be_visible()
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("1 question à corriger.")).to_be_visible()
    expect(page.get_by_text("Cette réponse est obligatoire.").first).to_be_visible()
    expect(page.get_by_text("Choisir une image")).to_be_visible()
    photograph(page, "form-fr")


def test_a_server_that_is_busy_gets_the_same_submission_again(pages: Any, visit: Callable[..., Page]) -> None:
    receiver = Receiver(pages, (503, ""), (201, ""))
    page = open_form(pages, visit)
    fill(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=15_000)
    first, second = receiver.documents
    assert first == second


def test_the_problems_the_server_finds_are_shown_and_nothing_is_lost(
    pages: Any, visit: Callable[..., Page], photograph: Callable[..., None]
) -> None:
    problem = {"problems": [{"place": "Adults present", "message": "At least 30 adults must attend."}]}
    receiver = Receiver(pages, (422, json.dumps(problem)), (201, ""))
    page = open_form(pages, visit)
    fill(page)
    page.get_by_role("button", name="Send").click()
    alert = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(alert).to_contain_text("At least 30 adults must attend.")
    expect(alert).to_be_focused()
    photograph(page, "form-problem")
    adults = page.get_by_role("spinbutton")
    adults.press("Backspace")
    adults.press_sequentially("9")
    adults.blur()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    instances = {re.search("<instanceID>(.*?)</instanceID>", xml)[1] for xml in receiver.documents}
    assert len(instances) == 1
    assert "<village>Anandana</village>" in receiver.documents[1]


def test_a_person_who_is_signed_out_can_send_again(pages: Any, visit: Callable[..., Page]) -> None:
    receiver = Receiver(pages, (401, ""), (201, ""))
    page = open_form(pages, visit)
    fill(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="signed out")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert len(set(receiver.documents)) == 1


def test_a_submission_that_was_sent_back_is_corrected_as_a_new_one(
    pages: Any, visit: Callable[..., Page]
) -> None:
    receiver = Receiver(pages, (201, ""))
    earlier = (
        '<submission id="meeting" version="1"><village>Tchakl</village><adults>12</adults>'
        "<photo>old.png</photo><meta><instanceID>uuid:first</instanceID></meta></submission>"
    )
    pages.put("/earlier/submission.xml", earlier, "text/xml")
    pages.put("/earlier/old.png", PIXEL, "image/png")
    page = open_form(
        pages, visit, more="""data-edit-url="/earlier/submission.xml" data-edit-files='["old.png"]'"""
    )
    expect(page.get_by_role("textbox").first).to_have_value("Tchakl")
    page.get_by_role("textbox").first.fill("Tchakalakou")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    [xml] = receiver.documents
    assert "<village>Tchakalakou</village>" in xml
    assert "uuid:first</deprecatedID>" in xml or "uuid:first</orx:deprecatedID>" in xml
    assert receiver.received[0][1]["old.png"][2] == PIXEL


def test_a_place_is_the_phones_without_a_map_also_while_correcting(
    pages: Any, visit: Callable[..., Page]
) -> None:
    places = [
        {"type": "geopoint", "name": "here", "label::English (en)": "Here"},
        {"type": "geopoint", "name": "there", "label::English (en)": "There", "appearance": "placement-map"},
    ]
    earlier = (
        '<submission id="meeting" version="1"><here>9.8 1.5 0 5</here><there>9.7 1.6 0 6</there>'
        "<meta><instanceID>uuid:first</instanceID></meta></submission>"
    )
    pages.put("/earlier/submission.xml", earlier, "text/xml")
    page = open_form(
        pages, visit, sheets={**SHEETS, "survey": places}, more='data-edit-url="/earlier/submission.xml"'
    )
    expect(page.get_by_text("9.8")).to_be_visible()
    expect(page.get_by_text("9.7")).to_be_visible()
    expect(page.locator(".async-map-container")).to_have_count(0)


def test_a_form_that_is_not_there_is_said(pages: Any, visit: Callable[..., Page]) -> None:
    pages.put_page(
        "/",
        '<h1>F</h1><div id="form" data-xform-url="/none.xml" data-lang="es"></div>',
        "form",
        csp=pages.FORM_CSP,
    )
    expect(visit("/").get_by_role("alert")).to_contain_text("No se pudo cargar el formulario")
