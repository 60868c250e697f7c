"""iceoryx2: shared memory, loans, an event service to wake readers."""

from __future__ import annotations

import ctypes

import iceoryx2 as iox
import numpy as np

from reactor_zmq.benchmark.pictures import shape_of, stamp
from reactor_zmq.benchmark.sizes import CHANNELS

_MOST_NBYTES = 3840 * 2160 * CHANNELS
_DEPTH = 8


def _services(name: str):
    iox.set_log_level(iox.LogLevel.Error)
    builder = iox.NodeBuilder.new().signal_handling_mode(iox.SignalHandlingMode.Disabled)
    node = builder.create(iox.ServiceType.Ipc)
    frames = (
        node.service_builder(iox.ServiceName.new(f"{name}/frames"))
        .publish_subscribe(iox.Slice[ctypes.c_uint8])
        .payload_alignment(iox.Alignment.new(64))
        .subscriber_max_buffer_size(_DEPTH)
        .subscriber_max_borrowed_samples(2)
        .open_or_create()
    )
    wake = node.service_builder(iox.ServiceName.new(f"{name}/wake")).event().open_or_create()
    return node, frames, wake


class Producer:
    """Loans a slice, fills it or draws in it, sends it, notifies."""

    def __init__(self, folder: str) -> None:
        self.address = {"name": folder.strip("/").replace("/", "-")}
        self._node, frames, wake = _services(self.address["name"])
        builder = frames.publisher_builder().initial_max_slice_len(_MOST_NBYTES)
        self._publisher = builder.create()
        self._notifier = wake.notifier_builder().create()

    def send(self, order, number, gallery) -> None:
        height, width, channels = order.shape
        sample = self._publisher.loan_slice_uninit(height * width * channels)
        view = sample.payload().as_memory_view()
        picture = np.frombuffer(view, np.uint8).reshape(order.shape)
        if not order.lend:
            np.copyto(picture, gallery.at(order.shape, number))
        stamp(picture, number)
        sample.assume_init().send()
        self._notifier.notify()

    def close(self) -> None:
        self._publisher.delete()


class Reader:
    """Waits for the event, takes the next sample, looks at it where it lies."""

    def __init__(self, address, _place: int) -> None:
        self._node, frames, wake = _services(address["name"])
        self._subscriber = frames.subscriber_builder().buffer_size(_DEPTH).create()
        self._listener = wake.listener_builder().create()
        self._shape = shape_of(address["size"])
        self._sample = None

    def take(self, timeout_s: float):
        self._drop()
        sample = self._subscriber.receive()
        if sample is None:
            self._listener.timed_wait(iox.Duration.from_secs_f64(timeout_s))
            sample = self._subscriber.receive()
            if sample is None:
                return None
        self._sample = sample
        view = sample.payload().as_memory_view()
        return np.frombuffer(view, np.uint8).reshape(self._shape)

    def _drop(self) -> None:
        if self._sample is not None:
            self._sample.delete()
            self._sample = None

    def close(self) -> None:
        self._drop()
        self._subscriber.delete()
        self._listener.delete()
