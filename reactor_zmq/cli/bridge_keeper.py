"""The bridge of ``run --bridge``: a process of its own, started again when it ends."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from reactor_zmq.cli.bridge import check_installed, page_url
from reactor_zmq.client.discovery import read_connection_file
from reactor_zmq.config import Supervision
from reactor_zmq.errors import ConfigError

_log = logging.getLogger("reactor_zmq.bridge")
_HOST = "127.0.0.1"
_STOP_S = 5.0


class BridgeKeeper:
    """Keeps one bridge running; a context manager that ends it.

    The listening socket belongs to this process: while the bridge is started again, browsers
    wait at the same port instead of being refused. The bridge ends when its stdin does, so none
    is left however this process ends.

    Raises:
        ConfigError: The port is taken, or the bridge is not installed.
    """

    def __init__(self, port: int) -> None:
        check_installed()
        try:
            self._listener = socket.create_server((_HOST, port), backlog=128)
        except OSError as error:
            raise ConfigError(f"--bridge: port {port} can't be had: {error.strerror}") from error
        self.port: int = self._listener.getsockname()[1]
        self._supervision = Supervision()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self, connection_file: Path) -> None:
        """Start the bridge of the run that has written this file, and keep it running."""
        self._thread = threading.Thread(target=self._keep, args=(connection_file,), daemon=True)
        self._thread.start()

    def url(self, connection_file: Path) -> str:
        """Return the page's address, with the run's token in its fragment."""
        return page_url(_HOST, self.port, read_connection_file(connection_file).token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over.set()
            if self._process is not None:
                self._process.terminate()
        if self._thread is not None:
            self._thread.join()
        self._listener.close()

    def _keep(self, connection_file: Path) -> None:
        failures, waits = 0, self._supervision.backoff_s
        while self._launch(connection_file):
            started = time.monotonic()
            code = self._wait()
            if self._over.is_set():
                return
            if time.monotonic() - started >= self._supervision.healthy_s:
                failures = 0
            wait_s = waits[min(failures, len(waits) - 1)]
            failures += 1
            facts = {"code": code, "after_s": wait_s}
            _log.warning("the bridge has ended and is started again", extra={"facts": facts})
            self._over.wait(wait_s)

    def _launch(self, connection_file: Path) -> bool:
        """Start the process; False when the end has come."""
        fd = self._listener.fileno()
        command = [
            *(sys.executable, "-m", "reactor_zmq.cli.main", "bridge", str(connection_file)),
            *("--listen-fd", str(fd)),
        ]
        with self._lock:
            if self._over.is_set():
                return False
            # In a session of its own: Ctrl-C is for the run, which ends its bridge last.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=(fd,),
                start_new_session=True,
            )
            return True

    def _wait(self) -> int:
        process = self._process
        assert process is not None  # noqa: S101 - it was launched
        while (code := process.poll()) is None:
            if self._over.is_set():
                return self._reap(process)
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                continue
        self._close(process)
        return code

    def _reap(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._close(process)

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
