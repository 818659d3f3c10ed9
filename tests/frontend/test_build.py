"""The build hook: when it builds, when it does not, and what it says when it cannot."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def copy_of_sources(root: Path) -> Path:
    shutil.copytree(
        ROOT / "server" / "frontend",
        root / "server" / "frontend",
        ignore=shutil.ignore_patterns("node_modules"),
    )
    return root


def pretend_built(root: Path, digest: str) -> Path:
    dist = root / "server" / "static" / "dist"
    (dist / ".vite").mkdir(parents=True)
    (dist / ".vite" / "manifest.json").write_text("{}", "utf-8")
    (dist / ".digest").write_text(digest, "utf-8")
    return dist


def no_steps(*_: object) -> None:
    raise AssertionError("nothing had to be built")


def test_a_fresh_bundle_is_not_built_again(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of_sources(tmp_path)
    pretend_built(root, build.frontend_digest(root))
    monkeypatch.setattr(build, "run", no_steps)
    assert build.build_frontend(root) is False


@pytest.mark.parametrize("changed", ["src/site/site.scss", "package-lock.json", "vite.config.js"])
def test_a_changed_source_is_built(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    root = copy_of_sources(tmp_path)
    pretend_built(root, build.frontend_digest(root))
    with (root / "server" / "frontend" / changed).open("a", encoding="utf-8") as source:
        source.write("\n")
    steps = []
    monkeypatch.setattr(build, "run", lambda command, *_: steps.append(str(command[2])))
    assert build.build_frontend(root) is True
    assert steps[0] == "ci"
    assert build.build_frontend(root) is False


def test_node_modules_tests_and_prose_are_no_sources(build: ModuleType, tmp_path: Path) -> None:
    root = copy_of_sources(tmp_path)
    before = build.frontend_digest(root)
    frontend = root / "server" / "frontend"
    (frontend / "node_modules").mkdir()
    for each in ("node_modules/x.js", "test/new.test.js", "STYLE.md"):
        (frontend / each).write_text("changed", "utf-8")
    assert build.frontend_digest(root) == before


def test_a_copy_with_the_bundle_alone_needs_no_node(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_built(tmp_path, "whatever")
    monkeypatch.setattr(build, "run", no_steps)
    assert build.build_frontend(tmp_path) is False


def test_a_copy_without_sources_and_bundle_is_called_incomplete(build: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(build.FrontEndError, match="incomplete"):
        build.build_frontend(tmp_path)


def test_a_failed_build_says_what_failed_and_leaves_no_stamp(build: ModuleType, tmp_path: Path) -> None:
    root = copy_of_sources(tmp_path)
    dist = pretend_built(root, "old")
    (root / "server" / "frontend" / "package-lock.json").write_text("{ broken", "utf-8")
    with pytest.raises(build.FrontEndError, match="was not built: .* ci ") as problem:
        build.build_frontend(root)
    assert "npm error" in str(problem.value)
    assert (dist / ".digest").read_text("utf-8") == "old"


def test_a_node_that_is_not_there_is_named(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_NODE", "/nowhere/node")
    with pytest.raises(build.FrontEndError, match="RUN_NODE names '/nowhere/node'"):
        build.find_node()


def test_run_node_chooses_the_node(build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUN_NODE", raising=False)
    chosen = build.find_node()
    monkeypatch.setenv("RUN_NODE", str(chosen[0]))
    assert build.find_node() == chosen
