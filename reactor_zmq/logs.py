"""How the process logs: for people with time, level and name, or as lines of JSON.

Nothing here ever sees a payload or a token: those are never given to a logger.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import time
from collections.abc import Callable
from typing import TextIO

import msgspec

# What peers can make say something.
_FRONT_END = "reactor_zmq.frontend"


class TextFormatter(logging.Formatter):
    """``12:34:56.789 INFO    name: text key=value``, the traceback below it."""

    def __init__(self) -> None:
        line = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
        super().__init__(line, "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line with the record's facts at its end."""
        facts = "".join(f" {key}={_plain(value)}" for key, value in facts_of(record).items())
        return super().formatMessage(record) + facts


def _plain(value: object) -> str:
    """Return a fact as it can't be taken for another one, nor for a terminal's commands."""
    text = str(value)
    harmless = text.isprintable() and not any(c in text for c in " ='\"\\")
    return text if harmless or not isinstance(value, str) else ascii(value)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, name, text, and facts and traceback if any."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        entry: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "name": record.name,
            "text": record.getMessage(),
        }
        if facts := facts_of(record):
            entry["facts"] = facts
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=str).decode()


class DroppingHandler(logging.StreamHandler[TextIO]):
    """Drops what the reader of a pipe or a terminal does not take at once.

    A process that waits for whoever reads its log serves nobody meanwhile. The first line that
    gets through again says how many did not.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._dropped = 0
        self._fd = _descriptor(stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        if self._fd is None:
            super().emit(record)
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a log call with wrong arguments, as logging sees it
            self.handleError(record)
            return
        if self._dropped:
            line = f"({self._dropped} lines were dropped: nobody read them)\n{line}"
        if self._write(self._fd, f"{line}\n".encode(errors="backslashreplace")):
            self._dropped = 0
        else:
            self._dropped += 1

    @staticmethod
    def _write(fd: int, data: bytes) -> bool:
        writable = select.poll()
        writable.register(fd, select.POLLOUT)
        try:
            # What is announced as room is a page at least, and no more is certain.
            for begin in range(0, len(data), select.PIPE_BUF):
                if not any(event & select.POLLOUT for _, event in writable.poll(0)):
                    return False
                os.write(fd, data[begin : begin + select.PIPE_BUF])
        except OSError:  # its reader has gone
            return False
        return True


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream in memory
        return None


class Repeats(logging.Filter):
    """Keeps a flood of peers from becoming a flood of lines.

    Of each text so many lines may come at once, and so many per second in the long run; the next
    one that comes says how many were left ``unsaid``.

    Args:
        burst: Lines of one text at once.
        rate_hz: Lines of one text per second.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        burst: float = 50,
        rate_hz: float = 10,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._burst = burst
        self._rate_hz = rate_hz
        self._clock = clock
        self._seen: dict[object, tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written."""
        now = self._clock()
        left, at, unsaid = self._seen.get(record.msg, (self._burst, now, 0))
        left = min(self._burst, left + (now - at) * self._rate_hz)
        if left < 1:
            self._seen[record.msg] = (left, now, unsaid + 1)
            return False
        self._seen[record.msg] = (left - 1, now, 0)
        if unsaid:
            record.facts = {**facts_of(record), "unsaid": unsaid}
        return True


def facts_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the named values that the log call gave as ``extra={"facts": {…}}``."""
    return getattr(record, "facts", {})


def set_up_logging(form: str, *, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Send this process's logs to ``stream`` (default stderr) in one of the two forms."""
    repeats = Repeats()
    handler = DroppingHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(lambda record: record.name != _FRONT_END or repeats.filter(record))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
