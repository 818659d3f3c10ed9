"""What a bank's file says, without storing anything: `franchise bank read`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
import orjson

from payments.answers import bank_files
from payments.answers.bank_files import BankFile
from payments.answers.camt import Balance, Entry, Statement, Transaction
from payments.answers.matching import Answer, AnswerItem
from payments.rails.profiles import MobileMoneyProfile, names, profile
from pricing.money import Money
from server.cli.tables import table
from workflows.problems import Problem, blocking

_SIZE_MAX = 100_000_000


@click.group()
def bank() -> None:
    """Files that a bank or a mobile-money company sent."""


@bank.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def read(files: tuple[Path, ...], form: str) -> None:
    """Say what bank files say: pain.002, camt.052, .053, .054, or a result file (CSV, XLSX). Nothing is stored.

    Exit code 1 when a file could not be read, or not wholly.
    """
    reports = [_report(path) for path in files]
    if form == "json":
        click.echo(orjson.dumps(reports, option=orjson.OPT_INDENT_2).decode())
    else:
        for report in reports:
            _show(report)
    if not all(report["ok"] for report in reports):
        raise click.exceptions.Exit(1)


def _report(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _SIZE_MAX:
            found = _unread(Problem("file-too-large", "The file is too large.", severity="fatal"))
        else:
            found = bank_files.read(path.read_bytes(), profiles=_profiles())
    except OSError as error:
        found = _unread(
            Problem("unreadable", "The file cannot be read: %(reason)s", severity="fatal",
                    params={"reason": error.strerror or str(error)})
        )  # fmt: skip
    problems = found.answer.problems
    return {
        "file": str(path), "message": found.message, "version": found.version, "ok": not blocking(problems),
        "message_id": found.answer.message_id, "original_message_id": found.answer.original_message_id,
        "payments": [_item(item) for item in found.answer.items],
        "statements": [_statement(s) for s in found.report.statements] if found.report else [],
        "problems": [
            {"code": p.code, "severity": p.severity, "place": p.place, "message": p.text()} for p in problems
        ],
    }  # fmt: skip


def _unread(problem: Problem) -> BankFile:
    return BankFile("", "", Answer((), (problem,)))


def _profiles() -> dict[str, MobileMoneyProfile]:
    found = {name: profile(name) for name in names()}
    return {name: each for name, each in found.items() if isinstance(each, MobileMoneyProfile)}


def _amount(amount: Money | None) -> dict[str, str | None]:
    return {
        "amount": None if amount is None else amount.text(),
        "currency": None if amount is None else amount.currency,
    }


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def _item(item: AnswerItem) -> dict[str, Any]:
    return {
        "level": item.level, "status": item.status, "outcome": item.outcome, **_amount(item.amount),
        "original_message_id": item.original_message_id,
        "payment_information_id": item.payment_information_id, "instruction_id": item.instruction_id,
        "end_to_end_id": item.end_to_end_id, "uetr": item.uetr, "reason": item.reason,
        "reason_text": item.reason_text, "registered_name": item.registered_name, "count": item.count,
        "control_sum": None if item.control_sum is None else str(item.control_sum),
    }  # fmt: skip


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "kind": statement.kind, "id": statement.id, "account": statement.account,
        "currency": statement.currency, "owner": statement.owner, "sequence": statement.sequence,
        "balances": [_balance(b) for b in statement.balances],
        "entries": [_entry(e) for e in statement.entries],
    }  # fmt: skip


def _balance(balance: Balance) -> dict[str, Any]:
    return {"kind": balance.kind, **_amount(balance.amount), "date": _day(balance.on)}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        **_amount(entry.amount), "direction": entry.direction, "reversal": entry.is_reversal,
        "status": entry.status, "booked_on": _day(entry.booked_on), "value_on": _day(entry.value_on),
        "reference": entry.reference, "account_servicer_reference": entry.account_servicer_reference,
        "code": entry.code, "information": entry.information, "key": entry.key,
        "batches": [
            {
                "message_id": b.message_id, "payment_information_id": b.payment_information_id,
                "count": b.count, **_amount(b.total),
            }
            for b in entry.batches
        ],
        "transactions": [_transaction(t) for t in entry.transactions],
    }  # fmt: skip


def _transaction(one: Transaction) -> dict[str, Any]:
    return {
        **_amount(one.amount), "direction": one.direction, "message_id": one.message_id,
        "payment_information_id": one.payment_information_id, "instruction_id": one.instruction_id,
        "end_to_end_id": one.end_to_end_id, "uetr": one.uetr,
        "account_servicer_reference": one.account_servicer_reference, "counterparty": one.counterparty,
        "counterparty_account": one.counterparty_account, "remittance": one.remittance,
        "return": one.is_return, "return_reason": one.return_reason, "return_text": one.return_text,
    }  # fmt: skip


def _show(report: dict[str, Any]) -> None:
    kind = f"{report['message']} {report['version']}".strip() or "not read"
    click.echo(f"{report['file']}: {kind}, {report['message_id'] or 'no message id'}")
    for statement in report["statements"]:
        _show_statement(statement)
    if report["payments"]:
        click.echo("\n  What it says about payments:")
        click.echo(table(
            ("outcome", "amount", "", "end-to-end id or group", "reason"),
            [
                (p["outcome"], p["amount"] or p["control_sum"] or "", p["currency"] or "", _about(p),
                 " ".join(x for x in (p["reason"], p["reason_text"]) if x)[:60])
                for p in report["payments"]
            ],
            indent="  ",
        ))  # fmt: skip
    for problem in report["problems"]:
        place = f" [{problem['place']}]" if problem["place"] else ""
        click.echo(f"  {problem['severity']}: {problem['code']}{place}: {problem['message']}")


def _about(item: dict[str, Any]) -> str:
    if item["level"] != "transaction":
        whole = item["payment_information_id"] or item["original_message_id"] or "the whole file"
        return f"{whole} ({item['count']} payments)" if item["count"] is not None else str(whole)
    return str(item["end_to_end_id"] or item["instruction_id"] or item["uetr"] or "-")


def _show_statement(statement: dict[str, Any]) -> None:
    owner = f" of {statement['owner']}" if statement["owner"] else ""
    click.echo(
        f"\n  {statement['kind'].capitalize()} {statement['id']}: account {statement['account']}{owner}"
    )
    for balance in statement["balances"]:
        click.echo(
            f"    {balance['kind']} {balance['date'] or ''}: {balance['amount']} {balance['currency']}"
        )
    if statement["entries"]:
        click.echo(table(
            ("booked", "status", "amount", "", "counterparty", "what for"),
            [_entry_row(entry) for entry in statement["entries"]],
            indent="    ",
        ))  # fmt: skip


def _entry_row(entry: dict[str, Any]) -> tuple[str, ...]:
    first = entry["transactions"][0] if entry["transactions"] else None
    many = f" (+{len(entry['transactions']) - 1})" if len(entry["transactions"]) > 1 else ""
    sign = "-" if entry["direction"] == "debit" else ""
    who = "" if first is None else first["counterparty"] + many
    what = entry["information"] if first is None else first["remittance"] or first["end_to_end_id"]
    return (
        entry["booked_on"] or "",
        entry["status"],
        sign + entry["amount"],
        entry["currency"],
        who[:30],
        what[:50],
    )


COMMANDS = (bank,)
