"""How fast prices are: a quote, the catalogue in all regions, a price list with its report, and path costs.

Prints lines of `bench NAME limit VALUE UNIT bar BAR`, each the median of five runs, and before it the floor:

pricing-quote240   p50 of a quote of 240 lines (30 tasks) at expected cost, with the provenance of every number and the
                   SHA-256 of its canonical JSON; the service is compiled once, as for every quote of a version.
                   Floor: only writing and hashing the same JSON. Beside it: with a new set of the project's
                   numbers, in a place not asked for before, and with the P80 of 10,000 simulated cases.
pricing-matrix173  200 services x 30 tasks x 8 lines in 173 regions, exact, fallback through the tree included.
pricing-matrix5000 the same in 5,000 regions. Floor: the product of the two matrices in floating point.
pricing-xlsx20000  a workbook of 20,000 rows read, checked and reported, one in fifty with a mistake. Floor: only
                   reading the cells with calamine.
"""

from __future__ import annotations

import hashlib
import io
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from random import Random

import orjson
import xlsxwriter
from python_calamine import CalamineWorkbook

from bench import pathcost
from pricing.contributions import Contribution, Overhead
from pricing.importers import read_price_list
from pricing.matrix import Catalogue, compile_catalogue, price_matrix
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from pricing.reports import report
from pricing.service_costs import ServiceCosts, compile_service
from workflows.definitions.model import (
    Definition,
    Estimate,
    Expense,
    Flow,
    Honorarium,
    Node,
    Parameter,
    ServiceCard,
    TaskCard,
)

RUNS = 5
TASKS, LINES, ITEMS = 30, 8, 400
ON = date(2026, 3, 1)
UNITS = ("DAY", "LTR", "KGM", "C62", "KMT")
QUANTITIES = (
    "2",
    "0.5",
    "participants * 0.15",
    "ceiling(participants / 25) * 0.5",
    "distance_km * 2",
    "1.25",
)
OVERHEADS = (
    Overhead("coordination", "percent", Fraction(10)), Overhead("franchise_fee", "percent", Fraction(5)),
    Overhead("tax", "percent", Fraction(18), "running"),
)  # fmt: skip
COMMUNE = Contribution("commune", "percent", "category:venue", Fraction(50))


def median_seconds(step: Callable[[], object], *, runs: int = RUNS, times: int = 1) -> float:
    """The median of some runs; each is the median (p50) of that many single steps."""

    def once() -> float:
        started = time.perf_counter()
        step()
        return time.perf_counter() - started

    return statistics.median(statistics.median(once() for _ in range(times)) for _ in range(runs))


# --- what is priced -----------------------------------------------------------------------------------------


def items() -> list[Item]:
    return [
        Item(f"I{n:03}", UNITS[n % len(UNITS)], "venue" if n % 9 == 0 else "material") for n in range(ITEMS)
    ]


def service(code: str, random: Random, known: list[Item], *, choice: int = ITEMS) -> Definition:
    """Thirty tasks in three loops, each with an honorarium and seven expenses."""
    nodes = {"start": Node("start", "startEvent"), "end": Node("end", "endEvent")}
    flows: dict[str, Flow] = {}

    def flow(source: str, target: str, chance: Decimal | None = None) -> None:
        estimate = None if chance is None else Estimate(probability=chance)
        flows[f"{source}>{target}"] = Flow(f"{source}>{target}", source, target, estimate=estimate)

    last, onward = "start", None
    for loop in range(3):
        merge, split = f"merge{loop}", f"split{loop}"
        nodes[merge], nodes[split] = Node(merge, "exclusiveGateway"), Node(split, "exclusiveGateway")
        flow(last, merge, onward)
        last = merge
        for number in range(loop * TASKS // 3, (loop + 1) * TASKS // 3):
            task = f"task{number}"
            nodes[task] = Node(task, "userTask", name=task, task=card(random, known[:choice]))
            flow(last, task)
            last = task
        again = Decimal(random.choice(["0.05", "0.08", "0.1", "0.12", "0.2"]))
        flow(last, split)
        flow(split, merge, again)
        last, onward = split, 1 - again
    flow(last, "end", onward)
    parameters = tuple(
        Parameter(name, {"en": name}, default=Decimal(value))
        for name, value in (("participants", "60"), ("distance_km", "37"))
    )
    wired = {
        node.id: Node(
            node.id, node.kind, name=node.name, task=node.task,
            incoming=tuple(f.id for f in flows.values() if f.target == node.id),
            outgoing=tuple(f.id for f in flows.values() if f.source == node.id),
        )
        for node in nodes.values()
    }  # fmt: skip
    return Definition(code, code, ServiceCard(code, parameters=parameters), wired, flows, {}, code.encode())


def card(random: Random, known: list[Item]) -> TaskCard:
    chosen = random.sample([item for item in known if item.unit != "DAY"], LINES - 1)
    expenses = tuple(
        Expense(f"e{n}", item.code, random.choice(QUANTITIES), item.unit, {"en": f"expense {n}"})
        for n, item in enumerate(chosen)
    )
    fee = random.choice([item for item in known if item.unit == "DAY"])
    return TaskCard(
        title={"en": "Task"}, skill="FAC", honorarium=Honorarium(fee.code, "0.5"), expenses=expenses
    )


def price_book(random: Random, known: list[Item], communes: int) -> tuple[PriceBook, list[str]]:
    """A country, 12 departments and communes; one price in seven is a region's own. The communes' codes."""
    regions = [Region("BJ", None, "country")]
    regions += [Region(f"D{n}", "BJ", "department") for n in range(12)]
    regions += [Region(f"C{n}", f"D{n % 12}", "commune") for n in range(communes)]
    usual = {item.code: random.randrange(50, 20_000) for item in known}
    rows = []
    for region in regions:
        for item in known:
            if region.parent is None or random.random() < 0.15:
                price = Fraction(int(usual[item.code] * random.uniform(0.8, 1.3)))
                rows.append(
                    PriceRow(
                        "L-2026", len(rows) + 1, region.code, item.code, item.unit, price * 4 / 5, price,
                        price * 3 / 2, "XOF", date(2026, 1, 1), source="market",
                    )
                )  # fmt: skip
    return PriceBook(rows, RegionTree(regions), known), [r.code for r in regions[13:]]


# --- measures -----------------------------------------------------------------------------------------------


def quote() -> None:
    random, known = Random(1), items()
    costs = compile_service(service("S", random, known, choice=120))
    book, communes = price_book(random, known, 173)
    numbers: Iterator[int] = iter(range(20, 10**6))

    def make(region: str = communes[0], people: int = 60, draws: int = 0) -> str:
        return build_quote(
            costs, book, region=region, on=ON, currency="XOF", parameters={"participants": people}, draws=draws,
            overheads=OVERHEADS, contributions=(COMMUNE,), basis="p80" if draws else "expected",
        ).digest()  # fmt: skip

    make()
    value = build_quote(
        costs, book, region=communes[0], on=ON, currency="XOF", overheads=OVERHEADS, basis="expected", draws=0
    )
    document = value.as_json()
    assert len(value.lines) == TASKS * LINES

    def write() -> str:
        return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()

    places = iter(communes[1:])
    print(
        f"floor pricing-quote240 {median_seconds(write, times=41) * 1e3:.1f} ms: writing and hashing the JSON"
    )
    print(
        f"      with new numbers {median_seconds(lambda: make(people=next(numbers)), times=5) * 1e3:.1f} ms"
    )
    print(f"      in a new place {median_seconds(lambda: make(region=next(places)), times=5) * 1e3:.1f} ms")
    print(f"      with P80 of 10,000 cases {median_seconds(lambda: make(draws=10_000)) * 1e3:.1f} ms")
    print(f"bench pricing-quote240 limit {median_seconds(make, times=41) * 1e3:.1f} ms bar 6", flush=True)


def matrix() -> None:
    random, known = Random(2), items()
    services = {f"S{n}": compile_service(service(f"S{n}", random, known)) for n in range(200)}
    started = time.perf_counter()
    catalogue = compile_catalogue(services)
    print(f"      once per set of versions: weights in {time.perf_counter() - started:.2f} s")
    for communes, name, bar, unit, scale in (
        (173, "pricing-matrix173", 100, "ms", 1e3), (5_000, "pricing-matrix5000", 1, "s", 1.0),
    ):  # fmt: skip
        book, codes = price_book(random, known, communes)
        check(services, catalogue, book, codes[:2])
        prices = price_matrix(catalogue, book, codes, on=ON, currencies=dict.fromkeys(codes, "XOF"))
        dense = prices.prices.T.copy()
        floor = median_seconds(partial(catalogue.dense.dot, dense))

        def make(book: PriceBook = book, codes: list[str] = codes) -> object:
            return price_matrix(
                catalogue, book, codes, on=ON, currencies=dict.fromkeys(codes, "XOF"),
                overheads=dict.fromkeys(codes, OVERHEADS),
            )  # fmt: skip

        print(f"floor {name} {floor * scale:.3g} {unit}: the product in floating point")
        print(f"bench {name} limit {median_seconds(make) * scale:.3g} {unit} bar {bar}", flush=True)


def check(services: dict[str, ServiceCosts], catalogue: Catalogue, book: PriceBook, codes: list[str]) -> None:
    """The matrix measured is the right one: some of its cells are those of quotes."""
    found = price_matrix(
        catalogue, book, codes, on=ON, currencies=dict.fromkeys(codes, "XOF"),
        overheads=dict.fromkeys(codes, OVERHEADS),
    )  # fmt: skip
    for name in list(services)[:5]:
        for code in codes:
            quoted = build_quote(
                services[name], book, region=code, on=ON, currency="XOF", basis="expected", draws=0,
                overheads=OVERHEADS,
            )  # fmt: skip
            assert found.amount(name, code) == quoted.catalogue_minor == quoted.expected_minor


def workbook(rows: int, known: list[Item], codes: list[str]) -> bytes:
    """A price list of so many rows, one in fifty with a price that is no number."""
    random, stream = Random(3), io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Prices of the communes"])
    sheet.write_row(1, 0, ["Region", "Item", "Unit", "Minimum", "Typical price", "Maximum", "Currency", "Valid from",
                           "Quality", "Source"])  # fmt: skip
    for number in range(rows):
        item, price = known[number % len(known)], random.randrange(100, 20_000)
        typical = f"{price} ?" if number % 50 == 49 else price
        sheet.write_row(number + 2, 0, [codes[number // len(known)], item.code, item.unit, price * 4 // 5, typical,
                                        price * 3 // 2, "XOF", "2026-01-01", "survey", "market"])  # fmt: skip
    sheet.write_row(rows + 2, 0, [f"{rows} rows"])
    book.close()
    return stream.getvalue()


def price_list() -> None:
    known = items()
    book, codes = price_book(Random(4), known, 173)
    data = workbook(20_000, known, codes)

    def read() -> int:
        found = read_price_list(data, filename="prices.xlsx", items=known, regions=book.regions)
        assert found.counts.read == 20_000
        return len(report(found.problems))

    def cells() -> object:
        return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()

    assert read() == 400
    print(f"floor pricing-xlsx20000 {median_seconds(cells):.2f} s: reading the cells")
    print(f"bench pricing-xlsx20000 limit {median_seconds(read):.2f} s bar 2", flush=True)


if __name__ == "__main__":
    quote()
    matrix()
    price_list()
    pathcost.run()
