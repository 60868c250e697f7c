"""One session's conversation: a browser's texts on one side, the front end's client on the other.

It outlives the WebSocket: what is said while the browser is away waits for its return.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from reactor_zmq_bridge import words
from reactor_zmq_bridge.bucket import Bucket
from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.conversation_words import (
    Came,
    Do,
    Fire,
    Instruction,
    Linked,
    Refused,
    Replied,
    Say,
    Shut,
    Stimulus,
    Told,
    Unlinked,
)
from reactor_zmq_bridge.errors import BadMessageError
from reactor_zmq_bridge.words import Id, Text, encode_error, encode_text

# Close codes; those below 4000 are the WebSocket protocol's own.
GOING_AWAY, TOO_BIG, POLICY = 1001, 1009, 1008
BAD_TOKEN, FORBIDDEN, HELLO_LATE, REPLACED, TOO_MANY = 4401, 4403, 4408, 4409, 4429

_WORDS: dict[str, type[Struct]] = {
    "$ping": words.Ping,
    "$view": words.View,
    "$ack": words.Ack,
    "$decoder_failed": words.DecoderFailed,
    "$keyframe": words.KeyFrame,
    "$ticket": words.TicketFor,
    "$publish": words.Publish,
    "$unpublish": words.Unpublish,
    "$record": words.RecordRun,
    "$schema": words.Empty,
    "$bye": words.Empty,
}
# Events whose ids are remembered, so that one that is sent again is not applied again.
_REMEMBERED = 256
# Texts that are refused before a browser is let go.
_STRIKES = 100
# A refusal after which trying again makes no sense.
_FINAL = frozenset({"model_unavailable", "closed", "forbidden"})


class Bye(Struct, frozen=True):
    """The browser leaves for good."""


class AskSchema(Struct, frozen=True):
    """The browser asks for the schema."""


class Conversation:
    """Decides what is said to whom; no socket, no clock.

    ``handle`` is the only mutator. ``now`` is monotonic seconds.

    Attributes:
        linked: Whether a browser is there.
    """

    def __init__(self, limits: BridgeLimits, now: float) -> None:
        self.linked = False
        self._limits = limits
        self._bucket = Bucket(limits.messages_hz, limits.burst, now)
        self._outbox: deque[str] = deque()
        self._outbox_nbytes = 0
        self._keys = 0
        self._pending: dict[int, Id] = {}
        self._known: OrderedDict[str | int, str | None] = OrderedDict()
        self._strikes = 0
        self._out: list[Instruction] = []
        self._rules: dict[type, Callable[[Any, float], None]] = {
            Linked: self._link,
            Unlinked: self._unlink,
            Came: self._came,
            Replied: self._replied,
            Refused: self._refused,
            Told: self._told,
        }

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        """Return what is to be done about a stimulus, in order."""
        self._rules[type(stimulus)](stimulus, now)
        out, self._out = self._out, []
        return out

    # --- the browser's link -------------------------------------------------------------------

    def _link(self, _: Linked, now: float) -> None:  # noqa: ARG002 - as all rules
        self.linked = True
        self._out += [Say(text) for text in self._outbox]
        self._outbox.clear()
        self._outbox_nbytes = 0

    def _unlink(self, _: Unlinked, now: float) -> None:  # noqa: ARG002 - as all rules
        self.linked = False

    def _say(self, text: str) -> None:
        if self.linked:
            self._out.append(Say(text))
            return
        self._outbox.append(text)
        self._outbox_nbytes += len(text)
        full = len(self._outbox) > self._limits.outbox
        if full or self._outbox_nbytes > self._limits.outbox_nbytes:
            # None is dropped silently: whoever returns begins anew.
            self._outbox.clear()
            self._out.append(Shut(POLICY, "too much waits for this browser", forget=True))

    # --- what the browser says ----------------------------------------------------------------

    def _came(self, stimulus: Came, now: float) -> None:
        try:
            text = words.decode_text(stimulus.text, self._limits.text_nbytes)
            # Acknowledgements follow our own pace, which is bounded already.
            if text.type != "$ack" and not self._bucket.take(now):
                self._complain("rate_limited", self._pace(), text.id)
            elif text.type.startswith("$"):
                self._control(text)
            else:
                self._event(text)
        except BadMessageError as error:
            self._complain(error.code, error.text, error.id, error.field)

    def _pace(self) -> str:
        return f"at most {self._limits.messages_hz:g} messages per second; send it again later"

    def _complain(self, code: str, text: str, id: Id, field: str | None = None) -> None:  # noqa: A002
        self._say(encode_error(code, text, field, id=id))
        self._strikes += 1
        if self._strikes > _STRIKES:
            self._out.append(Shut(POLICY, "too many messages were refused", forget=True))

    def _control(self, text: Text) -> None:
        kind = _WORDS.get(text.type)
        if kind is None:
            self._complain("unknown_event", f"there is no control word {text.type}", text.id)
            return
        word = words.decode_word(text, kind)
        if text.type == "$bye":
            word = Bye()
        elif text.type == "$schema":
            word = AskSchema()
        self._out.append(Do(word, text.id))

    def _event(self, text: Text) -> None:
        if text.again and text.id in self._known:
            if (said := self._known[text.id]) is not None:
                self._say(said)
            return
        if len(self._pending) >= self._limits.unanswered:
            most = f"{self._limits.unanswered} events wait for their reply, the most"
            self._say(encode_error("busy", most, id=text.id))
            return
        fields = words.decode_fields(text)
        self._keys += 1
        self._pending[self._keys] = text.id
        if text.id is not None:
            self._remember(text.id, None)
        self._out.append(Fire(self._keys, text.type, fields))

    def _remember(self, id: str | int, said: str | None) -> None:  # noqa: A002 - the wire's word
        self._known[id] = said
        self._known.move_to_end(id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    # --- what the front end says --------------------------------------------------------------

    def _replied(self, reply: Replied, now: float) -> None:  # noqa: ARG002 - as all rules
        id = self._pending.pop(reply.key)  # noqa: A001 - the wire's word
        # Who gave no id asked for no $ok, but gets what the handler returned.
        if id is None and reply.type == "$ok":
            return
        self._answer(id, encode_text(reply.type, reply.data, id))

    def _refused(self, refusal: Refused, now: float) -> None:  # noqa: ARG002 - as all rules
        id = self._pending.pop(refusal.key)  # noqa: A001 - the wire's word
        final = refusal.code in _FINAL
        text = encode_error(refusal.code, refusal.text, refusal.field, id=id, recoverable=not final)
        self._answer(id, text)

    def _answer(self, id: Id, text: str) -> None:  # noqa: A002 - the wire's word
        if id is not None:
            self._remember(id, text)
        self._say(text)

    def _told(self, stimulus: Told, now: float) -> None:  # noqa: ARG002 - as all rules
        self._say(encode_text(stimulus.type, stimulus.data, stimulus.id))
