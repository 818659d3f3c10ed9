"""What the tests of the house look at: its modules, its errors, its documents."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("translations", "workflows", "forms", "pricing", "payments", "service_library", "server")


def module_names():
    """Every module of the house, by its full name; migrations run Alembic when they are imported."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield name
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.startswith("server.migrations"):
                yield found.name


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def sources():
    """The Python files of the house."""
    return sorted(
        path for name in PACKAGES for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts
    )


@pytest.fixture(scope="session")
def error_classes():
    """Every error class of the house, the root included."""
    for name in module_names():
        importlib.import_module(name)
    from workflows.errors import RunError

    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    # tests may define errors of their own
    return [RunError, *(k for k in below(RunError) if k.__module__.partition(".")[0] in PACKAGES)]


@pytest.fixture(scope="session")
def document():
    """document("docs/reference/cli.md"): its text."""

    def read(path):
        return (ROOT / path).read_text("utf-8")

    return read


@pytest.fixture(scope="session")
def table_rows(document):
    """table_rows(path, heading): the cells below each table of a document whose first heading cell is that."""

    def read(path, heading):
        rows, inside = [], False
        for line in document(path).splitlines():
            if not line.startswith("|"):
                inside = False
                continue
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if cells[0] == heading:
                inside = True
            elif inside and not set(cells[0]) <= set("-: "):
                rows.append([cell.strip("`") for cell in cells])
        return rows

    return read
