"""What a session's control words ask for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec import Struct

from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import EventError
from reactor_zmq.wire.scope import covers
from reactor_zmq_bridge import words
from reactor_zmq_bridge.choice import NAMES
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.flow_words import Acked
from reactor_zmq_bridge.inlets import Inlets
from reactor_zmq_bridge.surroundings import Surroundings
from reactor_zmq_bridge.tracks import Track
from reactor_zmq_bridge.viewing import Viewing
from reactor_zmq_bridge.words import Id

_log = logging.getLogger("reactor_zmq.bridge")

Push = Callable[[str, dict[str, object], Id], None]


@dataclass(frozen=True, slots=True)
class Errands:
    """Runs them; belongs to the loop's thread.

    Attributes:
        push: Tells the browser something, as the answer to an id or by itself.
        tracks: The model's tracks as known by now.
        way: Sends records by a transport from here on, and tells how it is reached.
    """

    viewer_id: str
    around: Surroundings
    viewing: Viewing
    inlets: Inlets
    push: Push
    tracks: Callable[[], Iterable[Track]]
    way: Callable[[str], dict[str, object]]

    def run(self, word: Struct, id: Id) -> None:  # noqa: A002 - the wire's word
        """Do what a word asks for, and answer it; a refusal is answered as well."""
        try:
            self._run(word, id)
        except BridgeError as error:
            self._refuse(error.code, error.text, error.field, id)

    async def unpublish(self, name: str, id: Id) -> None:  # noqa: A002 - the wire's word
        """Give an input track back."""
        try:
            await self.inlets.end(name)
        except EventError as error:
            self._refuse(error.code, error.text, error.field, id)
        else:
            self.push("$ok", {}, id)

    async def record(self, client: AsyncClient, on: bool, id: Id) -> None:  # noqa: A002
        """Begin the bridge's recording, or end it; for those who may steer."""
        tape = self.around.tape
        try:
            if tape is None or not covers(client.scope, "steer"):
                text = "recording is for those who may steer, where the operator allows it"
                raise BridgeError("forbidden", text)  # noqa: TRY301 - one place answers refusals
            await (tape.start(client.model) if on else tape.stop())
        except BridgeError as error:
            self._refuse(error.code, error.text, error.field, id)
        except OSError as error:
            self._refuse("closed", f"the recorder can't be started: {error}", None, id)
        else:
            self.push("$ok", {}, id)

    def _run(self, word: Struct, id: Id) -> None:  # noqa: A002 - the wire's word
        match word:
            case words.Ack(track, seq):
                self.viewing.viewer.apply(Acked(track, seq))
            case words.Ping(t):
                self.push("$pong", {"t": t, "server_ms": time.time_ns() / 1e6}, id)
            case words.View():
                codecs = self.viewing.begin(word, self._outputs())
                self.push("$viewing", {**self.way(word.transport), "codecs": codecs}, id)
            case words.DecoderFailed():
                self._decoder_failed(word)
            case words.KeyFrame(name):
                self.viewing.viewer.want_key(self._output(name).index)
            case words.TicketFor(purpose):
                self._ticket(purpose, id)
            case words.Publish(name, kind):
                self.inlets.begin(name, kind, self.tracks())
                self.push("$ok", {}, id)
            case _:
                raise BridgeError("unknown_event", f"{type(word).__name__} is not done here")

    def _ticket(self, purpose: str, id: Id) -> None:  # noqa: A002 - the wire's word
        ticket = self.around.tickets.issue(purpose, self.viewer_id, time.monotonic())
        self.push("$ticket", {"ticket": ticket, "expires_s": self.around.config.times.ticket_s}, id)

    def _decoder_failed(self, word: words.DecoderFailed) -> None:
        if word.codec not in NAMES:
            raise BridgeError("invalid_data", f"there is no codec {word.codec!r}", "codec")
        _log.info("a browser can't show %s as %s: %s", word.track, word.codec, word.message)
        track = self._output(word.track)
        self.viewing.step_down(track, NAMES[word.codec], "the browser could not show it")

    def _refuse(self, code: str, text: str, field: str | None, id: Id) -> None:  # noqa: A002
        body: dict[str, object] = {"code": code, "message": text, "recoverable": True}
        if field is not None:
            body["field"] = field
        self.push("$error", body, id)

    def _outputs(self) -> dict[str, Track]:
        return {track.name: track for track in self.tracks() if track.direction == "out"}

    def _output(self, name: str) -> Track:
        track = self._outputs().get(name)
        if track is None:
            raise BridgeError("invalid_data", f"there is no output track {name!r}", "track")
        return track
