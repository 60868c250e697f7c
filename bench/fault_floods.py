"""Figures of floods beside a client that behaves: each function returns one cell of the table.

The clocks are those of load.py.
"""

from __future__ import annotations

import time

import attackers
from load import MODELS, NAME, Felt, ask, memory_nbytes, watching
from spine import quantile

from reactor_zmq.testing.running import running

SECONDS = 10.0
MEGA = 2**20


def malformed() -> str:
    """Messages that are no envelope, by links that come again when they are cut."""
    return beside(attackers.malformed_messages, "messages")


def garbage() -> str:
    """Connections that send random bytes."""
    return beside(attackers.garbage_connections, "connections")


def subscriptions() -> str:
    """Subscriptions to random topics, by links that come again when they are cut."""
    return beside(attackers.subscription_flood, "subscriptions")


def beside(attack: attackers.Attack, what: str) -> str:
    """Attack while a client asks, and a viewer takes every frame."""
    felt = Felt()
    options = ("--model.height=240", "--model.width=320")
    with running(f"{MODELS}:Hearing", *options, name=NAME) as run:
        ask(run, Felt(), 0.5)
        before = memory_nbytes(run.process.pid)
        with watching(run, felt), attackers.under(attack, run.connection) as rate:
            ask(run, felt, SECONDS)
        time.sleep(1)
    p50, p99 = (quantile(felt.replies, share) for share in (0.5, 0.99))
    grown = (max(felt.memory) - before) / MEGA
    return (
        f"{rate():,.0f} {what} sent per second: a client's reply p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, {felt.lost} lost; memory {grown:+.0f} MB at most"
    )
