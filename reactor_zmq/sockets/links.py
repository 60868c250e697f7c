"""A socket's links, by the one name of theirs that no peer can choose; and how one is cut.

The handshake gives each link a User-Id (see ``zap.py``), which libzmq puts on every message that
comes by it. What libzmq does not offer is to end a link; its connection is shut down instead.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import zmq

from reactor_zmq.machines.access import Grant
from reactor_zmq.sockets.monitor import LinkMonitor
from reactor_zmq.sockets.zap import read_user_id

_SRCFD = int(zmq.SRCFD)
_SO_COOKIE = 57  # <asm-generic/socket.h>; Python has no name for it
_COOKIE_NBYTES = 8


@dataclass(slots=True, eq=False)
class Link:
    """One peer's link.

    Attributes:
        name: Made by this side for this link, and never used for another one; it grows.
        grant: What the peer's credential is good for.
        fd: Its descriptor, which libzmq owns; its number is used again when the link is gone.
        cookie: The kernel's name for the connection, which is not.
        spent: What is left of the peer's allowance, in the words of the socket that keeps it.
    """

    name: bytes
    grant: Grant
    fd: int
    user_id: str
    cookie: int = field(init=False)
    spent: float = 0.0
    spent_at: float = 0.0

    def __post_init__(self) -> None:
        self.cookie = _cookie(self.fd)

    def cut(self) -> None:
        """End the connection; libzmq finds it closed by the peer."""
        # An OSError says that it has ended by itself. What is shut down is held while it is looked
        # at: its number can't become another connection's in between.
        with suppress(OSError), socket.socket(fileno=os.dup(self.fd)) as connection:
            if self.cookie and _cookie_of(connection) == self.cookie:
                connection.shutdown(socket.SHUT_RDWR)


class Links:
    """The links of one socket by which something has come; belong to the socket's thread."""

    def __init__(self, monitor: LinkMonitor) -> None:
        self._monitor = monitor
        self._by_user_id: dict[str, Link] = {}
        self._by_fd: dict[int, Link] = {}
        self._met: list[Link] = []
        self._gone: list[Link] = []

    def __iter__(self) -> Iterator[Link]:
        return iter(tuple(self._by_user_id.values()))

    def of(self, frame: zmq.Frame) -> Link | None:
        """Return the link that a message came by; None for what libzmq itself says in an XPUB."""
        try:
            user_id = str(frame.get("User-Id"))
        except zmq.ZMQError:
            return None  # the subscriptions of one who has gone
        return self._by_user_id.get(user_id) or self._meet(user_id, frame)

    def _meet(self, user_id: str, frame: zmq.Frame) -> Link:
        name, grant = read_user_id(user_id)
        link = self._by_user_id[user_id] = Link(name, grant, int(frame.get(_SRCFD)), user_id)
        before = self._by_fd.get(link.fd)
        if before is None or is_later(link, before):
            self._by_fd[link.fd] = link
            if before is not None:
                self.lose(before)  # its descriptor is another one's
        self._met.append(link)
        return link

    def met(self) -> list[Link]:
        """Return the links by which something came for the first time since the last call."""
        found, self._met = self._met, []
        return found

    def gone(self) -> list[Link]:
        """Return the links that have closed since the last call."""
        if self._met:
            # Whether they are still there is asked after what came by them.
            self._monitor.bell.ring()
        for fd in self._monitor.closed():
            if fd in self._by_fd:
                self.lose(self._by_fd[fd])
        for link in self._met:
            if not (self._monitor.is_open(link.fd) and self._by_fd.get(link.fd) is link):
                self.lose(link)  # it spoke and went
        found, self._gone = self._gone, []
        return found

    def lose(self, link: Link) -> None:
        """Take note that a link is no more."""
        if self._by_user_id.pop(link.user_id, None) is not None:
            self._gone.append(link)
            if self._by_fd.get(link.fd) is link:
                del self._by_fd[link.fd]


def is_later(one: Link, other: Link) -> bool:
    """Whether a link was made after another one."""
    return int(one.name) > int(other.name)


def _cookie(fd: int) -> int:
    """Return the kernel's name for a connection, 0 where it has ended."""
    try:
        connection = socket.socket(fileno=fd)
    except OSError:
        return 0
    try:
        return _cookie_of(connection)
    finally:
        connection.detach()


def _cookie_of(connection: socket.socket) -> int:
    found = connection.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, _COOKIE_NBYTES)
    return int.from_bytes(found, "little")
