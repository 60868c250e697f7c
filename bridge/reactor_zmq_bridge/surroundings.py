"""What all sessions of a bridge share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reactor_zmq_bridge.admission import Tickets
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.record import Codec
from reactor_zmq_bridge.source import Sources
from reactor_zmq_bridge.tape import Tape
from reactor_zmq_bridge.tracks import TrackTable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Belongs to the loop's thread.

    Attributes:
        codecs: What can be encoded here.
        viewers: Counts browsers that look at something.
        tape: The recording of the bridge, where the operator allows one.
    """

    config: BridgeConfig
    sources: Sources
    pool: ThreadPoolExecutor
    codecs: frozenset[Codec]
    tickets: Tickets
    viewers: Callable[[], int]
    tape: Tape | None = None
    tracks: TrackTable = field(default_factory=TrackTable)
