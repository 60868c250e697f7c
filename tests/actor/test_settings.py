"""Configuration and its overrides."""

from __future__ import annotations

from reactor_zmq.actor.settings import override


def test_overrides_leave_the_configuration_as_it_was():
    """The same mapping may be used again."""
    config = {"a": {"b": 1}}
    assert override(config, {"a.b": 2, "a.c.d": 3}) == {"a": {"b": 2, "c": {"d": 3}}}
    assert config == {"a": {"b": 1}}
