"""Where the front end is, and whether a token is its own."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from reactor_zmq.client import aio
from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.client.discovery import Address, locate
from reactor_zmq.errors import AuthenticationError, ConfigError, ConnectionLost
from reactor_zmq_bridge.errors import BridgeError


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Finds the run anew at each call: it may have been started again meanwhile.

    Attributes:
        target: A run's name or its connection file; empty for the only run there is.
    """

    target: str
    connect_s: float = field(default=4.0)

    @property
    def token(self) -> str:
        """The run's token.

        Raises:
            BridgeError: ``unreachable``: there is no such run.
        """
        return self._locate().token

    def check(self, token: str) -> None:
        """Refuse tokens that are not the run's before anything is done for them.

        Raises:
            BridgeError: ``unauthenticated`` or ``unreachable``.
        """
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise BridgeError("unauthenticated", "this token is not the run's")

    async def connect(self, token: str, name: str) -> AsyncClient:
        """Return a client of the run that proves itself with ``token``.

        Raises:
            BridgeError: ``unauthenticated`` or ``unreachable``.
        """
        events = self._locate().events
        try:
            return await aio.connect(events, token=token, name=name, timeout=self.connect_s)
        except AuthenticationError as error:
            raise BridgeError("unauthenticated", "this token is not the run's") from error
        except ConnectionLost as error:
            raise BridgeError("unreachable", "the run does not answer") from error

    def reachable(self) -> bool:
        """Whether a run is there, as far as its connection file tells."""
        try:
            self._locate()
        except BridgeError:
            return False
        return True

    def _locate(self) -> Address:
        try:
            return locate(self.target or None, None)
        except (AuthenticationError, ConfigError, ConnectionLost) as error:
            raise BridgeError("unreachable", str(error)) from error
