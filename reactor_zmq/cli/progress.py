"""How a long load is shown: a moving line in a terminal where rich is there, else log lines."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec

from reactor_zmq.cli.report import LoadDisplay
from reactor_zmq.runtime.observer import LoadProgress

_log = logging.getLogger("reactor_zmq.run")
_LINE_EVERY_S = 1.0


class LogDisplay:
    """A log line for a load's progress, at most one a second."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def show(self, progress: LoadProgress) -> None:
        """Log it unless a line was logged just before."""
        now = time.monotonic()
        finished = progress.total and progress.done >= progress.total
        if now >= self._next_at or finished:
            self._next_at = now + _LINE_EVERY_S
            text = f"loading: {progress.text}" if progress.text else "loading"
            facts = {"done": progress.done, "total": progress.total}
            _log.info("%s", text, extra={"facts": facts})

    def done(self) -> None:
        """Do nothing: log lines stay."""


@contextmanager
def new_load_display(*, fancy: bool) -> Generator[LoadDisplay]:
    """Return what shows loads; ``fancy`` asks for rich, which may be absent."""
    if not (fancy and find_spec("rich")):
        yield LogDisplay()
        return
    from reactor_zmq.cli.progress_bar import BarDisplay  # noqa: PLC0415 - rich is an extra

    with BarDisplay() as display:
        yield display
