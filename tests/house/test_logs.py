"""How the process logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from reactor_zmq.logs import set_up_logging


@pytest.fixture(autouse=True)
def untouched_root() -> Iterator[None]:
    """Leave the root logger as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(form: str, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    set_up_logging(form, verbose=verbose, stream=stream)
    log = logging.getLogger("reactor_zmq.test")
    log.debug("for developers")
    log.info("the actor has ended", extra={"facts": {"reason": "killed", "code": -9}})
    try:
        1 / 0  # noqa: B018 - for its traceback
    except ZeroDivisionError:
        log.exception("a turn failed")
    return stream.getvalue()


def test_text_lines():
    """A text line has time, level, name, text and facts, and the traceback follows it."""
    first, second, *rest = logged("text").splitlines()
    assert first[12:] == " INFO    reactor_zmq.test: the actor has ended reason=killed code=-9"
    assert second.endswith("ERROR   reactor_zmq.test: a turn failed")
    assert rest[-1] == "ZeroDivisionError: division by zero"


def test_json_lines():
    """Each line is one object, the traceback inside it."""
    first, second = [json.loads(line) for line in logged("json").splitlines()]
    assert first["level"] == "info"
    assert first["facts"] == {"reason": "killed", "code": -9}
    assert first["time"].endswith("Z")
    assert "ZeroDivisionError" in second["traceback"]


def test_verbose_shows_what_is_for_developers():
    """Debug lines come with --verbose only."""
    assert "for developers" in logged("text", verbose=True)
    assert "for developers" not in logged("text")
