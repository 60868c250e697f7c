"""What a client may do: each scope includes those before it."""

from __future__ import annotations

from typing import Literal, get_args

Scope = Literal["view", "steer", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
_RANK = {scope: rank for rank, scope in enumerate(SCOPES)}


def covers(granted: Scope, needed: Scope) -> bool:
    """Return whether one scope includes another."""
    return _RANK[granted] >= _RANK[needed]


def lesser(one: Scope, other: Scope) -> Scope:
    """Return the scope that both include."""
    return one if covers(other, one) else other


def scope_of(text: str) -> Scope:
    """Return the scope of this name.

    Raises:
        ValueError: There is none.
    """
    for scope in SCOPES:
        if text == scope:
            return scope
    raise ValueError(f"{text!r} is no scope: there are {', '.join(SCOPES)}")
