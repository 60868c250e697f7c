"""``reactor_zmq.connect``: from a name to a connected client."""

from __future__ import annotations

import os

from reactor_zmq.client.discovery import locate
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.sync import Client
from reactor_zmq.client.view import check_transport
from reactor_zmq.wire.control import Scope


def connect(
    target: str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    name: str = "",
    scope: Scope = "steer",
    timeout: float = 10.0,
    reply_timeout: float | None = None,
    transport: Transport = "auto",
) -> Client:
    """Connect to a runtime; see docs/protocol.md, "First contact".

    Args:
        target: A run's name, a connection file, an endpoint of its events socket, or nothing for
            the only one that runs on this machine.
        token: Needed with an endpoint of another machine; else the connection file tells it.
        name: For people, in logs and ``reactor-zmq watch``.
        scope: ``view`` may look but not steer.
        timeout: Seconds until the runtime must have greeted us. It need not have loaded its model.
        reply_timeout: Seconds that ``send`` waits for a reply; None waits as long as the link
            stands or comes back.
        transport: How frames come. ``auto`` maps the runtime's memory where it runs on the same
            machine as the same user, and takes the ``socket`` elsewhere; ``lane`` insists on the
            memory, and ``frames`` raises ConfigError where it can't be had.

    Raises:
        ConnectionLost: Nobody answered, or there is no such run.
        AuthenticationError: The token is wrong or missing.
        ConfigError: The endpoint or the connection file can't be used.
        RemoteProtocolError: The runtime speaks another protocol.
        EventError: The runtime takes no more clients.
    """
    driver = Driver(locate(target, token), name=name, scope=scope)
    client = Client(driver, reply_timeout, check_transport(transport))
    try:
        client.greet(timeout)
    except BaseException:
        client.close()
        raise
    return client
