"""Errors of the server's features. The HTTP status of each class is chosen in server.http.problems."""

from __future__ import annotations

from workflows.errors import RunError


class ServerError(RunError):
    code = "server"
    message = "The request could not be carried out."


class NotFound(ServerError):
    """Also raised for things the actor may not know about."""

    code = "not-found"
    message = "There is no %(what)s %(key)s that you may see."


class Forbidden(ServerError):
    code = "forbidden"
    message = "You may not do this (%(action)s). Ask your coordinator if you should."


class NotSignedIn(ServerError):
    code = "not-signed-in"
    message = "Please sign in first."


class Conflict(ServerError):
    """The thing has changed since the person looked at it, or is in a state that forbids the step."""

    code = "conflict"
    message = "This has changed in the meantime. Look at it again."


class WrongState(Conflict):
    code = "wrong-state"
    message = "The %(what)s is %(state)s: this step is not possible any more, or not yet."


class CommandTaken(Conflict):
    code = "command-taken"
    message = "This id was used for another step. Make a new one for each step."


class SamePerson(ServerError):
    """Performer, verifier and payer are different people; who approves is not who prepared."""

    code = "same-person"
    message = "The same person may not do both steps (%(first)s and %(second)s). Ask a colleague."


class Unfunded(Conflict):
    code = "unfunded"
    message = "The fund has %(available)s %(currency)s free, this needs %(needed)s. Nothing was started."


class Misconfigured(ServerError):
    code = "misconfigured"
    message = "%(what)s"
