"""Rules that hold in every file."""

import ast
from functools import cache

import pytest


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def calls(path):
    """(name as written, line) of every call in a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def name_of(path, root):
    return path.relative_to(root).as_posix()


def test_every_module_says_its_idea(sources, root):
    silent = [
        name_of(path, root)
        for path in sources
        if path.name != "__init__.py" and tree(path).body and not ast.get_docstring(tree(path))
        and "versions" not in path.parts
    ]  # fmt: skip
    assert not silent, "these modules have no docstring"


def test_every_step_of_the_business_says_what_it_does(root):
    silent = [
        f"{name_of(path, root)}:{node.lineno} {node.name}"
        for path in sorted((root / "server").glob("*/service.py"))
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not silent


def test_every_step_of_the_business_that_writes_asks_who_may(root):
    """A public function that writes a journal row asks `require`; named here are those for whom it was asked before."""
    asked_before = {
        "deliveries.send_back", "deliveries.record_second_check",  # in _open
        "instances.complete", "instances.mark_accepted", "submissions.check_submission",  # by deliveries
        "projects.close_if_done",
    }  # fmt: skip
    for path in sorted((root / "server").glob("*/service.py")):
        for node in tree(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            called = {ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
            name = f"{path.parent.name}.{node.name}"
            if "journal.record" in called and name not in asked_before:
                assert "require" in called, f"{name_of(path, root)}:{node.lineno} {node.name} does not ask"


def test_money_is_never_a_float(sources, root):
    """Neither made nor written as a number with a point, where amounts are worked out."""
    for path in sources:
        name = name_of(path, root)
        if not (name.startswith("payments/") or name in ("pricing/money.py", "pricing/contributions.py")):
            continue
        for node in ast.walk(tree(path)):
            made = isinstance(node, ast.Call) and ast.unparse(node.func) == "float"
            written = isinstance(node, ast.Constant) and isinstance(node.value, float)
            assert not made, f"{name}:{node.lineno} {ast.unparse(node)}"
            assert not written, f"{name}:{node.lineno} {ast.unparse(node)}"


@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        (("datetime.now", "datetime.datetime.now", "datetime.utcnow", "datetime.datetime.utcnow", "date.today",
          "datetime.date.today", "time.time"), {"server/clock.py"}),
        # the engine names its own tasks, as SpiffWorkflow did for it: a counter would need a row of its own
        (("uuid4", "uuid.uuid4", "uuid1", "uuid.uuid1", "uuid7", "uuid.uuid7"), {"workflows/engine/spiff.py"}),
        (("secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "os.urandom", "random.random",
          "random.randint", "random.choice"), set()),
        (("etree.fromstring", "etree.XML", "etree.parse", "ElementTree.parse", "ElementTree.fromstring",
          "minidom.parseString"), {"workflows/xml.py", "payments/rails/pain001_versions.py"}),
        (("eval", "exec", "pickle.loads", "pickle.load", "yaml.load"), set()),
    ],
    ids=["clock", "ids", "chance", "xml", "code from data"],
)  # fmt: skip
def test_the_outside_comes_in_through_one_door(sources, root, forbidden, allowed):
    for path in sources:
        name = name_of(path, root)
        if name in allowed:
            continue
        found = [(written, line) for written, line in calls(path) if written in forbidden]
        assert not found, f"{name}: {found}"


def test_the_core_asks_nobody_what_time_it_is(sources, root):
    """`now` is a parameter; a default that is worked out once at import would be worse than none."""
    for path in sources:
        name = name_of(path, root)
        if name.startswith("server/"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)):
                    assert ".now" not in ast.unparse(default), f"{name}:{node.lineno}"


def test_our_words_are_the_fields_words(sources, root):
    """No module, class or function is called a manager, handler, util, helper, or data of something."""
    vague = ("manager", "handler", "util", "utils", "helper", "helpers", "misc", "common")
    for path in sources:
        words = set(path.stem.lower().split("_"))
        assert not words & set(vague), name_of(path, root)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                assert not node.name.lower().endswith(("manager", "handler", "helper", "util", "utils")), (
                    f"{name_of(path, root)}:{node.lineno} {node.name}"
                )
