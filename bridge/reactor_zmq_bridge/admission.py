"""Who is let in, and what proves it: pure bookkeeping, time is an argument."""

from __future__ import annotations

import secrets
from collections import Counter

from reactor_zmq_bridge.config import BridgeLimits
from reactor_zmq_bridge.errors import BridgeError

_MOST_TICKETS = 256


class Admission:
    """Counts sessions, in all and by address."""

    def __init__(self, limits: BridgeLimits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()

    @property
    def sessions(self) -> int:
        """How many there are."""
        return self._by_address.total()

    def admit(self, address: str) -> None:
        """Count one more.

        Raises:
            BridgeError: ``too_many``; nothing was counted.
        """
        if self.sessions >= self._limits.sessions:
            raise BridgeError("too_many", f"{self._limits.sessions} sessions are open, the most")
        if self._by_address[address] >= self._limits.sessions_per_address:
            most = self._limits.sessions_per_address
            raise BridgeError("too_many", f"{most} sessions are open from this address, the most")
        self._by_address[address] += 1

    def release(self, address: str) -> None:
        """Count one less."""
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]


class Tickets:
    """Proofs that are good once, for one purpose, for a while."""

    def __init__(self, good_for_s: float) -> None:
        self._good_for_s = good_for_s
        self._issued: dict[str, tuple[str, str, float]] = {}

    def issue(self, purpose: str, holder: str, now: float) -> str:
        """Return a ticket that stands for ``holder``; the oldest gives way when there are many."""
        self._issued = {k: v for k, v in self._issued.items() if v[2] > now}
        if len(self._issued) >= _MOST_TICKETS:
            del self._issued[next(iter(self._issued))]
        ticket = secrets.token_urlsafe(24)
        self._issued[ticket] = (purpose, holder, now + self._good_for_s)
        return ticket

    def redeem(self, ticket: str, purpose: str, now: float) -> str | None:
        """Return whom it stands for, once; None if it is not good for this."""
        found = self._issued.get(ticket)
        if found is None or found[0] != purpose or now >= found[2]:
            return None
        del self._issued[ticket]
        return found[1]
