"""The conversation with a front end, without sockets: what to say, and what was heard.

Envelopes are mappings (docs/protocol.md, §2); the link that owns a `Talk` makes them into bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

PROTOCOL = 1
PING_S = 1.0
TRIPS = 16  # round trips of which the quickest tells the clocks' offset
SILENCE_S = 4.0
LOST = {"code": "link_lost", "text": "the link to the front end broke before the reply came"}

Envelope = Mapping[str, Any]
Reply = Callable[[str, dict[str, Any]], None]


class Listener(Protocol):
    """Hears what a run says. Called from the link's thread; must not block it."""

    def ready(self, welcome: dict[str, Any], schema: dict[str, Any]) -> None:
        """Hear what the model offers: at the start, and whenever that has changed."""
        ...

    def status(self, status: dict[str, Any]) -> None:
        """Hear how the model is."""
        ...

    def state(self, fields: dict[str, Any]) -> None:
        """Hear all public fields of the model's state, whenever one has changed."""
        ...

    def message(self, envelope: dict[str, Any]) -> None:
        """Hear what the model said by itself."""
        ...

    def lost(self, reason: str) -> None:
        """Hear that there is no link; the next word is `ready`."""
        ...


class Talk:
    """One client's part of the conversation, over any number of links one after the other.

    `to_send` holds what the link has to send; the methods never block and touch no clock.
    """

    def __init__(self, listener: Listener, name: str) -> None:
        self.to_send: deque[tuple[dict[str, Any], Any]] = deque()
        self.frames = ""
        self.lane: Mapping[str, Any] | None = None
        self._trips: deque[tuple[float, int]] = deque(maxlen=TRIPS)
        self._listener = listener
        self._name = name
        self._pending: dict[int, Reply] = {}
        self._next_id = 1
        self._resume = ""
        self._schema_hash = ""
        self._welcome: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._heard = self._pinged = 0.0
        self._heard_unix_ns = 0

    def figures(self) -> dict[str, float | None]:
        """Return what is measured of the link; the front end's clock is ahead by the offset."""
        trip_s, offset_ns = min(self._trips, default=(None, None))
        return {
            "round trip ms": None if trip_s is None else trip_s * 1e3,
            "clock offset ms": None if offset_ns is None else offset_ns / 1e6,
        }

    def begin(self, now: float) -> None:
        """Say hello over a new link."""
        self._trips.clear()
        self.frames, self.lane = "", None  # the old link's may be another run's by now
        self.to_send.clear()
        self._heard = self._pinged = now
        self._hello()

    def end(self, reason: str) -> None:
        """Take in that the link is gone: nothing that was asked will be answered."""
        pending, self._pending = self._pending, {}
        self.to_send.clear()
        self._schema_hash = ""
        for reply in pending.values():
            reply("$error", {**LOST})
        self._listener.lost(reason)

    def leave(self) -> None:
        """Say goodbye."""
        self._say({"type": "$bye"})

    def forget(self) -> None:
        """Be a new client at the next hello: what answers there is another run."""
        self._resume = ""

    def ask(self, kind: str, data: Mapping[str, Any], reply: Reply) -> None:
        """Send an event or control word; ``reply(type, data)`` is called exactly once."""
        number, self._next_id = self._next_id, self._next_id + 1
        self._pending[number] = reply
        self._say({"type": kind, "data": dict(data), "id": number})

    def tell(self, kind: str, data: Mapping[str, Any], attachment: Any = None) -> None:
        """Send a word for which nothing is answered."""
        self._say({"type": kind, "data": dict(data)}, attachment)

    def is_silent(self, now: float) -> bool:
        """Ping when it is time; True when the other side has said nothing for too long."""
        if now - self._pinged >= PING_S:
            self._pinged = now
            self.ask("$ping", {}, self._ponged(now))
        return now - self._heard > SILENCE_S

    def hear(self, envelope: dict[str, Any], now: float, unix_ns: int = 0) -> None:
        """Take in one message of the front end, at both of this machine's times."""
        self._heard, self._heard_unix_ns = now, unix_ns
        kind: str = envelope["type"]
        data: dict[str, Any] = envelope.get("data") or {}
        reply = self._pending.pop(envelope["id"], None) if "id" in envelope else None
        if reply is not None:
            reply(kind, data)
        elif kind == "$status":
            self._status(data)
        elif kind == "$state":
            self._changed(data.get("fields", {}))
        elif not kind.startswith("$"):
            self._listener.message({"type": kind, "data": data})

    def _hello(self) -> None:
        data = {"protocol": PROTOCOL, "name": self._name, "follow_state": True}
        if self._resume:
            data["resume"] = self._resume
        self.ask("$hello", data, self._welcomed)

    def _welcomed(self, kind: str, data: dict[str, Any]) -> None:
        if kind != "$welcome":
            if data.get("code") == "resume_refused":
                self._resume = ""
                self._hello()
            return
        self._resume, self.frames, self._welcome = data["resume"], data["frames"], data
        self.lane = data.get("lane")
        self._fields = dict(data["state"])
        self._status(data["status"])
        if data["topics"]:
            self.ask("$schema", {}, self._read_schema)

    def _read_schema(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "$schema":
            self._schema_hash = self._welcome["schema_hash"]
            self._listener.ready(self._welcome, data)
            self._listener.state(dict(self._fields))

    def _changed(self, fields: dict[str, Any]) -> None:
        self._fields.update(fields)
        self._listener.state(dict(self._fields))

    def _status(self, status: dict[str, Any]) -> None:
        self._listener.status(status)
        loaded = status.get("state") in ("ready", "waiting")
        if loaded and not self._schema_hash and not self._welcome.get("topics"):
            self._hello()

    def _ponged(self, sent_s: float) -> Reply:
        def ponged(kind: str, data: dict[str, Any]) -> None:
            if kind == "$pong" and "unix_ns" in data:
                trip_s = self._heard - sent_s
                middle_ns = self._heard_unix_ns - round(trip_s / 2 * 1e9)
                self._trips.append((trip_s, data["unix_ns"] - middle_ns))

        return ponged

    def _say(self, envelope: dict[str, Any], attachment: Any = None) -> None:
        self.to_send.append((envelope, attachment))
