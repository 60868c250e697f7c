"""What somebody sees who waits: a line that moves in a terminal, a line per run elsewhere."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from reactor_zmq.benchmark.figures import written
from reactor_zmq.benchmark.plan import Plan, Step
from reactor_zmq.benchmark.tasks import Figures

_BAR = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """Tells how far a plan is.

    Args:
        plan: What is carried out.
        stream: Where to; a moving line only where it is a terminal.
    """

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._stream = stream
        self._moves = stream.isatty()
        self._total = len(plan.steps) * plan.rounds
        self._rounds = plan.rounds
        self._done = 0
        self._last = ""
        self._began_s = time.monotonic()

    def begin(self, step: Step) -> None:
        """Show what is about to be measured."""
        if self._moves:
            full = _BAR * self._done // self._total
            bar = "█" * full + "·" * (_BAR - full)
            line = f"{bar} {self._done}/{self._total}{self._left()}  {self._last}→ {named(step)}"
            self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()

    def show(self, number: int, step: Step, figures: Figures) -> None:
        """Show what was found."""
        self._done += 1
        text = f"{named(step)}: {step.measured.failed or headline(figures)}"
        self._last = f"{text}  "
        if not self._moves:
            rounds = f"round {number + 1}/{self._rounds}"
            self._stream.write(f"[{self._done}/{self._total}] {rounds} {text}\n")
            self._stream.flush()
        elif step.measured.failed:
            self._stream.write(f"{_CLEAR}{text}\n")

    def end(self) -> None:
        """Wipe the moving line."""
        if self._moves:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _left(self) -> str:
        if not self._done:
            return ""
        taken_s = time.monotonic() - self._began_s
        return f", {taken_s / self._done * (self._total - self._done):.0f} s left"


def named(step: Step) -> str:
    """Return a step in a few words."""
    cell = step.measured.cell
    if cell.what != "frames":
        return f"{step.measured.text} {cell.size}".strip()
    readers = f" ×{cell.readers}" if cell.readers > 1 else ""
    loan = " in place" if cell.source == "loan" else ""
    return f"{cell.size} {cell.pacing} {cell.way}{loan}{readers}"


def headline(figures: Figures) -> str:
    """Return the one figure that matters most here."""
    if "round_trip_p50_us" in figures:
        return f"{written(figures['round_trip_p50_us'])} us"
    if "jitter_ms" in figures:
        return f"{written(figures['latency_p50_ms'])} ms"
    return f"{written(figures.get('frames_per_s', 0.0))} frames/s"
