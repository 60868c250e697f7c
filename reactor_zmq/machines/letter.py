"""One message of a peer on its way through the front end's brain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.frontend_vocabulary import Buffer
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.envelope import Encoding, Envelope, decode, sniff

_UNREAD = Envelope("")


@dataclass(slots=True)
class Letter:
    """A peer's message while it is being read; what could not be read yet stays empty."""

    peer: bytes
    delimiter: bool
    encoding: Encoding
    word: Envelope = _UNREAD
    attachments: Sequence[Buffer] = ()

    def read(self, parts: Sequence[Buffer], limit: int) -> None:
        """Decode the envelope.

        Raises:
            RemoteProtocolError: It is none, or there are too many parts.
        """
        if len(parts) > limit:
            text = f"{len(parts)} parts came, at most {limit} are allowed"
            raise RemoteProtocolError(Code.TOO_MANY_PARTS, text)
        if not parts or not len(parts[0]):
            raise RemoteProtocolError(Code.BAD_MESSAGE, "the message is empty")
        self.encoding = sniff(parts[0])
        self.encoding, self.word = decode(parts[0])
        self.attachments = parts[1:]
