"""The connection file: how a client on this machine finds a run and proves that it may talk to it.

JSON, mode 0600, written when the sockets are bound and removed at exit (docs/protocol.md).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from reactor_zmq.errors import ConfigError
from reactor_zmq.wire.envelope import DECODE_ERRORS, PROTOCOL_VERSION
from reactor_zmq.wire.scope import Scope

MAX_NBYTES = 16_384

_Endpoint = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"\A[a-z]+://[^\x00]+\Z")]
_Pid = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class ConnectionFile(Struct, frozen=True, omit_defaults=True):
    """What one run writes down for its clients; fields that a reader doesn't know are ignored.

    Attributes:
        name: Name of the run.
        events: Endpoint of the events socket.
        frames: Endpoint of the frames socket.
        token: Password of the PLAIN user ``reactor`` on both, good for the scope ``steer``; never
            printed.
        pid: The front end; a file whose front end is dead is void.
        actor_pid: The actor, 0 while there is none.
        protocol: The version that the front end speaks.
        server_key: CURVE public key in Z85 where the sockets use CURVE, else empty.
        view_token: The same, good for looking only.
        admin_token: The same, good for everything.
    """

    name: str
    events: _Endpoint
    frames: _Endpoint
    token: str
    pid: _Pid
    actor_pid: _Pid = 0
    protocol: int = PROTOCOL_VERSION
    server_key: str = ""
    view_token: str = ""
    admin_token: str = ""

    def token_for(self, scope: Scope | None) -> str:
        """Return the token that is good for a scope and no more, as far as the file has it."""
        special = {"view": self.view_token, "admin": self.admin_token}
        return (scope and special.get(scope)) or self.token

    def __repr__(self) -> str:
        return f"ConnectionFile(name={self.name!r}, events={self.events!r}, pid={self.pid})"


def encode_connection_file(found: ConnectionFile) -> bytes:
    """Return the file's content: JSON, one field a line."""
    fields = {
        **msgspec.to_builtins(found),
        "protocol": found.protocol,
        "actor_pid": found.actor_pid,
    }
    return msgspec.json.format(msgspec.json.encode(fields)) + b"\n"


def decode_connection_file(content: bytes) -> ConnectionFile:
    """Decode a file's content.

    Raises:
        ConfigError: It is no connection file, or one of another protocol.
    """
    if len(content) > MAX_NBYTES:
        raise ConfigError(f"a connection file has at most {MAX_NBYTES} bytes")
    try:
        found = msgspec.json.decode(content, type=ConnectionFile)
    except DECODE_ERRORS as error:
        raise ConfigError(f"not a connection file: {error}") from error
    if found.protocol != PROTOCOL_VERSION:
        text = f"{found.name!r} speaks protocol {found.protocol}"
        raise ConfigError(f"{text}, this client {PROTOCOL_VERSION}")
    return found
