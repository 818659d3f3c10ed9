"""The reports: what the core sums up (payments.reports), with names, places and what each amount opens to.

Who asks sees the projects, payables and people of their regions; funds and taxes are the house's. Each report is made
anew from the ledger, so it cannot differ from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from payments import ledger as accounts
from payments import reports as sums
from payments.batches import PayeeAccount as AccountValue
from payments.reports import BANDS, MEASURES, Flow, OpenAmount, OverheadShare, Period, TaxedPart
from pricing.money import Money
from server import formatting
from server.actor import Action, Object, can
from server.batches import paid, worklist
from server.batches import reports as bank_reports
from server.batches import service as batches
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.errors import NotFound
from server.instances import service as instances
from server.ledger import claims
from server.ledger import reports as ledger_lines
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.reports.tables import Cell, Chart, Column, Ref, Report, Table, cells, ref, with_totals
from server.reports.words import N_, Words
from server.runtime import Tx
from server.submissions import service as submissions
from workflows.errors import InvalidInput
from workflows.problems import Problem

GROUPS: Final = ("project", "region", "fund", "funder", "month")
STUCK: Final = {
    "draft": timedelta(days=2), "submitted": timedelta(days=2), "approved": timedelta(days=2),
    "exported": timedelta(days=7), "acknowledged": timedelta(days=7),
}  # fmt: skip
"""After how long a batch that does not move is an exception, by state."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BUDGET: Final = (
    "appropriation", "fund", "reservation", "contingency", "reserve", "consumed", "unfunded", "expense",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report is about. fund, region: "" = all. by: of GROUPS, for the budget."""

    period: Period = field(default_factory=Period)
    fund: str = ""
    region: str = ""
    by: str = "project"


def read_filters(given: Mapping[str, str]) -> Filters:
    """Filters from an address or a command. Raises InvalidInput with everything that cannot be read."""
    problems: list[Problem] = []
    first, last = _day(given, "from", problems), _day(given, "to", problems)
    if first and last and last < first:
        problems.append(Problem("period-reversed", "The period ends before it begins.", "to"))
    by = given.get("by") or "project"
    if by not in GROUPS:
        problems.append(
            Problem(
                "unknown-grouping", "Choose one of: %(known)s.", "by", params={"known": ", ".join(GROUPS)}
            )
        )
    if problems:
        raise InvalidInput(problems)
    return Filters(Period(first, last), given.get("fund", "")[:120], given.get("region", "")[:120], by)


def may_see(tx: Tx, person: people.Person) -> bool:
    """Whether the actor may see a person's statement."""
    return can(tx.actor, Action.LEDGER_READ, regions.place(tx, person.region_code))


def may_see_place(tx: Tx, path: str) -> bool:
    """Whether the actor may see what a region owes."""
    return can(tx.actor, Action.LEDGER_READ, Object(path))


def _day(given: Mapping[str, str], name: str, problems: list[Problem]) -> date | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        if not _DAY.fullmatch(text):  # weeks and days without hyphens are ISO 8601 too, and no days to people
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        problems.append(
            Problem(
                "unreadable-day", "%(day)s is not a day. Write it like 2026-01-31.", name,
                params={"day": text[:40]},
            )
        )  # fmt: skip
        return None


class Scope:
    """The projects and places that a report is about: those of the filters that the actor may see."""

    def __init__(self, tx: Tx, filters: Filters, locale: str) -> None:
        self.words = Words(locale)
        self.regions = regions.regions(tx)
        if filters.region and filters.region not in self.regions:
            raise NotFound(what="region", key=filters.region)
        self.inside = self.regions[filters.region].path if filters.region else ""
        every = projects.projects(tx)
        known_funds = {p.fund for p in every} | {name for name, _, _ in ledger.funds(tx)}
        if filters.fund and filters.fund not in known_funds:
            raise NotFound(what="fund", key=filters.fund)
        self._actor, self.filters = tx.actor, filters
        self.fund_of = {p.id: p.fund for p in every}
        self.projects = {
            p.id: p for p in every
            if self.sees(p.region_code) and filters.fund in ("", p.fund)
        }  # fmt: skip

    def sees(self, region_code: str | None) -> bool:
        """Whether a place is within the filter and may be seen."""
        row = self.regions.get(region_code or "")
        return (
            row is not None
            and row.path.startswith(self.inside)
            and can(self._actor, Action.LEDGER_READ, Object(row.path))
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing is filtered out: also what belongs to no project."""
        return not self.filters.fund and not self.inside

    def region(self, code: str | None) -> str:
        row = self.regions.get(code or "")
        return regions.name(row, self.words.locale) if row else ""

    def facts(self, *, period: bool = True) -> tuple[tuple[str, str], ...]:
        """The filters in words."""
        say, period_ = self.words.say, self.filters.period
        found = []
        if period and (period_.first or period_.last):
            found.append((say(N_("Period")), self.words.period(period_)))
        if self.filters.fund:
            found.append((say(N_("Fund")), self.words.fund(self.filters.fund)))
        if self.inside:
            found.append((say(N_("Region")), self.region(self.filters.region)))
        return tuple(found)


# Aged payables ----------------------------------------------------------------------------------------


def payables_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """What is owed and in no payment, by how long, for each payee and each project."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    waiting = [row for row in ledger.all_payables(tx) if row.allocated < row.amount]
    of_project, place = _projects_of(tx, waiting), batches.payable_paths(tx, waiting)
    amounts = [
        OpenAmount(
            row.person_id, of_project[row.id], row.currency, row.created_at.date(), row.amount - row.allocated
        )
        for row in waiting
        if _is_seen(tx, scope, of_project[row.id], place[row.id])
    ]
    names = people.people(tx, sorted({a.payee for a in amounts}))
    by_payee = sums.aged(amounts, tx.now.date(), lambda a: a.payee)
    by_project = sums.aged(amounts, tx.now.date(), lambda a: a.project)
    bands = [
        Column(f"days_{first}_{last or 'more'}", scope.words.days(first, last), "money")
        for first, last in BANDS
    ]
    total = Column("total", say(N_("Total")), "money")

    def table(title: str, first: Column, found: Mapping[tuple[str, str], Sequence[int]],
              head: Callable[[str], Cell]) -> Table:  # fmt: skip
        rows = [
            cells(head(key), *(Money(minor, currency) for minor in row), Money(sum(row), currency))
            for (key, currency), row in found.items()
        ]
        return with_totals(title, [first, *bands, total], rows, say(N_("Total")))

    payees = table(
        say(N_("By payee")), Column("payee", say(N_("Payee"))), by_payee,
        lambda key: Cell(names[key].name, ref("reports.statement", person_id=key)),
    )  # fmt: skip
    of_projects = table(
        say(N_("By project")),
        Column("project", say(N_("Project"))),
        by_project,
        lambda key: _project(scope, key),
    )
    chart = [
        Chart(
            say(N_("Owed, by how long")), currency, tuple(scope.words.days(*b) for b in BANDS),
            tuple((_project(scope, key).value or "", row) for (key, c), row in by_project.items() if c == currency),  # type: ignore[misc]
        )
        for currency in sorted({a.currency for a in amounts})
    ]  # fmt: skip
    return Report(
        "payables", say(N_("Aged payables")),
        say(N_("What accepted work is owed, and how long people have been waiting. What is in a batch is not in it.")),
        scope.facts(period=False), (payees, of_projects), tuple(chart),
    )  # fmt: skip


def _is_seen(tx: Tx, scope: Scope, project: str, path: str) -> bool:
    if project:
        return project in scope.projects
    inside = path.startswith(scope.inside) and not scope.filters.fund
    return inside and can(tx.actor, Action.LEDGER_READ, Object(path))


def _project(scope: Scope, key: str) -> Cell:
    row = scope.projects.get(key)
    if row is None:
        return Cell(scope.words.say(N_("Without a project")))
    return Cell(row.code, ref("projects.project", project_id=key))


def _projects_of(tx: Tx, rows: Sequence[ledger.Payable]) -> dict[str, str]:
    """The project of each payable; "" for what belongs to none."""
    known = instances.instances(tx, sorted({row.instance_id for row in rows if row.instance_id}))
    found = {}
    for row in rows:
        if row.instance_id:
            found[row.id] = known[row.instance_id].project_id or ""
        else:
            kind, _, rest = (row.cause or "").partition(":")
            found[row.id] = rest.partition(":")[0] if kind == "overhead" else ""
    return found


# Budget -----------------------------------------------------------------------------------------------


def budget_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """Granted, committed, consumed, paid: by project, region, fund, funder or month."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    found = list(_flows(tx, scope))
    funders = _funders(tx)
    key = _grouping(scope, funders)
    rows_of = sums.budget(found, key)
    shown = [m for m in MEASURES if m != "granted" or filters.by not in ("project", "region")]
    columns = [
        Column(filters.by, scope.words.group(filters.by)),
        *(Column(m, scope.words.measure(m), "money") for m in shown),
    ]
    currencies = sorted({currency for _, currency in rows_of})
    tables = tuple(
        with_totals(
            f"{scope.words.group(filters.by)}, {currency}", columns,
            [
                cells(_group_cell(scope, name), *(Money(row[m], currency) for m in shown))
                for (name, c), row in rows_of.items()
                if c == currency and any(row[m] for m in shown)
            ],
            say(N_("Total")),
        )
        for currency in currencies
    )  # fmt: skip
    charts = tuple(
        Chart(
            say(N_("Paid, owed and still set aside")), currency,
            (scope.words.measure("paid"), say(N_("Owed, or kept as tax")), scope.words.measure("open")),
            tuple(
                (str(_group_cell(scope, name).value), _bar(row))
                for (name, c), row in rows_of.items()
                if c == currency and any(_bar(row))
            ),
        )
        for currency in currencies
    )  # fmt: skip
    return Report(
        "budget", say(N_("Budget: committed, consumed, paid")),
        say(
            N_(
                "What was given, set aside, used and paid. In each row what was set aside, came from the reserve, was "
                "taken over or has no budget is together what was given back, repaid, used or is still set aside. "
                "The cost includes the share of third parties."
            )
        ),
        scope.facts(), tuple(table for table in tables if table.rows) or tables[:1], charts,
    )  # fmt: skip


def _bar(row: Mapping[sums.Measure, int]) -> tuple[int, ...]:
    return row["paid"], max(0, row["cost"] - row["paid"]), max(0, row["open"])


def _flows(tx: Tx, scope: Scope) -> Iterator[Flow]:
    """The movements within the period of what the scope has."""
    period = scope.filters.period
    lines = ledger_lines.lines(tx, kinds=_BUDGET, first=period.first, last=period.last)
    for flow in sums.flows(lines, scope.fund_of):
        if flow.project:
            seen = flow.project in scope.projects
        else:  # a grant: of a fund, of no region
            seen = not scope.inside and scope.filters.fund in ("", flow.fund)
        if seen:
            yield flow
    yield from _paid_flows(tx, scope)


def _paid_flows(tx: Tx, scope: Scope) -> Iterator[Flow]:
    made = [p for p in paid.settled(tx) if p.at.date() in scope.filters.period]
    rows = {row.id: row for row in ledger.all_payables(tx)}
    known = [rows[key] for key in sorted({p.payable_id for p in made})]
    of_project, place = _projects_of(tx, known), batches.payable_paths(tx, known)
    for each in made:
        project = of_project[each.payable_id]
        if _is_seen(tx, scope, project, place[each.payable_id]):
            month = each.at.date().replace(day=1)
            yield Flow("paid", project, scope.fund_of.get(project, ""), month, each.currency, each.minor)


def _funders(tx: Tx) -> dict[str, str]:
    """Who gave to each fund."""
    found: dict[str, set[str]] = {}
    for entry in sums.by_entry(
        ledger_lines.lines(tx, kinds=("appropriation", "fund"), entry_kinds=("grant",))
    ):
        given = {line.name for line in entry if line.account_kind == "appropriation"}
        for line in entry:
            if line.account_kind == "fund":
                found.setdefault(line.name, set()).update(given)
    return {fund: ", ".join(sorted(names)) for fund, names in found.items()}


def _grouping(scope: Scope, funders: Mapping[str, str]) -> Callable[[Flow], str]:
    def region_of(flow: Flow) -> str:
        row = scope.projects.get(flow.project)
        return row.region_code if row else ""

    return {
        "project": lambda f: f.project, "region": region_of, "fund": lambda f: f.fund,
        "funder": lambda f: funders.get(f.fund, ""), "month": lambda f: f.month.isoformat(),
    }[scope.filters.by]  # fmt: skip


def _group_cell(scope: Scope, name: str) -> Cell:
    by, words = scope.filters.by, scope.words
    if by == "project":
        return _project(scope, name)
    if not name:
        return Cell(words.say(N_("Without a project")))
    if by == "region":
        return Cell(scope.region(name), _filtered("reports.report", name="budget", by="project", region=name))
    if by == "fund":
        return Cell(words.fund(name), ref("reports.report", name="funds", fund=name))
    if by == "month":
        return Cell(words.month(date.fromisoformat(name)))
    return Cell(", ".join(words.party(each) for each in name.split(", ")))


def _filtered(to: str, **values: str) -> Ref:
    return ref(to, **{key: value for key, value in values.items() if value})


# Funds ------------------------------------------------------------------------------------------------


def funds_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """Each fund: opening, grants, exchange, commitments, releases, spent, closing."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    lines = list(ledger_lines.lines(tx, kinds=_BUDGET, last=filters.period.last))
    tables = []
    for fund, currency, _ in ledger.funds(tx):
        if filters.fund not in ("", fund):
            continue
        one = sums.fund_statement(lines, fund, currency, filters.period, scope.fund_of)
        entries = ref("ledger.entries", account=f"{currency}/fund:{fund}")
        rows = [
            cells(say(N_("Opening")), Money(one.opening, currency)),
            *(
                cells(Cell(scope.words.entry(kind), entries), Money(minor, currency))
                for kind, minor in one.movements.items()
            ),
        ]
        closing = (
            cells(say(N_("Closing: free to commit")), Money(one.closing, currency)),
            cells(say(N_("Beside: set aside for projects at the end")), Money(one.committed, currency)),
            cells(say(N_("Beside: spent by projects in the period")), Money(one.spent, currency)),
        )
        columns = (Column("movement", say(N_("Movement"))), Column("amount", say(N_("Amount")), "money"))
        tables.append(Table(f"{scope.words.fund(fund)}, {currency}", columns, tuple(rows), closing))
    return Report(
        "funds", say(N_("Statement of funds")), say(N_("Where each fund’s money came from and went to.")),
        scope.facts(), tuple(tables),
    )  # fmt: skip


# Tax --------------------------------------------------------------------------------------------------


def tax_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """Tax that was withheld: per country, tax, month and payee, with base and rate."""
    scope = Scope(tx, filters, locale)
    say, period = scope.words.say, filters.period
    rows = [row for row in ledger.all_payables(tx) if row.withheld]
    place, of_project = batches.payable_paths(tx, rows), _projects_of(tx, rows)
    rows = [row for row in rows if _is_seen(tx, scope, of_project[row.id], place[row.id])]
    known = people.people(tx, sorted({row.person_id for row in rows}))
    parts = [
        TaxedPart(row.entry_id, row.person_id, known[row.person_id].country, row.gross, row.withheld)
        for row in rows
    ]
    lines = ledger_lines.lines(
        tx, kinds=("withholding",), entry_kinds=("delivery",), first=period.first, last=period.last
    )
    found = sums.tax_lines(lines, parts)
    head = [
        Column("country", say(N_("Country"))), Column("tax", say(N_("Tax"))), Column("month", say(N_("Month")))
    ]  # fmt: skip
    money = [
        Column("base", say(N_("Base")), "money"), Column("rate", say(N_("Rate")), "share"),
        Column("withheld", say(N_("Withheld")), "money"),
    ]  # fmt: skip
    each = with_totals(
        say(N_("By payee")),
        [*head, Column("payee", say(N_("Payee"))), Column("tax_id", say(N_("Tax number"))), *money],
        [
            cells(
                x.country, x.tax, Cell(scope.words.month(x.month)),
                Cell(known[x.payee].name, ref("ledger.entry", entry_id=x.entry_id)), known[x.payee].tax_id or "",
                x.base, x.rate, x.withheld,
            )
            for x in found
        ],
        say(N_("Total")),
    )  # fmt: skip
    groups: dict[tuple[str, str, date, str], list[sums.TaxLine]] = {}
    for x in found:
        groups.setdefault((x.country, x.tax, x.month, x.base.currency), []).append(x)
    months = with_totals(
        say(N_("By month, to be declared")),
        [*head, Column("base", say(N_("Base")), "money"), Column("withheld", say(N_("Withheld")), "money")],
        [
            cells(
                country, tax, scope.words.month(month), Money(sum(x.base.minor for x in group), currency),
                Money(sum(x.withheld.minor for x in group), currency),
            )
            for (country, tax, month, currency), group in sorted(groups.items())
        ],
        say(N_("Total")),
    )  # fmt: skip
    return Report(
        "tax", say(N_("Tax declaration")),
        say(N_("What was kept back of each payee, by the rate of its day. Have your accountant confirm it.")),
        scope.facts(), (months, each),
    )  # fmt: skip


# Overheads --------------------------------------------------------------------------------------------


def overheads_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """How much of the money is not for work in villages: as agreed, and as it is now."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    whole: dict[str, OverheadShare] = {}
    rows = []
    for row in scope.projects.values():
        if not row.quote_id:
            continue
        quote = quotes.quote(tx, row.quote_id)
        currency = quote.currency
        share = OverheadShare(
            quote.charged_minor, sum(o.amount_minor for o in quote.overheads),
            claims.overheads_owed(tx, row.id, currency).minor,
            -ledger.balance(tx, accounts.consumed(row.id, currency)),
        )  # fmt: skip
        whole[currency] = whole[currency] + share if currency in whole else share
        rows.append(_overhead_row(_project(scope, row.id), share, currency))
    columns = (
        Column("project", say(N_("Project"))), Column("price", say(N_("Price")), "money"),
        Column("promised", say(N_("Overheads in it")), "money"), Column("agreed", say(N_("Agreed share")), "share"),
        Column("consumed", say(N_("Used so far")), "money"), Column("owed", say(N_("Overheads in that")), "money"),
        Column("live", say(N_("Share now")), "share"),
    )  # fmt: skip
    totals = tuple(
        _overhead_row(Cell(f"{say(N_('Total'))} {currency}"), share, currency)
        for currency, share in sorted(whole.items())
    )
    charts = tuple(
        Chart(
            say(N_("Used so far")), currency, (say(N_("Work in villages")), say(N_("Overheads"))),
            ((say(N_("All projects")), (max(0, share.consumed - share.owed), share.owed)),),
        )
        for currency, share in sorted(whole.items())
        if share.consumed
    )  # fmt: skip
    return Report(
        "overheads", say(N_("Overhead share")),
        say(N_("How much of the money is not for work in villages: as it was agreed, and as it is now.")),
        scope.facts(period=False), (Table(say(N_("By project")), columns, tuple(rows), totals),), charts,
    )  # fmt: skip


def _overhead_row(head: Cell, share: OverheadShare, currency: str) -> tuple[Cell, ...]:
    return cells(
        head, Money(share.charged, currency), Money(share.promised, currency), share.agreed,
        Money(share.consumed, currency), Money(share.owed, currency), share.live,
    )  # fmt: skip


# Exceptions -------------------------------------------------------------------------------------------


def exceptions_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """What does not go its way: a table of each kind, empty ones left out."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    what, amount = Column("what", say(N_("What"))), Column("amount", say(N_("Amount")), "money")
    why, since = Column("why", say(N_("Why"))), Column("since", say(N_("Since")), "day")
    found = {
        say(N_("Owed without a budget")): [
            cells(_project(scope, gap.project), say(N_("Nothing new starts from its fund.")), None, gap.amount)
            for gap in ledger.obligations(tx) if gap.project in scope.projects
        ],
        say(N_("Lines of the bank that fit no payment")): [
            cells(
                Cell(line.file.name or line.account.code, ref("batches.bank_files")), line.entry.reason,
                line.file.received_at.date(),
                None if line.entry.amount is None else Money(line.entry.amount, line.account.currency),
            )
            for line in bank_reports.open_lines(tx)
        ],
        say(N_("Payments that failed and are owed again")): [
            cells(
                Cell(p.payee_name, ref("batches.batch", batch_id=p.batch_id)), scope.words.bank(p.failure_reason), None,
                Money(p.amount, p.currency),
            )
            for p in paid.failed(tx, batches.visible_accounts(tx))
        ],
        say(N_("Changed accounts that nothing is paid to")): _held(tx, say),
        say(N_("Batches that do not move")): [
            cells(
                Cell(row.reference, ref("batches.batch", batch_id=row.id)), scope.words.state(row.state), at.date(),
                None,
            )
            for row, at in _stuck(tx)
        ],
        say(N_("Work that should have been paid")): _overdue(tx, scope),
        say(N_("Tax of past months that was not paid over")): [
            cells(Cell(tax, ref("finance.dues")), "", None, money) for tax, money in _overdue_tax(tx)
        ],
    }  # fmt: skip
    tables = tuple(
        Table(title, (what, why, since, amount), tuple(rows)) for title, rows in found.items() if rows
    )
    return Report(
        "exceptions", say(N_("Exceptions")),
        say(N_("What does not go its way and needs somebody.")) if tables else say(N_("Everything goes its way.")),
        scope.facts(period=False), tables,
    )  # fmt: skip


def _held(tx: Tx, say: Callable[[str], str]) -> list[tuple[Cell, ...]]:
    held = worklist.visible_held_accounts(tx)
    names = people.people(tx, list(held))
    return [
        cells(
            Cell(names[key].name, ref("finance.payees")),
            AccountValue(account.kind, account.identifier, account.agent).masked(),  # type: ignore[arg-type]
            account.valid_from.date(), None,
        )
        for key, account in held.items()
    ]  # fmt: skip


def _stuck(tx: Tx) -> Iterator[tuple[batches.BatchRow, datetime]]:
    seen = batches.visible_accounts(tx)
    for row in batches.batches(tx):
        at = row.exported_at or row.approved_at or row.submitted_at or row.prepared_at
        patience = STUCK.get(row.state)
        if patience is not None and row.paying_account_id in seen and at < tx.now - patience:
            yield row, at


def _overdue_tax(tx: Tx) -> Iterator[tuple[str, Money]]:
    """Of each tax, what was kept back before this month and is not paid over."""
    month, left = tx.now.date().replace(day=1), {}  # type: ignore[var-annotated]
    for line in ledger_lines.lines(tx, kinds=("withholding",)):
        if line.minor > 0 or line.day < month:
            left[line.name, line.currency] = left.get((line.name, line.currency), 0) - line.minor
    for (tax, currency), minor in sorted(left.items()):
        if minor > 0:
            yield tax, Money(minor, currency)


def _overdue(tx: Tx, scope: Scope) -> list[tuple[Cell, ...]]:
    waiting = [row for row in ledger.all_payables(tx) if row.settled < row.amount and row.delivery_id]
    waiting = [row for row in waiting if deliveries.latest_pay_day(row.created_at) < tx.now.date()]
    of_project = _projects_of(tx, waiting)
    seen = [row for row in waiting if of_project[row.id] in scope.projects]
    names = people.people(tx, sorted({row.person_id for row in seen}))
    return [
        cells(
            Cell(names[row.person_id].name, ref("batches.payee", person_id=row.person_id)),
            scope.projects[of_project[row.id]].code, row.created_at.date(),
            Money(row.amount - row.settled, row.currency),
        )
        for row in seen
    ]  # fmt: skip


# Reconciliation ---------------------------------------------------------------------------------------


def reconciliation_report(tx: Tx, filters: Filters, locale: str) -> Report:
    """Day by day and account by account: what the bank's statements say beside what the ledger has booked."""
    scope = Scope(tx, filters, locale)
    say = scope.words.say
    columns = tuple(
        Column(key, words, kind)  # type: ignore[arg-type]
        for key, words, kind in (
            ("day", say(N_("Day")), "day"), ("opening", say(N_("Opening")), "money"),
            ("moved", say(N_("Moved")), "money"), ("ours", say(N_("Our payments")), "money"),
            ("waiting", say(N_("To decide")), "money"), ("booked", say(N_("Tied to a booking")), "money"),
            ("other", say(N_("Other movements")), "money"),
            ("closing", say(N_("Closing")), "money"), ("ledger", say(N_("Ledger that day")), "money"),
            ("ahead", say(N_("Ledger ahead of the bank")), "money"),
        )
    )  # fmt: skip
    tables = []
    for account in batches.visible_accounts(tx).values():
        found = bank_reports.reconcile(tx, account.id)
        rows = tuple(_reconciled_days(tx, found, filters.period))
        tables.append(Table(f"{account.code}, {account.currency}", columns, rows))
    return Report(
        "reconciliation", say(N_("Reconciliation")),
        say(N_("The bank’s statements beside the ledger, day by day. What it is ahead is on no statement yet.")),
        scope.facts(), tuple(tables),
    )  # fmt: skip


def _reconciled_days(
    tx: Tx, found: bank_reports.Reconciliation, period: Period
) -> Iterator[tuple[Cell, ...]]:
    account, by_day = found.account, {}  # type: ignore[var-annotated]
    for line in ledger_lines.lines(tx, account=f"bank:{account.code}"):
        if line.currency == account.currency:
            by_day.setdefault(line.day, ([], []))[1].append(line.minor)
    for each in found.statements:
        if each.statement.day is not None:
            by_day.setdefault(each.statement.day, ([], []))[0].append(each)
    ahead = 0
    for day, (statements, booked) in sorted(by_day.items()):
        ahead += sum(booked) - sum(s.on_account for s in statements)
        if day in period:
            yield _reconciled_day(account.currency, day, statements, sum(booked), ahead)


def _reconciled_day(
    currency: str, day: date, statements: Sequence[bank_reports.Reconciled], booked: int, ahead: int
) -> tuple[Cell, ...]:
    def total(values: Sequence[int]) -> Money | None:
        return Money(sum(values), currency) if statements else None

    first, last = (statements[-1].statement, statements[0].statement) if statements else (None, None)
    return cells(
        day, None if first is None or first.opening is None else Money(first.opening, currency),
        total([s.statement.moved for s in statements]), total([s.ours for s in statements]),
        total([s.waiting for s in statements]), total([s.booked for s in statements]),
        total([s.other for s in statements]),
        None if last is None or last.closing is None else Money(last.closing, currency), Money(booked, currency),
        Money(ahead, currency),
    )  # fmt: skip


REPORTS: Final[Mapping[str, Callable[[Tx, Filters, str], Report]]] = {
    "payables": payables_report, "budget": budget_report, "funds": funds_report, "exceptions": exceptions_report,
    "tax": tax_report, "overheads": overheads_report, "reconciliation": reconciliation_report,
}  # fmt: skip


def report(tx: Tx, name: str, filters: Filters, locale: str) -> Report:
    """A report of REPORTS. Raises NotFound (no such report, fund or region)."""
    if name not in REPORTS:
        raise NotFound(what="report", key=name[:80])
    return REPORTS[name](tx, filters, locale)


# Statement of a person --------------------------------------------------------------------------------


def statement(tx: Tx, person_id: str, period: Period, locale: str, *, own: bool = False) -> Report:
    """What a person was owed and paid, each franc with its delivery, task, village and photos.

    own: for the person; empty for an account that is nobody in the register. Raises NotFound, also for people one
    may not see.
    """
    words = Words(locale)
    say = words.say
    title, lead = say(N_("Statement of account")), say(N_("Each amount, what it is for, and where it is."))
    if own and tx.actor.person_id is None:
        return Report("statement", title, lead)
    person = people.person(tx, person_id)
    place = regions.place(tx, person.region_code)
    if not (tx.actor.person_id == person_id if own else can(tx.actor, Action.LEDGER_READ, place)):
        raise NotFound(what="person", key=person_id)
    lines = list(ledger_lines.lines(tx, account=f"payable:{person_id}", last=period.last))
    story = _Story(tx, words, ledger.payables_of_person(tx, person_id), own=own)
    columns = (
        Column("day", say(N_("Day")), "day"), Column("what", say(N_("For"))), Column("village", say(N_("Village"))),
        Column("gross", say(N_("Before tax")), "money"), Column("withheld", say(N_("Tax")), "money"),
        Column("amount", say(N_("Owed (+), paid (-)")), "money"), Column("balance", say(N_("Still owed")), "money"),
    )  # fmt: skip
    tables = []
    for currency in sorted({line.currency for line in lines}):
        one = sums.statement(lines, currency, period)
        rows = [
            cells(None, say(N_("Opening")), "", None, None, None, Money(one.opening, currency)),
            *(story.row(movement, currency) for movement in one.movements),
        ]
        closing = cells(None, say(N_("Closing")), "", None, None, None, Money(one.closing, currency))
        amounts = say(N_("Amounts in %(currency)s")) % {"currency": currency}
        tables.append(Table(amounts, columns, tuple(rows), (closing,)))
    facts = [(say(N_("Name")), person.name)]
    if person.tax_id:
        facts.append((say(N_("Tax number")), person.tax_id))
    if period.first or period.last:
        facts.append((say(N_("Period")), words.period(period)))
    return Report("statement", title, lead, tuple(facts), tuple(tables))


class _Story:
    """What each movement of a person's account is for."""

    def __init__(self, tx: Tx, words: Words, payables: Sequence[ledger.Payable], *, own: bool) -> None:
        self._tx, self._words, self._own = tx, words, own
        self._of_entry: dict[str, list[ledger.Payable]] = {}
        for row in payables:
            self._of_entry.setdefault(row.entry_id, []).append(row)
        self._instances = instances.instances(tx, sorted({r.instance_id for r in payables if r.instance_id}))
        self._regions = regions.regions(tx)

    def row(self, movement: sums.Movement, currency: str) -> tuple[Cell, ...]:
        line = movement.line
        payable = self._payable(line.entry_id, movement.minor)
        amount = Cell(Money(movement.minor, currency), self._entry(line.entry_id))
        balance = Money(movement.balance, currency)
        if payable is None or payable.instance_id is None or payable.task_id is None:
            what = Cell(self._words.entry(line.kind), self._batch(line.key))
            return cells(line.day, what, "", None, None, amount, balance)
        instance = self._instances[payable.instance_id]
        village = regions.name(self._regions[instance.region_code], self._words.locale)
        return cells(
            line.day, self._work(payable, instance),
            Cell(village, ref("transparency.village", instance_id=instance.id)), Money(payable.gross, currency),
            Money(payable.withheld, currency), amount, balance,
        )  # fmt: skip

    def _payable(self, entry_id: str, minor: int) -> ledger.Payable | None:
        rows = self._of_entry.get(entry_id, [])
        found = next((row for row in rows if row.amount == minor), None)
        if found is not None:
            rows.remove(found)  # two components may be equal
        return found

    def _work(self, payable: ledger.Payable, instance: instances.InstanceRow) -> Cell:
        task = instances.task_row(self._tx, payable.task_id or "")
        card = catalogue.package(self._tx, instance.service_version_id).definition.node(task.node_id).task
        title = formatting.localised(self._words.locale, card.title) if card else task.node_id
        words = f"{title}, {self._words.component(payable.component)}"
        delivery = deliveries.delivery(self._tx, payable.delivery_id or "")
        photos = tuple(
            (file.name, ref("submissions.evidence", submission_id=delivery.submission_id, name=file.name))
            for file in submissions.shown_files(
                self._tx, submissions.submission(self._tx, delivery.submission_id)
            )
            if file.mime.startswith("image/")
        )
        to = (
            ref("submissions.task", task_id=task.id) if self._own
            else ref("deliveries.delivery", delivery_id=delivery.id)
        )  # fmt: skip
        return Cell(words, to, photos)

    def _entry(self, entry_id: str) -> Ref | None:
        return None if self._own else ref("ledger.entry", entry_id=entry_id)

    def _batch(self, key: str) -> Ref | None:
        kind, _, rest = key.partition(":")
        subject = rest.partition(":")[0]
        if self._own or kind not in ("batch", "payment"):
            return None
        payment = batches.payment(self._tx, subject) if kind == "payment" else None
        return ref("batches.batch", batch_id=payment.batch_id if payment else subject)
