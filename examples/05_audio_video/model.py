"""A tone that clients tune, heard and seen: sound and picture of one moment in one Output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reactor_zmq import Audio, InputField, InputState, Output, ReactorPipeline, Video

RATE, FPS = 48_000, 30
SAMPLES = RATE // FPS
WIDTH, HEIGHT = 480, 270
GROUND = np.zeros((HEIGHT, WIDTH, 3), np.uint8) + np.array([8, 12, 20], np.uint8)
GROUND[::27], GROUND[:, ::30] = (18, 28, 40), (18, 28, 40)


class Sound(Output):
    scope: Video
    tone: Audio


class State(InputState):
    pitch: float = InputField(default=220.0, ge=40, le=4000, description="Hertz")
    wave: Literal["sine", "triangle", "saw", "square"] = InputField(default="sine")
    volume: float = InputField(default=0.4, ge=0, le=1)


def shape(wave: str, turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the wave, -1..1, at a phase counted in turns."""
    if wave == "sine":
        return np.sin(2 * np.pi * turns)
    saw = 2 * (turns % 1) - 1
    return {"triangle": 2 * abs(saw) - 1, "saw": saw, "square": np.sign(saw)}[wave]


def oscilloscope(sound: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Draw the wave from its first rise on, and the spectrum below it."""
    picture = GROUND.copy()
    rises = np.flatnonzero((sound[:-1] <= 0) & (sound[1:] > 0))
    start = rises[0] if len(rises) and rises[0] < SAMPLES - WIDTH else 0
    heights = np.round(90 - 80 * sound[start : start + WIDTH]).astype(int)
    low, high = np.minimum(heights[:-1], heights[1:]), np.maximum(heights[:-1], heights[1:])
    rows = np.arange(HEIGHT)[:, None]
    picture[:, 1:][(rows >= low - 1) & (rows <= high + 1)] = (70, 230, 160)
    power = abs(np.fft.rfft(sound * np.hanning(SAMPLES)))[1 : 1 + WIDTH // 3]
    bars = np.clip(26 * np.log10(1 + 4 * power), 0, 76).repeat(3)
    picture[rows > HEIGHT - 2 - bars] = (250, 170, 70)
    picture[:, 2::3][HEIGHT - 80 :] //= 2
    return picture


class Tone(ReactorPipeline):
    """A tone with an oscilloscope."""

    state: State
    fps = FPS

    def inference(self) -> Iterator[Sound]:
        phase, pitch, volume = 0.0, self.state.pitch, 0.0
        while True:
            # Glide, so that a change of pitch or volume does not click.
            pitches = np.linspace(pitch, self.state.pitch, SAMPLES)
            volumes = np.linspace(volume, self.state.volume, SAMPLES)
            pitch, volume = self.state.pitch, self.state.volume
            turns = phase + np.cumsum(pitches) / RATE
            phase = turns[-1] % 1
            sound = volumes * shape(self.state.wave, turns)
            samples = np.round(32_000 * sound).astype(np.int16)
            yield Sound(scope=oscilloscope(sound), tone=samples[None])
