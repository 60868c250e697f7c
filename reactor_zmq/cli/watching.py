"""Looks at a run through a client: every track, the status, the state, the messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from reactor_zmq.cli.figures import TrackFigures, TrackTotals
from reactor_zmq.cli.snapshot import Heard, Snapshot
from reactor_zmq.client import Client, Frames, Message
from reactor_zmq.errors import ReactorError

# Types of messages remembered; a model has a handful.
_MAX_HEARD = 64
_LOOK_EVERY_S = 0.02
_COUNT_EVERY_S = 0.5


class Watching:
    """Follows a run until it is left.

    Each track has a thread that receives every frame, another one counts peers; messages come in
    the client's own thread. Everything else belongs to the thread that made it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._began = time.monotonic()
        self._figures: dict[str, TrackFigures] = {}
        self._viewers: list[tuple[Frames, threading.Thread]] = []
        self._heard: dict[str, Heard] = {}
        self._heard_lock = threading.Lock()
        self._left = threading.Event()
        self._census = threading.Thread(target=self._count_peers, name="watch peers", daemon=True)
        client.on_message(self._hear)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether the run, or the link to it, has ended."""
        return self._client.closed

    def look(self) -> Snapshot:
        """Return this moment."""
        now_ns = time.time_ns()
        with self._heard_lock:
            heard = tuple(reversed(self._heard.values()))
        return Snapshot(
            model=self._client.model,
            elapsed_s=self.elapsed_s,
            status=self._client.status,
            tracks=tuple(figures.snapshot(now_ns) for figures in self._figures.values()),
            fields=dict(self._client.state),
            heard=heard,
            lost=self.over,
            clock=self._client.clock,
        )

    def totals(self) -> list[TrackTotals]:
        """Return the figures of the whole time, track by track."""
        return [figures.totals() for figures in self._figures.values()]

    def follow(
        self, show: Callable[[Snapshot], object], period_s: float, seconds: float | None
    ) -> None:
        """Show a moment every ``period_s`` until the time is over or the run has ended."""
        end_s = float("inf") if seconds is None else seconds
        due_s = min(period_s, end_s)
        while not self.over:
            # The tracks are known once the model has loaded, and that is when viewing begins.
            self._view_new_tracks()
            if self.elapsed_s >= due_s:
                show(self.look())
                if due_s >= end_s:
                    return
                due_s = min(due_s + period_s, end_s)
            time.sleep(min(_LOOK_EVERY_S, max(due_s - self.elapsed_s, 0)))

    def _view_new_tracks(self) -> None:
        for topic in self._client.tracks:
            if topic.track not in self._figures and not self.over:
                names = topic.tensor.names if topic.tensor else ()
                figures = TrackFigures(topic.track, topic.kind, names)
                self._figures[topic.track] = figures
                frames = self._client.frames(topic.track, every=True)
                thread = threading.Thread(
                    target=self._count,
                    args=(frames, figures),
                    name=f"watch {topic.track}",
                    daemon=True,
                )
                self._viewers.append((frames, thread))
                thread.start()

    def _count(self, frames: Frames, figures: TrackFigures) -> None:
        # The end of the run ends it too; whoever looks sees that at the client.
        with suppress(ReactorError):
            for frame in frames:
                clock = self._client.clock
                figures.add(frame, clock.age_ns(frame) if clock else None)

    def _hear(self, message: Message) -> None:
        with self._heard_lock:
            before = self._heard.pop(message.type, None)
            if before is None and len(self._heard) >= _MAX_HEARD:
                return
            count = before.count + 1 if before else 1
            clock = time.strftime("%H:%M:%S")
            # Popped and set again: the newest is the last.
            self._heard[message.type] = Heard(message.type, message.data, clock, count)

    def _count_peers(self) -> None:
        """Ask for the counts of clients and viewers, which are not told unasked."""
        with suppress(ReactorError):
            while not self._left.wait(_COUNT_EVERY_S):
                self._client.refresh_status()

    def __enter__(self) -> Self:
        self._census.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        for frames, thread in self._viewers:
            frames.close()
            thread.join()
