"""Which number the next version gets, from what changed.

Idea of semantic versioning (semver.org 2.0.0) for services: the last number for words, the middle one for what
a task needs or how it is estimated, the first one for what is done, decided, delivered or asked: work that runs
and data that were collected under the old version are no longer the same.
"""

from __future__ import annotations

from typing import Final, Literal

from service_library.compare import PackageComparison
from service_library.form_comparison import TEXT_PARTS, FormComparison
from workflows.definitions.compare import FieldChange

KindOfChange = Literal["none", "words", "means", "protocol"]
_MEANS: Final = (
    "task.expenses", "task.honorarium", "task.deadline_days", "estimate", "task.instructions",
    "task.verification.second_check", "service.parameters", "multi_instance.completion",
)  # fmt: skip
"""Where a change that is no text is one of means: money, time, estimates; everything else is protocol."""


def kind_of_change(found: PackageComparison) -> KindOfChange:
    """The largest kind among all differences; "none" when nothing but coordinates differs."""
    diagram = found.definition
    if found.is_same_service:
        return "none"
    if diagram.added_nodes or diagram.removed_nodes or diagram.added_flows or diagram.removed_flows:
        return "protocol"
    if found.decisions or found.reordered or any(_asks_otherwise(form) for form in found.forms):
        return "protocol"
    kinds = {_kind(change) for change in diagram.changes}
    return next((kind for kind in ("protocol", "means") if kind in kinds), "words")


def next_number(old: str, kind: KindOfChange) -> str:
    """The number that follows `old` for a change of that kind."""
    major, minor, patch = (int(part) for part in old.split("."))
    if kind == "protocol":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if kind == "means" else f"{major}.{minor}.{patch + 1}"


def _kind(change: FieldChange) -> KindOfChange:
    if change.language or change.path == "name" or change.kind == "lane":
        return "words"
    return "means" if change.path.startswith(_MEANS) else "protocol"


def _asks_otherwise(form: FormComparison) -> bool:
    """Whether a form is new or gone, or a question of it is, or is answered otherwise."""
    return form.kind != "changed" or any(
        change.part not in TEXT_PARTS and not (change.part.startswith("choice ") and change.kind == "changed")
        for change in form.changes
    )
