"""Stand-ins for an image encoder and a diffusion pipe: numpy, no weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# What a word of the prompt means: sky above, sky below, near hills (RGB), rain, stars.
MEANINGS = {
    "sunny": ((64, 140, 230), (206, 232, 250), (96, 168, 60), 0, 0),
    "sunset": ((60, 36, 96), (250, 150, 80), (70, 52, 60), 0, 0),
    "storm": ((30, 36, 48), (104, 114, 126), (40, 62, 52), 1, 0),
    "night": ((6, 8, 28), (36, 44, 88), (14, 26, 34), 0, 1),
    "snow": ((150, 170, 196), (226, 232, 240), (236, 242, 248), 0.5, 0),
    "desert": ((90, 150, 210), (250, 226, 180), (214, 160, 88), 0, 0),
}


class Encoder:
    """Make an embedding, (3,) float32 around 1, of any bytes: how often low, middle, high occur."""

    def __call__(self, data: bytes) -> Floats:
        counts = np.bincount(np.frombuffer(data, np.uint8) // 86, minlength=3)[:3]
        return (0.4 + 1.8 * counts / max(1, counts.sum())).astype(np.float32)


class Pipe:
    """Paint a landscape that slowly turns into what the prompt says."""

    def __init__(self, width: int = 384, height: int = 256) -> None:
        self.width, self.height, self.random = width, height, np.random.default_rng(7)
        self.mood = self._meaning("sunny")
        self.stars = self.random.random((height, width)) > 0.998

    def forward(self, prompt: str, step: int, image: Floats | None = None) -> NDArray[np.uint8]:
        """Return (height, width, 3) uint8; an image embedding tints it."""
        self.mood += 0.12 * (self._meaning(prompt) - self.mood)
        above, below, hills = self.mood[:9].reshape(3, 3)
        rain, night = self.mood[9:]
        down = np.linspace(0, 1, self.height, dtype=np.float32)[:, None, None]
        picture = (above + (below - above) * down).repeat(self.width, 1)
        picture[self.stars] += 170 * night
        for layer in range(4):
            nearness = (layer + 1) / 4
            picture[self._hill(layer, step * nearness)] = below + (hills - below) * nearness
        if rain > 0.05:
            self._rain(picture, rain)
        if image is not None:
            picture *= image
        return np.clip(picture, 0, 255).astype(np.uint8)

    def _hill(self, layer: int, shift: float) -> NDArray[np.bool_]:
        """Return where a range of hills is that has moved by some pixels."""
        x = (np.arange(self.width) + 2 * shift) / self.width * (5 - layer) + 7 * layer
        crest = 0.42 + 0.14 * layer + 0.06 * np.sin(2 * x) + 0.03 * np.sin(5.3 * x + layer)
        return np.arange(self.height)[:, None] > crest * self.height

    def _rain(self, picture: Floats, amount: float) -> None:
        drops = self.random.integers(0, (self.height - 9, self.width - 3), (int(500 * amount), 2))
        for length in range(9):
            picture[drops[:, 0] + length, drops[:, 1] + length // 4] += 36

    def _meaning(self, prompt: str) -> Floats:
        """Return the mean of the prompt's known words, a colour of its own where there is none."""
        known = [np.hstack(MEANINGS[word]) for word in prompt.lower().split() if word in MEANINGS]
        if not known:
            colours = np.random.default_rng(list(prompt.encode())).integers(20, 235, 9)
            known = [np.hstack([colours, 0, 0])]
        return np.mean(known, 0, dtype=np.float32)
