"""From a found class to a loaded instance."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from reactor_zmq.actor.calls import settle
from reactor_zmq.errors import LoadError
from reactor_zmq.model.pipeline import ReactorModel
from reactor_zmq.model.spec import ModelSpec


def read_spec(cls: type[ReactorModel], title: str = "") -> ModelSpec:
    """Read what a class declares.

    Raises:
        LoadError: A declaration can't be honoured.
    """
    try:
        return ModelSpec.of(cls, title)
    except (TypeError, ValueError) as error:
        raise LoadError(str(error)) from error


def build(cls: type[ReactorModel]) -> ReactorModel:
    """Make the instance.

    Raises:
        LoadError: The author's ``__init__`` raised, which is the cause.
    """
    try:
        return cls()
    except Exception as error:
        raise _failed(cls, "could not be built", error) from error


async def load(model: ReactorModel, config: dict[str, Any], path: Path | None = None) -> None:
    """Call ``load`` once, def or async def, with what its parameters ask for.

    Args:
        model: An instance that is attached to its host.
        config: For a parameter ``config``.
        path: For a parameter ``config_path``: the file, None where there is none.

    Raises:
        LoadError: The author's ``load`` raised, which is the cause.
    """
    given = {"config": config, "config_path": None if path is None else str(path)}
    try:
        result: object = model.load(**_asked_for(model, given))
        if inspect.isawaitable(result):
            await settle(result)
    except Exception as error:
        raise _failed(type(model), "could not be loaded", error) from error


def _asked_for(model: ReactorModel, given: dict[str, Any]) -> dict[str, Any]:
    """Return what ``load`` takes; a single parameter of another name gets the configuration."""
    names = list(inspect.signature(model.load).parameters)
    known = {name: given[name] for name in names if name in given}
    if not known and len(names) == 1:
        return {names[0]: given["config"]}
    return known


def _failed(cls: type[ReactorModel], what: str, error: Exception) -> LoadError:
    return LoadError(f"{cls.__name__} {what}: {type(error).__name__}: {error}")
