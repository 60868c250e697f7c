"""Sizes of frames that have a name."""

from __future__ import annotations

SIZES: dict[str, tuple[int, int]] = {
    "320x240": (240, 320),
    "640x480": (480, 640),
    "1280x720": (720, 1280),
    "1920x1080": (1080, 1920),
    "3840x2160": (2160, 3840),
}
CHANNELS = 3
