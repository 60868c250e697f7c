"""The bridge's recording: one ``reactor-zmq record`` at a time, shared by all who may steer."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from reactor_zmq_bridge.errors import BridgeError

_log = logging.getLogger("reactor_zmq.bridge")
_STOP_S = 30.0
_FIGURES = ("elapsed_s", "frames", "gaps", "dropped", "nbytes", "free_nbytes")
# Longest line of progress, and all that is kept of what a recorder complains of.
_COMPLAINT_NBYTES = 4096


class Tape:
    """Records the run into a folder of the operator's; belongs to the loop's thread.

    The recorder is a process of its own: its encoders cost the bridge's viewers nothing. It ends
    when nobody reads its progress any more, so none is left when the bridge is killed.

    Args:
        folder: Where the files go.
        target: The run, as the bridge was told.
        changed: Called when ``told`` has changed.
    """

    def __init__(self, folder: Path, target: str, changed: Callable[[], None]) -> None:
        self._folder, self._target, self._changed = folder, target, changed
        self._state, self._name, self._error = "idle", "", ""
        self._figures: dict[str, Any] = {}
        self._files: set[str] = set()
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()

    @property
    def told(self) -> dict[str, object]:
        """What browsers are told: state, file, figures, and why the last one ended early."""
        return {"state": self._state, "name": self._name, "error": self._error, **self._figures}

    def file(self, name: str) -> Path | None:
        """Return a recording that this bridge has made and ended; None for all else."""
        return self._folder / name if name in self._files else None

    async def start(self, model: str) -> None:
        """Begin a recording.

        Raises:
            BridgeError: ``busy``: there is one.
        """
        if self._state != "idle":
            raise BridgeError("busy", f"{self._name} is being recorded")
        tidy = re.sub(r"[^A-Za-z0-9_-]+", "_", model) or "run"
        self._name = f"{tidy}_{time.strftime('%Y-%m-%d_%H-%M-%S')}.mcap"
        self._state, self._error, self._figures = "recording", "", {}
        self._begun.clear()
        command = [sys.executable, "-m", "reactor_zmq.cli.main", "record"]
        where = ["--json", "--out", str(self._folder / self._name)]
        target = [self._target] if self._target else []
        self._process = await asyncio.create_subprocess_exec(
            *command, *target, *where, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        self._task = asyncio.create_task(self._follow(self._process))
        self._changed()

    async def stop(self) -> None:
        """End the recording in order; return when the file is whole.

        Raises:
            BridgeError: ``not_recording``.
        """
        process, task = self._process, self._task
        if process is None or task is None or self._state == "idle":
            raise BridgeError("not_recording", "nothing is being recorded")
        # Before its first line it can't be asked to end in order.
        await self._begun.wait()
        self._state = "ending" if self._state == "recording" else self._state
        self._changed()
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait((task,), timeout=_STOP_S)

    async def close(self) -> None:
        """End the recording, if there is one, before the bridge ends."""
        with suppress(BridgeError):
            await self.stop()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._task is not None:
            await self._task

    async def _follow(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        complaints = asyncio.create_task(_last(process.stderr))
        async for line in process.stdout:
            with suppress(msgspec.DecodeError):
                found = msgspec.json.decode(line, type=dict[str, Any])
                self._figures = {name: found[name] for name in _FIGURES if name in found}
            self._begun.set()
            self._changed()
        code = await process.wait()
        said = await complaints
        self._error = "" if code == 0 else said or f"the recorder ended with {code}"
        if self._error:
            _log.warning("%s: %s", self._name, self._error)
        if (self._folder / self._name).is_file():
            self._files.add(self._name)
        else:
            self._name = ""
        self._state = "idle"
        self._begun.set()
        self._changed()


async def _last(stream: asyncio.StreamReader) -> str:
    """Return the last line that a process complains with."""
    kept = b""
    while piece := await stream.read(_COMPLAINT_NBYTES):
        kept = (kept + piece)[-_COMPLAINT_NBYTES:]
    lines = kept.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("reactor-zmq: ") if lines else ""
