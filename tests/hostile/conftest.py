"""One run for the whole folder's cases, and an oracle that is asked after each."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "runtime")]

from raw import RawClient, RawViewer  # noqa: E402
from zmq_peers import peer_context  # noqa: E402

from reactor_zmq.testing.running import Running, running  # noqa: E402
from reactor_zmq.testing.zmtp import RawPeer  # noqa: E402


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """A run that has to survive all cases of a module."""
    folder = tempfile.mkdtemp(prefix="rz-hostile-", dir="/tmp")
    models = HERE.parent / "runtime" / "models.py"
    with running(f"{models}:Page", env={"XDG_RUNTIME_DIR": folder}) as run:
        yield run
    shutil.rmtree(folder)


@pytest.fixture
def good(served: Running) -> Iterator[tuple[RawClient, RawViewer]]:
    """A client and a viewer who behave; served before, during and after.

    What the case left must not be felt by them: the same front end and the same actor answer, no
    state has changed, and frames go on.
    """
    with peer_context() as context:
        client = RawClient(context, served.connection)
        before = client.hello()
        client.wait_ready()
        viewer = RawViewer(context, served.connection, "frame/main_video/")
        client.ask("ask_prompt")  # what the session began with has been told then
        state = client.ask("$state")["data"]["fields"]
        seq = viewer.next()[0].seq
        yield client, viewer
        assert served.process.poll() is None, served.output
        assert client.ask("ask_prompt")["type"] == "current_prompt"
        assert client.ask("$state")["data"]["fields"] == state
        after = client.ask("$status")["data"]
        assert after["epoch"] == before["epoch"]
        while viewer.next()[0].seq <= seq:
            pass
    os.kill(served.connection.actor_pid, 0)


@pytest.fixture
def link(served: Running) -> Iterator[Callable[..., RawPeer]]:
    """Open connections, as bytes or with the handshake done; all are closed at the end."""
    made: list[RawPeer] = []

    def connect(which: str = "events", kind: bytes = b"", **properties: bytes) -> RawPeer:
        endpoint: str = getattr(served.connection, which)
        if kind:
            token = served.connection.token
            peer = let_in(lambda: RawPeer.greeted(endpoint, token, kind, **properties))
        else:
            peer = RawPeer(endpoint)
        made.append(peer)
        return peer

    yield connect
    for peer in made:
        peer.close()


def let_in(connect: Callable[[], RawPeer]) -> RawPeer:
    """Try again, as every library does: after a flood nobody comes in for a moment."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return connect()
        except ConnectionError:
            assert time.monotonic() < deadline
