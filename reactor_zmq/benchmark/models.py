"""The models that the benchmark hosts."""

from __future__ import annotations

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
from reactor_zmq.benchmark.orders import OrderBook
from reactor_zmq.benchmark.pictures import Gallery, shape_of, stamp


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
