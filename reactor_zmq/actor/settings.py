"""The configuration of a model: a YAML or JSON file, and dotted overrides."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import msgspec

from reactor_zmq.errors import LoadError


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a file: JSON by its suffix, YAML otherwise; an empty file is one too.

    Raises:
        LoadError: No such file, bad syntax (with the line), no mapping, or PyYAML is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"{path} can't be read: {error}") from error
    found = _from_json(path, text) if path.suffix == ".json" else _from_yaml(path, text)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise LoadError(f"{path} has to hold a mapping, not a {type(found).__name__}")
    return found  # type: ignore[reportUnknownVariableType] - what a file holds is Any


def override(config: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return a copy of a configuration with dotted names replaced; new ones are added.

    Raises:
        LoadError: A name leads through something that is no mapping.
    """
    out: dict[str, Any] = deepcopy(dict(config))
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        at = out
        for depth, key in enumerate(parents, start=1):
            inner: Any = at.setdefault(key, {})
            if not isinstance(inner, dict):
                where = ".".join(parents[:depth])
                raise LoadError(f"--model.{dotted}: {where} is {inner!r}, not a mapping")
            at = cast("dict[str, Any]", inner)
        at[last] = value
    return out


def _from_json(path: Path, text: str) -> Any:
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except msgspec.MsgspecError as error:
        raise LoadError(f"{path}: {error}") from error


def _from_yaml(path: Path, text: str) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as error:
        extra = "pip install 'reactor-zmq[cli]'"
        raise LoadError(f"reading {path} needs PyYAML: {extra}") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error)
        raise LoadError(f"{path}{line}: {problem}") from error
