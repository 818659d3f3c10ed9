"""Every report adds up to the ledger's accounts, on both databases."""

import csv
import io
from collections import Counter

import openpyxl
import pytest

from payments.reports import COME, GONE
from pricing.money import Money
from server.actor import SYSTEM, Actor, Grant, Role
from server.batches import paid
from server.batches import service as batches
from server.errors import NotFound
from server.ledger import reports as ledger_lines
from server.ledger import service as ledger
from server.regions import service as regions
from server.reports import service as reports
from server.reports import writing
from server.reports.service import Filters, Period
from server.reports.tables import Column, Report, Table, cells
from workflows.errors import InvalidInput


def accounts(world, kind):
    """The balances of a kind of account, by name."""
    found = world.read(ledger.accounts)
    return {a.code.partition(":")[2]: a.balance for a in found if a.kind == kind and a.balance}


def report(world, name, who="auditor", locale="en", **filters):
    return world.read(reports.report, name, Filters(**filters), locale, who=who)


def column(table, key, rows=None):
    """The minor units of a column."""
    number = [c.key for c in table.columns].index(key)
    return [
        row[number].value.minor
        for row in (table.rows if rows is None else rows)
        if row[number].value is not None
    ]


def settled_by_the_bank(world):
    lines = world.read(lambda tx: list(ledger_lines.lines(tx, kinds=("bank",))))
    return -sum(x.minor for x in lines if x.kind in ("settlement", "return"))


@pytest.fixture
def paid_world(paying):
    """A world in which one rail is answered, with a failure."""
    return paying


def test_the_statements_of_all_payees_close_with_their_accounts(paid_world):
    owed = accounts(paid_world, "payable")
    assert owed
    for person_id, balance in owed.items():
        found = paid_world.read(reports.statement, person_id, Period(), "en")
        [table] = found.tables
        assert table.totals[0][-1].value == Money(-balance, "XOF")
        assert sum(column(table, "amount")) == -balance


def test_statements_name_everything_that_was_earned_and_what_left_the_house(paid_world):
    rows = paid_world.payables()
    people = {row.person_id for row in rows}
    amounts = [
        minor
        for person_id in people
        for table in paid_world.read(reports.statement, person_id, Period(), "en").tables
        for minor in column(table, "amount")
    ]
    lines = paid_world.read(
        lambda tx: list(ledger_lines.lines(tx, kinds=("clearing",), entry_kinds=("settlement",)))
    )
    in_transit = -sum(accounts(paid_world, "clearing").values())
    settled = sum(x.minor for x in lines)
    assert sum(row.amount for row in rows) == sum(amounts) + settled + in_transit


def test_a_franc_of_a_statement_opens_to_delivery_village_and_photo(owing):
    person_id = owing.payables()[0].person_id
    [table] = owing.read(reports.statement, person_id, Period(), "en").tables
    worked = [row for row in table.rows if row[3].value is not None]
    assert worked
    for row in worked:
        assert row[1].ref.to == "deliveries.delivery"
        assert row[2].ref.to == "transparency.village"
        assert row[5].ref.to == "ledger.entry"
    assert any(ref.to == "submissions.evidence" for row in worked for _, ref in row[1].more)


def test_a_person_sees_the_own_statement_and_no_other(owing):
    one, other = sorted({row.person_id for row in owing.payables()})[:2]
    actor = owing.actor(one)
    found = owing.read(reports.statement, one, Period(), "fr", own=True, who=actor)
    assert all(cell.ref is None or cell.ref.to.startswith(("submissions", "transparency"))
               for row in found.tables[0].rows for cell in row)  # fmt: skip
    for person_id, own in ((other, True), (other, False), (one, False)):
        with pytest.raises(NotFound):
            owing.read(reports.statement, person_id, Period(), "fr", own=own, who=actor)


def test_aged_payables_are_the_open_payables(paid_world):
    paid_world.clock.advance(days=20)
    waiting = sum(row.amount - row.allocated for row in paid_world.payables())
    found = report(paid_world, "payables")
    for table in found.tables:
        assert sum(column(table, "total")) == waiting == sum(column(table, "total", table.totals))
        assert sum(column(table, "days_15_30")) == waiting


@pytest.mark.parametrize("by", reports.GROUPS)
def test_the_budget_is_the_ledger_however_it_is_grouped(paid_world, by):
    found = report(paid_world, "budget", by=by)
    [table] = found.tables
    sums = {c.key: sum(column(table, c.key)) for c in table.columns if c.kind == "money"}
    assert sums["consumed"] == -sum(accounts(paid_world, "consumed").values()) > 0
    assert sums["open"] == -sum(
        sum(accounts(paid_world, kind).values()) for kind in ("reservation", "contingency")
    )
    assert sums["paid"] == settled_by_the_bank(paid_world) > 0
    assert sums["cost"] == sum(accounts(paid_world, "expense").values()) >= sums["paid"]
    for row in table.rows:
        minor = {
            c.key: cell.value.minor for c, cell in zip(table.columns, row, strict=True) if c.kind == "money"
        }
        assert sum(minor[m] for m in COME) == sum(minor[m] for m in GONE), row[0]
    if "granted" in sums:
        assert sums["granted"] == sum(accounts(paid_world, "appropriation").values())


def test_what_is_paid_is_what_payables_say_is_settled(paid_world):
    by_payable = Counter()
    for each in paid_world.read(lambda tx: list(paid.settled(tx))):
        by_payable[each.payable_id] += each.minor
    assert by_payable == {row.id: row.settled for row in paid_world.payables() if row.settled}


def test_periods_of_a_budget_add_up(paid_world):
    now = paid_world.clock.now().date()
    parts = [report(paid_world, "budget", period=p) for p in (Period(None, now.replace(day=1)), Period(now.replace(day=2), None))]  # fmt: skip
    whole = report(paid_world, "budget")
    for key in ("committed", "consumed", "paid", "open"):
        assert sum(sum(column(t, key)) for r in parts for t in r.tables) == sum(column(whole.tables[0], key))


def test_a_fund_closes_with_its_account(paid_world):
    for table in report(paid_world, "funds").tables:
        closing, committed, spent = (row[1].value.minor for row in table.totals)
        assert sum(column(table, "amount")) == closing
        assert closing in [-b for b in accounts(paid_world, "fund").values()]
        assert spent == -sum(accounts(paid_world, "consumed").values())
        assert committed > 0


def test_the_tax_declaration_is_the_withholding_account(paid_world):
    months, each = report(paid_world, "tax").tables
    held = -sum(accounts(paid_world, "withholding").values())
    assert sum(column(months, "withheld")) == sum(column(each, "withheld")) == held > 0
    for row in each.rows:
        base, rate, withheld = (cell.value for cell in row[-3:])
        assert Money.from_major(base.major() * rate.numerator / rate.denominator, "XOF") == withheld


def test_the_overhead_share_is_that_of_the_quotes(paid_world):
    [table] = report(paid_world, "overheads").tables
    assert sum(column(table, "consumed")) == -sum(accounts(paid_world, "consumed").values())
    assert 0 < table.totals[0][3].value < 1


def test_the_exceptions_name_the_failed_payment_and_what_stands_still(paid_world):
    draft = next(b.id for b in paid_world.read(batches.batches) if b.state == "draft")
    paid_world.run("finance", batches.cancel, draft)
    paid_world.clock.advance(days=40)
    found = {table.title: table.rows for table in report(paid_world, "exceptions", who="finance").tables}
    [failed] = found["Payments that failed and are owed again"]
    assert "NAME_MISMATCH" in failed[1].value
    assert len(found["Batches that do not move"]) >= 2
    assert found["Work that should have been paid"]
    [tax] = found["Tax of past months that was not paid over"]
    assert tax[-1].value.minor == -sum(accounts(paid_world, "withholding").values())


def test_reconciliation_ends_with_what_the_ledger_is_ahead(paid_world):
    for table in report(paid_world, "reconciliation").tables:
        if table.rows:
            booked = sum(column(table, "ledger"))
            assert table.rows[-1][-1].value.minor == booked


def test_who_is_elsewhere_sees_nothing_of_it(paid_world):
    stranger = Actor("stranger", grants=(Grant(Role.FINANCE, "DE/"),))
    for name in ("payables", "budget", "tax", "overheads"):
        found = report(paid_world, name, who=stranger)
        shown = [c.value for t in found.tables for row in t.rows for c in row if isinstance(c.value, Money)]
        assert sum(m.minor for m in shown) in (0, 30_000_000), name


# Filters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"from": "2026-13-01"}, {"from": "x" * 5000}, {"to": "20260101"}, {"to": "٢٠٢٦-٠١-٠١"}, {"by": "person_id; DROP"},
        {"from": "2026-02-02", "to": "2026-02-01"}, {"from": "2026-W01-1"},
    ],
)  # fmt: skip
def test_filters_that_make_no_sense_are_refused(given):
    with pytest.raises(InvalidInput):
        reports.read_filters(given)


@pytest.mark.parametrize("filters", [{"fund": "' OR 1=1 --"}, {"region": "../.."}, {"region": "%"}])
def test_filters_of_nothing_are_not_found(owing, filters):
    with pytest.raises(NotFound):
        report(owing, "budget", **filters)


def test_a_filter_of_a_region_leaves_out_the_others(owing):
    assert report(owing, "budget", region="BJ").tables[0].rows
    known = owing.read(regions.regions)
    other = next(code for code, row in known.items() if row.path.startswith("DE/"))
    assert report(owing, "payables", region=other).tables[0].rows == ()


# Files ------------------------------------------------------------------------------------------------

HOSTILE = ('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx")


def hostile_report():
    columns = (Column("what", "=1+1"), Column("amount", "Amount", "money"))
    rows = tuple(cells(text, Money(-1_234_567, "XOF")) for text in HOSTILE)
    return Report(
        "x",
        "=cmd()",
        "",
        (("@a", "+b"),),
        (Table("[x]:*?/\\" + "y" * 50, columns, rows), Table("", columns, ())),
    )


def test_no_cell_of_a_csv_is_a_formula():
    text = writing.write(hostile_report(), "csv", "fr").decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert [row[0] for row in rows[1:7]] == ["'" + text for text in HOSTILE]
    assert rows[1][1:] == ["-1234567", "XOF"]


def test_no_cell_of_a_workbook_is_a_formula():
    data = writing.write(hostile_report(), "xlsx", "fr")
    book = openpyxl.load_workbook(io.BytesIO(data))
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in ("s", "n") for cell in found)
    assert not any(str(c.value).startswith(("=", "+", "@", "\t")) for c in found if c.data_type == "s")
    assert [c.value for c in found if c.data_type == "n"] == [-1_234_567] * len(HOSTILE)
    assert data == writing.write(hostile_report(), "xlsx", "fr")


def test_numbers_are_written_as_the_language_does(owing):
    found = report(owing, "funds", locale="fr")
    assert writing.shown(Money(30_000_000, "XOF"), "fr") == "30\u202f000\u202f000\u00a0XOF"
    assert writing.shown(Money(123_456, "EUR"), "fr") == "1\u202f234,56\u00a0EUR"
    pdf = writing.write(found, "pdf", "fr")
    assert pdf.startswith(b"%PDF")
    assert pdf == writing.write(found, "pdf", "fr")


@pytest.mark.parametrize("name", reports.REPORTS)
@pytest.mark.parametrize("form", writing.TYPES)
def test_every_report_can_be_written_in_every_form(attacked, name, form):
    found = attacked.read(reports.report, name, Filters(), "fr")
    assert writing.write(found, form, "fr")


def test_the_machine_may_read_everything(owing):
    assert owing.read(reports.report, "tax", Filters(), "es", who=SYSTEM).tables
