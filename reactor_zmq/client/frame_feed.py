"""One track's frames as they come from a socket: in order, newest first or every one."""

from __future__ import annotations

import secrets
import time
from collections import deque
from typing import Literal

from reactor_zmq.client.frame import Frame, make_frame, received_array
from reactor_zmq.client.lane import LaneReader
from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.client_frames import FrameOrder, Lateness
from reactor_zmq.memory.heap import LARGE_NBYTES, keep_large_blocks
from reactor_zmq.sockets.dealer import Context
from reactor_zmq.sockets.keys import Credentials
from reactor_zmq.sockets.subscriber import Part, SubscriberSocket
from reactor_zmq.wire.header import SYNC_TOPIC, FrameHeader, decode_header
from reactor_zmq.wire.slot import SlotReference, decode_reference, slot_topic

# A newest-first viewer needs no queue; one that wants every frame gets some slack.
_QUEUE_NEWEST = 2
_QUEUE_EVERY = 16
# While a backlog drains, its next frame follows within this time: a wake-up and a transfer.
_SETTLE_S = 0.002
_TRANSFER_NBYTES_PER_S = 400e6
# A slow model's next frame is not waited for while there is one to show.
_WORTH_MOST_S = 0.05
# A step takes no longer than this for the sake of a newer frame.
SETTLE_MOST_S = 0.15
# A synchronisation may be dropped, as frames are; it is asked for anew after so long.
SYNC_AGAIN_S = 0.25
_FRAME_PARTS = 3
# Announcements are small: a reader that comes back late goes through all of them by itself,
# instead of waiting for each from the sender's queue.
_QUEUE_LANE = 1000
# A lane that does not answer so many times can't be reached from here.
_ASK_LANE = 8

_SYNC = SYNC_TOPIC.encode()

_Found = tuple[FrameHeader, Part | SlotReference, int]
Transport = Literal["auto", "socket", "lane"]


class FrameFeed:
    """Owns a SUB socket; used by one thread at a time, blocks nowhere.

    With a lane, frames are told by reference and taken from where they lie; when that turns out
    not to work, the feed goes over to the socket by itself, and ``fileno`` is another one.

    Attributes:
        live: Whether the front end has seen the subscription: no frame sent from here on is
            missed for want of one.
        malformed: Multiparts that were no frame of the track.
    """

    def __init__(
        self,
        context: Context,
        endpoint: str,
        credentials: Credentials,
        track: str,
        *,
        topic: bytes,
        every: bool,
        lane: LaneReader | None = None,
    ) -> None:
        self.track = track
        self.live = False
        self.malformed = 0
        self._every = every
        self._lane = lane
        self._sync = b""
        self._asked = 0
        self._order = FrameOrder()
        self._lateness = Lateness()
        self._found: deque[_Found] = deque()
        self._way = (context, endpoint, credentials)
        self._payload_topic = topic
        self._topic, self._socket = self._subscribe()

    def _subscribe(self) -> tuple[bytes, SubscriberSocket]:
        context, endpoint, credentials = self._way
        if self._lane is not None:
            topic, endpoint, queue_limit = slot_topic(self.track), self._lane.endpoint, _QUEUE_LANE
        else:
            topic = self._payload_topic
            queue_limit = _QUEUE_EVERY if self._every else _QUEUE_NEWEST
        found = SubscriberSocket(context, endpoint, credentials, queue_limit=queue_limit)
        found.subscribe(topic)
        return topic, found

    @property
    def transport(self) -> Literal["lane", "socket"]:
        """How frames come: by reference on this machine, or through the socket."""
        return "socket" if self._lane is None else "lane"

    def fileno(self) -> int:
        """Return the descriptor to wait on, edge-triggered, when nothing is left to take."""
        return self._socket.fileno()

    @property
    def settle_s(self) -> float:
        """Within what time a newer frame comes, if it is worth waiting for."""
        nbytes = self._found[0][0].nbytes if self._found and self._lane is None else 0
        transfer_s = nbytes / _TRANSFER_NBYTES_PER_S
        worth_s = min(self._lateness.worth_ns / 1e9, _WORTH_MOST_S)
        return max(_SETTLE_S, worth_s) + transfer_s

    def synchronise(self) -> None:
        """Ask to be told when the subscription is live; ask anew if it was asked before."""
        if self._sync:
            self._socket.unsubscribe(self._sync)
        self._asked += 1
        if self._lane is not None and self._asked > _ASK_LANE:
            self._fall_back()
        self._sync = f"{SYNC_TOPIC}{secrets.token_hex(12)}".encode()
        self._socket.subscribe(self._sync)
        self.look()

    def look(self) -> None:
        """Take what arrives until the subscription is live; frames are kept for :meth:`take`."""
        while not self.live and (parts := self._socket.receive()) is not None:
            self._keep(parts)

    def begin(self) -> None:
        """Begin a step: take what has arrived, all of it if newest first, else one frame."""
        self._lateness.begin()
        self.fill()

    def fill(self) -> None:
        """Take what has arrived since."""
        count = 0
        while not (self._every and self._found) and (parts := self._socket.receive()) is not None:
            count += self._keep(parts)
        self._lateness.looked(count)

    @property
    def behind(self) -> bool:
        """Whether newer frames of a backlog are about to come, each within :attr:`settle_s`."""
        return not self._every and bool(self._found) and self._lateness.behind

    def settled(self) -> None:
        """Note that none came any more."""
        self._lateness.settled()

    def take(self) -> Frame | None:
        """Return the next frame to show, or None if nothing has arrived.

        Newest first: the newest that has arrived; those before it are dropped and count in its
        gap. Otherwise the oldest not yet shown.
        """
        while self._found:
            frame = self._show(self._found.popleft())
            if frame is not None:
                return frame
            # What is left in the socket's queue would not be announced again.
            self.fill()
        if self._lane is not None and self._lane.broken:
            self._fall_back()
        return None

    def _fall_back(self) -> None:
        """Go over to the socket; what is missed on the way counts in a gap."""
        self.close()
        self._lane = None
        self._topic, self._socket = self._subscribe()

    def _show(self, found: _Found) -> Frame | None:
        header, where, received_ns = found
        if not self._order.is_newer(header.epoch, header.seq):
            return None
        if isinstance(where, SlotReference):
            array = self._lane.array(header, where) if self._lane is not None else None
        else:
            array = received_array(header, where)
        if array is None:
            return None
        gap = self._order.show(header.epoch, header.seq) or 0
        return make_frame(self.track, header, array, gap, received_ns)

    def _keep(self, parts: list[Part]) -> bool:
        """Sort one multipart in; return whether it was a frame."""
        if len(parts) == 1 and bytes(parts[0]).startswith(_SYNC):
            self._synchronised(bytes(parts[0]))
            return False
        if len(parts) != _FRAME_PARTS or parts[0] != self._topic:
            self.malformed += 1
            return False
        try:
            header, where = self._read(parts[1], parts[2])
        except RemoteProtocolError:
            self.malformed += 1
            return False
        found = (header, where, time.time_ns())
        self._lateness.arrived(header.seq, header.sent_ns, found[2])
        if self._every or not self._found:
            self._found.append(found)
        elif _place(found) > _place(self._found[0]):
            self._found[0] = found
        return True

    def _read(self, part: Part, last: Part) -> tuple[FrameHeader, Part | SlotReference]:
        if self._lane is None:
            if len(last) >= LARGE_NBYTES:
                keep_large_blocks()
            return decode_header(part, len(last)), last
        header = decode_header(part)
        return header, decode_reference(last, header.nbytes)

    def _synchronised(self, topic: bytes) -> None:
        if topic == self._sync:
            self.live = True
            self._socket.unsubscribe(topic)
            self._sync = b""

    def close(self) -> None:
        """Close the socket and the lane; frames handed out stay valid."""
        self._socket.close()
        if self._lane is not None:
            self._lane.close()


def _place(found: _Found) -> tuple[int, int]:
    return found[0].epoch, found[0].seq
