"""ray: arrays in the object store; references go through an actor."""

from __future__ import annotations

import collections

import ray
from drawing import drawn

_AHEAD = 4
_NAMESPACE = "bench"


@ray.remote(num_cpus=0)
class Mailbox:
    """Hands references from producer to reader."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - in the actor's process

        self._references: asyncio.Queue = asyncio.Queue(_AHEAD)

    async def put(self, boxed: list) -> None:
        """Keep a reference; the box keeps ray from fetching what it stands for."""
        if self._references.full():
            self._references.get_nowait()
        self._references.put_nowait(boxed)

    async def get(self) -> list:
        """Wait for the next."""
        return await self._references.get()


class Producer:
    """A driver that puts arrays."""

    def __init__(self, folder: str) -> None:
        context = ray.init(
            num_cpus=2, include_dashboard=False, namespace=_NAMESPACE, log_to_driver=False,
            object_store_memory=2**30, _temp_dir=f"{folder}/ray", configure_logging=False,
        )  # fmt: skip
        self.address = {"gcs": context.address_info["gcs_address"]}
        self._mailbox = Mailbox.options(name="mailbox").remote()

    def send(self, order, number, gallery) -> None:
        self._mailbox.put.remote([ray.put(drawn(order, number, gallery))])

    def close(self) -> None:
        ray.shutdown()


class Reader:
    """A driver that gets them: read-only views of the object store."""

    def __init__(self, address, _place: int) -> None:
        ray.init(address["gcs"], namespace=_NAMESPACE, log_to_driver=False, configure_logging=False)
        self._mailbox = ray.get_actor("mailbox")
        self._calls: collections.deque = collections.deque()

    def take(self, timeout_s: float):
        while len(self._calls) < _AHEAD:
            self._calls.append(self._mailbox.get.remote())
        ready, _ = ray.wait([self._calls[0]], timeout=timeout_s)
        if not ready:
            return None
        return ray.get(ray.get(self._calls.popleft())[0])

    def close(self) -> None:
        ray.shutdown()
