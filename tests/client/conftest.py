"""A scripted front end and clients of it; both are closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fake_server import TOKEN, FakeServer

from reactor_zmq.client import Client, connect


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A front end that answers as docs/protocol.md says."""
    made = FakeServer()
    yield made
    made.close()


Join = Callable[..., Client]


@pytest.fixture
def join(server: FakeServer) -> Iterator[Join]:
    """Return what makes further clients of the server."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        made.append(connect(server.events, token=TOKEN, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(join: Join) -> Client:
    """A connected client."""
    return join(reply_timeout=10)
