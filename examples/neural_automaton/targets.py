"""Pictures that the automaton learns to grow, painted from strokes, discs and polar curves.

A picture is (SIZE, SIZE, 4) float32, premultiplied RGBA in 0..1. Only training and tests need them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array, Mask = NDArray[np.float32], NDArray[np.bool_]
SIZE, OVERSAMPLING = 32, 10
_AXIS = (np.arange(SIZE * OVERSAMPLING, dtype=np.float32) + 0.5) * (2 / (SIZE * OVERSAMPLING)) - 1
X, Y = np.meshgrid(_AXIS, _AXIS)  # -1..1, y grows downwards


class Canvas:
    """Paint shapes, later ones on top, onto an oversampled transparent canvas."""

    def __init__(self) -> None:
        self.pixels = np.zeros((*X.shape, 4), np.float32)

    def fill(self, inside: Mask, red: int, green: int, blue: int) -> None:
        self.pixels[inside] = (red / 255, green / 255, blue / 255, 1)

    def shade(self, inside: Mask, factor: float) -> None:
        """Darken or lighten what is painted inside a shape."""
        self.pixels[inside, :3] = np.clip(self.pixels[inside, :3] * factor, 0, 1)

    def picture(self) -> Array:
        cells = self.pixels.reshape(SIZE, OVERSAMPLING, SIZE, OVERSAMPLING, 4)
        return cells.mean((1, 3), dtype=np.float32)


def disc(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0) -> Mask:
    """Return where an ellipse is; ``turn`` in radians."""
    u, v = X - x, Y - y
    along, across = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    return (along / rx) ** 2 + (across / (ry or rx)) ** 2 < 1


def stroke(*knots: tuple[float, float, float]) -> Mask:
    """Return where a smooth brush stroke through ``(x, y, radius)`` knots is."""
    at = np.linspace(0, 1, len(knots))
    fine = np.linspace(0, 1, 24 * len(knots))
    kernel = np.hanning(27)[1:-1] / np.hanning(27).sum()
    rows = (np.pad(np.interp(fine, at, row), 12, mode="edge") for row in np.transpose(knots))
    inside = np.zeros(X.shape, bool)
    for x, y, radius in zip(*(np.convolve(row, kernel, "valid") for row in rows), strict=True):
        inside |= (X - x) ** 2 + (Y - y) ** 2 < radius**2
    return inside


def lizard() -> Canvas:
    canvas = Canvas()
    legs = (
        stroke((-0.1, -0.38, 0.08), (-0.42, -0.5, 0.07), (-0.5, -0.78, 0.08)),
        stroke((0.1, -0.3, 0.08), (0.42, -0.2, 0.07), (0.62, -0.42, 0.08)),
        stroke((-0.1, 0.2, 0.09), (-0.44, 0.1, 0.07), (-0.6, 0.34, 0.08)),
        stroke((0.1, 0.26, 0.09), (0.38, 0.42, 0.07), (0.3, 0.7, 0.08)),
    )
    for leg in legs:
        canvas.fill(leg, 34, 139, 84)
    body = stroke(
        (0.02, -0.7, 0.2), (-0.02, -0.46, 0.14), (0.04, -0.25, 0.21), (0.04, 0.02, 0.23),
        (-0.02, 0.3, 0.16), (-0.12, 0.52, 0.11), (-0.3, 0.76, 0.08), (-0.56, 0.82, 0.055),
        (-0.78, 0.66, 0.04),
    )  # fmt: skip
    canvas.fill(body, 64, 190, 96)
    ridge = stroke((0.02, -0.5, 0.04), (0.05, -0.1, 0.09), (0, 0.25, 0.06), (-0.13, 0.53, 0.035))
    canvas.fill(ridge, 190, 226, 92)
    for x, y in ((-0.1, -0.24), (0.2, -0.16), (-0.11, 0.02), (0.18, 0.08), (-0.12, 0.27)):
        canvas.fill(disc(x, y, 0.06), 24, 112, 92)
    for side in (-1, 1):
        canvas.fill(disc(0.02 + 0.13 * side, -0.72, 0.1), 250, 248, 220)
        canvas.fill(disc(0.02 + 0.14 * side, -0.73, 0.055), 20, 24, 38)
    return canvas


def butterfly() -> Canvas:
    canvas = Canvas()
    for side in (-1, 1):
        canvas.fill(disc(0.46 * side, -0.3, 0.5, 0.34, -0.62 * side), 104, 62, 168)
        canvas.fill(disc(0.36 * side, 0.4, 0.36, 0.27, 0.8 * side), 104, 62, 168)
        canvas.fill(disc(0.46 * side, -0.3, 0.42, 0.26, -0.62 * side), 255, 138, 32)
        canvas.fill(disc(0.36 * side, 0.4, 0.28, 0.19, 0.8 * side), 236, 74, 88)
        canvas.fill(disc(0.36 * side, -0.2, 0.2, 0.12, -0.62 * side), 255, 206, 74)
        canvas.fill(disc(0.64 * side, -0.46, 0.085), 255, 246, 214)
        canvas.fill(disc(0.44 * side, 0.5, 0.08), 255, 220, 150)
        feeler = stroke(
            (0.03 * side, -0.45, 0.03), (0.1 * side, -0.72, 0.03), (0.26 * side, -0.9, 0.045)
        )
        canvas.fill(feeler, 150, 104, 214)
    canvas.fill(
        stroke((0, -0.5, 0.1), (0, -0.1, 0.1), (0, 0.35, 0.07), (0, 0.72, 0.04)), 74, 44, 122
    )
    return canvas


def flower() -> Canvas:
    canvas = Canvas()
    canvas.fill(stroke((0, -0.1, 0.06), (0.05, 0.4, 0.055), (-0.03, 0.92, 0.06)), 52, 140, 66)
    for side, y in ((-1, 0.66), (1, 0.52)):
        leaf = disc(0.3 * side, y, 0.3, 0.12, -0.5 * side)
        canvas.fill(leaf, 76, 176, 80)
        canvas.shade(leaf & disc(0.3 * side, y + 0.05, 0.26, 0.06, -0.5 * side), 0.8)
    angle, radius = np.arctan2(Y + 0.3, X), np.hypot(X, Y + 0.3)
    canvas.fill(radius < 0.44 + 0.17 * np.cos(7 * angle), 226, 62, 148)
    canvas.fill(radius < 0.33 + 0.12 * np.cos(7 * angle), 252, 134, 192)
    canvas.fill(disc(0, -0.3, 0.19), 240, 160, 30)
    canvas.fill(disc(-0.03, -0.33, 0.12), 255, 216, 72)
    return canvas


def fish() -> Canvas:
    canvas = Canvas()
    canvas.fill(stroke((0.4, 0, 0.1), (0.66, -0.26, 0.1), (0.86, -0.5, 0.06)), 255, 170, 40)
    canvas.fill(stroke((0.4, 0, 0.1), (0.66, 0.26, 0.1), (0.86, 0.5, 0.06)), 255, 170, 40)
    canvas.fill(stroke((-0.3, -0.36, 0.06), (0, -0.56, 0.12), (0.34, -0.5, 0.05)), 255, 170, 40)
    canvas.fill(stroke((-0.12, 0.4, 0.06), (0.06, 0.58, 0.1), (0.24, 0.6, 0.04)), 255, 170, 40)
    body = disc(-0.22, 0, 0.68, 0.44) | stroke((0.2, 0, 0.28), (0.5, 0, 0.12))
    canvas.fill(body, 36, 118, 220)
    canvas.shade(body & disc(-0.2, 0.34, 0.7, 0.3), 1.45)
    for x, width in ((-0.3, 0.075), (0.06, 0.07), (0.38, 0.05)):
        canvas.fill(body & (abs(X - x + 0.16 * Y**2) < width), 250, 250, 245)
    canvas.fill(disc(-0.12, 0.08, 0.17, 0.09, 0.5), 255, 190, 70)
    canvas.fill(disc(-0.58, -0.1, 0.125), 252, 252, 246)
    canvas.fill(disc(-0.6, -0.1, 0.07), 16, 20, 36)
    return canvas


def heart() -> Canvas:
    canvas = Canvas()
    for scale, colour in ((1.0, (150, 14, 56)), (0.84, (230, 32, 76))):
        x, y = X / (0.7 * scale), -Y / (0.7 * scale)
        canvas.fill((x**2 + y**2 - 1) ** 3 - x**2 * y**3 < 0, *colour)
    canvas.fill(
        stroke((-0.52, 0.04, 0.06), (-0.5, -0.28, 0.09), (-0.32, -0.47, 0.07)), 255, 138, 158
    )
    canvas.fill(disc(-0.14, -0.4, 0.06), 255, 196, 206)
    return canvas


PAINTERS: dict[str, Callable[[], Canvas]] = {
    painter.__name__: painter for painter in (lizard, butterfly, flower, fish, heart)
}


def paint(name: str) -> Array:
    """Return the picture of that name, (SIZE, SIZE, 4) float32, premultiplied RGBA."""
    return PAINTERS[name]().picture()
