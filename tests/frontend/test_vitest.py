"""The pure parts of the front end, tested in their own language by the Node.js of the development wheel."""

import os
import subprocess
from pathlib import Path
from types import ModuleType

FRONTEND = Path(__file__).resolve().parents[2] / "server" / "frontend"


def test_the_javascript_tests_pass(build: ModuleType, dist: Path) -> None:
    node, npm = build.find_node()
    vitest = FRONTEND / "node_modules" / "vitest" / "vitest.mjs"
    if not vitest.is_file():  # a fresh bundle (from an sdist) needs no node_modules, the tests do
        build.run(
            [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], FRONTEND, dict(os.environ)
        )
    result = subprocess.run(
        [node, vitest, "run", "--no-color"],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
