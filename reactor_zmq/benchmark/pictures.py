"""Frames that say what they are: numbered, timed, and checked by whoever receives them.

A frame is ``(height, width, 3) uint8``. Sixteen of its 64-bit words, spread evenly from its first
byte on, hold its number, so that one which arrived in part, or was overwritten while it was read,
is told from a whole one at the price of a few cache lines. The word after the first holds the Unix
time at which the producer was done with it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_zmq.benchmark.sizes import CHANNELS, SIZES

Picture = NDArray[np.uint8]

# Every so many frames all bytes are compared, which costs as much as a copy.
COMPARE_EVERY = 64
_MARKS = 16
_WORD = 8


class TornFrameError(ValueError):
    """A frame did not arrive whole: the system under test broke its promise, or the harness did."""


def shape_of(size: str) -> tuple[int, int, int]:
    """Return (height, width, channels) of a size such as ``1920x1080``.

    Raises:
        ValueError: It is no size.
    """
    if size in SIZES:
        return (*SIZES[size], CHANNELS)
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ValueError(f"size {size!r}: write WIDTHxHEIGHT, such as 1920x1080")
    shape = (int(height), int(width), CHANNELS)
    nbytes = int(np.prod(shape))
    if nbytes % _WORD or nbytes < 2 * _MARKS * _WORD:
        raise ValueError(f"size {size!r}: {nbytes} bytes; a multiple of 8, 256 or more, is needed")
    return shape


def stamp(picture: Picture, number: int) -> None:
    """Write number and time into a frame: the last thing that a producer does to it."""
    words = _words(picture)
    _marks(words)[:] = number
    words[1] = time.time_ns()


def made_ns(picture: Picture) -> int:
    """Return the Unix time at which a frame was stamped."""
    return int(_words(picture)[1])


def check(picture: Picture, shape: tuple[int, ...]) -> int:
    """Return a frame's number.

    Raises:
        TornFrameError: It has another shape, or is not whole.
    """
    if picture.shape != shape:
        raise TornFrameError(f"a frame of shape {picture.shape} came instead of {shape}")
    marks = _marks(_words(picture))
    number = int(marks[0])
    if not (marks == marks[0]).all():
        raise TornFrameError(f"frame {number} is not whole: its marks are {marks.tolist()}")
    return number


class Gallery:
    """Two pictures of noise per shape, the same in every process, that a producer sends in turn."""

    def __init__(self) -> None:
        self._pictures: dict[tuple[int, ...], tuple[Picture, Picture]] = {}

    def at(self, shape: tuple[int, ...], number: int) -> Picture:
        """Return the picture that frame ``number`` shows, to be stamped."""
        if shape not in self._pictures:
            rng = np.random.default_rng(1)
            self._pictures[shape] = (_noise(rng, shape), _noise(rng, shape))
        return self._pictures[shape][number % 2]

    def compare(self, picture: Picture, number: int) -> None:
        """Hold every byte of a received frame against what was sent.

        Raises:
            TornFrameError: It differs.
        """
        expected = self.at(picture.shape, number)
        words = _words(expected)
        _marks(words)[:] = number
        words[1] = _words(picture)[1]
        if not np.array_equal(expected, picture):
            raise TornFrameError(f"frame {number} has other bytes than were sent")


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Picture:
    return rng.integers(0, 256, shape, np.uint8)


def _words(picture: Picture) -> NDArray[Any]:
    return picture.reshape(-1).view(np.uint64)


def _marks(words: NDArray[Any]) -> NDArray[Any]:
    # From word 0 on; word 1 is never among them.
    return words[:: words.size // _MARKS][:_MARKS]
