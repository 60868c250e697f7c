"""What the cases do with a hand-made peer."""

from __future__ import annotations

from typing import Any

import msgspec

from reactor_zmq.testing.zmtp import RawPeer


def is_cut(peer: RawPeer, data: bytes, times: int) -> bool:
    """Write the same bytes again and again; return whether the link ended meanwhile."""
    return not all(peer.flood(data) for _ in range(times))


def heard(peer: RawPeer) -> dict[str, Any]:
    """Return the next envelope that a hand-made peer is told."""
    part = peer.receive()[-1]
    return msgspec.json.decode(part) if part[:1] == b"{" else msgspec.msgpack.decode(part)
