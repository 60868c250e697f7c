"""``reactor_zmq.connect``: from a name to a connected client."""

from __future__ import annotations

import os

from reactor_zmq.client.discovery import Proof, locate
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.sync import Client
from reactor_zmq.client.view import check_transport
from reactor_zmq.wire.scope import Scope


def connect(
    target: str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    name: str = "",
    scope: Scope | None = None,
    timeout: float = 10.0,
    reply_timeout: float | None = None,
    transport: Transport = "auto",
    server_key: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
    follow_events: bool = False,
) -> Client:
    """Connect to a runtime; see docs/protocol.md, "First contact".

    Args:
        target: A run's name, a connection file, an endpoint of its events socket, or nothing for
            the only one that runs on this machine.
        token: Needed with an endpoint of another machine; else the connection file tells it.
        name: For people, in logs and ``reactor-zmq watch``.
        scope: What to be allowed: ``view`` may look, ``steer`` may send events, files and frames,
            ``admin`` may let other clients go. Not given, it is ``steer`` if the token or key is
            good for that, else ``view``.
        timeout: Seconds until the runtime must have greeted us. It need not have loaded its model.
        reply_timeout: Seconds that ``send`` waits for a reply; None waits as long as the link
            stands or comes back.
        transport: How frames come. ``auto`` maps the runtime's memory where it runs on the same
            machine as the same user, and takes the ``socket`` elsewhere; ``lane`` insists on the
            memory, and ``frames`` raises ConfigError where it can't be had.
        server_key: Public key of a runtime that speaks CURVE, or the file that holds it; needed
            with an endpoint of another machine, else the connection file tells it.
        key: File with this client's secret key, shown in place of a token.
        follow_events: Whether ``messages()`` also gives ``$event`` (``client``, ``type``, ``data``)
            for each event that was applied, whoever sent it, and each ``$state`` and ``$status``
            as it comes. For those who may steer.

    Raises:
        ConnectionLost: Nobody answered, or there is no such run.
        AuthenticationError: The token or key is wrong or missing.
        ConfigError: The endpoint, the connection file or a key can't be used.
        RemoteProtocolError: The runtime speaks another protocol.
        EventError: The runtime takes no more clients, or the scope is not to be had.
    """
    proof = Proof(token, scope, server_key, key)
    driver = Driver(locate(target, proof), name=name, scope=scope, follow=follow_events)
    client = Client(driver, reply_timeout, check_transport(transport))
    try:
        client.greet(timeout)
    except BaseException:
        client.close()
        raise
    return client
