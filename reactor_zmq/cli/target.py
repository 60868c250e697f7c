"""What can be told of a target without importing it, so that slips show at once."""

from __future__ import annotations

import ast
from pathlib import Path

from reactor_zmq.actor.loader import MANIFESTS
from reactor_zmq.actor.settings import read_mapping
from reactor_zmq.errors import ConfigError, LoadError
from reactor_zmq.model.manifest import Manifest, parse_manifest
from reactor_zmq.model.messages import snake_case


def check_target(target: str) -> None:
    """Look at the files that a target names; the author's code does not run.

    Raises:
        ConfigError: No such file, folder or class, or a manifest that can't be read.
    """
    manifest = manifest_of(target)
    if manifest is None:
        place, name = _split(target)
        if place.endswith(".py"):
            _check_file(Path(place), name)
        return
    place, name = _split(manifest.target)
    folder = Path(target) if Path(target).is_dir() else Path(target).parent
    path = folder / f"{place.replace('.', '/')}.py"
    if path.is_file():  # else it is a package, or installed; only the import finds it
        _check_file(path, name)


def default_name(target: str) -> str:
    """Return a run's name where none was given: the manifest's, or the class's in snake case.

    Raises:
        ConfigError: A manifest that can't be read.
    """
    manifest = manifest_of(target)
    if manifest is not None:
        given = manifest.name or Path(target).resolve().name
    else:
        place, name = _split(target)
        given = snake_case(name) or Path(place.removesuffix(".py")).name.rpartition(".")[2]
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in given).lstrip(".") or "model"


def manifest_of(target: str) -> Manifest | None:
    """Return the manifest that a target means, None where it means a file or module.

    Raises:
        ConfigError: It is not there or can't be read, with the line.
    """
    path = Path(target)
    if path.is_dir():
        path = next((path / name for name in MANIFESTS if (path / name).is_file()), path)
        if path.is_dir():
            raise ConfigError(f"{target} has no {MANIFESTS[0]}; give file.py:Class or module:Class")
    elif path.name not in MANIFESTS:
        return None
    try:
        return parse_manifest(read_mapping(path))
    except LoadError as error:
        raise ConfigError(str(error)) from error


def _split(target: str) -> tuple[str, str]:
    place, _, name = target.rpartition(":")
    return (place, name) if place else (name, "")


def _check_file(path: Path, name: str) -> None:
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ConfigError(f"{path}{line}: {error.args[0]}") from error
    if name and name not in (found := _names(tree)) and "*" not in found:
        classes = ", ".join(n.name for n in tree.body if isinstance(n, ast.ClassDef)) or "none"
        raise ConfigError(f"there is no class {name!r} in {path}; classes there: {classes}")


def _names(tree: ast.Module) -> set[str]:
    """Return the names that the file's own statements give, ``*`` where some are unknown."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found
