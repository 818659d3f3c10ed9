"""What the modeler offers to choose from: items, units, skills, forms, decisions, operations, places, services."""

from __future__ import annotations

from typing import Any

from server import formatting
from server.catalogue import service as catalogue
from server.drafts import service as drafts
from server.http.locale import current_locale
from server.people import service as people
from server.price_lists import service as price_lists
from server.regions import service as regions
from server.runtime import Tx
from service_library import decision_models

Values = dict[str, Any]


def vocabulary(tx: Tx, draft_id: str) -> Values:
    """Everything a card of this draft can name, as plain values for JSON."""
    held = drafts.content(tx, draft_id)
    found = drafts.opened(held)
    package, definition = found.assembly.package, found.definition
    items = price_lists.items(tx)
    models, _ = decision_models.read(held.decision_sources)
    units = sorted({item.unit for item in items} | {p.unit for p in price_lists.packagings(tx)})
    return {
        "items": [
            {"code": i.code, "names": dict(i.names), "unit": i.unit, "category": i.category} for i in items
        ],
        "units": [{"code": unit, "names": _unit_names(unit)} for unit in units],
        "skills": [{"code": code, "names": dict(names)} for code, names in people.skills(tx).items()],
        "forms": [
            {"ref": ref, "title": package.forms[ref].title if package and ref in package.forms else ref}
            for ref in sorted(held.forms)
        ],
        "decisions": sorted(decision_models.decisions_of(models)),
        "operations": ["note", *(f"webhook:{name}" for name, _ in tx.settings.webhooks)],
        "regions": [
            {"path": row.path, "code": row.code, "name": regions.name(row, current_locale()),
             "depth": row.path.count("/") - 1}
            for row in regions.regions(tx).values()
        ],
        "services": [
            {"code": row.service_code, "version": row.version, "names": dict(row.names)}
            for row in catalogue.versions(tx) if row.status == "published"
        ],
        "parameters": [
            {"id": p.id, "label": dict(p.label), "unit": p.unit,
             "default": None if p.default is None else f"{p.default:f}"}
            for p in (definition.service.parameters if definition else ())
        ],
        "version": held.version,
    }  # fmt: skip


def _unit_names(unit: str) -> dict[str, str]:
    return {language: formatting.unit(language, unit, 2) for language in ("en", "fr", "es")}
