"""How the process logs: for people with time, level and name, or as lines of JSON.

Nothing here ever sees a payload or a token: those are never given to a logger.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TextIO

import msgspec


class TextFormatter(logging.Formatter):
    """``12:34:56.789 INFO    name: text key=value``, the traceback below it."""

    def __init__(self) -> None:
        line = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
        super().__init__(line, "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line with the record's facts at its end."""
        facts = "".join(f" {key}={value}" for key, value in facts_of(record).items())
        return super().formatMessage(record) + facts


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


def facts_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the named values that the log call gave as ``extra={"facts": {…}}``."""
    return getattr(record, "facts", {})


def set_up_logging(form: str, *, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Send this process's logs to ``stream`` (default stderr) in one of the two forms."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
