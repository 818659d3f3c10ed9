"""Running an installation: serve, migrate, admin, settings, doctor, seal, verify."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click
import orjson
from sqlalchemy.engine import make_url

from server import installation, logs, settings, version
from server.accounts import service as accounts
from server.actor import SYSTEM, Grant, Role
from server.errors import Misconfigured
from server.runtime import Runtime
from server.transparency import service as transparency


def _runtime(*, demo: bool = False) -> Runtime:
    chosen = settings.load()
    if demo:
        chosen = dataclasses.replace(chosen, demo=True)
    logs.configure(chosen)
    return installation.open_runtime(chosen)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--demo", is_flag=True, help="Load the demonstration into an empty database and show its people."
)
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, demo: bool, threads: int) -> None:
    """Start the site."""
    from server import web

    chosen = settings.load()
    if demo:
        chosen = dataclasses.replace(chosen, demo=True)
    chosen.checked()
    logs.configure(chosen)
    runtime = installation.open_runtime(chosen)
    if demo:
        _load_demo(runtime)
    web.run(runtime, host=host, port=port, threads=threads)


def _load_demo(runtime: Runtime) -> None:
    from server.demo import showcase

    if showcase.is_loaded(runtime):
        return
    click.echo("Loading the demonstration (some seconds) …")
    showcase.load(runtime, lambda words: click.echo(f"   {words}"))


@click.command()
def migrate() -> None:
    """Create or upgrade the database."""
    runtime = _runtime()
    click.echo(f"The database {runtime.engine.url.render_as_string(hide_password=True)} is up to date.")


@click.group()
def admin() -> None:
    """Accounts of administrators."""


@admin.command("create")
@click.option("--email", prompt=True)
@click.option("--name", prompt=True)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.option("--locale", type=click.Choice(["en", "fr", "es"]), default="en", show_default=True)
def admin_create(email: str, name: str, password: str, locale: str) -> None:
    """Create an administrator, who then creates the other accounts on the site."""
    runtime = _runtime()
    runtime.run(
        SYSTEM, accounts.create_account, email=email, name=name, password=password,
        grants=[Grant(Role.ADMINISTRATOR, "")], locale=locale,
    )  # fmt: skip
    click.echo(f"{email} may sign in now.")


@click.command("settings")
def show_settings() -> None:
    """Show what the environment sets; secrets are hidden."""
    chosen = settings.load()
    for name, field in zip(settings.names(), dataclasses.fields(chosen), strict=True):
        value = getattr(chosen, field.name)
        shown = "(hidden)" if field.name == "secret_key" else _without_password(str(value))
        click.echo(f"{name}={shown}{'' if value != field.default else '   (default)'}")


def _without_password(value: str) -> str:
    if "://" not in value:
        return value
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(value).render_as_string(hide_password=True)
    except ArgumentError:
        return value


@click.command()
def doctor() -> None:
    """Check that this installation can run: packages, settings, database, files, front end."""
    from server.http import assets
    from workflows.errors import RunError

    failed = False

    def check(what: str, step: object) -> None:
        nonlocal failed
        try:
            assert callable(step)
            step()
            click.echo(f"  ok    {what}")
        except (RunError, OSError) as error:
            failed = True
            click.echo(f"  FAIL  {what}: {error}")

    chosen = settings.load()
    click.echo(f"franchise {version()}, Python {sys.version.split()[0]}")
    check("our packages are ours", installation.check_packages)
    check("settings are safe", chosen.checked)
    check("database opens and is up to date", lambda: installation.open_runtime(chosen).engine.dispose())
    check("files can be written", lambda: _write_probe(chosen.files_dir))
    check("front end is built", lambda: assets.entry("site"))
    if failed:
        raise click.exceptions.Exit(1)


def _write_probe(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".probe"
    probe.write_bytes(b"")
    probe.unlink()


@click.command()
def seal() -> None:
    """Seal the journal's new rows into a block."""
    block = _runtime().run(SYSTEM, transparency.seal)
    click.echo("Nothing new to seal." if block is None else f"Block {block.number}: {block.hash}")


def require_database() -> None:
    """An auditor at the wrong place must not be told that all is well with a database made just now."""
    url = make_url(settings.load().database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise Misconfigured(what=f"There is no database {url.database}. Set FRANCHISE_DATABASE_URL.")


@click.command()
@click.option("--only", type=click.Choice(transparency.PARTS), default=None, help="Check one part.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(only: str | None, form: str) -> None:
    """Recompute everything that was promised, and say what is wrong and where. Exit code 1 when something is."""
    require_database()
    runtime = _runtime()
    progress = None if form == "json" else (lambda name: click.echo(f"  checking {name} …"))
    findings = runtime.read(SYSTEM, transparency.verify, only, progress)
    if form == "json":
        click.echo(orjson.dumps([dataclasses.asdict(f) for f in findings], option=orjson.OPT_INDENT_2))
    else:
        for finding in findings:
            click.echo(f"  {finding.code}: {finding.place}: {finding.detail}")
        click.echo("Everything is as it was promised." if not findings else f"{len(findings)} finding(s).")
    if findings:
        raise click.exceptions.Exit(1)


COMMANDS = (serve, migrate, admin, show_settings, doctor, seal, verify)
