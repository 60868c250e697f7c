"""Eclipse zenoh: peers over tcp, with shared memory or without."""

from __future__ import annotations

import json
import queue
import socket

import zenoh
from drawing import ByteRows, shaped

from reactor_zmq.benchmark.pictures import shape_of

_KEY = "bench/frames"
_POOL_NBYTES = 256 * 2**20


def _session(listen: str = "", connect: str = "", *, shared: bool):
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("transport/shared_memory/enabled", "true" if shared else "false")
    config.insert_json5("listen/endpoints", json.dumps([listen] if listen else []))
    if connect:
        config.insert_json5("connect/endpoints", json.dumps([connect]))
    return zenoh.open(config)


class Producer:
    """A publisher that blocks instead of dropping; with shared memory it fills the pool."""

    def __init__(self, _folder: str, memory: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            where = f"tcp/127.0.0.1:{probe.getsockname()[1]}"
        self.address = {"connect": where, "memory": memory}
        self._shared = memory == "shared"
        self._session = _session(listen=where, shared=self._shared)
        control = zenoh.CongestionControl.BLOCK
        self._publisher = self._session.declare_publisher(_KEY, congestion_control=control)
        self._bytes = ByteRows()
        if self._shared:
            self._provider = zenoh.shm.ShmProvider.default_backend(_POOL_NBYTES)
            self._policy = zenoh.shm.BlockOn(zenoh.shm.GarbageCollect())

    def send(self, order, number, gallery) -> None:
        data = self._bytes.drawn(order, number, gallery)
        if not self._shared:
            # zenoh copies what it is given before it returns.
            self._publisher.put(data)
            return
        memory = self._provider.alloc(len(data), policy=self._policy)
        memory[:] = data
        self._publisher.put(memory)

    def close(self) -> None:
        self._session.close()


class Reader:
    """A subscriber whose callback hands samples to the reading thread."""

    def __init__(self, address, _place: int) -> None:
        self._shared = address["memory"] == "shared"
        self._shape = shape_of(address["size"])
        self._samples: queue.SimpleQueue = queue.SimpleQueue()
        self._session = _session(connect=address["connect"], shared=self._shared)
        self._subscriber = self._session.declare_subscriber(_KEY, self._samples.put)

    def take(self, timeout_s: float):
        try:
            payload = self._samples.get(timeout=timeout_s).payload
        except queue.Empty:
            return None
        if self._shared and payload.as_shm() is None:
            raise RuntimeError("a frame came through the socket, not by shared memory")
        # Its Python objects have no buffer protocol: this is a copy, the only way to the bytes.
        return shaped(payload.to_bytes(), self._shape)

    def close(self) -> None:
        self._session.close()
