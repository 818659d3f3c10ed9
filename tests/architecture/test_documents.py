"""Code and documents agree: settings, commands, roles, tables, entries, links."""

import dataclasses
import json
import re
import tomllib
from urllib.parse import unquote

import click
import pytest

from payments import ledger, posting_rules
from server.actor import RULES, Role
from server.db.tables import metadata
from server.settings import Settings, names

SKIPPED = {"node_modules", ".venv", "var", "demo-out"}


def commands(group, before=""):
    """Every command that does something: ("prices import", the command)."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


@pytest.fixture(scope="module")
def command_line():
    from server.cli import cli

    return dict(commands(cli))


# Settings ---------------------------------------------------------------------------------------------


def test_every_setting_is_documented_with_its_default(table_rows):
    documented = {row[0]: row[1] for row in table_rows("docs/reference/settings.md", "variable")}
    defaults = {name: str(f.default) for name, f in zip(names(), dataclasses.fields(Settings), strict=True)}
    assert documented == defaults


def test_no_document_names_a_setting_that_does_not_exist(root):
    known = {*names(), "FRANCHISE_TEST_POSTGRESQL_URL"}
    for path in markdown(root):
        found = set(re.findall(r"\bFRANCHISE_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
        assert not found - known, path


# Commands ---------------------------------------------------------------------------------------------


def test_every_command_is_documented_with_its_options(command_line, document):
    text = document("docs/reference/cli.md")
    sections = dict(re.findall(r"^## franchise ([a-z -]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(command_line)
    for name, command in command_line.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[0] in sections[name], f"franchise {name} {parameter.opts[0]}"


def test_no_document_names_a_command_or_option_that_does_not_exist(command_line, root):
    """Lines of code in the documents that call franchise."""
    for path in markdown(root):
        for line in path.read_text("utf-8").splitlines():
            called = re.match(
                r"(?:    |\$ )(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?franchise ((?:[a-z]+(?:-[a-z]+)* ?)+)(.*)",
                line,
            )
            if not called:
                continue
            words = called[1].strip()
            name = next(
                (n for n in sorted(command_line, key=len, reverse=True) if f"{words} ".startswith(f"{n} ")),
                None,
            )
            assert name, f"{path}: {line.strip()}"
            options = {o for p in command_line[name].params for o in (*p.opts, *p.secondary_opts)} | {
                "--help"
            }
            used = set(re.findall(r"(?<![\w'\"{])--[a-z-]+", called[2]))
            assert used <= options, f"{path}: {line.strip()}"


def test_no_document_names_a_make_target_that_does_not_exist(root):
    makefile = (root / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for path in markdown(root):
        used = set(re.findall(r"(?:^|`)make ([a-z-]+)\b", path.read_text("utf-8"), re.MULTILINE))
        assert used <= targets, path


# Roles, tables, entries -------------------------------------------------------------------------------


def test_the_table_of_permissions_is_the_rules(table_rows):
    documented = {
        row[0]: {role for role, cell in zip(Role, row[2:], strict=True) if cell}
        for row in table_rows("docs/reference/roles-and-permissions.md", "action")
    }
    assert documented == {action.value: set(roles) for action, roles in RULES.items()}


def test_the_demonstrations_people_are_documented(table_rows):
    from server.demo import world

    documented = {row[0]: row[1] for row in table_rows("docs/reference/roles-and-permissions.md", "e-mail")}
    users = (*world.OFFERED, world.NATIONAL)
    assert documented == {user.email: user.role.value for user in users}


def test_every_table_is_documented(table_rows):
    documented = [row[0] for row in table_rows("docs/reference/database.md", "table")]
    assert sorted(documented) == sorted(metadata.tables)


def test_every_kind_of_ledger_entry_is_documented(table_rows, root):
    source = (root / "payments" / "posting_rules.py").read_text("utf-8")
    kinds = set(re.findall(r'\bEntry\(\s*"([a-z_]+)"', source))
    documented = {row[0] for row in table_rows("docs/reference/ledger-entries.md", "kind")}
    accounts = set(
        re.findall(r'_account\(\s*"([a-z_]+)"', (root / "payments" / "ledger.py").read_text("utf-8"))
    )
    assert posting_rules.reversal.__name__ in kinds
    assert documented == kinds | accounts


def test_the_documented_bounds_of_accounts_are_those_of_the_code(table_rows):
    makers = {"exchange": ledger.exchange_position}
    for kind, book, _, bound, _ in (
        r for r in table_rows("docs/reference/ledger-entries.md", "kind") if len(r) == 5
    ):
        if book not in ("budget", "actual"):
            continue
        account = makers.get(kind, getattr(ledger, kind, None))("x", "XOF")
        assert account.book == book, kind
        assert (account.floor, account.ceiling) == {">= 0": (0, None), "<= 0": (None, 0), "": (None, None)}[
            bound
        ], kind


def test_every_rail_profile_is_documented(table_rows):
    from payments.rails import profiles

    assert {row[0] for row in table_rows("docs/reference/payment-files.md", "profile")} == set(
        profiles.names()
    )


def test_every_column_of_a_price_list_is_documented(table_rows):
    from pricing.templates import COLUMNS, HEADINGS

    rows = table_rows("docs/reference/price-list-format.md", "column")
    assert [row[0] for row in rows] == list(COLUMNS)
    for number, language in enumerate(("en", "fr", "es"), start=1):
        assert [row[number] for row in rows] == [HEADINGS[language][column] for column in COLUMNS]


def test_every_problem_of_a_price_list_is_documented(document, root):
    source = (root / "pricing" / "importers.py").read_text("utf-8")
    codes = set(re.findall(r'Problem\(\s*"([a-z-]+)"', source))
    text = document("docs/reference/price-list-format.md")
    assert not [code for code in codes if f"`{code}`" not in text]


def test_everything_we_stand_on_is_in_the_notice(document, root):
    """What is installed at run time or bundled for the browser; each with its licence."""

    def plain(name):
        return re.sub(
            r"[^a-z0-9]", "", name.lower().removeprefix("@fontsource-variable/").removeprefix("@getodk/")
        )

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    bundled = json.loads((root / "server" / "frontend" / "package.json").read_text("utf-8"))["dependencies"]
    needed = [re.split(r"[\[<>=~ ]", each)[0] for each in project["dependencies"]] + [
        name.removesuffix(".org") for name in bundled
    ]
    notice = plain(document("NOTICE"))
    assert not [name for name in needed if plain(name) not in notice]


def test_the_changelog_names_the_services_we_ship(document, root):
    text = document("CHANGELOG.md")
    for folder in (root / "service_library" / "services").iterdir():
        if folder.is_dir() and not folder.name.startswith("_"):
            assert folder.name.replace("_", " ") in text.lower(), folder.name


# Links ------------------------------------------------------------------------------------------------


def markdown(root):
    """The documents people read: those of the root and of docs."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def anchors(text):
    """The places of a document a link can lead to, as GitHub names them."""
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        yield plain.strip().replace(" ", "-")


def test_links_lead_somewhere(root):
    broken = []
    for path in markdown(root):
        text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            found = (path.parent / unquote(file)).resolve() if file else path
            if not found.exists():
                broken.append(f"{path.relative_to(root)}: {target}")
            elif anchor and anchor not in set(anchors(found.read_text("utf-8"))):
                broken.append(f"{path.relative_to(root)}: {target} (no such heading)")
    assert not broken, "\n".join(broken)


def test_every_document_can_be_reached_from_the_start(root):
    seen, todo = set(), [root / "README.md"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")):
            found = (path.parent / target).resolve()
            if re.match(r"[a-z]+:", target) or not found.exists():
                continue
            if found.is_dir():  # a folder shows what is in it
                todo += found.glob("*.md")
            elif found.suffix == ".md":
                todo.append(found)
    assert not [p.relative_to(root) for p in markdown(root) if p not in seen]


def test_every_decision_is_listed_with_its_title(root):
    listed = (root / "docs" / "adr" / "README.md").read_text("utf-8")
    for path in sorted((root / "docs" / "adr").glob("0*.md")):
        title = path.read_text("utf-8").splitlines()[0]
        number, _, words = title.removeprefix("# ").partition(". ")
        assert path.name.startswith(f"{int(number):04d}-")
        assert f"| [{int(number):04d}]({path.name}) | {words} |" in listed
        for part in ("**Status:**", "## Context", "## Decision", "## Looked at", "## Consequences"):
            assert part in path.read_text("utf-8"), f"{path.name} has no {part}"


def test_files_of_code_that_documents_name_exist(root):
    """Paths in backquotes that begin with one of our folders."""
    folders = (
        "workflows",
        "forms",
        "pricing",
        "payments",
        "service_library",
        "server",
        "translations",
        "tests",
        "docs",
    )
    missing = []
    for path in markdown(root):
        for name in re.findall(r"`((?:" + "|".join(folders) + r")/[\w./-]*)`", path.read_text("utf-8")):
            if name.startswith("server/static/dist"):  # built, not committed
                continue
            if not (root / name).exists():
                missing.append(f"{path.relative_to(root)}: {name}")
    assert not missing, "\n".join(missing)
