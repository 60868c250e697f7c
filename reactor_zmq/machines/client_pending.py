"""What a client has asked and nobody has answered: kept in order, so that it can be asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec import Raw

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.machines.client_words import Ask, Buffer, Fire
from reactor_zmq.wire.envelope import MAX_ENVELOPE_NBYTES, Encoding, encode


@dataclass(slots=True, eq=False)
class Pending:
    """One unanswered request.

    Attributes:
        seq: Position among the events of this client; None for a control word.
        sent: Whether it was handed to a link, so that it may have arrived.
        again: Whether a new link to the same session may bring it once more.
    """

    id: int
    type: str
    packed: bytes
    attachments: tuple[Buffer, ...]
    seq: int | None
    again: bool
    part: bytes
    sent: bool = False

    def parts(self) -> tuple[Buffer, ...]:
        """Return the multipart."""
        return (self.part, *self.attachments)


class PendingTable:
    """Unanswered requests by id, in the order in which they were asked."""

    def __init__(self) -> None:
        self._by_id: dict[int, Pending] = {}
        self._next_seq = 1
        self._events = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Pending]:
        return iter(tuple(self._by_id.values()))

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._by_id

    @property
    def events(self) -> int:
        """How many of them are events."""
        return self._events

    def add_event(self, event: Fire) -> Pending:
        """Number an event and keep it.

        Raises:
            LocalProtocolError: It is too large; nothing was changed.
        """
        seq = self._next_seq
        part = _encode(event, seq)
        pending = Pending(event.id, event.type, event.packed, (), seq, again=True, part=part)
        self._by_id[event.id] = pending
        self._next_seq += 1
        self._events += 1
        return pending

    def add_control(self, word: Ask) -> Pending:
        """Keep a control word.

        Raises:
            LocalProtocolError: It is too large; nothing was changed.
        """
        part = _encode(word, None)
        pending = Pending(
            word.id, word.type, word.packed, word.attachments, None, again=word.again, part=part
        )
        self._by_id[word.id] = pending
        return pending

    def pop(self, request_id: int) -> Pending | None:
        """Take one out; its answer has come."""
        pending = self._by_id.pop(request_id, None)
        if pending is not None and pending.seq is not None:
            self._events -= 1
        return pending

    def take(self, chosen: Callable[[Pending], bool]) -> list[Pending]:
        """Take out all that are chosen, in order."""
        found = [p for p in self if chosen(p)]
        for pending in found:
            self.pop(pending.id)
        return found

    def renumber(self) -> None:
        """Number the remaining events from 1: the front end knows us as somebody new."""
        self._next_seq = 1
        for pending in self:
            if pending.seq is not None:
                pending.seq = self._next_seq
                pending.part = encode(
                    Encoding.MSGPACK, pending.type, Raw(pending.packed), pending.id, pending.seq
                )
                self._next_seq += 1


def _encode(request: Fire | Ask, seq: int | None) -> bytes:
    part = encode(Encoding.MSGPACK, request.type, Raw(request.packed), request.id, seq)
    if len(part) > MAX_ENVELOPE_NBYTES:
        text = f"{request.type}: {len(part)} bytes, an envelope has at most {MAX_ENVELOPE_NBYTES}"
        raise LocalProtocolError(f"{text}; upload larger data")
    return part
