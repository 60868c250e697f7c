"""examples/03_upload_picture."""

from __future__ import annotations

import numpy as np
import pytest
from exhibit import huge_png, load, png, upload

from reactor_zmq import EventError


@pytest.fixture
def example():
    pytest.importorskip("PIL", reason="pictures need pillow")
    return load("03_upload_picture")


@pytest.fixture
def executor(example, hosted):
    return hosted(example.UnderWater)


def test_an_uploaded_picture_is_shown(example, executor):
    """In still water the picture's pixels are the frame's."""
    pixels = np.zeros((288, 384, 3), np.uint8)
    pixels[:, :192], pixels[:, 192:] = (200, 40, 30), (20, 60, 220)
    executor.send_event("set_waves", waves=0)
    messages = executor.send_event("set_picture", picture=png(pixels))
    assert messages == [example.PictureTaken(width=384, height=288)]
    np.testing.assert_array_equal(executor.next().output.main_video, pixels)


def test_waves_move_the_picture(executor):
    """With waves two frames differ, without they don't."""
    moving = [executor.next().output.main_video for _ in range(2)]
    executor.send_event("set_waves", waves=0)
    still = [executor.next().output.main_video for _ in range(2)]
    assert (moving[0] != moving[1]).any()
    assert (still[0] == still[1]).all()


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(executor, data):
    """The caller learns which field is at fault, and the model goes on."""
    with pytest.raises(EventError) as refused:
        executor.send_event("set_picture", picture=upload(data))
    assert (refused.value.code, refused.value.field) == ("invalid_data", "picture")
    assert executor.next().output is not None


def test_a_huge_picture_is_refused_before_it_is_decoded(executor):
    """The header's size decides: this file has no pixels at all."""
    with pytest.raises(EventError, match="6000 x 6000 pixels"):
        executor.send_event("set_picture", picture=huge_png())
