"""The models that the benchmark hosts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from reactor_zmq import (
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    event,
)
from reactor_zmq.benchmark.orders import Order, OrderBook
from reactor_zmq.benchmark.pictures import Gallery, shape_of, stamp
from reactor_zmq.benchmark.sizes import CHANNELS

MOST_NBYTES = 2**27


class Frames(Output):
    """One video track."""

    main_video: Video


class Pong(ModelMessage):
    """The answer to ``ping``."""

    value: int


class ToOrder(ReactorPipeline):
    """Yields the frames that a reader orders, beside the runtime."""

    def load(self, config: dict[str, Any]) -> None:
        """Listen where ``config["orders"]`` says."""
        self._book = OrderBook(config["orders"])
        self._gallery = Gallery()

    def inference(self) -> Iterator[Frames | None]:
        """Yield a frame for each one ordered: an array, or a loan."""
        number = 0
        while True:
            order = self._book.next()
            if order is None:
                yield None
                continue
            if order.lend:
                loan = self.output.loan("main_video", order.shape)
                stamp(loan.array, number)
                yield Frames(main_video=loan)
                del loan
            else:
                picture = self._gallery.at(order.shape, number)
                stamp(picture, number)
                yield Frames(main_video=picture)
            number += 1


class Time(ModelMessage):
    """The answer to ``time``."""

    value: int
    unix_ns: int


class ByEvent(ReactorPipeline):
    """Yields the frames that a client orders by events: for a link between machines."""

    def load(self, _config: dict[str, Any]) -> None:
        """Begin with nothing ordered."""
        self._gallery = Gallery()
        self._order = Order(0, 0, 0)
        self._left = 0
        self._due_s = 0.0

    @event(name="order")
    def order(self, frames: int, height: int, width: int, pace_hz: float, fresh: bool) -> None:
        """Take an order."""
        if not 0 < height * width * CHANNELS <= MOST_NBYTES:
            raise ValueError(f"a frame of {height}x{width} is too large")
        if fresh:
            self._left, self._due_s = 0, time.monotonic()
        self._order = Order(frames, height, width, pace_hz)
        self._left += frames

    @event(name="time")
    def time(self, value: int) -> Time:
        """Answer with this machine's time."""
        return Time(value=value, unix_ns=time.time_ns())

    def inference(self) -> Iterator[Frames | None]:
        """Yield a frame for each one ordered, when it is due."""
        number = 0
        while True:
            if not self._left:
                yield None
                continue
            self._left -= 1
            if self._order.pace_hz:
                time.sleep(max(0.0, self._due_s - time.monotonic()))
                self._due_s = max(self._due_s, time.monotonic() - 1) + 1 / self._order.pace_hz
            picture = self._gallery.at(self._order.shape, number)
            stamp(picture, number)
            yield Frames(main_video=picture)
            number += 1


class Streaming(InputState):
    """Whether frames are made."""

    on: bool = False


class Answering(ReactorPipeline):
    """Answers events; beside that, when asked to, makes a stream of one picture."""

    state: Streaming
    fps = 60

    def load(self, config: dict[str, Any]) -> None:
        """Make the picture: ``config["size"]``, 1280x720 if not given."""
        self._picture = np.zeros(shape_of(config.get("size", "1280x720")), np.uint8)

    @event(name="ping")
    def ping(self, value: int) -> Pong:
        """Answer with the same value."""
        return Pong(value=value)

    def inference(self) -> Iterator[Frames | None]:
        """Yield a frame 60 times a second while ``state.on``."""
        number = 0
        while True:
            if self.state.on:
                stamp(self._picture, number)
                number += 1
                yield Frames(main_video=self._picture)
            else:
                yield None
