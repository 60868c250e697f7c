"""The package that records, played by ``record``, ``replay`` and ``export``; an extra."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any

from reactor_zmq.errors import ConfigError


def part(name: str) -> Any:
    """Return a module of the package ``reactor_zmq_recording``.

    Raises:
        ConfigError: It, or what it needs, is not installed.
    """
    try:
        return import_module(f"reactor_zmq_recording.{name}")
    except ModuleNotFoundError as error:
        text = f"this needs {error.name}: pip install 'reactor-zmq[recording]'"
        raise ConfigError(text) from error


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Generator[None]:
    """Call ``stop`` on SIGINT and SIGTERM, in the main thread, until the block ends."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
