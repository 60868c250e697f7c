"""Who may come in, and what for: tokens and CURVE public keys, each good for one scope."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from reactor_zmq.errors import ConfigError
from reactor_zmq.wire.scope import Scope

MIN_TOKEN_NBYTES, MAX_TOKEN_NBYTES = 16, 255


@dataclass(frozen=True, slots=True)
class Grant:
    """What one credential is good for.

    Attributes:
        name: For logs: letters, digits and ``-_.`` only.
        scope: What it allows.
        mark: Tells this credential from another one of the same name; no secret.
    """

    name: str
    scope: Scope
    mark: str = ""


def check_token(token: str) -> None:
    """Check that a token can't be guessed, and fits into a handshake.

    Raises:
        ConfigError: It is too short or too long.
    """
    if not MIN_TOKEN_NBYTES <= len(token.encode()) <= MAX_TOKEN_NBYTES:
        raise ConfigError(f"a token has {MIN_TOKEN_NBYTES} to {MAX_TOKEN_NBYTES} bytes")


class AllowList:
    """Credentials and their grants; never changed, replaced as a whole.

    Args:
        tokens: Grants by token.
        keys: Grants by CURVE public key, 32 bytes.

    Attributes:
        grants: All that it gives.

    Raises:
        ConfigError: A token is too short or too long.
    """

    def __init__(
        self, tokens: Mapping[str, Grant] | None = None, keys: Mapping[bytes, Grant] | None = None
    ) -> None:
        for token in tokens or ():
            check_token(token)
        # Tokens are looked up by a digest under a secret of this list: how long it takes tells
        # a guesser nothing, however many there are.
        self._salt = secrets.token_bytes(32)
        self._tokens = {self._digest(t.encode()): g for t, g in (tokens or {}).items()}
        self._keys = dict(keys or {})
        self.grants = frozenset(self._tokens.values()) | frozenset(self._keys.values())

    def __len__(self) -> int:
        return len(self._tokens) + len(self._keys)

    def by_token(self, token: bytes) -> Grant | None:
        """Return what a token is good for."""
        return self._tokens.get(self._digest(token))

    def by_key(self, public: bytes) -> Grant | None:
        """Return what a public key, 32 bytes, is good for."""
        return self._keys.get(public)

    def has(self, grant: Grant) -> bool:
        """Return whether somebody may still come in by what this was granted for."""
        return grant in self.grants

    def _digest(self, token: bytes) -> bytes:
        return hashlib.blake2b(token, key=self._salt, digest_size=32).digest()
