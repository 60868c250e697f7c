"""Where the front end is, and whether a token is one of its own."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from reactor_zmq.client import aio, running
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.client.discovery import locate, read_connection_file
from reactor_zmq.errors import AuthenticationError, ConfigError, ConnectionLost, EventError
from reactor_zmq.wire.connection_file import ConnectionFile
from reactor_zmq.wire.scope import Scope
from reactor_zmq_bridge.errors import BridgeError

_WRONG = "this token is not the run's"


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Finds the run anew at each call: it may have been started again meanwhile.

    Attributes:
        target: A run's name or its connection file; empty for the only run there is.
        connect_s: It may take so long to greet a client.
    """

    target: str
    connect_s: float = 4.0

    def found(self) -> ConnectionFile:
        """Return the run's connection file.

        Raises:
            BridgeError: ``unreachable``: there is no such run.
        """
        try:
            if "/" in self.target or self.target.endswith(".json"):
                locate(Path(self.target))  # looks whether the run lives, too
                return read_connection_file(Path(self.target))
        except (ConfigError, ConnectionLost) as error:
            raise BridgeError("unreachable", str(error)) from error
        runs = [run for run in running() if self.target in ("", run.name)]
        if len(runs) != 1:
            names = ", ".join(run.name for run in running()) or "nothing"
            wanted = self.target or "the only run"
            raise BridgeError("unreachable", f"no telling which is {wanted}; running: {names}")
        return runs[0]

    def scope_of(self, token: str) -> Scope:
        """Return what a token is good for, without asking the front end.

        Raises:
            BridgeError: ``unauthenticated``: it is none of the run's; or ``unreachable``.
        """
        found = self.found()
        known: tuple[tuple[Scope, str], ...] = (
            ("admin", found.admin_token),
            ("steer", found.token),
            ("view", found.view_token),
        )
        for scope, its in known:
            if its and hmac.compare_digest(token.encode(), its.encode()):
                return scope
        raise BridgeError("unauthenticated", _WRONG)

    async def connect(
        self, token: str, name: str, scope: Scope, *, follow_events: bool = False
    ) -> AsyncClient:
        """Return a client of the run that proves itself with ``token``.

        One that follows events hears those of all clients, and may steer.

        Raises:
            BridgeError: ``unauthenticated``, ``forbidden``, ``busy`` or ``unreachable``.
        """
        found = self.found()
        try:
            return await aio.connect(
                found.events,
                token=token,
                name=name,
                scope=scope,
                timeout=self.connect_s,
                server_key=found.server_key or None,
                follow_events=follow_events,
            )
        except AuthenticationError as error:
            raise BridgeError("unauthenticated", _WRONG) from error
        except EventError as error:
            raise BridgeError(error.code, error.text) from error
        except ConnectionLost as error:
            raise BridgeError("unreachable", "the run does not answer") from error

    async def watch(self) -> AsyncClient:
        """Return a client that may look only, for frames.

        Raises:
            BridgeError: As :meth:`connect`.
        """
        return await self.connect(self.found().token_for("view"), "bridge", "view")

    def reachable(self) -> bool:
        """Whether a run is there, as far as its connection file tells."""
        try:
            self.found()
        except BridgeError:
            return False
        return True
