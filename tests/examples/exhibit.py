"""What tests of the examples share: loading one as it is run, and files to upload to it."""

from __future__ import annotations

import importlib.util
import io
import sys
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_zmq import UploadedFile

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(folder: str) -> ModuleType:
    """Import the folder's model.py; modules beside it are found, as when it is run."""
    name = f"example_{folder}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / folder / "model.py")
        assert spec is not None
        assert spec.loader is not None
        sys.path.insert(0, str(EXAMPLES / folder))
        try:
            sys.modules[name] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(EXAMPLES / folder))
    return sys.modules[name]


def png(pixels: NDArray[np.uint8]) -> UploadedFile:
    """Return an upload of a picture, (height, width, 3) uint8."""
    image = pytest.importorskip("PIL.Image", reason="pictures need pillow")
    data = io.BytesIO()
    image.fromarray(pixels).save(data, "PNG")
    return upload(data.getvalue())


def upload(data: bytes) -> UploadedFile:
    return UploadedFile(name="picture.png", mime_type="image/png", size=len(data), data=data)


def huge_png() -> UploadedFile:
    """Return a PNG whose header claims 6000 x 6000 pixels, and that holds none."""
    header = (6000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return upload(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + check
