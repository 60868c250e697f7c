"""The bridge's sockets: one thread that finds a run, talks to it, and looks for it again."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import zmq

from reactor_zmq_ros2.discovery import NotThere, Run, locate
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.lane import Samples
from reactor_zmq_ros2.sockets import Sockets
from reactor_zmq_ros2.talk import Listener, Reply, Talk

LOOK_AGAIN_S = 0.5
TICK_MS = 250

REPLY_S = 10.0
LATE = {"code": "timeout", "text": f"no reply within {REPLY_S:g} s"}

OnFrame = Callable[[str, Header, Samples], None]


class Link(threading.Thread):
    """A thread that keeps one client's link alive until it is told to stop.

    Listener and ``on_frame(track, header, samples)`` are called from this thread; the samples are
    to be copied, and may turn out not to be whole any more.
    """

    def __init__(
        self, target: str, listener: Listener, on_frame: OnFrame, *, name: str, token: str = ""
    ) -> None:
        super().__init__(name="reactor_zmq link", daemon=True)
        self.talk = Talk(listener, name)
        self.trouble = f"looking for {target}"
        self._target, self._token, self._on_frame = target, token, on_frame
        self._jobs: deque[Callable[[], None]] = deque()
        self._given: dict[str, tuple[dict[str, Any], Any]] = {}
        self._wanted: frozenset[str] = frozenset()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._stopping = threading.Event()
        self._look_at = 0.0  # not at every frame: it reads a file

    # Called from any thread.

    def ask(self, kind: str, data: Mapping[str, Any], reply: Reply) -> None:
        """Send an event; ``reply(type, data)`` is called once, from the link's thread."""
        self._do(lambda: self.talk.ask(kind, data, reply))

    def give(self, track: str, data: Mapping[str, Any], samples: Any) -> None:
        """Publish a frame to an input track; one that is still waiting is replaced."""
        self._given[track] = ({"track": track, **data}, samples)
        self._wake()

    def release(self, track: str) -> None:
        """Leave an input track to others."""
        self._do(lambda: self.talk.tell("$unpublish", {"track": track}))

    def watch(self, tracks: frozenset[str]) -> None:
        """Subscribe to exactly these tracks."""
        self._wanted = tracks
        self._wake()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self._wake()
        self.join()
        self._wake_in.close()
        self._wake_out.close()

    # The thread.

    def run(self) -> None:
        """Serve one run after the other."""
        with zmq.Context() as context:
            last: Run | None = None
            while not self._stopping.is_set():
                try:
                    run = locate(self._target, self._token)
                except NotThere as error:
                    self.trouble = str(error)
                    self._refuse_jobs()
                    self._pause()
                    continue
                if run != last:
                    self.talk.forget()
                last = run
                self.trouble = f"no answer from {run.events}"
                with closing(Sockets(context, run)) as sockets:
                    self._serve(sockets)

    def _serve(self, sockets: Sockets) -> None:
        self.talk.begin(time.monotonic())
        self._look_at = 0.0
        reason = ""
        while not (reason or self._stopping.is_set()):
            sockets.wait(self._wake_out, TICK_MS, blocked=self._send(sockets))
            self._drain_wakes()
            self._hear(sockets)
            sockets.follow(self.talk.frames, self.talk.lane, self._wanted)
            self._show(sockets)
            reason = self._reason_to_go(sockets)
        if self._stopping.is_set():
            self.talk.leave()
            self._send(sockets)
            reason = "stopped"
        self.trouble = reason
        self.talk.end(reason)

    def _send(self, sockets: Sockets) -> bool:
        """Send what waits; True when the front end takes no more for now."""
        for job in _taken(self._jobs):
            job()
        return not (sockets.send(self.talk.to_send) and sockets.give(self._given))

    def _hear(self, sockets: Sockets) -> None:
        for envelope in sockets.heard():
            self.trouble = ""
            self.talk.hear(envelope, time.monotonic(), time.time_ns())

    def _show(self, sockets: Sockets) -> None:
        for track, header, samples in sockets.recent():
            if track in self._wanted:
                self._on_frame(track, header, samples)

    def _reason_to_go(self, sockets: Sockets) -> str:
        now = time.monotonic()
        if now < self._look_at:
            return ""
        self._look_at = now + TICK_MS / 1e3
        if self.talk.is_silent(now):
            return f"{sockets.run.events} is silent"
        with contextlib.suppress(NotThere):
            return "" if locate(self._target, self._token) == sockets.run else "another run"
        return "the run has ended"

    def _refuse_jobs(self) -> None:
        if self._jobs:
            for job in _taken(self._jobs):
                job()
            self.talk.end(self.trouble)

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.append(job)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake enough
            self._wake_in.send(b"\0")

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(4096)

    def _pause(self) -> None:
        select.select([self._wake_out], [], [], LOOK_AGAIN_S)
        self._drain_wakes()


def _taken(jobs: deque[Callable[[], None]]) -> list[Callable[[], None]]:
    return [jobs.popleft() for _ in range(len(jobs))]


def answered(ask: Callable[[Reply], None]) -> tuple[str, dict[str, Any]]:
    """Wait for the reply that ``ask`` has taken care of; ``$error`` when none comes in time."""
    heard: list[tuple[str, dict[str, Any]]] = []
    done = threading.Event()

    def take(kind: str, reply: dict[str, Any]) -> None:
        heard.append((kind, reply))
        done.set()

    ask(take)
    done.wait(REPLY_S)
    return heard[0] if heard else ("$error", {**LATE})
