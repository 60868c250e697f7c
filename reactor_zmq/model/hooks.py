"""Lifecycle hooks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

KINDS = ("session_started", "session_ended", "connected", "disconnected", "file_uploaded")
_MARK = "__reactor_hook__"


@dataclass(frozen=True)
class HookSpec:
    """One hook of a model.

    Attributes:
        kind: One of KINDS.
        method: Name of the method.
        is_async: Whether its result is awaited.
        takes_client: Whether it has a parameter ``client``.
    """

    kind: str
    method: str
    is_async: bool
    takes_client: bool


def _mark(kind: str, method: F) -> F:
    if not callable(method):  # type: ignore[reportUnnecessaryComparison] - @connected("…")
        raise TypeError(f"@{kind} stands bare above a method")
    setattr(method, _MARK, kind)
    return method


def session_started(method: F) -> F:
    """Run when a session begins: the state is there, nobody is connected yet.

    An exception is logged with its traceback; the session goes on.
    """
    return _mark("session_started", method)


def session_ended(method: F) -> F:
    """Run when a session ends: everybody has left, the state is still there."""
    return _mark("session_ended", method)


def connected(method: F) -> F:
    """Run for each client that joins, before its first event."""
    return _mark("connected", method)


def disconnected(method: F) -> F:
    """Run once for each client that leaves, also when the session ends."""
    return _mark("disconnected", method)


def file_uploaded(method: F) -> F:
    """Run for each file that has arrived whole; takes ``uploaded_file``."""
    return _mark("file_uploaded", method)


def hook_kind(method: Any) -> str | None:
    """Return the kind of hook that a method was marked as."""
    return getattr(method, _MARK, None)


def hook_spec(kind: str, name: str, method: Callable[..., Any], where: str) -> HookSpec:
    """Read a hook's signature.

    Raises:
        TypeError: It has parameters that nothing can be given for, or never runs.
    """
    if inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
        raise TypeError(f"{where}: a hook returns, it does not yield")
    parameters = set(list(inspect.signature(method).parameters)[1:])
    given = {"client", "uploaded_file"} if kind == "file_uploaded" else {"client"}
    if strange := sorted(parameters - given):
        raise TypeError(f"{where}: @{kind} can't be given {strange[0]!r}")
    if kind == "file_uploaded" and "uploaded_file" not in parameters:
        raise TypeError(f"{where}: @file_uploaded takes uploaded_file")
    return HookSpec(kind, name, inspect.iscoroutinefunction(method), "client" in parameters)
