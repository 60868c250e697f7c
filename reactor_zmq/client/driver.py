"""One client's machine and its socket, driven by whoever has the turn."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from msgspec import Struct

from reactor_zmq.client.call import Call, Unheard
from reactor_zmq.client.clock import Clock
from reactor_zmq.client.discovery import Address
from reactor_zmq.client.messages import Message, Reply, pack
from reactor_zmq.errors import EventError, RemoteProtocolError
from reactor_zmq.machines.client_link import ClientLink
from reactor_zmq.machines.client_talk import ClientTimes, Phase
from reactor_zmq.machines.client_words import (
    Abandon,
    Answer,
    Arrived,
    Ask,
    Buffer,
    Closed,
    Complained,
    Deliver,
    Fire,
    Greeted,
    Leave,
    LinkDown,
    LinkRefused,
    LinkUp,
    Refuse,
    Relink,
    StateTold,
    StatusTold,
    Stimulus,
    Tell,
    Tick,
    Transmit,
)
from reactor_zmq.sockets.dealer import Context, DealerSocket, LinkEvent, client_context
from reactor_zmq.wire.control import Status, Welcome
from reactor_zmq.wire.scope import Scope

log = logging.getLogger("reactor_zmq.client")

# Messages that nobody has taken yet; beyond it the oldest go, and are counted.
MAX_MESSAGES = 4096
# Published frames that libzmq holds; another one is dropped, for a newer one is about to come.
_MAX_LENT = 2


class Driver:
    """Turns what happens on the socket into stimuli, and instructions into what is done.

    Not thread-safe: callers give it to one thread at a time. Nothing in it blocks. It keeps what
    clients ask for most, replaced as a whole and never changed, so that any thread may read it.

    Attributes:
        welcome: The newest ``$welcome``, None before the first.
        status: The model's status as last told.
        fields: Public fields of the model's state as last told.
        inbox: Messages that nobody has taken yet.
        dropped_messages: Messages that gave way to newer ones because nobody took them.
        dropped_publishes: Published frames that found no room.
        malformed: Multiparts of the front end that were not understood.
        foreign: Whether something answered that does not speak our protocol.
    """

    def __init__(
        self,
        address: Address,
        *,
        name: str,
        scope: Scope | None,
        times: ClientTimes | None = None,
        follow: bool = False,
    ) -> None:
        self.address = address
        self.welcome: Welcome | None = None
        self.status: Status | None = None
        self.fields: dict[str, object] = {}
        self.inbox: deque[Message] = deque()
        self.dropped_messages = self.dropped_publishes = self.malformed = 0
        self.foreign = False
        self.on_message: Callable[[Message], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.on_status: Callable[[Status], None] | None = None
        self.on_state: Callable[[dict[str, object]], None] | None = None
        self._machine = ClientLink(
            address.events, time.monotonic(), name=name, scope=scope, times=times, follow=follow
        )
        self._ids = count(1)
        self._calls: dict[int, Call] = {}
        self._publish_error: EventError | None = None
        self._finished = False
        self.context: Context = client_context()
        self._socket = DealerSocket(self.context, address.events, address.credentials)
        self._deeds: dict[type, Callable[[Any], None]] = {
            Transmit: self._transmit,
            Answer: self._answer,
            Refuse: self._refuse,
            Deliver: self._deliver,
            Greeted: self._greeted,
            StatusTold: self._status_told,
            StateTold: self._state_told,
            Complained: self._complained,
            Relink: self._relink,
            Closed: self._closed,
        }

    # --- asking -------------------------------------------------------------------------------

    def connect(self) -> None:
        """Begin to make a link.

        Raises:
            ConfigError: The endpoint can't be one.
        """
        self._socket.connect()
        # A descriptor announces nothing before the first look.
        self.watch_link()
        self.pump()

    def fire(self, event_type: str, packed: bytes, call: Call | None) -> int:
        """Send an event; return its id. Raises as :meth:`ClientLink.handle`."""
        self.watch_link()
        request_id = next(self._ids)
        instructions = self._machine.handle(Fire(request_id, event_type, packed), time.monotonic())
        self._expect(request_id, call or Unheard(event_type))
        self._do(instructions)
        return request_id

    def ask(
        self,
        kind: str,
        data: Struct | None,
        call: Call,
        attachments: tuple[Buffer, ...] = (),
        *,
        again: bool = False,
    ) -> int:
        """Send a control word that is answered; return its id."""
        self.watch_link()
        request_id = next(self._ids)
        word = Ask(request_id, kind, _packed(data), attachments, again)
        instructions = self._machine.handle(word, time.monotonic())
        self._expect(request_id, call)
        self._do(instructions)
        return request_id

    def publish(self, kind: str, data: Struct, payload: Buffer) -> bool:
        """Send a frame for an input track, from where it lies; return False if it was dropped.

        Raises:
            EventError: An earlier frame was refused.
            ConnectionLost: The client is closed.
        """
        error, self._publish_error = self._publish_error, None
        if error is not None:
            raise error
        self.watch_link()
        apart = self._machine.phase in (Phase.DOWN, Phase.GREETING)
        if apart or self._socket.lent >= _MAX_LENT:
            self.dropped_publishes += 1
            return False
        self._apply(Tell(kind, _packed(data), (payload,)))
        return True

    def abandon(self, request_id: int) -> None:
        """Wait for an answer no more."""
        self._calls.pop(request_id, None)
        self._apply(Abandon(request_id))

    def leave(self) -> None:
        """Say goodbye."""
        self._apply(Leave())

    # --- what the turn is for -----------------------------------------------------------------

    def pump(self) -> None:
        """Take everything that has arrived; afterwards the messages' descriptor is armed again."""
        while not self._finished and (parts := self._socket.receive()) is not None:
            try:
                self._apply(Arrived(parts))
            except RemoteProtocolError as error:
                self.malformed += 1
                log.debug("%s sent something unreadable: %s", self.address.events, error)

    def watch_link(self) -> None:
        """Take what happened to the link; afterwards its descriptor is armed again."""
        while not self._finished and (event := self._socket.link_event()) is not None:
            match event:
                case LinkEvent.UP:
                    self._apply(LinkUp())
                case LinkEvent.DOWN:
                    self._apply(LinkDown())
                case LinkEvent.REFUSED:
                    self._apply(LinkRefused())
                case LinkEvent.FOREIGN:
                    self.foreign = True

    def tick(self) -> None:
        """Do what the time asks for."""
        deadline = self._machine.deadline
        if deadline is not None and time.monotonic() >= deadline:
            self._apply(Tick())

    def filenos(self) -> tuple[int, int]:
        """Return the descriptors of the messages and of the link."""
        return self._socket.fileno(), self._socket.link_fileno()

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is wanted next, monotonic seconds."""
        return self._machine.deadline

    @property
    def has_room(self) -> bool:
        """Whether another event may be fired, or would be refused at once."""
        return self._machine.has_room or self.closed

    @property
    def closed(self) -> bool:
        """Whether this client is over."""
        return self._machine.phase is Phase.CLOSED

    @property
    def error(self) -> Exception | None:
        """Why it is over, if not by its own leave."""
        return self._machine.error

    def clock(self) -> Clock | None:
        """Return what is known of the runtime's clock; any thread may ask."""
        found = self._machine.clock(time.monotonic())
        if found is None:
            return None
        offset_ns = found.ahead_ns - (time.time_ns() - time.monotonic_ns())
        return Clock(offset_ns, found.error_ns, found.rtt_ns, found.samples)

    def close_socket(self) -> None:
        """Close the socket; the driver does nothing any more."""
        self._finished = True
        self._socket.close()

    def end(self) -> None:
        """Wait until the last bytes have left, half a second at most; any thread may do that.

        All sockets of the context must be closed.
        """
        self.context.term()

    # --- stimuli ------------------------------------------------------------------------------

    def _apply(self, stimulus: Stimulus) -> None:
        self._do(self._machine.handle(stimulus, time.monotonic()))

    def _expect(self, request_id: int, call: Call) -> None:
        self._calls[request_id] = call

    # --- instructions -------------------------------------------------------------------------

    def _do(self, instructions: list[Any]) -> None:
        for instruction in instructions:
            self._deeds[type(instruction)](instruction)

    def _transmit(self, instruction: Transmit) -> None:
        # A socket that can't take it has lost its link, and the next one brings it again.
        self._socket.send(instruction.parts, lend=instruction.lend)

    def _answer(self, instruction: Answer) -> None:
        call = self._calls.pop(instruction.id, None)
        if call is not None:
            call.answer(Reply(instruction.type, instruction.data))

    def _refuse(self, instruction: Refuse) -> None:
        call = self._calls.pop(instruction.id, None)
        if call is not None:
            call.refuse(instruction.error)

    def _deliver(self, instruction: Deliver) -> None:
        message = Message(instruction.type, instruction.data)
        self.inbox.append(message)
        if len(self.inbox) > MAX_MESSAGES:
            self.inbox.popleft()
            self.dropped_messages += 1
        if self.on_message is not None:
            self.on_message(message)

    def _greeted(self, instruction: Greeted) -> None:
        self.welcome = instruction.welcome
        self.status = instruction.welcome.status
        self.fields = dict(instruction.welcome.state)
        self._tell_status(instruction.welcome.status)
        self._tell_state(instruction.welcome.state)

    def _status_told(self, instruction: StatusTold) -> None:
        self.status = instruction.status
        self._tell_status(instruction.status)

    def _state_told(self, instruction: StateTold) -> None:
        self.fields = self.fields | instruction.fields
        self._tell_state(instruction.fields)

    def _tell_status(self, status: Status) -> None:
        if self.on_status is not None:
            self.on_status(status)

    def _tell_state(self, fields: dict[str, object]) -> None:
        if self.on_state is not None:
            self.on_state(fields)

    def _complained(self, instruction: Complained) -> None:
        body = instruction.error
        if body.event == "$publish":
            self._publish_error = EventError(body.code, body.text, body.field)
        log.warning("%s: %s: %s", self.address.events, body.code, body.text)

    def _relink(self, _: Relink) -> None:
        log.warning("%s is silent; connecting anew", self.address.events)
        self._socket.relink()

    def _closed(self, instruction: Closed) -> None:
        if instruction.error is not None:
            log.warning("%s", instruction.error)
        if self.on_closed is not None:
            self.on_closed()


def _packed(data: Struct | None) -> bytes:
    return b"\x80" if data is None else pack(data)
