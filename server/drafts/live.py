"""What the modeler asks while an expert draws: is this right, what does it cost, what does this formula give?

The body of a question is the diagram as it is on the screen, saved or not; nothing is stored. The answers are
those of publishing and pricing themselves, so the modeler cannot promise what the server would refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flask import Blueprint, Response, g, jsonify, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from pricing.money import minor_digits
from pricing.quotes import Quote
from server.actor import Action
from server.drafts import service as drafts
from server.drafts.formulas import KINDS, Answer, ask
from server.errors import ServerError
from server.http import json_body
from server.http.json_body import MalformedJson
from server.http.locale import current_locale, gettext
from server.http.security import permission
from server.http.words import problem_text
from server.quotes import prices, unpublished
from server.quotes.pages import missing_line
from server.quotes.unpublished import UnpublishedPrice
from server.regions import service as regions
from server.runtime import Tx
from service_library import decision_models
from service_library.package import form_problems
from workflows import xml
from workflows.definitions.lint import LINT_RULES, Level, lint
from workflows.definitions.read import READING_CODES, read
from workflows.problems import Problem, blocking

pages = Blueprint("draft_live", __name__)
Values = dict[str, Any]

_XML: Final = frozenset({"application/xml", "text/xml"})
MOST_JSON: Final = 50_000
LEVELS: Final[Mapping[str, Level]] = {"preview": "preview", "executable": "executable"}


class TooManyRegions(ServerError):
    code = "too-many-regions"
    message = "At most %(limit)s places are compared. Choose fewer."


@pages.post("/drafts/<uuid:draft_id>/lint")
@permission(Action.SERVICE_TRANSLATE)
def lint_diagram(draft_id: object) -> Response:
    """Every problem of the diagram in the body, as publishing would find it; ?level=preview is milder."""
    level = LEVELS.get(request.args.get("level", ""), "executable")
    return jsonify(g.runtime.read(g.actor, _lint, str(draft_id), _diagram(), level))


def _lint(tx: Tx, draft_id: str, bpmn: bytes, level: Level) -> Values:
    held = drafts.content(tx, draft_id)
    reading = read(bpmn)
    problems = reading.problems
    if reading.definition is not None:
        models, _ = decision_models.read(held.decision_sources)
        problems += lint(
            reading.definition,
            level=level,
            decisions=frozenset(decision_models.decisions_of(models)),
            languages=held.languages,
        )
        if level == "executable":
            problems += form_problems(reading.definition, held.form_sources, version=held.version)
    return {"ok": not blocking(problems), "level": level, "problems": [_problem(p) for p in problems]}


def _problem(problem: Problem) -> Values:
    """page: of the documentation, relative to the repository; "" for a code without one."""
    known = problem.code in LINT_RULES or problem.code in READING_CODES
    return {
        "code": problem.code, "severity": problem.severity, "element": problem.place,
        "message": problem_text(problem), "page": f"docs/reference/lint/{problem.code}.md" if known else "",
    }  # fmt: skip


@pages.post("/drafts/<uuid:draft_id>/price")
@permission(Action.PRICE_READ)
def price(draft_id: object) -> Response:
    """What the diagram in the body costs in up to three regions (?region=, code or path), task by task."""
    asked = list(dict.fromkeys(request.args.getlist("region")))
    if len(asked) > prices.MOST_REGIONS:
        raise TooManyRegions(limit=prices.MOST_REGIONS)
    return jsonify(g.runtime.read(g.actor, _price, str(draft_id), _diagram(), asked))


def _price(tx: Tx, draft_id: str, bpmn: bytes, asked: list[str]) -> Values:
    drafts.draft(tx, draft_id)
    codes = [path.rstrip("/").rpartition("/")[2] for path in asked]
    if not codes:
        codes = [row.code for row in prices.priced_regions(tx)[: prices.MOST_REGIONS]]
    reading = read(bpmn)
    if reading.definition is None:
        for code in codes:  # an unknown place is told whatever the diagram is like
            regions.region(tx, code)
        return {"on": tx.now.date().isoformat(), "regions": [], "problems": _told(reading.problems)}
    found = unpublished.in_regions(tx, reading.definition, codes)
    nodes = reading.definition.every_node()
    return {
        "on": tx.now.date().isoformat(),
        **_currency(tx, codes[0] if codes else ""),
        "regions": [_region(tx, each, nodes) for each in found],
        "problems": _told(p for each in found for p in each.problems),
    }


def _told(problems: Iterable[Problem]) -> list[Values]:
    """What hinders the price, each once: most is wrong in every place alike."""
    told: list[Values] = []
    for each in (_problem(p) for p in problems if p.severity in ("fatal", "error")):
        if each not in told:
            told.append(each)
    return told


def _currency(tx: Tx, code: str) -> Values:
    if not code:
        return {"currency": "", "minor_digits": 0}
    currency = regions.currency(tx, code)
    return {"currency": currency, "minor_digits": minor_digits(currency)}


def _region(tx: Tx, found: UnpublishedPrice, nodes: Mapping[str, object]) -> Values:
    """A column of the panel. partial: lines without a price or quantity are left out of the numbers."""
    row, quote = found.region, found.quote
    return {
        "path": row.path, "code": row.code, "name": regions.name(row, current_locale()),
        **_currency(tx, row.code), **_figures(quote),
        "partial": quote is not None and bool(found.missing or found.problems),
        "missing": [_missing(tx, problem, nodes) for problem in found.missing],
    }  # fmt: skip


def _figures(quote: Quote | None) -> Values:
    if quote is None:
        return {**dict.fromkeys(("expected_minor", "p50_minor", "p80_minor", "p95_minor")), "tasks": {}}
    risk = quote.risk
    return {
        "expected_minor": quote.expected_minor,
        "p50_minor": risk.p50_minor if risk else None,
        "p80_minor": risk.p80_minor if risk else None,
        "p95_minor": risk.p95_minor if risk else None,
        "tasks": {id_: task.amount_minor for id_, task in quote.tasks.items()},
    }


def _missing(tx: Tx, problem: Problem, nodes: Mapping[str, object]) -> Values:
    line = missing_line(tx, nodes, problem)
    message = gettext(
        "%(item)s has no price per %(unit)s here (%(tried)s). Add it to the price list, or choose another item.",
        item=line.item, unit=line.unit, tried="; ".join(line.tried),
    )  # fmt: skip
    return {
        "element": problem.place, "item": str(problem.params["item"]), "name": line.item, "message": message,
        "address": url_for("price_lists.lists"),
    }  # fmt: skip


def _diagram() -> bytes:
    """The XML in the body; what is larger than a diagram may be is not even read."""
    return _body(_XML, xml.DEFAULT.size)


def _body(kinds: Collection[str], most: int) -> bytes:
    if request.mimetype not in kinds:
        raise UnsupportedMediaType
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge
    request.max_content_length = most  # of a body that does not say its length
    return request.get_data(cache=False)


# Formulas ---------------------------------------------------------------------------------------------


@pages.post("/drafts/<uuid:draft_id>/feel")
@permission(Action.SERVICE_TRANSLATE)
def feel(draft_id: object) -> Response:
    """What a formula gives with example values: those sent as context, else the defaults of the parameters."""
    sent = json_body.read(_body(("application/json",), MOST_JSON))
    asked = _question(sent)
    given = _numbers(asked.get("context"))
    if given is None:
        given = g.runtime.read(g.actor, _defaults, str(draft_id))
    else:
        g.runtime.read(g.actor, drafts.draft, str(draft_id))
    answer = ask(asked["text"], asked["kind"], given, now=g.runtime.clock.now())
    return jsonify(_answer(answer))


def _question(sent: object) -> Values:
    """The formula that is asked about, with its kind ("value" when none is said). Raises MalformedJson."""
    asked: Values = {"text": "", "kind": "value", "context": None, **sent} if isinstance(sent, dict) else {}
    fits = asked and isinstance(asked["text"], str) and isinstance(asked["context"], dict | None)
    if not fits or asked["kind"] not in KINDS:
        raise MalformedJson(
            [
                Problem(
                    "formula-question",
                    "send an object with “text”, a “kind” (%(kinds)s) and, if need be, the numbers as “context”",
                    params={"kinds": ", ".join(KINDS)},
                )
            ]
        )
    return asked


def _defaults(tx: Tx, draft_id: str) -> dict[str, Decimal]:
    definition = read(drafts.content(tx, draft_id).bpmn).definition
    declared = definition.service.parameters if definition else ()
    return {p.id: p.default if p.default is not None else p.minimum or Decimal(1) for p in declared}


def _numbers(context: object) -> dict[str, Decimal] | None:
    """The numbers of a context that was sent; what is no number is left out. None: no context was sent."""
    if not isinstance(context, dict):
        return None
    found = {}
    for name, value in list(context.items())[:200]:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            continue
        if number.is_finite() and abs(number.adjusted()) <= 30:
            found[str(name)] = number
    return found


def _answer(answer: Answer) -> Values:
    return {
        "ok": answer.ok,
        "value": answer.value,
        "message": problem_text(answer.problem) if answer.problem else "",
        "position": answer.position,
        "names": list(answer.names),
    }
