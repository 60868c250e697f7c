"""When the front end yields its core."""

from __future__ import annotations

from reactor_zmq.runtime.courtesy import Courtesy


def test_nobody_is_offered_a_core_that_he_keeps():
    """After a yield that took long there is none for a second."""
    now, took, yields = 100.0, 0.0, 0

    def let_run() -> None:
        nonlocal now, yields
        now += took
        yields += 1

    courtesy = Courtesy(let_run, lambda: now)
    for _ in range(3):
        courtesy.offer()
    assert yields == 3
    took = 0.003
    for _ in range(3):
        courtesy.offer()
    assert yields == 4
    now += 1.0
    took = 0.00002
    for _ in range(3):
        courtesy.offer()
    assert yields == 7
