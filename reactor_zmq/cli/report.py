"""What a run tells its operator: each step as a line of the log."""

from __future__ import annotations

import logging
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
    """An observer of a run; called in the thread that runs it.

    Attributes:
        misled: Why nothing could be loaded when that was no fault of the author's code: the
            target or its configuration are wrong. Empty otherwise.
    """

    def __init__(self, name: str, display: LoadDisplay) -> None:
        self.misled = ""
        self._name = name
        self._display = display

    def __call__(self, step: RunEvent) -> None:
        """Tell one step."""
        if isinstance(step, LoadProgress):
            self._display.show(step)
            return
        self._display.done()
        match step:
            case Bound(events, frames, path, port):
                _say("%s is listening", self._name, events=events, frames=frames, file=path)
                if port:
                    _say("probes are answered", health=f"http://127.0.0.1:{port}/health/ready")
            case ModelReady(model, epoch, load_s):
                text = "%s is ready; look at it with: reactor-zmq watch %s"
                _say(text, model, self._name, epoch=epoch, load_s=round(load_s, 3))
            case LoadFailure(text, traceback):
                self._load_failed(text, traceback)
            case ActorLost("load_failed", _):
                pass  # told by LoadFailure already
            case ActorLost(reason, final):
                what = "given up" if final else "restarted"
                _say("the actor is %s", what, level=logging.WARNING, reason=reason)
            case Stopping():
                _say("stopping")

    def _load_failed(self, text: str, traceback: str) -> None:
        if not traceback:
            self.misled = text
            return
        _say("the author's code failed:\n%s", traceback.rstrip(), level=logging.ERROR)
        _say("the model can't be loaded: %s", text, level=logging.ERROR)


def _say(text: str, *values: object, level: int = logging.INFO, **facts: object) -> None:
    _log.log(level, text, *values, extra={"facts": facts})
