"""Raw clients that number what they send, and remember what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import zmq

WINDOW = 16

Status = Callable[[dict[str, Any]], None]


class Writer:
    """A client of the ``Ledger``: enters 1, 2, 3, … with at most WINDOW of them unanswered.

    Attributes:
        acked: Numbers whose reply said that they were applied.
        refused: Numbers whose reply said that they were not.
        unknown: Numbers whose reply said that the actor died with them.
        resumes: Links that were cut and resumed.
    """

    def __init__(self, context: zmq.Context[Any], found: Any, name: str, status: Status) -> None:
        self._context, self._found, self._name, self._status = context, found, name, status
        self._number = self._seq = 0
        self._token = ""
        self._open: dict[int, tuple[int, bytes]] = {}
        self._greeted = False
        self.acked: set[int] = set()
        self.refused: dict[int, str] = {}
        self.unknown: set[int] = set()
        self.resumes = 0
        self.socket = self._link()

    @property
    def unanswered(self) -> int:
        """Events on their way."""
        return len(self._open)

    @property
    def entered(self) -> int:
        """Numbers sent so far."""
        return self._number

    @property
    def may_send(self) -> bool:
        """Whether the window has room and the link was greeted."""
        return self._greeted and len(self._open) < WINDOW

    def enter(self) -> None:
        """Send the next number."""
        self._number += 1
        self._seq += 1
        data = {"writer": self._name, "number": self._number}
        word = {"type": "enter", "data": data, "id": self._seq, "seq": self._seq}
        part = msgspec.msgpack.encode(word)
        self._open[self._seq] = (self._number, part)
        self.socket.send(part)

    def say(self, kind: str) -> None:
        """Send an event that is not numbered and nobody waits for."""
        self.socket.send(msgspec.msgpack.encode({"type": kind}))

    def cut(self) -> None:
        """Break the link without a word, take a new one, and send again what was not answered."""
        self.socket.close(linger=0)
        self.resumes += 1
        self.socket = self._link()

    def hear(self) -> None:
        """Take in all that came."""
        while self.socket.poll(0):
            heard = msgspec.msgpack.decode(self.socket.recv())
            kind, data = heard["type"], heard["data"]
            if kind == "$welcome":
                self._welcomed(data)
            elif kind == "$status":
                self._status(data)
            elif heard.get("id") in self._open:
                self._answered(*self._open.pop(heard["id"])[:1], kind, data)

    def ask(self, kind: str) -> dict[str, Any]:
        """Send a control word and return the data of its reply."""
        self.socket.send(msgspec.msgpack.encode({"type": kind, "id": kind}))
        while True:
            assert self.socket.poll(10_000), f"{kind} was not answered"
            heard = msgspec.msgpack.decode(self.socket.recv())
            if heard.get("id") == kind:
                return heard["data"]

    def _link(self) -> zmq.Socket[Any]:
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.plain_username, socket.plain_password = b"reactor", self._found.token.encode()
        socket.connect(self._found.events)
        self._greeted = False
        hello = {"protocol": 1, "name": self._name, "resume": self._token}
        socket.send(msgspec.msgpack.encode({"type": "$hello", "data": hello, "id": 0}))
        return socket

    def _welcomed(self, data: dict[str, Any]) -> None:
        self._token, self._greeted = data["resume"], True
        self._status(data["status"])
        for _, part in self._open.values():
            self.socket.send(part)

    def _answered(self, number: int, kind: str, data: dict[str, Any]) -> None:
        if kind == "$ok":
            self.acked.add(number)
        elif data["code"] == "actor_crashed":
            self.unknown.add(number)
        else:
            self.refused[number] = data["code"]


def applied(spans: list[list[int]]) -> set[int]:
    """Return the numbers that a ledger's spans hold."""
    return {n for first, last in spans for n in range(first, last + 1)}
