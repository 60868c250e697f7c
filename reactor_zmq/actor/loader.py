"""Finds the author's class: ``file.py:Class``, ``module:Class`` or a folder with a manifest."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from reactor_zmq.actor.settings import override, read_mapping
from reactor_zmq.errors import ConfigError, LoadError
from reactor_zmq.model.manifest import parse_manifest
from reactor_zmq.model.pipeline import ReactorModel, ReactorPipeline

MANIFESTS = ("reactor.yaml", "reactor.yml")


@dataclass(frozen=True)
class Found:
    """What a target names.

    Attributes:
        cls: The author's class.
        title: The model's name for people; empty where nothing gives one.
        config: The parsed configuration, overrides applied.
        config_path: The file that it came from, if it did.
    """

    cls: type[ReactorModel]
    title: str
    config: dict[str, Any]
    config_path: Path | None = None


def find_target(target: str, overrides: Mapping[str, object] | None = None) -> Found:
    """Import a target and read its configuration.

    The folder of a file, a manifest's folder, or for ``module:Class`` the current folder, is put
    on ``sys.path``, so that the model finds its siblings.

    Args:
        target: ``file.py:Class``, ``module:Class`` or a folder with ``reactor.yaml``. The class
            may be left out where the file or module defines only one model.
        overrides: Dotted names and values that replace those of the configuration.

    Raises:
        LoadError: With one line that says what to change; what the author's code raised is its
            cause.
    """
    path = Path(target)
    if path.is_dir():
        return _from_folder(path, overrides or {})
    if path.name in MANIFESTS and path.is_file():
        return _from_folder(path.parent, overrides or {})
    return Found(_find_class(target, Path.cwd()), "", override({}, overrides or {}))


def _from_folder(folder: Path, overrides: Mapping[str, object]) -> Found:
    file = next((folder / name for name in MANIFESTS if (folder / name).is_file()), None)
    if file is None:
        raise LoadError(f"{folder} has no {MANIFESTS[0]}; give file.py:Class or module:Class")
    try:
        manifest = parse_manifest(read_mapping(file))
    except ConfigError as error:
        raise LoadError(f"{folder / str(error)}") from error
    config, config_path = manifest.config or {}, None
    if isinstance(config, str):
        config_path = (folder / config).resolve()
        config = read_mapping(config_path)
    cls = _find_class(manifest.target, folder)
    return Found(cls, manifest.name, override(config, overrides), config_path)


def _find_class(target: str, folder: Path) -> type[ReactorModel]:
    place, _, name = target.rpartition(":")
    if not place:
        place, name = name, ""
    if place.endswith(".py") or "/" in place:
        module = _import_file(folder / place)
    else:
        module = _import_module(place, folder)
    return _pick(module, name, place)


def _import_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise LoadError(f"there is no file {path}")
    _put_on_path(path.parent)
    name = path.stem if _is_free(path.stem, path) else f"reactor_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved, and siblings import this file, by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        sys.modules.pop(name, None)
        raise LoadError(f"{path} could not be imported: {_told(error)}") from error
    return module


def _is_free(name: str, path: Path) -> bool:
    """Return whether a file may be imported under this name without hiding another module."""
    if name in sys.modules or name in sys.stdlib_module_names:
        return getattr(sys.modules.get(name), "__file__", None) == str(path)
    return name.isidentifier()


def _import_module(name: str, folder: Path) -> ModuleType:
    _put_on_path(folder.resolve())
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            text = f"there is no module {name!r}; a file is given as path/to/file.py:Class"
            raise LoadError(text) from None
        raise LoadError(f"{name} could not be imported: {_told(error)}") from error
    except Exception as error:
        raise LoadError(f"{name} could not be imported: {_told(error)}") from error


def _put_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _pick(module: ModuleType, name: str, place: str) -> type[ReactorModel]:
    models = _models_of(module)
    known = ", ".join(models) or "none"
    if not name:
        if len(models) == 1:
            return next(iter(models.values()))
        raise LoadError(f"which class of {place}? {place}:CLASS; models there: {known}")
    if not hasattr(module, name):
        raise LoadError(f"there is no class {name!r} in {place}; models there: {known}")
    found = getattr(module, name)
    if not (isinstance(found, type) and issubclass(found, ReactorModel)):
        text = f"{place}:{name} is no ReactorPipeline or ReactorModel; models there: {known}"
        raise LoadError(text)
    return found


def _models_of(module: ModuleType) -> dict[str, type[ReactorModel]]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, ReactorModel)
        and value not in (ReactorModel, ReactorPipeline)
        and value.__module__ == module.__name__
    }


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
