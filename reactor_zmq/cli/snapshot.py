"""One moment of a run as its viewer knows it: what every form of ``watch`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from reactor_zmq.cli.figures import TrackSnapshot, TrackTotals
from reactor_zmq.cli.numbers import numbers, numbers_line
from reactor_zmq.client.clock import Clock
from reactor_zmq.wire.control import Status


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest message of one type.

    Attributes:
        clock: Local time of day at which it came, ``12:34:56``.
        count: So many of this type so far.
    """

    type: str
    data: object
    clock: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at one moment.

    Attributes:
        model: Name of the model.
        elapsed_s: Since the watch began.
        status: None until the run has told it.
        fields: Public state of the model.
        heard: Newest message of each type, the newest first.
        lost: The link to the run is broken.
        clock: What is known of the run's clock.
    """

    model: str
    elapsed_s: float
    status: Status | None = None
    tracks: tuple[TrackSnapshot, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict[str, object])
    heard: tuple[Heard, ...] = ()
    lost: bool = False
    clock: Clock | None = None

    @property
    def state(self) -> str:
        """What the model is doing, in words."""
        if self.lost:
            return "link lost"
        if self.status is None:
            return "connecting"
        reason = f" ({self.status.reason})" if self.status.reason else ""
        return f"{self.status.state}{reason}"


def plain_line(now: Snapshot) -> str:
    """Return one line of text for logs and terminals without a picture."""
    parts = [f"{now.elapsed_s:6.1f} s", now.state]
    parts += [_track_text(track) for track in now.tracks]
    if now.status is not None:
        status = now.status
        parts.append(f"clients {status.clients}  viewers {status.viewers}  epoch {status.epoch}")
        if status.misses:
            parts.append(f"misses {status.misses}")
    if now.clock is not None and now.clock.correction_ns:
        off_ms, error_ms = now.clock.offset_ns / 1e6, now.clock.error_ns / 1e6
        parts.append(f"clock {off_ms:+.2f} ms (±{error_ms:.2f})")
    return "  |  ".join(parts)


def json_line(now: Snapshot) -> str:
    """Return one JSON object."""
    tracks = [
        {
            "track": track.track,
            "kind": track.kind,
            "rate_hz": round(track.rate_hz, 2),
            "p50_ms": track.p50_ms,
            "p99_ms": track.p99_ms,
            "bytes_per_s": round(track.bytes_per_s),
            "frames": track.frames,
            "gaps": track.gaps,
            "drops": track.drops,
        }
        | _values(track)
        for track in now.tracks
    ]
    record = {
        "elapsed_s": round(now.elapsed_s, 3),
        "model": now.model,
        "status": now.status,
        "clock": now.clock,
        "tracks": tracks,
        "fields": now.fields,
        "messages": {heard.type: heard.count for heard in now.heard},
    }
    return msgspec.json.encode(record).decode()


def _values(track: TrackSnapshot) -> dict[str, object]:
    if track.kind != "tensor" or track.image is None:
        return {}
    return {"shape": track.image.shape, "numbers": dict(numbers(track.image, track.names))}


def totals_line(totals: TrackTotals) -> str:
    """Return a track's figures of the whole time."""
    return (
        f"{totals.track}: {totals.frames} frames, {totals.rate_hz:.1f} frames/s, "
        f"latency p50 {_ms(totals.p50_ms)} p99 {_ms(totals.p99_ms)}, "
        f"{totals.gaps} gaps, {totals.drops} drops"
    )


def _track_text(track: TrackSnapshot) -> str:
    figures = (
        f"{track.track} {track.rate_hz:.1f}/s  {_ms(track.p50_ms)} p50  {_ms(track.p99_ms)} p99  "
        f"gaps {track.gaps}  drops {track.drops}  {track.bytes_per_s / 1e6:.1f} MB/s"
    )
    if track.kind == "tensor" and track.image is not None:
        return f"{figures}  {numbers_line(track.image, track.names)}"
    return figures


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} ms"
