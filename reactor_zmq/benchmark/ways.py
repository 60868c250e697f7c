"""Ways from producer to reader, as plug-ins: one entry here is all that a transport needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reactor_zmq.benchmark.hosts import Host, ProducerHost, RuntimeHost
from reactor_zmq.benchmark.tasks import Address, Answer

_THROUGH = "reactor_zmq.benchmark.through"
_BARE = "reactor_zmq.benchmark.bare"
_SHARED = "reactor_zmq.benchmark.shared"

Kind = Literal["runtime", "ceiling", "peer"]


@dataclass(frozen=True)
class FrameWay:
    """How frames get from one process to another.

    Attributes:
        name: As in results and on the command line.
        text: For people.
        host: The sending end.
        opener: ``module:name`` of the receiving end.
        ceiling: Name of the way that nothing of this kind can beat; empty for a ceiling.
        extra: Added to the reader's address.
        kernel_copies: Copies of each frame by the kernel, one in, one out; -1 where nobody knows.
        cipher_copies: Copies of each frame in being encrypted and decrypted.
        lends: Whether a producer can draw in place.
        python, env: The reader's interpreter, where it has one of its own.
        afresh: Whether each reader needs a process of its own.
    """

    name: str
    text: str
    host: Host
    opener: str
    ceiling: str = ""
    kind: Kind = "runtime"
    afresh: bool = False
    extra: Address = field(default_factory=dict[str, str])
    kernel_copies: int = 0
    cipher_copies: int = 0
    lends: bool = True
    python: str = ""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EventWay:
    """How an event gets to a model and its reply back.

    Attributes:
        watch: ``module:name`` of what reads the stream beside the events, empty without a stream;
            its address has ``watch_extra`` added.
    """

    name: str
    text: str
    host: Host
    opener: str
    ceiling: str = ""
    kind: Kind = "runtime"
    watch: str = ""
    watch_extra: Address = field(default_factory=dict[str, str])
    python: str = ""
    env: tuple[tuple[str, str], ...] = ()


def _runtime(name: str, text: str, scheme: str, transport: str, **more: object) -> FrameWay:
    return FrameWay(
        name, text, RuntimeHost("ToOrder", scheme), f"{_THROUGH}:ClientFrames",
        extra={"transport": transport}, **more,  # type: ignore[reportArgumentType]
    )  # fmt: skip


def _bare(scheme: str, *, curve: bool = False) -> FrameWay:
    arguments = (("scheme", scheme), *((("curve", "yes"),) if curve else ()))
    return FrameWay(
        "bare-curve" if curve else f"bare-{scheme}",
        f"bare pyzmq PUB/SUB, {scheme}{' with CURVE' if curve else ''}",
        ProducerHost(f"{_BARE}:Publisher", arguments), f"{_BARE}:Subscriber",
        kind="ceiling", kernel_copies=2, cipher_copies=2 * curve,
    )  # fmt: skip


FRAME_WAYS: tuple[FrameWay, ...] = (
    FrameWay(
        "bare-shm", "bare shared memory, places over PUB/SUB", ProducerHost(f"{_SHARED}:Writer"),
        f"{_SHARED}:Reader", kind="ceiling",
    ),
    _runtime("lane", "Client.frames, same-host lane", "ipc", "lane", ceiling="bare-shm"),
    _bare("ipc"),
    _runtime("ipc", "Client.frames, ipc socket", "ipc", "socket", ceiling="bare-ipc",
             kernel_copies=2),
    _bare("tcp"),
    _runtime("tcp", "Client.frames, tcp socket", "tcp", "socket", ceiling="bare-tcp",
             kernel_copies=2),
    _bare("tcp", curve=True),
    FrameWay(
        "curve", "Client.frames, tcp socket with CURVE", RuntimeHost("ToOrder", "tcp", curve=True),
        f"{_THROUGH}:ClientFrames", ceiling="bare-curve", extra={"transport": "socket"},
        kernel_copies=2, cipher_copies=2,
    ),
    FrameWay(
        "bridge", "WebSocket bridge, raw RGBA stream", RuntimeHost("ToOrder", "tcp", bridge=True),
        "reactor_zmq.benchmark.browser:BrowserFrames", ceiling="bare-tcp", kernel_copies=-1,
    ),
)  # fmt: skip


def _answering(scheme: str) -> RuntimeHost:
    return RuntimeHost("Answering", scheme)


def _events(name: str, text: str, scheme: str, opener: str, *, beside: bool = False) -> EventWay:
    return EventWay(
        f"{name}-{scheme}" + ("-beside" if beside else ""),
        f"{text}, {scheme}" + (", beside a 720p60 stream" if beside else ""),
        _answering(scheme), f"{_THROUGH}:{opener}", ceiling=f"bare-{scheme}",
        watch=f"{_THROUGH}:ClientFrames" if beside else "", watch_extra={"transport": "lane"},
    )  # fmt: skip


def _bare_events(scheme: str) -> EventWay:
    return EventWay(
        f"bare-{scheme}", f"bare DEALER/ROUTER, {scheme}",
        ProducerHost(f"{_BARE}:Router", (("scheme", scheme),), task=Answer), f"{_BARE}:Dealer",
        kind="ceiling",
    )  # fmt: skip


EVENT_WAYS: tuple[EventWay, ...] = (
    _bare_events("ipc"),
    _events("client", "Client.send", "ipc", "ClientEvents"),
    _events("raw", "raw DEALER", "ipc", "RawEvents"),
    _bare_events("tcp"),
    _events("client", "Client.send", "tcp", "ClientEvents"),
    _events("raw", "raw DEALER", "tcp", "RawEvents"),
    _events("client", "Client.send", "tcp", "ClientEvents", beside=True),
    _events("raw", "raw DEALER", "tcp", "RawEvents", beside=True),
)


def copies(way: FrameWay, *, lend: bool) -> int:
    """Return how often each frame's bytes are copied, by construction.

    An array that its producer goes on writing into is copied once into memory of the transport's;
    a frame drawn there is not. A socket adds the kernel's own. -1 where it is not known.
    """
    if way.kernel_copies < 0:
        return -1
    return way.kernel_copies + way.cipher_copies + (0 if lend and way.lends else 1)
