"""Each package stands only on those below it."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

# what payments may know of the rest of the core: docs/adr/0009
PAYMENTS_MAY_USE = {
    "pricing.money", "pricing.errors", "pricing.tables", "workflows.xml", "workflows.problems", "workflows.errors",
}  # fmt: skip


def imports_of(path):
    """The modules a file imports, wherever in it; `from a import b` gives both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_import_contracts_are_kept(root):
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-4000:] + checked.stderr


def test_payments_knows_money_xml_and_problems_of_the_core_and_nothing_else(sources, root):
    for path in sources:
        if path.relative_to(root).parts[0] != "payments":
            continue
        for name in imports_of(path):
            if name.partition(".")[0] in ("pricing", "workflows", "forms", "service_library"):
                known = any(name == f or name.startswith(f"{f}.") for f in PAYMENTS_MAY_USE)
                package = name in ("pricing", "workflows")  # `from workflows import xml`
                assert known or package, f"{path.relative_to(root)} imports {name}"


def test_every_feature_is_in_the_contracts(root):
    """A new feature has its floor among the services, and its tables to itself."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    floors = {m for c in contracts if c["type"] == "layers" for m in c["layers"]}
    owned = {m for c in contracts if c["type"] == "protected" for m in c["protected_modules"]}
    for path in sorted((root / "server").glob("*/service.py")):
        assert f"server.{path.parent.name}.service" in floors, (
            f"{path.parent.name} has no floor in pyproject.toml"
        )
    for path in sorted((root / "server").glob("*/models.py")):
        assert f"server.{path.parent.name}.models" in owned, f"the tables of {path.parent.name} are anybody's"


def test_services_and_tables_know_no_web(root):
    for path in (root / "server").glob("*/*.py"):
        if path.name in ("models.py", "service.py"):
            for name in imports_of(path):
                assert name.partition(".")[0] not in ("flask", "werkzeug"), f"{path} imports {name}"
                assert not name.startswith("server.http"), f"{path} imports {name}"


def test_transactions_begin_and_end_in_one_place(sources, root):
    """docs/adr/0001: only Runtime makes sessions and commits; migrations have their own."""
    allowed = {"server/runtime.py", "server/db/migrate.py"}
    for path in sources:
        name = path.relative_to(root).as_posix()
        if name in allowed or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                commits = node.func.attr == "commit" and not node.args
                assert not commits, f"{name}:{node.lineno} commits"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("Session", "sessionmaker"), (
                    f"{name}:{node.lineno} makes a session"
                )
