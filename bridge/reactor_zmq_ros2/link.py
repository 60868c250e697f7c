"""The bridge's sockets: one thread that finds a run, talks to it, and looks for it again."""

from __future__ import annotations

import contextlib
import json
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
from reactor_zmq_ros2.frames import Header, read_header
from reactor_zmq_ros2.talk import Listener, Reply, Talk

LOOK_AGAIN_S = 0.5
TICK_MS = 250
BACKLOG = 8  # published frames that wait for the front end; more would be old news
FRAMES_HWM = 2  # per track: what is not the newest is a gap

OnFrame = Callable[[str, Header, Any], None]


class Link(threading.Thread):
    """A thread that keeps one client's link alive until it is told to stop.

    Listener and ``on_frame(track, header, payload)`` are called from this thread; the payload is
    valid for as long as it is referred to.
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
                with closing(_Sockets(context, run)) as sockets:
                    self._serve(sockets)

    def _serve(self, sockets: _Sockets) -> None:
        self.talk.begin(time.monotonic())
        poller = zmq.Poller()
        poller.register(self._wake_out, zmq.POLLIN)
        poller.register(sockets.events, zmq.POLLIN)
        poller.register(sockets.frames, zmq.POLLIN)
        reason = ""
        while not (reason or self._stopping.is_set()):
            self._send(sockets, poller)
            for _ in poller.poll(TICK_MS):
                break
            self._drain_wakes()
            self._hear(sockets)
            sockets.follow(self.talk.frames, self._wanted)
            self._show(sockets)
            reason = self._reason_to_go(sockets)
        if self._stopping.is_set():
            self.talk.leave()
            self._send(sockets, poller)
            reason = "stopped"
        self.trouble = reason
        self.talk.end(reason)

    def _send(self, sockets: _Sockets, poller: zmq.Poller) -> None:
        for job in _taken(self._jobs):
            job()
        waiting = sockets.send(self.talk.to_send) and sockets.give(self._given)
        poller.register(sockets.events, zmq.POLLIN if waiting else zmq.POLLIN | zmq.POLLOUT)

    def _hear(self, sockets: _Sockets) -> None:
        for envelope in sockets.heard():
            self.trouble = ""
            self.talk.hear(envelope, time.monotonic())

    def _show(self, sockets: _Sockets) -> None:
        for track, (header, payload) in sockets.newest().items():
            if track in self._wanted:
                self._on_frame(track, header, payload)

    def _reason_to_go(self, sockets: _Sockets) -> str:
        if self.talk.is_silent(time.monotonic()):
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


class _Sockets:
    """The two sockets of one link."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], run: Run) -> None:
        self.run = run
        self.events = self._socket(context, zmq.DEALER)
        self.events.sndhwm = BACKLOG
        self.events.connect(run.events)
        self.frames = self._socket(context, zmq.SUB)
        self.frames.rcvhwm = FRAMES_HWM
        self._frames_endpoint = ""
        self._topics: dict[str, bytes] = {}

    def close(self) -> None:
        """Close both."""
        self.events.close(linger=200)  # a goodbye may still be on its way
        self.frames.close(linger=0)

    def send(self, waiting: deque[tuple[dict[str, Any], Any]]) -> bool:
        """Send what waits; False when the link takes no more for now."""
        while waiting:
            envelope, attachment = waiting[0]
            if not self._put(envelope, attachment):
                return False
            waiting.popleft()
        return True

    def give(self, frames: dict[str, tuple[dict[str, Any], Any]]) -> bool:
        """Send the newest frame of each input track; False when the link takes no more for now."""
        for track in list(frames):
            data, samples = frames[track]
            if not self._put({"type": "$publish", "data": data}, samples):
                return False
            if frames.get(track, (None,))[0] is data:
                del frames[track]
        return True

    def heard(self) -> list[dict[str, Any]]:
        """Return every envelope that is there."""
        found: list[dict[str, Any]] = []
        with contextlib.suppress(zmq.Again):
            while True:
                found.append(json.loads(self.events.recv_multipart(zmq.NOBLOCK)[0]))
        return found

    def follow(self, endpoint: str, tracks: frozenset[str]) -> None:
        """Connect to the frames socket and subscribe to exactly these tracks."""
        if endpoint and endpoint != self._frames_endpoint:
            self.frames.connect(endpoint)
            self._frames_endpoint = endpoint
        for track in tracks - self._topics.keys():
            self._topics[track] = f"frame/{track}/".encode()
            self.frames.subscribe(self._topics[track])
        for track in self._topics.keys() - tracks:
            self.frames.unsubscribe(self._topics.pop(track))

    def newest(self) -> dict[str, tuple[Header, Any]]:
        """Return the newest frame that has come of each track."""
        found: dict[str, list[Any]] = {}
        with contextlib.suppress(zmq.Again):
            while True:
                topic, *rest = self.frames.recv_multipart(zmq.NOBLOCK, copy=False)
                found[topic.bytes.decode()] = rest
        return {
            topic.removeprefix("frame/").rstrip("/"): (read_header(rest[0].bytes), rest[1].buffer)
            for topic, rest in found.items()
            if topic.startswith("frame/") and len(rest) == 2  # noqa: PLR2004 - header, payload
        }

    def _put(self, envelope: dict[str, Any], attachment: Any) -> bool:
        parts: list[Any] = [json.dumps(envelope, ensure_ascii=False).encode()]
        if attachment is not None:
            parts.append(attachment)
        try:
            self.events.send_multipart(parts, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _socket(self, context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
        made = context.socket(kind)
        made.linger = 0
        made.plain_username, made.plain_password = b"reactor", self.run.token.encode()
        return made


def _taken(jobs: deque[Callable[[], None]]) -> list[Callable[[], None]]:
    return [jobs.popleft() for _ in range(len(jobs))]
