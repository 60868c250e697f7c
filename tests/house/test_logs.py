"""How the process logs."""

from __future__ import annotations

import functools
import io
import json
import logging
from collections.abc import Iterator
from unittest import mock

import pytest

from reactor_zmq import logs
from reactor_zmq.logs import Repeats, facts_of, set_up_logging


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


def front_end_said(form: str, text: str, count: int = 1, **facts: object) -> list[str]:
    """Return the lines that come of what the front end says, all of it at one moment."""
    stream = io.StringIO()
    with mock.patch.object(logs, "Repeats", functools.partial(Repeats, clock=lambda: 0.0)):
        set_up_logging(form, stream=stream)
    for _ in range(count):
        logging.getLogger("reactor_zmq.frontend").info(text, extra={"facts": facts})
    return stream.getvalue().splitlines()


def test_what_peers_call_themselves_forges_nothing():
    """A name can't end a line's fact, begin another one, or speak to the terminal."""
    (line,) = front_end_said("text", "client joined", name="x scope=admin", id="\x9b2J\u2028y", n=1)
    assert line.endswith(r"client joined name='x scope=admin' id='\x9b2J\u2028y' n=1")


def test_a_flood_of_peers_is_no_flood_of_lines():
    """Fifty lines of a text come at once; other texts are not held up by it."""
    assert len(front_end_said("text", "client joined", 1000)) == 50
    assert len(front_end_said("json", "something else")) == 1


def test_what_was_left_unsaid_is_counted():
    """Lines come again as time passes, and the first one says how many did not."""
    now = 0.0
    repeats = Repeats(burst=2, rate_hz=1, clock=lambda: now)

    def said(text: str) -> logging.LogRecord | None:
        record = logging.LogRecord("x", logging.INFO, "", 0, text, (), None)
        return record if repeats.filter(record) else None

    assert [bool(said("a")) for _ in range(5)] == [True, True, False, False, False]
    assert said("b")
    now = 1.0
    again = said("a")
    assert again
    assert facts_of(again) == {"unsaid": 3}
    assert not said("a")
