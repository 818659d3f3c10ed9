"""The village's page: what was asked, what was done and paid for, and how anybody can check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote as quoted

import segno
from markupsafe import Markup

from server.documents.figures import payers
from server.documents.rendering import render
from server.transparency.service import TaskRecord, VillageRecord

_IN_KIND: Final = " (in kind)"
_FUND: Final = ("fund", "")
_TONES: Final = {
    "accepted": "", "sent_back": "fail", "refused": "fail", "rejected": "fail", "incident": "fail",
    "ready": "info", "planned": "info", "not_started": "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with the days on which something happened to it. tone: class of its badge."""

    task: TaskRecord
    delivered_at: datetime | None
    sent_back: int
    tone: str
    repeated: bool


def village_document(
    record: VillageRecord,
    *,
    locale: str,
    base_url: str,
    skill_names: Mapping[str, Mapping[str, str]],
) -> str:
    """The public record of an instance as one printable HTML file, for the village's board.

    base_url: where the site is reached; the code on the page leads to <base_url>/villages/<instance id>.
    skill_names: texts by language, by code of the skill.
    """
    address = f"{base_url.rstrip('/')}/villages/{quoted(record.instance_id, safe='')}"
    cash = {p: m for p, m in record.payers.items() if p not in _FUND and not p.endswith(_IN_KIND)}
    in_kind = {p.removesuffix(_IN_KIND): m for p, m in record.payers.items() if p.endswith(_IN_KIND)}
    fund = sum(record.payers.get(name, 0) for name in _FUND)
    return render(
        "village.html",
        locale,
        record=record,
        address=address,
        is_link=address.startswith(("https://", "http://")),
        code=_code(address),
        skill_names=skill_names,
        payers=payers(fund, cash, in_kind),
        nodes={task.node_id: task.title for task in record.tasks},
        titles={task.delivery_id: task.title for task in record.tasks if task.delivery_id},
        tasks=[_task(record, task) for task in record.tasks],
        accepted=sum(task.state == "accepted" for task in record.tasks),
        evidence=sum(task.evidence for task in record.tasks),
        paid=sum(task.paid for task in record.tasks),
        owed=sum(task.honorarium + task.expenses for task in record.tasks if task.state == "accepted"),
    )


def _task(record: VillageRecord, task: TaskRecord) -> TaskView:
    mine = [row for row in record.rows if task.delivery_id and row.object_id == task.delivery_id]
    made = [row.at for row in mine if row.event == "delivery:made"]
    return TaskView(
        task=task,
        delivered_at=made[0] if made else None,
        sent_back=sum(row.event == "delivery:sent_back" for row in mine),
        tone=_TONES.get(task.state, "wait"),
        repeated=task.round > 1,
    )


def _code(address: str) -> Markup:
    """A QR code (ISO/IEC 18004) of the address as an inline drawing."""
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        border=2, dark="#1c2420", omitsize=True, svgclass=None, lineclass=None
    )
    # drawn from numbers only
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704
