"""What `/diagnostics` is told once a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.figures import Figures
from reactor_zmq_ros2.frames import header_of

OK, WARN, ERROR = 0, 1, 2
_LEVELS = {"ready": OK, "failed": ERROR}


def diagnostics(
    node: str,
    status: Mapping[str, Any],
    trouble: str,
    link: Mapping[str, float | None],
    tracks: Mapping[str, Figures],
    now_ns: int,
) -> bytes:
    """Return a ``DiagnosticArray`` of one status.

    ``status`` is the front end's last `$status`, ``trouble`` why there is no link (empty while
    there is one), ``link`` the link's figures by name, None where they are not known.
    """
    level, text = _verdict(status, trouble)
    known = {name: f"{value:.3f}" for name, value in link.items() if value is not None}
    values = {**_told(status), **known, **_measured(tracks, now_ns)}
    found = {
        "level": level,
        "name": f"{node}: reactor_zmq",
        "message": text,
        "hardware_id": node,
        "values": [{"key": key, "value": value} for key, value in values.items()],
    }
    array = {"header": header_of(now_ns, ""), "status": [found]}
    return encode("diagnostic_msgs/msg/DiagnosticArray", array)


def _verdict(status: Mapping[str, Any], trouble: str) -> tuple[int, str]:
    if trouble:
        return ERROR, trouble
    state = status.get("state", "unknown")
    reason = status.get("reason") or ", ".join(status.get("missing", ()))
    return _LEVELS.get(state, WARN), f"{state}: {reason}" if reason else state


def _told(status: Mapping[str, Any]) -> dict[str, str]:
    names = ("state", "epoch", "clients", "viewers", "misses")
    return {name: str(status[name]) for name in names if name in status}


def _measured(tracks: Mapping[str, Figures], now_ns: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, figures in tracks.items():
        found[f"{name} fps"] = f"{figures.rate_hz(now_ns):.1f}"
        found[f"{name} age ms p50"] = f"{figures.age_ms():.2f}"
        found[f"{name} frames"] = str(figures.frames)
        found[f"{name} gaps"] = str(figures.gaps)
    return found
