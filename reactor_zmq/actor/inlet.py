"""What comes over the link, on its way to the model's host."""

from __future__ import annotations

from collections.abc import Callable

from reactor_zmq.actor.host import ModelHost
from reactor_zmq.actor.inputs import InputFrame
from reactor_zmq.errors import ActorGone
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.sockets.link import Link
from reactor_zmq.wire import link as wire


class LinkInlet:
    """Reads the link; belongs to the event loop's thread."""

    def __init__(self, link: Link[wire.ToActor], orphaned: Callable[[], None]) -> None:
        self._link = link
        self._orphaned = orphaned
        self._frames = RingReader()

    def drain(self, host: ModelHost) -> None:
        """Hand over everything that has come; never waits."""
        try:
            while (got := self._link.receive()) is not None:
                self._take(host, *got)
        except ActorGone:
            self._orphaned()

    def _take(self, host: ModelHost, message: wire.ToActor, fd: int | None) -> None:
        match message:
            case wire.InputFrame():
                self._push(host, message)
            case wire.InputRing(generation, slots, slot_nbytes) if fd is not None:
                self._frames.add(Ring.attach(fd, slots, slot_nbytes, generation))
            case wire.InputClosed(track):
                host.inputs[track].close()
            case wire.UploadStored() if fd is not None:
                host.uploads.add(message, fd)
                host.receive(message)
            case _:
                host.receive(message)

    def _push(self, host: ModelHost, frame: wire.InputFrame) -> None:
        array = self._frames.borrow(frame.generation, frame.slot, frame.shape, frame.dtype)
        host.inputs[frame.track].push(InputFrame(array, frame.pts_ns, frame.metadata))
