"""Real runs, raw peers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from raw import RawClient, RawViewer  # noqa: E402
from zmq_peers import peer_context  # noqa: E402

from reactor_zmq.testing.running import Running, running  # noqa: E402


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    """A ZeroMQ context whose sockets are closed with the test."""
    with peer_context() as context:
        yield context


@pytest.fixture
def run(resources: None, run_directory: Path) -> Iterator[Callable[..., Running]]:
    """Start a model of models.py by class name; it ends with the test and leaves nothing."""
    with ExitStack() as stack:

        def start(model: str, *options: str, **more: Any) -> Running:
            return stack.enter_context(running(f"{HERE / 'models.py'}:{model}", *options, **more))

        yield start


@pytest.fixture
def client(context: zmq.Context[Any]) -> Callable[..., RawClient]:
    """Connect a raw DEALER and greet."""

    def connect(run: Running, *, hello: bool = True, ready: bool = True, **more: Any) -> RawClient:
        greeting = more.pop("greeting", {})
        found = RawClient(context, run.connection, **more)
        if hello:
            found.hello(**greeting)
            if ready:
                found.wait_ready()
        return found

    return connect


@pytest.fixture
def viewer(context: zmq.Context[Any]) -> Callable[..., RawViewer]:
    """Connect a raw SUB."""

    def connect(run: Running, *topics: str, **more: Any) -> RawViewer:
        return RawViewer(context, run.connection, *(topics or ("frame/main_video/",)), **more)

    return connect
