"""CURVE key pairs."""

from __future__ import annotations

from typing import NamedTuple

import zmq


class KeyPair(NamedTuple):
    """A CURVE key pair; each key is 40 characters of Z85."""

    public: str
    secret: str


def make_key_pair() -> KeyPair:
    """Return a new pair from the system's randomness."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())
