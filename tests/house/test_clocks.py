"""Who looks at the wall clock."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "reactor_zmq"
WAITING = ("wire", "machines", "model", "memory", "sockets", "actor", "runtime")
# These write it into what they send, and wait for nothing by it.
STAMPING = {
    "actor/clock.py",
    "runtime/frame_pump.py",
    "runtime/input_echo.py",
    "runtime/loop.py",
}
WALL = {"time", "time_ns", "now", "utcnow", "today"}


def looks_at_wall_clock(path: Path) -> bool:
    """Return whether a file calls ``time.time``, ``datetime.now`` or the like."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in WALL
        and isinstance(node.value, ast.Name)
        and node.value.id in ("time", "datetime", "date")
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_a_clock_that_jumps_moves_no_deadline() -> None:
    """Front end and actor wait by the monotonic clock; the other one is only written down."""
    paths = [path for name in WAITING for path in (PACKAGE / name).rglob("*.py")]
    found = {str(p.relative_to(PACKAGE)) for p in paths if looks_at_wall_clock(p)}
    assert found <= STAMPING
