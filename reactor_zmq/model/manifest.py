"""What ``reactor.yaml`` says, once it has been read into plain values."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from reactor_zmq.errors import ConfigError
from reactor_zmq.wire.envelope import blamed, explain


class Manifest(Struct, frozen=True):
    """A manifest.

    Attributes:
        name: Name of the model; empty where the manifest gives none.
        target: ``module:Class``.
        config: The model's configuration: a mapping, a path relative to the manifest, or None.
        preload: Modules to import before the model's process is made.
    """

    name: str
    target: str
    config: dict[str, Any] | str | None = None
    preload: tuple[str, ...] = ()


class _Model(Struct):
    name: str = ""


class _Runtime(Struct):
    target: str = field(name="import")
    config: dict[str, Any] | str | None = None
    preload: tuple[str, ...] = ()


class _Document(Struct):
    """Keys that are not known here belong to other programs and are left alone."""

    runtime: _Runtime
    model: _Model = field(default_factory=_Model)


def parse_manifest(document: object) -> Manifest:
    """Return the manifest that a parsed ``reactor.yaml`` holds.

    Raises:
        ConfigError: A key is missing or has the wrong kind of value; the text names it.
    """
    try:
        found = msgspec.convert(document, _Document)
    except msgspec.ValidationError as error:
        where = f" {path}:" if (path := blamed(error)) else ""
        raise ConfigError(f"reactor.yaml:{where} {explain(error)}") from error
    target = found.runtime.target
    module, _, class_name = target.partition(":")
    if not (module and class_name.isidentifier()):
        text = f'expected "module:Class", got {target!r}'
        raise ConfigError(f"reactor.yaml: runtime.import: {text}")
    return Manifest(found.model.name, target, found.runtime.config, found.runtime.preload)
