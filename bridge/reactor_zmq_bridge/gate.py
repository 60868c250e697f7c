"""Which Host and Origin headers are let through: exact lists, nothing is guessed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_PORT = 80
_ANY = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, never bound to


@dataclass(frozen=True, slots=True)
class Gate:
    """Decides on one request's headers.

    A page of another site may open a WebSocket to us (so Origin is checked), and may let its own
    name point at us (so Host is checked).
    """

    port: int
    hosts: frozenset[str]
    origins: frozenset[str]
    exposed: bool = False

    def host_allowed(self, host: str, local_address: str) -> bool:
        """Whether a Host header is ours.

        ``local_address`` is the one by which the connection reached us: where we listen beyond
        loopback, that address itself is a Host, for no name can be made to look like it.
        """
        if host in self.hosts:
            return True
        return self.exposed and host in _written(_bracketed(local_address), self.port)

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Whether an Origin is allowed; programs that are no browsers send none.

        ``host`` has been allowed before: our own pages come from there.
        """
        return origin is None or origin == f"http://{host}" or origin in self.origins


def make_gate(
    host: str, port: int, *, hosts: Iterable[str], origins: Iterable[str], expose: bool
) -> Gate:
    """Return the gate of a bridge that listens on ``host`` and ``port``."""
    names: set[str] = set(_LOOPBACK_NAMES)
    if host not in _ANY:
        names.add(_bracketed(host.lower()))
    ours = {text for name in names for text in _written(name, port)}
    return Gate(
        port=port,
        hosts=frozenset(ours | {each.lower() for each in hosts}),
        origins=frozenset({f"http://{each}" for each in ours} | set(origins)),
        exposed=expose,
    )


def is_loopback(address: str) -> bool:
    """Whether an IP address, or a name to listen on, is this machine's own."""
    try:
        return ipaddress.ip_address(address.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return address == "localhost"


def _written(name: str, port: int) -> set[str]:
    return {f"{name}:{port}", name} if port == _HTTP_PORT else {f"{name}:{port}"}


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
