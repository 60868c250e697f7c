"""Round trips against the clock."""

from __future__ import annotations

import time

import numpy as np

from reactor_zmq.benchmark.tasks import Ask, Asker, Figures, resolve

_WARM_S = 0.1
_BURST = 512


class WrongAnswerError(ValueError):
    """What came back is not what was asked."""


def ask(task: Ask) -> Figures:
    """Time single round trips, then as many at a time as ``window`` allows.

    Raises:
        WrongAnswerError: An answer is missing, or is another's.
    """
    asker: Asker = resolve(task.opener)(task.address)
    try:
        _single(asker, _WARM_S)
        taken_us = np.asarray(_single(asker, task.seconds)) / 1e3
        p50, p99 = np.percentile(taken_us, (50, 99), method="nearest")
        rate = _pipelined(asker, task.seconds, task.window)
    finally:
        asker.close()
    return {
        "round_trips": float(len(taken_us)),
        "round_trip_p50_us": float(p50),
        "round_trip_p99_us": float(p99),
        "round_trip_max_us": float(taken_us.max()),
        "pipelined_per_s": rate,
    }


def _single(asker: Asker, seconds: float) -> list[int]:
    """Return the nanoseconds of each round trip: before the request, after its answer."""
    taken: list[int] = []
    until, value = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        began = time.perf_counter_ns()
        got = asker.ask(value)
        taken.append(time.perf_counter_ns() - began)
        if got != value:
            raise WrongAnswerError(f"{value} was asked, {got} was answered")
        value += 1
    return taken


def _pipelined(asker: Asker, seconds: float, window: int) -> float:
    """Return answers per second."""
    asker.pipeline(window, window)
    done, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        right = asker.pipeline(_BURST, window)
        if right != _BURST:
            raise WrongAnswerError(f"{_BURST - right} of {_BURST} answers are wrong")
        done += right
    return done / taken
