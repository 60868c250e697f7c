"""What a service manager such as systemd is told, by sd_notify(3)."""

from __future__ import annotations

import socket
from contextlib import suppress


class ServiceManager:
    """Tells a service manager how the run does; nothing happens where there is none.

    Args:
        address: ``$NOTIFY_SOCKET``: a path, or ``@name`` in the abstract namespace; or empty.
        watchdog_s: It wants to hear ``WATCHDOG=1`` within so long; 0 where it does not.
    """

    def __init__(self, address: str, watchdog_s: float = 0.0) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every_s = watchdog_s / 2
        self._beat_s = 0.0
        self._status = ""
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def ready(self) -> None:
        """The model takes events."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """The run ends."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """Show a line to whoever asks for the service's status."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={text}")

    def beat(self, now: float) -> None:
        """Say that all is well, at half the interval within which that is wanted."""
        if self._every_s and now - self._beat_s >= self._every_s:
            self._beat_s = now
            self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, line: str) -> None:
        if self._socket is not None:
            # A manager that does not listen is no reason for the run to end.
            with suppress(OSError):
                self._socket.sendto(line.encode(), self._address)
