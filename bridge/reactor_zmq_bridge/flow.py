"""One browser's frames: what is sent when, so that no buffer between us fills up.

At most a window of records of a track is on its way; behind it waits the newest frame alone. A
delta of H.264 that can't be read, because the one before was dropped, is held back, and a key
frame is asked for as soon as there is room for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactor_zmq_bridge.flow_words import (
    Acked,
    Attached,
    Detached,
    Follow,
    Hungry,
    Instruction,
    KeyWanted,
    Made,
    Stimulus,
    Tick,
    Transmit,
    Unfollow,
    WantKey,
    Written,
)
from reactor_zmq_bridge.record import Kind, Record
from reactor_zmq_bridge.track_flow import TrackFlow


class ViewerFlow:
    """Decides what a viewer is sent; no socket, no clock.

    ``handle`` is the only mutator. ``now`` is monotonic seconds.

    Attributes:
        tracks: The tracks that are sent, by index.
        ignored: Acknowledgements of what was not on its way.
    """

    def __init__(self, keep_alive_s: float = 1.0) -> None:
        self.tracks: dict[int, TrackFlow] = {}
        self.ignored = 0
        self._keep_alive_s = keep_alive_s
        self._attached = False
        self._keeps_alive = False
        self._writing = False
        self._last_out = 0.0
        self._out: list[Instruction] = []
        self._rules: dict[type, Callable[[Any, float], None]] = {
            Follow: self._follow,
            Unfollow: self._unfollow,
            Made: self._made,
            Acked: self._acked,
            KeyWanted: self._want_key,
            Attached: self._attach,
            Detached: self._detach,
            Written: self._written,
            Tick: self._tick,
        }

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        """Return what is to be done about a stimulus, in order."""
        self._rules[type(stimulus)](stimulus, now)
        self._send(now)
        out, self._out = self._out, []
        return out

    @property
    def deadline(self) -> float | None:
        """When the next ``Tick`` is wanted."""
        if not self._attached or not self._keeps_alive or self._writing:
            return None
        return self._last_out + self._keep_alive_s

    @property
    def unanswered_since(self) -> float | None:
        """When the oldest record was sent that is not acknowledged."""
        times = [t.oldest for t in self.tracks.values() if t.oldest is not None]
        return min(times, default=None)

    def hungry(self, track: int) -> bool:
        """Whether a frame of this track that is made now would be sent at once."""
        flow = self.tracks.get(track)
        if flow is None or not self._attached or not flow.hungry:
            return False
        return flow.rule.acked or not self._writing

    # --- stimuli ------------------------------------------------------------------------------

    def _follow(self, rule: Follow, now: float) -> None:  # noqa: ARG002 - as all rules
        known = self.tracks.get(rule.track)
        if known is None:
            self.tracks[rule.track] = TrackFlow(rule)
        else:
            known.rule = rule
            known.begin_anew()
        self._feed(rule.track)

    def _unfollow(self, stimulus: Unfollow, now: float) -> None:  # noqa: ARG002 - as all rules
        self.tracks.pop(stimulus.track, None)

    def _made(self, stimulus: Made, now: float) -> None:  # noqa: ARG002 - as all rules
        flow = self.tracks.get(stimulus.piece.record.track)
        if flow is None or not self._attached:
            return
        flow.offer(stimulus.piece)
        if flow.key_wanted and flow.hungry:
            self._out.append(WantKey(flow.rule.track))

    def _acked(self, stimulus: Acked, now: float) -> None:  # noqa: ARG002 - as all rules
        flow = self.tracks.get(stimulus.track)
        if flow is None or not flow.acknowledge(stimulus.seq):
            self.ignored += 1
            return
        self._feed(stimulus.track)

    def _want_key(self, stimulus: KeyWanted, now: float) -> None:  # noqa: ARG002 - as all rules
        flow = self.tracks.get(stimulus.track)
        if flow is not None:
            flow.begin_anew()
            flow.key_wanted = True
            self._feed(stimulus.track)

    def _attach(self, stimulus: Attached, now: float) -> None:
        self._attached, self._writing = True, False
        self._keeps_alive = stimulus.keep_alive
        self._last_out = now
        for track, flow in self.tracks.items():
            flow.begin_anew()
            self._feed(track)

    def _detach(self, _: Detached, now: float) -> None:  # noqa: ARG002 - as all rules
        self._attached = self._writing = False
        for flow in self.tracks.values():
            flow.begin_anew()

    def _written(self, _: Written, now: float) -> None:
        self._writing = False
        self._last_out = now
        for track, flow in self.tracks.items():
            if not flow.rule.acked:
                self._feed(track)

    def _tick(self, _: Tick, now: float) -> None:
        if self.deadline is not None and now >= self.deadline:
            self._transmit(Record(kind=Kind.KEEP_ALIVE), now)

    # --- what follows -------------------------------------------------------------------------

    def _feed(self, track: int) -> None:
        if not self.hungry(track):
            return
        if self.tracks[track].key_wanted:
            self._out.append(WantKey(track))
        self._out.append(Hungry(track))

    def _send(self, now: float) -> None:
        if not self._attached or self._writing:
            return
        for track, flow in self.tracks.items():
            if flow.waiting and flow.has_room:
                # The last one served is asked last the next time.
                self.tracks[track] = self.tracks.pop(track)
                self._transmit(flow.take(now), now)
                self._feed(track)
                return

    def _transmit(self, record: Record, now: float) -> None:
        self._writing = True
        self._last_out = now
        self._out.append(Transmit(record))
