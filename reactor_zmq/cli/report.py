"""What a run tells its operator: each step as a line of the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from reactor_zmq.runtime.observer import (
    ActorLost,
    Bound,
    LoadFailure,
    LoadProgress,
    ModelReady,
    RunEvent,
    Stopping,
)

_log = logging.getLogger("reactor_zmq.run")


class LoadDisplay(Protocol):
    """Shows how a load goes on."""

    def show(self, progress: LoadProgress) -> None:
        """Show how far it has come."""
        ...

    def done(self) -> None:
        """Show no load any more."""
        ...


class RunReport:
    """An observer of a run; called in the thread that runs it."""

    def __init__(self, name: str, display: LoadDisplay) -> None:
        self._name = name
        self._display = display

    def __call__(self, step: RunEvent) -> None:
        """Tell one step."""
        match step:
            case Bound(events, frames, path):
                self._bound(events, frames, path)
            case LoadProgress():
                self._display.show(step)
            case ModelReady(model, epoch, load_s):
                self._display.done()
                self._say(
                    logging.INFO,
                    f"{model} is ready; look at it: reactor-zmq watch {self._name}",
                    epoch=epoch,
                    load_s=round(load_s, 3),
                )
            case LoadFailure(text, traceback):
                self._display.done()
                self._say(logging.ERROR, f"{traceback.rstrip()}\n" if traceback else "")
                self._say(logging.ERROR, f"the model can't be loaded: {text}")
            case ActorLost(reason, final):
                self._display.done()
                what = "is given up" if final else "is restarted"
                self._say(logging.WARNING, f"the actor {what}", reason=reason)
            case Stopping():
                self._display.done()
                self._say(logging.INFO, "stopping")

    def _bound(self, events: str, frames: str, path: Path) -> None:
        self._say(logging.INFO, f"{self._name} is listening; loading the model")
        self._say(logging.INFO, "endpoints", events=events, frames=frames)
        self._say(logging.INFO, "connection file", path=str(path))

    @staticmethod
    def _say(level: int, text: str, **facts: object) -> None:
        if text:
            _log.log(level, "%s", text, extra={"facts": facts})
