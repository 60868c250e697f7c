"""What the peers of a frames socket subscribe to, link by link, and who asks for too much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# A viewer has a handful; libzmq keeps about 650 bytes for each.
PER_LINK = 256
# Where all links together have so many, each may have but a few.
MANY = 65_536
FEW_PER_LINK = 64
# Changes that a link may make at once, and per second in the long run.
BURST = 4096
RATE_HZ = 4000.0


@dataclass(slots=True)
class _Link:
    topics: set[bytes] = field(default_factory=set[bytes])
    allowance: float = BURST
    at: float = 0.0


class Subscriptions:
    """Knows for each topic whether anybody wants it; no I/O, no clock.

    A link is a number of the caller's. Time is monotonic seconds.
    """

    def __init__(self) -> None:
        self._links: dict[int, _Link] = {}
        self._wanted: Counter[bytes] = Counter()

    def __len__(self) -> int:
        """Return how many there are, all links together."""
        return self._wanted.total()

    def hear(self, link: int, topic: bytes, now: float, *, subscribed: bool) -> bool:
        """Note one change; return False where the link has asked for more than its share."""
        found = self._links.get(link)
        if found is None:
            found = self._links[link] = _Link(at=now)
        if subscribed and topic not in found.topics:
            found.topics.add(topic)
            self._wanted[topic] += 1
        elif not subscribed and topic in found.topics:
            found.topics.discard(topic)
            self._release(topic)
        found.allowance = min(BURST, found.allowance + (now - found.at) * RATE_HZ) - 1
        found.at = now
        share = PER_LINK if len(self._wanted) <= MANY else FEW_PER_LINK
        return found.allowance > 0 and len(found.topics) <= share

    def drop(self, link: int) -> bool:
        """Forget a link; return whether it had subscribed to anything."""
        found = self._links.pop(link, None)
        if found is None:
            return False
        for topic in found.topics:
            self._release(topic)
        return bool(found.topics)

    def __contains__(self, link: int) -> bool:
        """Whether a link has ever asked for anything."""
        return link in self._links

    @property
    def link_count(self) -> int:
        """How many links subscribe to anything."""
        return sum(bool(link.topics) for link in self._links.values())

    def wants(self, topic: bytes) -> bool:
        """Whether anybody subscribes to this topic or to how it begins."""
        return any(topic[:n] in self._wanted for n in range(len(topic) + 1))

    def count(self, topic: bytes) -> int:
        """Return how many subscriptions there are to this topic and to how it begins."""
        return sum(self._wanted.get(topic[:n], 0) for n in range(len(topic) + 1))

    def _release(self, topic: bytes) -> None:
        self._wanted[topic] -= 1
        if not self._wanted[topic]:
            del self._wanted[topic]
