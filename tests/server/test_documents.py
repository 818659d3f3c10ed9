"""The printable documents: self-contained, the same bytes for the same input, hostile texts harmless."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from lxml import etree

from pricing.contributions import Contribution, Overhead
from pricing.money import Money
from pricing.price_lists import ExchangeRate, Item, PriceBook, PriceRow
from pricing.quotes import Notice, Quote, build_quote
from pricing.regions import Region, RegionTree
from server import formatting
from server.documents import (
    CONTENT_SECURITY_POLICY,
    RegionPrices,
    compare_document,
    diagram_svg,
    quote_document,
    village_document,
)
from server.documents.figures import histogram, payers
from server.documents.rendering import STYLE
from server.journal.models import JournalBlock, JournalRow
from server.transparency.service import TaskRecord, VillageRecord
from service_library import library
from service_library.compare import PackageComparison, compare
from service_library.form_comparison import FormChange, FormComparison, StaleTranslation
from workflows.definitions.compare import Comparison, FieldChange

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LOCALES = ("en", "fr", "es")
PROFILE = "community_profile"


# builders ---------------------------------------------------------------------------------------------


def price_book(definition, *, currency="XOF", quality="illustrative"):
    used = {}
    for node in definition.tasks():
        work = node.task.honorarium
        if work:
            used[work.item] = (work.unit, "honorarium")
        for expense in node.task.expenses:
            used[expense.item] = (expense.unit, "materials")
    rows = [
        PriceRow(
            list="LIST-1", row=number, region="BJ", item=item, unit=unit, minimum=Fraction(800),
            typical=Fraction(1000), maximum=Fraction(1500), currency=currency, valid_from=date(2026, 1, 1),
            quality=quality, source="",
        )
        for number, (item, (unit, _)) in enumerate(used.items(), 2)
    ]  # fmt: skip
    items = [Item(item, unit, category) for item, (unit, category) in used.items()]
    rates = [ExchangeRate("EUR", "XOF", Fraction("655.957"), date(2026, 1, 1), None, "BCEAO")]
    return PriceBook(rows, RegionTree([Region("BJ", None, "country", {"en": "Benin"})]), items, (), rates)


def quote(version="1.0.0", **changes):
    definition = library.load(PROFILE, version).definition
    given = {"region": "BJ", "on": date(2026, 3, 2), "currency": "XOF", "count": 46, "draws": 500} | changes
    book = given.pop("book", None) or price_book(definition)
    made = build_quote(
        definition, book, valid_until=date(2026, 4, 1),
        overheads=[Overhead("fee", "percent", Fraction(5), names={"en": "Franchise fee"})],
        contributions=[Contribution("partner", "fixed", "service", Fraction(20000))], **given,
    )  # fmt: skip
    return Quote.from_json(made.canonical())


def quoted(value=None, locale="en", **changes):
    given = {
        "service_names": {"en": "Community profile", "fr": "Profil communautaire"},
        "region_name": "Benin",
    }
    return quote_document(value or quote(), locale=locale, **given | changes)


def journal_row(seq, event, object_id, public=None):
    return JournalRow(
        seq=seq, id=f"row-{seq}", at=NOON, event=event, object_type=event.partition(":")[0],
        object_id=object_id, region_code="BJ-1", public=public or {}, commitments={"actor": "c" * 64},
        row_hash=hashlib.sha256(str(seq).encode()).hexdigest(),
    )  # fmt: skip


def task_record(**changes):
    values = {
        "node_id": "announce", "title": "Announce the meeting", "outcome": "Everybody knows the day.",
        "skill": "FAC", "round": 1, "state": "accepted", "accepted_at": NOON, "honorarium": 2783,
        "expenses": 9335, "paid": 12035, "evidence": 2, "delivery_id": "delivery-1",
    } | changes  # fmt: skip
    return TaskRecord(**values)


def village(**changes):
    block = JournalBlock(
        number=6, first_seq=1, last_seq=9, rows_hash="a" * 64, ledger_seq=279, ledger_hash="b" * 64,
        previous_hash="d" * 64, hash="e" * 64, sealed_at=NOON,
    )  # fmt: skip
    values = {
        "instance_id": "instance-1", "service": "Community profile", "service_version": "1.0.0",
        "service_digest": "f" * 64, "village": "Pabégou", "region_code": "BJ-1", "illustrative": True,
        "status": "accepted", "requested_at": NOON, "started_at": NOON, "ended_at": NOON, "currency": "XOF",
        "tasks": (task_record(),),
        "payers": {"fund": 9000, "commune": 2000, "village (in kind)": 1000}, "total": 12000,
        "rows": (
            journal_row(1, "task:ready", "task-1", {"node": "announce"}),
            journal_row(2, "delivery:made", "delivery-1"), journal_row(3, "delivery:accepted", "delivery-1"),
        ),
        "block": block,
    } | changes  # fmt: skip
    return VillageRecord(**values)


def village_page(record=None, locale="en", base_url="https://run.example.org/"):
    return village_document(
        record or village(), locale=locale, base_url=base_url, skill_names={"FAC": {"en": "Facilitator"}}
    )


def compared(locale="en", comparison=None, prices=None):
    old, new = library.load(PROFILE, "1.0.0"), library.load(PROFILE, "1.1.0")
    if prices is None:
        prices = [RegionPrices("Benin", quote("1.0.0"), quote("1.1.0"))]
    return compare_document(comparison or compare(old, new), old=old, new=new, prices=prices, locale=locale)


DOCUMENTS = {"quote": quoted, "village": village_page, "compare": compared}


class Page(HTMLParser):
    """What matters of a page: its elements with attributes, headings, and its readable text."""

    def __init__(self, document):
        super().__init__()
        self.elements, self.headings, self.words, self._inside = [], [], [], []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if self._inside and self._inside[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def plain(number):
    """A number as the French and the English write it, without what separates its thousands."""
    return re.sub(r"[,\u00a0\u202f]", "", number)


# all documents ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_needs_nothing_but_itself(kind, locale):
    page = Page(DOCUMENTS[kind](locale=locale))
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert "@import" not in STYLE
    assert "url(" not in STYLE
    for name, attrs in page.elements:
        assert "style" not in attrs, "the policy forbids style attributes"
        assert not [key for key in attrs if key.startswith("on")]
        assert "src" not in attrs
        assert name == "a" or "href" not in attrs


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_style_is_the_one_its_policy_allows(kind):
    document = DOCUMENTS[kind]()
    inlined = re.search("<style>(.*?)</style>", document, re.DOTALL)[1]
    assert inlined == STYLE
    policies = [m["content"] for m in Page(document).all("meta") if m.get("http-equiv")]
    assert policies == [CONTENT_SECURITY_POLICY]
    assert "</style" not in STYLE.lower()
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_names_its_language_and_has_one_order_of_headings(kind, locale):
    page = Page(DOCUMENTS[kind](locale=locale))
    assert page.all("html") == [{"lang": locale}]
    assert page.headings.count(1) == 1
    steps = [after - before for before, after in zip(page.headings, page.headings[1:], strict=False)]
    assert page.headings[0] == 1
    assert max(steps) == 1
    assert all(attrs.get("scope") in ("row", "col") for attrs in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_drawing_has_words_or_is_hidden_from_screen_readers(kind):
    drawings = Page(DOCUMENTS[kind]()).all("svg")
    assert drawings
    for attrs in drawings:
        assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label") or attrs.get("aria-labelledby")


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_same_input_gives_the_same_bytes(kind):
    assert DOCUMENTS[kind]() == DOCUMENTS[kind]()


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_an_unknown_language_is_written_in_english(kind):
    document = DOCUMENTS[kind](locale="../../etc")
    assert '<html lang="en">' in document


# the quote ----------------------------------------------------------------------------------------------


def test_a_quote_shows_its_price_in_all_and_for_each_village():
    value = quote()
    text = plain(Page(quoted(value)).text)
    assert f"{value.charged_minor} XOF" in text
    assert f"{round(value.charged_minor / 46)} XOF" in text
    assert "46 villages" in text


def test_a_quote_of_one_village_does_not_tell_its_price_twice():
    text = Page(quoted(quote(count=1))).text
    assert "for 1 village" in text
    assert "for each village" not in text


def test_a_quote_tells_where_each_price_comes_from():
    value = quote()
    text = Page(quoted(value)).text
    for line in value.lines:
        assert f"Price list LIST-1, row {line.price.row} " in text
        assert line.item in text
    assert text.count("illustrative") >= len(value.lines)


def test_a_quote_tells_the_exchange_rate_it_used():
    definition = library.load(PROFILE, "1.0.0").definition
    text = Page(quoted(quote(book=price_book(definition, currency="EUR")))).text
    assert "exchange rate 655.957 (EUR/XOF" in text


def test_made_up_prices_are_marked_and_real_ones_are_not():
    definition = library.load(PROFILE, "1.0.0").definition
    assert "Illustrative data." in quoted()
    assert "Illustrative data." not in quoted(quote(book=price_book(definition, quality="survey")))


def test_quantities_are_written_with_the_unit_people_say():
    text = Page(quoted()).text
    assert "0.5 working days × 1,000 × 46" in text
    assert "50 km × 1,000 × 46" in text


def test_a_quote_carries_the_digest_of_its_canonical_form():
    value = quote()
    assert hashlib.sha256(value.canonical()).hexdigest() in quoted(value)


def test_a_quote_lists_its_tasks_in_the_order_of_the_work():
    text = Page(quoted()).text
    titles = ["1. Announce the meeting", "2. Hold the meeting", "3. Interview", "4. Enter and check"]
    assert [text.index(title) for title in titles] == sorted(text.index(title) for title in titles)


def test_a_quote_tells_what_each_accepted_delivery_pays():
    value = quote()
    text = plain(Page(quoted(value)).text)
    for task in value.tasks.values():
        assert f"{task.due.honorarium_minor} {task.due.expenses_minor} {task.due.cash_minor}" in text


def test_the_words_of_a_quote_follow_its_basis():
    assert "eight of ten cases" in quoted(quote(basis="p80"))
    without = quoted(quote(basis="expected", draws=0))
    assert "without a contingency" in without
    assert "How sure is this price?" not in without


def test_a_warning_whose_places_are_not_filled_is_shown_as_it_is():
    broken = Notice("odd", "survey", "Look at %(task)s, 100%.", {"other": "x"})
    filled = Notice("odd", "survey", "Look at %(task)s.", {"task": "the survey"})
    document = quoted(replace(quote(), warnings=(broken, filled)))
    assert "Look at %(task)s, 100%." in document
    assert "Look at the survey." in document


def test_hostile_names_in_a_quote_stay_text():
    value = quote()
    lines = tuple(
        replace(line, id=HOSTILE, label={"en": HOSTILE}, quantity_text=HOSTILE,
                price=replace(line.price, list=HOSTILE, source=HOSTILE, quality=HOSTILE))
        for line in value.lines
    )  # fmt: skip
    document = quoted(replace(value, lines=lines), service_names={"en": HOSTILE}, region_name=HOSTILE)
    assert "<script" not in document
    assert "<img" not in document
    assert "&lt;script&gt;" in document


def test_the_bar_of_who_pays_adds_up_and_starts_with_the_fund():
    parts = payers(70, {"commune": 10, "partner": 5}, {"village": 15, "nobody": 0})
    assert [(p.party, p.in_kind, p.minor) for p in parts] == [
        ("fund", False, 70), ("village", True, 15), ("commune", False, 10), ("partner", False, 5),
    ]  # fmt: skip
    assert sum(p.share for p in parts) == 1
    assert payers(0, {}, {}) == ()


def test_the_histogram_starts_at_zero_and_marks_what_is_covered():
    value = quote()
    figure = histogram(value.risk, value.charged_minor, "P80")
    assert {float(bar.y) + float(bar.height) for bar in figure.bars} <= {159.9, 160.0, 160.1}
    covered = [bar.covered for bar in figure.bars]
    assert covered == sorted(covered, reverse=True)
    assert [mark.label for mark in figure.marks if mark.strong] == ["P80"]
    xs = [float(mark.x) for mark in figure.marks]
    assert xs == sorted(xs)


def test_a_price_that_never_varies_has_no_histogram():
    risk = replace(quote().risk, edges=(5, 5), counts=(500,))
    assert histogram(risk, 5, "P80") is None
    assert histogram(replace(risk, edges=(), counts=()), 5, "P80") is None
    assert '<svg class="chart"' not in quoted(replace(quote(), risk=risk))


# the village --------------------------------------------------------------------------------------------


def test_a_village_page_tells_the_skill_and_the_proof():
    record = village()
    page = Page(village_page(record))
    assert "By: Facilitator" in page.text
    for value in (
        record.block.hash,
        record.block.previous_hash,
        record.block.ledger_hash,
        record.service_digest,
    ):
        assert value in page.text
    for row in record.rows:
        assert row.row_hash in page.text
    assert "A result was accepted · Announce the meeting" in page.text
    assert "A task became ready · Announce the meeting" in page.text


def test_a_village_page_says_who_paid_and_what_was_given_in_kind():
    text = plain(Page(village_page()).text)
    assert "Transformation Fund 9000 75 %" in text
    assert re.search(r"Village \( ?in kind ?\) 1000", text)
    assert "Together 12000 100 %" in text


def test_the_code_of_a_village_page_leads_to_its_address():
    document = village_page(base_url="https://run.example.org/")
    assert '<a href="https://run.example.org/villages/instance-1">' in document
    assert village_page(base_url="https://other.example.org") != document
    assert document.count('<svg aria-hidden="true"') == 1


def test_an_address_that_is_no_web_address_is_no_link():
    assert not Page(village_page(base_url="javascript:alert(1)//")).all("a")


def test_a_village_whose_work_is_not_sealed_or_accepted_yet_says_so():
    open_task = task_record(state="ready", accepted_at=None, paid=0, evidence=0, delivery_id=None)
    text = Page(
        village_page(
            village(block=None, payers={}, total=0, tasks=(open_task,), status="running", ended_at=None)
        )
    ).text
    assert "have not been sealed yet" in text
    assert "Nothing has been accepted yet" in text
    assert "0 of 1" in text
    assert "Finished on" not in text


def test_a_repetition_and_a_delivery_sent_back_are_told():
    rows = (journal_row(2, "delivery:made", "delivery-1"), journal_row(3, "delivery:sent_back", "delivery-1"))
    text = Page(village_page(village(tasks=(task_record(round=2, state="sent_back"),), rows=rows))).text
    assert "(round 2)" in text
    assert "sent back once" in text


def test_evidence_is_counted_only_where_some_is_kept():
    tasks = (task_record(evidence=2), task_record(node_id="survey", evidence=0, delivery_id="delivery-2"))
    text = Page(village_page(village(tasks=tasks))).text
    assert "2 pieces of evidence" in text
    assert "0 pieces" not in text


def test_hostile_names_in_a_village_stay_text():
    tasks = (task_record(title=HOSTILE, outcome=HOSTILE, skill=HOSTILE),)
    document = village_page(
        village(village=HOSTILE, service=HOSTILE, tasks=tasks, payers={HOSTILE: 5}, total=5)
    )
    assert "<script" not in document
    assert "<img" not in document


# the comparison -----------------------------------------------------------------------------------------


def test_a_comparison_strikes_out_what_went_and_underlines_what_came():
    document = compared()
    assert "At least <del>20</del> <ins>15</ins> households" in document
    assert '<dd lang="fr">Au moins <del>20</del> <ins>15</ins> ménages' in document


def test_a_comparison_shows_the_price_of_both_versions_and_the_difference():
    old, new = quote("1.0.0", count=1), quote("1.1.0", count=1)
    assert old.charged_minor != new.charged_minor
    text = plain(
        Page(compared(prices=[RegionPrices("Benin", old, new), RegionPrices("Alfter", None, None)])).text
    )
    sign = "+" if new.charged_minor > old.charged_minor else "−"
    difference = abs(new.charged_minor - old.charged_minor)
    assert f"Benin XOF {old.charged_minor} {new.charged_minor} {sign}{difference}" in text
    assert "Alfter no price no price –" in re.sub(" +", " ", text)


def test_prices_in_different_currencies_are_not_subtracted():
    definition = library.load(PROFILE, "1.0.0").definition
    euro = quote(currency="EUR", count=1, book=price_book(definition, currency="EUR"))
    text = Page(compared(prices=[RegionPrices("Benin", euro, quote("1.1.0", count=1))])).text
    assert "Difference Benin" in text
    assert "Price in Benin" not in text


def test_a_comparison_draws_the_process_and_marks_what_changed():
    document = compared()
    drawing = re.search('<div class="wide".*?(<svg.*?</svg>)', document, re.DOTALL)[1]
    assert drawing.count("Δ") == 3
    assert "Announce" in drawing
    assert document.count('<div class="wide"') == 1, "the same drawing is not shown twice"


def test_another_drawing_is_shown_beside_the_older_one():
    found = PackageComparison(
        PROFILE,
        "1.0.0",
        "1.1.0",
        Comparison(added_nodes=("survey",), removed_nodes=("announce",)),
        (),
        (),
        (),
    )
    document = compared(comparison=found)
    assert document.count('<div class="wide"') == 2
    assert "The older version first" in document


def test_parameters_have_their_own_table():
    text = Page(compared(locale="en")).text
    assert "Households to interview default 20 15" in text


def test_questions_added_and_removed_and_lagging_translations_are_listed():
    form = FormComparison(
        "survey", "changed",
        (FormChange("roof", "question", "", "added", "", "What is the roof made of?"),
         FormChange("consent", "constraint", "", "changed", ". = 1", ". = 'yes'")),
    )  # fmt: skip
    stale = (StaleTranslation("survey: roof", "label", "fr"), StaleTranslation("survey", "task.title", "es"))
    found = PackageComparison(PROFILE, "1.0.0", "1.1.0", Comparison(), (form,), (), stale)
    text = Page(compared(comparison=found)).text
    assert "+ roof added Question" in text
    assert "What is the roof made of?" in text
    assert "Constraint" in text
    assert "survey: roof text French" in text
    assert "Interview the households Title Spanish" in text


def test_hostile_texts_of_a_service_stay_text():
    changes = (
        FieldChange("node", HOSTILE, f"task.{HOSTILE}", HOSTILE, f"{HOSTILE} now", language="en"),
        FieldChange("service", PROFILE, f"service.parameters[{HOSTILE}].default", Decimal(1), Decimal(2)),
    )
    form = FormComparison(HOSTILE, "removed", (FormChange(HOSTILE, HOSTILE, "", "removed", HOSTILE, ""),))
    found = PackageComparison(PROFILE, "1.0.0", "1.1.0", Comparison(changes=changes), (form,), (), ())
    document = compared(comparison=found)
    assert "<script" not in document
    assert "<img" not in document


# the drawing --------------------------------------------------------------------------------------------


def bpmn(shapes="", edges="", process=""):
    return f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
     xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
     xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="d" targetNamespace="urn:x">
     <process id="p">{process}</process>
     <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p">{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
     </definitions>""".encode()


def shape(element, x=0, y=0, width=100, height=80):
    bounds = f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/>'
    return f'<bpmndi:BPMNShape bpmnElement="{element}">{bounds}</bpmndi:BPMNShape>'


def edge(element, *points):
    waypoints = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in points)
    return f'<bpmndi:BPMNEdge bpmnElement="{element}">{waypoints}</bpmndi:BPMNEdge>'


def test_every_node_and_arrow_of_a_shipped_service_is_drawn():
    definition = library.load(PROFILE, "1.0.0").definition
    svg = diagram_svg(definition.xml, title="Profile")
    root = etree.fromstring(svg.encode())
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//s:polyline", space)) == len(definition.flows)
    words = " ".join(" ".join(root.itertext()).split())
    for node in definition.nodes.values():
        assert all(word in words for word in node.name.split())


def test_a_drawing_is_well_formed_and_has_no_ids_that_could_clash():
    svg = str(diagram_svg(library.load("village_meeting", "1.0.0").definition.xml, title="A & B"))
    root = etree.fromstring(svg.encode())
    assert not root.xpath("//@id")
    assert not root.xpath("//@style")
    assert root.get("aria-label") == "A & B"


def test_a_file_without_a_layout_has_no_drawing():
    assert diagram_svg(bpmn(process='<task id="t"/>'), title="x") == ""


@pytest.mark.parametrize("bad", ["NaN", "inf", "1e300", "", "ten", '0" onload="alert(1)'])
def test_a_shape_with_a_senseless_place_is_left_out(bad):
    process = '<task id="t" name="Good"/><task id="u" name="Bad"/>'
    bad = bad.replace('"', "&quot;")
    svg = diagram_svg(bpmn(shape("t") + shape("u", x=bad), process=process), title="x")
    assert "Good" in svg
    assert "Bad" not in svg
    assert "onload" not in svg


def test_names_in_a_drawing_stay_text():
    process = '<task id="t" name="&lt;script&gt;"/><task id="u"/><sequenceFlow id="f" name="&lt;b&gt;"/>'
    svg = diagram_svg(
        bpmn(shape("t") + shape("u", x=200), edge("f", (100, 40), (200, 40)), process),
        title=HOSTILE, names={"u": HOSTILE}, marks={"f": "added"},
    )  # fmt: skip
    etree.fromstring(svg.encode())
    assert "<script" not in svg
    assert "<b>" not in svg


def test_a_long_name_is_shortened_to_its_box():
    process = f'<task id="t" name="{"Unaussprechlichkeiten " * 40}"/>'
    root = etree.fromstring(diagram_svg(bpmn(shape("t"), process=process), title="x").encode())
    lines = root.findall(".//{http://www.w3.org/2000/svg}tspan")
    assert len(lines) <= 5
    assert lines[-1].text.endswith("…")


@pytest.mark.parametrize(
    "kind",
    ["startEvent", "endEvent", "boundaryEvent", "intermediateThrowEvent", "subProcess", "callActivity",
     "transaction", "eventBasedGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "userTask",
     "serviceTask", "scriptTask", "textAnnotation", "dataObjectReference", "lane", "participant", "group"],
)  # fmt: skip
def test_every_kind_of_element_can_be_drawn(kind):
    inner = "<timerEventDefinition/>" if kind.endswith("Event") else "<standardLoopCharacteristics/>"
    svg = diagram_svg(bpmn(shape("e"), process=f'<{kind} id="e" name="N">{inner}</{kind}>'), title="x")
    etree.fromstring(svg.encode())
    assert svg.startswith("<svg")


# formatting ---------------------------------------------------------------------------------------------


def test_numbers_money_and_days_are_written_as_in_the_language():
    assert formatting.minor("en", 14862707, "XOF") == "14,862,707"
    assert formatting.minor("fr", 14862707, "XOF") == "14\u202f862\u202f707"
    assert formatting.minor("es", 1234567, "EUR") == "12.345,67"
    assert formatting.money("fr", Money(500, "XOF")) == "500\u00a0XOF"
    assert formatting.number("fr", Fraction(25, 23)) == "1,09"
    assert formatting.number("en", Fraction(1, 3), decimals=4) == "0.3333"
    assert formatting.day("fr", date(2026, 3, 2)) == "2 mars 2026"
    assert formatting.moment("en", NOON) == "4 Mar 2026, 12:00"
    assert formatting.share("en", Fraction(3, 4)) == "75 %"
    assert formatting.day("en", None) == formatting.moment("en", None) == ""


def test_a_text_without_the_readers_language_is_told_in_english():
    assert formatting.localised("es", {"en": "Village", "fr": "Village (fr)"}) == "Village"
    assert formatting.localised("es", {"fr": "Seulement"}) == "Seulement"
    assert formatting.localised("es", {}) == formatting.localised("es", None) == ""
