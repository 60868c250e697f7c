"""What the client makes of the front end's words."""

from __future__ import annotations

from typing import Any

from reactor_zmq.errors import EventError, RemoteProtocolError
from reactor_zmq.machines.client_talk import OWN_ID, Phase, Talk
from reactor_zmq.machines.client_words import (
    Answer,
    Arrived,
    Complained,
    Deliver,
    Refuse,
    StateTold,
    StatusTold,
)
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.control import Bye, ErrorBody, Pong, StateChange, Status, Welcome
from reactor_zmq.wire.envelope import (
    MAX_ATTACHMENTS,
    PROTOCOL_VERSION,
    Encoding,
    Envelope,
    decode,
    decode_data,
)

# A schema, or the texts of a large state, may be longer than what clients may send.
MAX_ARRIVAL_NBYTES = 16 * 2**20
_FOLLOWED = ("$event", "$state", "$status")
_LOADED = (State.READY, State.WAITING)


class Hearing:
    """Handles what arrives; the front end's mistakes raise and change nothing."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._state_version = 0
        self._words = {
            "$welcome": self._welcomed,
            "$error": self._refused,
            "$status": self._status_told,
            "$state": self._state_told,
            "$bye": self._dismissed,
            "$pong": self._ponged,
        }

    def arrived(self, stimulus: Arrived, now: float) -> None:
        """Take one multipart.

        Raises:
            RemoteProtocolError: It is nothing that docs/protocol.md allows.
        """
        talk = self._talk
        if talk.phase in (Phase.DOWN, Phase.CLOSED):
            return
        talk.heard_at = now
        if not 1 <= len(stimulus.parts) <= 1 + MAX_ATTACHMENTS:
            raise RemoteProtocolError(Code.TOO_MANY_PARTS, f"{len(stimulus.parts)} parts came")
        encoding, word = decode(stimulus.parts[0], MAX_ARRIVAL_NBYTES)
        rule = self._words.get(word.type)
        if rule is not None:
            rule(encoding, word, now)
        else:
            self._hear(encoding, word)

    def _hear(self, encoding: Encoding, word: Envelope) -> None:
        if word.id is not None:
            self._answer(encoding, word)
        elif self._told(word.type) and self._talk.phase is not Phase.LEAVING:
            self._talk.out.append(Deliver(word.type, _fields(encoding, word)))

    def _told(self, kind: str) -> bool:
        """Whether the author of the client hears of what nobody asked for."""
        return not kind.startswith("$") or (self._talk.follow and kind in _FOLLOWED)

    def _ponged(self, encoding: Encoding, word: Envelope, now: float) -> None:
        pong = decode_data(encoding, word.data, Pong)
        if word.id == OWN_ID:
            self._talk.clock.answered(pong.unix_ns, now)

    def _answer(self, encoding: Encoding, word: Envelope) -> None:
        if not isinstance(word.id, int) or word.id not in self._talk.pending:
            return
        self._talk.hellos = 0
        try:
            self._talk.settle(word.id, Answer(word.id, word.type, _fields(encoding, word)))
        except RemoteProtocolError as error:
            self._talk.settle(word.id, Refuse(word.id, error))

    def _welcomed(self, encoding: Encoding, word: Envelope, now: float) -> None:
        if self._talk.phase not in (Phase.GREETING, Phase.OPEN):
            return
        try:
            welcome = decode_data(encoding, word.data, Welcome)
        except RemoteProtocolError as error:
            self._talk.close(error)
            return
        if welcome.protocol != PROTOCOL_VERSION:
            text = f"it speaks protocol {welcome.protocol}, this client {PROTOCOL_VERSION}"
            self._mismatched(text)
            return
        self._state_version = 0
        self._talk.enter(welcome, now)

    def _refused(self, encoding: Encoding, word: Envelope, now: float) -> None:
        body = decode_data(encoding, word.data, ErrorBody)
        if body.code == Code.UNAUTHENTICATED:
            self._introduce_again(now)
        elif word.id == OWN_ID and self._talk.phase is Phase.GREETING:
            self._hello_refused(body, now)
        elif isinstance(word.id, int) and word.id in self._talk.pending:
            error = EventError(body.code, body.text, body.field)
            self._talk.settle(word.id, Refuse(word.id, error))
        elif word.id is None:
            self._talk.out.append(Complained(body))

    def _introduce_again(self, now: float) -> None:
        """The front end does not know this link: what it refused is repeated after the welcome."""
        talk = self._talk
        if talk.phase is not Phase.OPEN:
            return
        talk.come_apart(Phase.GREETING, now)
        if talk.hellos > 1:
            # One that forgets us again and again is asked at the back-off's pace.
            talk.set_next_hello(now)
        else:
            talk.greet(now)

    def _hello_refused(self, body: ErrorBody, now: float) -> None:
        talk = self._talk
        if body.code == Code.RESUME_REFUSED and talk.resume:
            talk.resume = ""
            talk.greet(now)
        elif body.code == Code.PROTOCOL_MISMATCH:
            self._mismatched(body.text)
        elif talk.welcome is None:
            talk.close(EventError(body.code, body.text, body.field))

    def _mismatched(self, text: str) -> None:
        talk = self._talk
        talk.close(RemoteProtocolError(Code.PROTOCOL_MISMATCH, f"{talk.endpoint}: {text}"))

    def _status_told(self, encoding: Encoding, word: Envelope, now: float) -> None:
        status = decode_data(encoding, word.data, Status)
        talk = self._talk
        talk.stopping = status.state is State.STOPPING
        talk.out.append(StatusTold(status))
        unread = talk.welcome is not None and not talk.welcome.schema_hash
        if unread and talk.phase is Phase.OPEN and status.state in _LOADED:
            # Only a welcome names the tracks, and those were unknown while the model loaded.
            talk.greet(now, resume=False)
        self._hear(encoding, word)

    def _state_told(self, encoding: Encoding, word: Envelope, _: float) -> None:
        change = decode_data(encoding, word.data, StateChange)
        if change.version >= self._state_version:
            self._state_version = change.version
            self._talk.out.append(StateTold(change.fields))
        self._hear(encoding, word)

    def _dismissed(self, encoding: Encoding, word: Envelope, _: float) -> None:
        talk = self._talk
        if talk.phase is Phase.LEAVING:
            talk.close(None)
        elif talk.phase in (Phase.GREETING, Phase.OPEN):
            reason = decode_data(encoding, word.data, Bye).reason or "it gave no reason"
            talk.close(talk.lost(f"the runtime let this client go: {reason}"))


def _fields(encoding: Encoding, word: Envelope) -> dict[str, Any]:
    return decode_data(encoding, word.data, dict[str, Any])
