"""A neural cellular automaton that clients grow, cut and feed with photographs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from automaton import ALPHA, Automaton, Rule
from look import Look
from photo import square

from reactor_zmq import (
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
    session_started,
)

Target = Literal["lizard", "butterfly", "flower", "fish", "heart"]
Place = InputField(default=0.5, ge=0, le=1, description="Fraction of the picture's width or height")


CALM = 90  # frames until a photo's cells are as quick as others


class Garden(Output):
    main_video: Video


class State(InputState):
    target: Target = InputField(default="lizard", description="What the cells grow into")
    speed: int = InputField(default=1, ge=0, le=8, description="Steps per frame; 0 stands still")
    noise: float = InputField(default=0.0, ge=0, le=1, description="How unsteady the cells are")
    photo: UploadedFile | None = InputField(default=None, description="A picture to grow out of")
    _cells: Any = None
    _calm: int = 0


class Growth(ModelMessage):
    step: int
    alive: int


class Damaged(ModelMessage):
    cells: int


class NeuralAutomaton(ReactorPipeline):
    """Cells that see only their neighbours grow a picture, keep it, and heal it when it is cut."""

    state: State
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.rule = Rule(Path(__file__).with_name("weights.npz"))
        self.size = int(config.get("grid", 64))
        self.look = Look(self.size, int(config.get("scale", 6)))

    @session_started
    def plant(self) -> None:
        self.state._cells = Automaton(self.size, self.rule, np.random.default_rng())
        self.state._cells.seed()

    @event(name="set_target", description="Grow into something else")
    def set_target(self, target: Target = "lizard") -> None:
        if target != self.state.target:
            self.state._cells.forget()
        self.state.target = target

    @event(name="damage", description="Kill a disc of cells")
    def damage(
        self,
        x: float = Place,
        y: float = Place,
        radius: float = InputField(default=0.12, ge=0.01, le=0.5),
    ) -> Damaged:
        return Damaged(cells=self.state._cells.cut(x, y, radius))

    @event(name="seed", description="Plant one cell")
    def seed(self, x: float = Place, y: float = Place) -> None:
        self.state._cells.seed(x, y)

    @event(name="clear", description="Kill every cell")
    def clear(self) -> None:
        self.state._cells.clear()

    @event(name="set_photo", description="Grow out of an uploaded picture")
    def set_photo(self, photo: UploadedFile) -> None:
        self.state._cells.fill(square(photo.data, self.size))
        self.state.photo, self.state._calm = photo, CALM

    async def inference(self) -> AsyncIterator[Garden]:
        frame = 0
        while True:
            cells: Automaton = self.state._cells
            awake = 0.5 * (1 - self.state._calm / CALM) ** 3
            for _ in range(self.state.speed):
                cells.step(self.state.target, 0.05 * self.state.noise, awake)
            self.state._calm = max(0, self.state._calm - 1)
            if frame % 15 == 0:
                await self.send(Growth(step=cells.age, alive=cells.alive))
            frame += 1
            yield Garden(main_video=self.look.draw(cells.cells[..., : ALPHA + 1]))
