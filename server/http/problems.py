"""The one table from an error of the house to its HTTP status, and RFC 9457 problem documents.

Everything that can go wrong appears here once; a test walks the tree of errors and fails for one that is not.
The API answers application/problem+json; pages show the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import forms.envelope
import forms.errors
import payments.errors
import pricing.errors
import server.accounts.service as accounts
import server.errors as errors
import server.tracking.streams as streams
import service_library.errors
import workflows.decisions
import workflows.engine
import workflows.errors
import workflows.feel
import workflows.xml
from server.actor import Action
from server.http.json_body import MalformedJson
from server.http.paging import InvalidCursor
from server.http.security import ForgedRequest
from server.http.words import ACTIONS, STATES
from translations import Catalogue
from workflows.errors import RunError
from workflows.problems import Problem

STATUS: dict[type[RunError], int] = {
    RunError: 400,
    workflows.errors.WorkflowError: 400,
    workflows.errors.InvalidInput: 422,
    MalformedJson: 400,
    workflows.xml.XmlRefused: 422,
    forms.errors.FormError: 422,
    pricing.errors.PricingError: 422,
    payments.errors.PaymentError: 422,
    payments.errors.RefusedTransfers: 422,
    payments.errors.IllegalTransition: 409,
    service_library.errors.LibraryError: 422,
    workflows.decisions.DecisionFailed: 422,
    workflows.engine.EngineError: 409,
    workflows.feel.FeelError: 422,
    errors.ServerError: 400,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
    errors.Conflict: 409,
    errors.SamePerson: 403,
    errors.Misconfigured: 500,
    streams.TooManyStreams: 429,
    accounts.WrongCredentials: 401,
    ForgedRequest: 403,
    InvalidCursor: 422,
}
"""A class that is not named has the status of its nearest ancestor."""


def status_of(error: RunError) -> int:
    """The HTTP status of an error."""
    return next(STATUS[c] for c in type(error).__mro__ if c in STATUS)


def problems_of(error: RunError) -> tuple[Problem, ...]:
    """The single mistakes an error carries; () for most."""
    found: Iterable[Any] = getattr(error, "problems", ())
    return tuple(p for p in found if isinstance(p, Problem))


def message_of(error: RunError, catalogue: Catalogue) -> str:
    """What happened, in the reader's language."""
    template = catalogue.gettext(error.message)
    if not error.params:
        return template
    return template % {name: _word(name, value, catalogue) for name, value in error.params.items()}


def _word(name: str, value: object, catalogue: Catalogue) -> object:
    """A value of a message in the reader's language, where it is a word: a state, an action, a thing."""
    if name == "state" and value in STATES:
        return catalogue.gettext(STATES[str(value)]).lower()
    if name == "action" and value in ACTIONS:
        return catalogue.gettext(ACTIONS[Action(str(value))])
    return catalogue.gettext(value) if isinstance(value, str) and value else value


def document(error: RunError, catalogue: Catalogue, *, base_url: str, instance: str) -> dict[str, Any]:
    """The RFC 9457 problem document; single mistakes are in `problems`, each with code, place and message."""
    found = problems_of(error)
    result: dict[str, Any] = {
        "type": f"{base_url}/docs/problems#{error.code}",
        "title": message_of(error, catalogue),
        "status": status_of(error),
        "code": error.code,
        "instance": instance,
    }
    if found:
        result["problems"] = [
            {"code": p.code, "severity": p.severity, "place": p.place, "message": p.text(catalogue.texts)}
            for p in found
        ]
    return result
