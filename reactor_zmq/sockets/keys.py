"""CURVE key pairs, and how a client proves who it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import zmq
from zmq.utils import z85

from reactor_zmq.errors import AuthenticationError, ConfigError
from reactor_zmq.machines.access import MAX_TOKEN_NBYTES

PLAIN_USER = b"reactor"
KEY_LENGTH = 40
_FROM_TOKEN = b"reactor-zmq curve 1:"


class KeyPair(NamedTuple):
    """A CURVE key pair; each key is 40 characters of Z85."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public!r})"


def make_key_pair() -> KeyPair:
    """Return a new pair from the system's randomness."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def pair_of(secret: str) -> KeyPair:
    """Return the pair that a secret key belongs to.

    Raises:
        ConfigError: It is no key.
    """
    raw_key(secret)
    return KeyPair(zmq.curve_public(secret.encode()).decode(), secret)


def pair_of_token(token: str) -> KeyPair:
    """Return the pair by which a token is shown to a socket that speaks CURVE."""
    digest = hashlib.sha256(_FROM_TOKEN + token.encode()).digest()
    return pair_of(z85.encode(digest).decode())


def raw_key(key: str) -> bytes:
    """Return the 32 bytes of a key.

    Raises:
        ConfigError: It is no 40 characters of Z85.
    """
    try:
        raw = z85.decode(key.encode("ascii")) if len(key) == KEY_LENGTH else b""
    except (ValueError, KeyError, IndexError, OverflowError):
        raw = b""
    if len(raw) * 5 != KEY_LENGTH * 4:
        raise ConfigError(f"a CURVE key is {KEY_LENGTH} characters of Z85")
    return raw


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows.

    Attributes:
        token: Shown as the password of PLAIN, or as the key pair that is made of it.
        server_key: Public key of a front end that speaks CURVE; empty where it speaks PLAIN.
        pair: A key pair of the client's own, shown in place of the token.
    """

    token: str = field(default="", repr=False)
    server_key: str = ""
    pair: KeyPair | None = None

    def apply(self, socket: zmq.Socket[bytes]) -> None:
        """Give them to a socket, before it connects.

        Raises:
            AuthenticationError: There is nothing that could be shown.
        """
        if self.pair is None and not 0 < len(self.token.encode()) <= MAX_TOKEN_NBYTES:
            raise AuthenticationError(f"a token has 1 to {MAX_TOKEN_NBYTES} bytes")
        if not self.server_key:
            socket.setsockopt(zmq.PLAIN_USERNAME, PLAIN_USER)
            socket.setsockopt(zmq.PLAIN_PASSWORD, self.token.encode())
            return
        pair = self.pair or pair_of_token(self.token)
        socket.setsockopt(zmq.CURVE_SERVERKEY, self.server_key.encode())
        socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret.encode())
