"""A load's progress as a moving line; needs rich."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from reactor_zmq.runtime.observer import LoadProgress


class BarDisplay:
    """A bar on stderr that vanishes when the load is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def show(self, progress: LoadProgress) -> None:
        """Move the bar; it pulses where the total is unknown."""
        if self._bar is None or self._task is None:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("loading", total=None)
        self._bar.update(
            self._task,
            description=progress.text or "loading",
            completed=progress.done,
            total=progress.total or None,
        )

    def done(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None
