"""The classes that an author's model derives from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from reactor_zmq.model.declare import Declared, read_declarations
from reactor_zmq.model.discover import check_annotated_tracks
from reactor_zmq.model.messages import ModelMessage
from reactor_zmq.model.port import OutputControl, Port
from reactor_zmq.model.tracks import Output

_PORT = "_port"
_DECLARED = "_ReactorModel__declared"


class ReactorModel:
    """A model with a loop of its own: override ``run``.

    Everything is called in one thread, the model's own, between and inside its turns.

    Attributes:
        fps: Frames per second; None follows the measured turn.
        buffer_size: Frames that may wait for their time before the next turn starts.
        state: The session's state; there from ``@session_started`` to the end of
            ``@session_ended``.
    """

    fps: float | None = None
    buffer_size: int = 2

    _port: Port | None = None
    __declared: ClassVar[Declared | None] = None

    if TYPE_CHECKING:
        # Authors annotate these with their own classes and name load's parameter as they like.
        state: Any
        input: Any

        def load(self, *args: Any, **kwargs: Any) -> Any:
            """Load weights; called once, before any client."""
    else:

        def load(self, config: dict[str, Any]) -> None:
            """Load weights; called once, before any client.

            Args:
                config: The parsed mapping; a parameter named ``config_path`` gets the path instead.
            """

        @property
        def input(self) -> Any:
            """The input tracks: ``await self.input.camera.read()``."""
            return self.__hosted("input").input

        def __getattr__(self, name: str) -> Any:
            if name == "state":
                raise RuntimeError(
                    f"{type(self).__name__}.state is there while a session runs: "
                    "from @session_started to the end of @session_ended"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__declared = found = read_declarations(cls)
        check_annotated_tracks(cls, found.scope)

    async def run(self) -> None:
        """Run for as long as the actor lives; the default waits for ever."""
        await asyncio.Event().wait()

    @property
    def connected(self) -> asyncio.Event:
        """Set while at least one client is there."""
        return self.__hosted("connected").connected

    @property
    def output(self) -> OutputControl:
        """Pacing and slots: ``fps``, ``flush()``, ``loan()``, ``picture()``."""
        return self.__hosted("output").output

    async def send(self, message: ModelMessage) -> None:
        """Send a message to every client of the session."""
        await self.__hosted("send").send(message)

    async def emit(
        self, output: Output | Any, compute_time: float | None = None, drop: bool = False
    ) -> None:
        """Hand an Output over.

        Args:
            output: One payload for each track, or a bare array when there is one video track.
            compute_time: Seconds that it took, for pacing; measured when None.
            drop: Rather drop these frames than wait.
        """
        await self.__hosted("emit").emit(output, compute_time, drop=drop)

    def report_progress(self, done: float, total: float = 0, text: str = "") -> None:
        """Tell clients how far ``load`` has come; ``total`` is 0 where nobody knows."""
        self.__hosted("report_progress").progress(done, total, text)

    def __hosted(self, name: str) -> Port:
        if self._port is None:
            raise RuntimeError(
                f"{type(self).__name__}.{name} is there once the runtime hosts the model: "
                "from load() on, not in __init__"
            )
        return self._port


class ReactorPipeline(ReactorModel):
    """A model that yields its frames from ``inference``."""

    def inference(self) -> Iterator[Any] | AsyncIterator[Any]:
        """Yield an Output, a bare array, ``Idle`` or None; a turn lasts from yield to yield.

        Starts when the first client is there and is closed when the last has left.
        """
        raise NotImplementedError(f"{type(self).__name__} has no inference()")


def attach_port(model: ReactorModel, port: Port) -> None:
    """Connect an instance to its host; called before ``load()``."""
    setattr(model, _PORT, port)


def declared(cls: type[ReactorModel]) -> Declared:
    """Return what a model class declares.

    Raises:
        TypeError: It is no author's class.
    """
    if cls in (ReactorModel, ReactorPipeline):
        raise TypeError(f"{cls.__name__} is a base: derive a model from it")
    return cast("Declared", getattr(cls, _DECLARED))
