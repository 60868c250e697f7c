"""The runtime's clock, as a client knows it."""

from __future__ import annotations

from dataclasses import dataclass

from reactor_zmq.client.frame import Frame


@dataclass(frozen=True, slots=True)
class Clock:
    """How far the runtime's clock is from this machine's.

    Attributes:
        offset_ns: The runtime's Unix time less this machine's.
        error_ns: The true offset is within so much of it, on either side.
        rtt_ns: Of the round trip that told it: the quickest of the last ones.
        samples: Round trips made so far.
    """

    offset_ns: int
    error_ns: int
    rtt_ns: int
    samples: int

    @property
    def correction_ns(self) -> int:
        """What to add to this machine's time; 0 while the clocks may well be the same."""
        return 0 if abs(self.offset_ns) <= self.error_ns else self.offset_ns

    def age_ns(self, frame: Frame) -> int:
        """Return a frame's glass latency, right to within ``error_ns`` between two machines."""
        return frame.received_ns + self.correction_ns - frame.produced_ns
