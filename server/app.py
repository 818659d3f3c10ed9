"""The web application: pages for people, the API for programs, over the same service functions."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from server import installation, version
from server.actor import Action, Role, can
from server.errors import Conflict
from server.http import assets, locale, markdown, problems, security
from server.http.blueprints import API_BLUEPRINTS, PAGE_BLUEPRINTS
from server.http.navigation import rail
from server.http.operations import Api
from server.runtime import Runtime
from server.tracking.streams import Streams
from workflows.errors import RunError

log = structlog.get_logger()


def create_app(runtime: Runtime) -> Flask:
    """The application of an installation. Raises Misconfigured for a route without a permission mark."""
    installation.check_packages()
    app = Flask("server", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=runtime.settings.secret_key,
        MAX_CONTENT_LENGTH=runtime.settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_PARTS=1000,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        API_TITLE="RUN service franchising",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["runtime"] = runtime
    app.extensions["tracking"] = Streams(runtime, runtime.settings.live_streams)
    security.install(app, runtime)
    app.before_request(_set_locale)
    _register_templates(app)
    api = Api(app)
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=f"/api/v1{blueprint.url_prefix or ''}")
    for page in PAGE_BLUEPRINTS:
        app.register_blueprint(page)
    _mark_library_routes(app)
    app.register_error_handler(RunError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _refused_by_database)
    app.register_error_handler(Exception, _unexpected)
    security.check_every_route_is_marked(app)
    return app


def _set_locale() -> None:
    g.locale = locale.choose_locale(g.runtime.settings.default_locale)


def _mark_library_routes(app: Flask) -> None:
    """flask-smorest makes the OpenAPI document's route itself."""
    for endpoint, view in list(app.view_functions.items()):
        if endpoint.startswith("api-docs."):
            # a bound method carries no mark, a function around it does
            marked: Any = security.permission(Action.PUBLIC)(partial(view))
            app.view_functions[endpoint] = marked


def _register_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: locale.current_catalogue().gettext(message),
        lambda one, many, number: locale.current_catalogue().ngettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        minor=locale.format_minor, number=locale.format_number, share=locale.format_share,
        day=locale.format_day, moment=locale.format_moment, localised=locale.localised,
        markdown=markdown.render,
    )  # fmt: skip

    def context() -> dict[str, Any]:
        return {
            "actor": g.actor, "locale": locale.current_locale(), "csrf_token": security.csrf_token,
            "asset": assets.entry, "can": can, "Action": Action, "Role": Role, "rail": rail(g.actor),
            "demo": g.runtime.settings.demo, "product_version": version(),
            "since": lambda moment: locale.format_since(moment, g.runtime.clock.now()),
            "now": g.runtime.clock.now(),
        }  # fmt: skip

    app.context_processor(context)


_OF_SCRIPTS = frozenset({"application/json", "application/xml", "text/xml"})


def wants_json() -> bool:
    """Whether the answer is for a program."""
    # only scripts send these methods and bodies; a page's form never does
    if request.method in ("PUT", "DELETE") or request.mimetype in _OF_SCRIPTS:
        return True
    if request.path.endswith(".json"):
        return True
    return request.path.startswith("/api/") or (
        request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"
    )


def _refused_by_database(error: IntegrityError) -> Response | BaseResponse:
    """What slipped past the service functions and the database refused: two people at the same moment, mostly."""
    # the first line names the rule; PostgreSQL's second line has the values, which may be personal
    log.warning("refused by the database", path=request.path, rule=str(error.orig).partition("\n")[0])
    return _refused(Conflict())


def _refused(error: RunError) -> Response | BaseResponse:
    """An error of the house: a problem document for programs, a page in the reader's language for people."""
    if "locale" not in g:  # refused before the language was chosen
        _set_locale()
    catalogue = locale.current_catalogue()
    status = problems.status_of(error)
    if status >= 500:
        log.error("refused", code=error.code, path=request.path, message=str(error))
    if wants_json():
        document = problems.document(
            error, catalogue, base_url=g.runtime.settings.base_url, instance=quote(request.path)
        )
        response = make_response(document, status)
        response.content_type = "application/problem+json"
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if status == 401 and request.method == "GET" and not request.headers.get("HX-Request"):
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    return make_response(
        render_template(
            "error.html", status=status, message=problems.message_of(error, catalogue), code=error.code,
            problems=[(p.place, p.severity, p.text(catalogue.texts)) for p in problems.problems_of(error)],
        ),
        status,
    )  # fmt: skip


def _http_error(error: HTTPException) -> Response | BaseResponse:
    """An error of HTTP itself: unknown address, method, too large."""
    code = error.code or 500
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    if "locale" not in g:
        _set_locale()
    sentences = {
        404: locale.gettext("There is no page at this address."),
        405: locale.gettext("This address does not take that method."),
        413: locale.gettext("What you sent is larger than this site takes."),
        415: locale.gettext(
            "This address takes another kind of content: application/json or multipart/form-data."
        ),
        422: locale.gettext("Some values are missing or not right."),
    }
    sentence = sentences.get(code, locale.gettext("The request could not be carried out."))
    allowed = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    if wants_json():
        document: dict[str, Any] = {
            "type": f"{g.runtime.settings.base_url}/docs/problems#http-{code}", "title": sentence,
            "status": code, "code": f"http-{code}", "instance": quote(request.path),
        }  # fmt: skip
        details = getattr(error, "data", {}).get("messages")
        if details:
            document["problems"] = _field_problems(details)
        response = make_response(document, code, headers)
        response.content_type = "application/problem+json"
        return response
    page = render_template("error.html", status=code, message=sentence, code=f"http-{code}", problems=[])
    return make_response(page, code, headers)


def _field_problems(details: Any, place: str = "") -> list[dict[str, str]]:  # noqa: ANN401
    """Marshmallow's nested messages as a flat list of {code, severity, place, message}."""
    if isinstance(details, dict):
        return [p for k, v in details.items() for p in _field_problems(v, f"{place}.{k}".lstrip("."))]
    if isinstance(details, list):
        return [p for v in details for p in _field_problems(v, place)]
    return [{"code": "invalid-field", "severity": "error", "place": place, "message": str(details)}]


def _unexpected(error: Exception) -> Response | BaseResponse:
    """A defect of ours: logged with its trace, told without it."""
    log.error("unexpected", path=request.path, exc_info=error)
    if request.environ.get("franchise.reraise"):
        raise error
    sentence = locale.gettext("Something went wrong on our side. Nothing was changed; try again in a while.")
    if wants_json():
        response = make_response(
            {"type": "about:blank", "title": sentence, "status": 500, "code": "unexpected"}, 500
        )
        response.content_type = "application/problem+json"
        return response
    return make_response(
        render_template("error.html", status=500, message=sentence, code="unexpected", problems=[]), 500
    )
