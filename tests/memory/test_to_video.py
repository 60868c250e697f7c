"""From samples to pictures: what the words say, on the host and by the kernel, to the bit."""

from __future__ import annotations

import ctypes
import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from kernel_on_host import CudaLike, HostKernelDriver

from reactor_zmq.memory import to_video as module
from reactor_zmq.memory.arrays import check_video
from reactor_zmq.memory.picture_device import DevicePictures
from reactor_zmq.memory.to_video import to_video

F = np.float32
DTYPES = ("u1", "f2", "f4", "f8")


def one_sample(value, value_range):
    """Return a sample between 0 and 255 as the documentation has it."""
    if isinstance(value, np.uint8):
        return F(value)
    low, high = value_range
    with np.errstate(all="ignore"):
        scaled = (F(value) - F(low)) * F(255 / (high - low))
    if math.isnan(scaled):
        return F(0)
    return min(max(scaled, F(0)), F(255))


def between(first, second, share):
    return first + (second - first) * share


def place(at, came, wanted):
    exact = max((F(at) + F(0.5)) * F(came / wanted) - F(0.5), F(0))
    first = min(int(exact), came - 1)
    return first, min(first + 1, came - 1), exact - F(first)


def one_pixel(picture, y, x, size, value_range):
    """Return the channels of one pixel of a resized picture."""
    height, width, channels = picture.shape
    (up, down, share_y), (left, right, share_x) = (
        place(y, height, size[0]),
        place(x, width, size[1]),
    )
    found = []
    for c in range(channels):
        corners = [
            one_sample(picture[row, column, c], value_range)
            for row in (up, down)
            for column in (left, right)
        ]
        rows = [between(corners[k], corners[k + 1], share_x) for k in (0, 2)]
        found.append(between(*rows, share_y))
    return found


def mixed(pixel, wanted):
    """Return a pixel with as many channels as wanted, rounded."""
    if wanted == 1 and len(pixel) >= 3:
        pixel = [pixel[0] * F(0.299) + pixel[1] * F(0.587) + pixel[2] * F(0.114)]
    if wanted > len(pixel):
        pixel = (pixel * 3 if len(pixel) == 1 else pixel)[:3]
    whole = [math.floor(value + F(0.5)) for value in pixel[:wanted]]
    return whole + [255] * (wanted - len(whole))


def reference(picture, channels, size, value_range):
    """Return a picture of ``(height, width, channels)`` samples, one by one."""
    return np.array(
        [
            [mixed(one_pixel(picture, y, x, size, value_range), channels) for x in range(size[1])]
            for y in range(size[0])
        ],
        np.uint8,
    )


@st.composite
def cases(draw):
    """Return (array, wish): any dtype, order of axes, strides, range, channels and size."""
    channels = draw(st.sampled_from([1, 3, 4]))
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    values = (
        st.integers(0, 255)
        if dtype.kind == "u"
        else st.floats(-3, 3, width=16)
        | st.sampled_from([math.nan, math.inf, -math.inf, 0.5, 1 / 255])
    )
    picture = draw(arrays.arrays(dtype, (height, width, channels), elements=values))
    layout = draw(st.sampled_from(["hwc", "chw"]))
    given_as = picture.transpose(2, 0, 1).copy() if layout == "chw" else picture
    if draw(st.booleans()):  # a view with a stride of its own
        wide = np.repeat(given_as, 2, axis=-1)
        given_as = wide[..., ::2]
    wish = {
        "layout": layout,
        "value_range": draw(st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.1, 0.7)])),
        "channels": draw(st.sampled_from([1, 3, 4])),
        "size": (draw(st.integers(1, 7)), draw(st.integers(1, 7))),
    }
    return picture, given_as, wish


def by_kernel(array, wish, monkeypatch_target):
    """Return what the kernel makes of an array that says it is on a GPU."""
    made = to_video(CudaLike(array), **wish)
    return np.frombuffer(ctypes.string_at(made.pointer, made.nbytes), np.uint8).reshape(made.shape)


@pytest.fixture(scope="module")
def driver():
    """Let the GPU's way lead through the host's kernel."""
    driver = HostKernelDriver()
    pictures = DevicePictures(driver, lambda source, capability: b"image")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "open_pictures", lambda: pictures)
        yield driver


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_the_host_does_what_is_documented(case):
    """Each pixel is the one that the words give, whatever the dtype, the strides and the size."""
    picture, given_as, wish = case
    made = to_video(given_as, **wish)
    assert made.dtype == np.uint8
    assert made.flags.c_contiguous
    expected = reference(picture, wish["channels"], wish["size"], wish["value_range"])
    assert np.array_equal(made, expected)


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_the_kernel_gives_the_same_bits(driver, case):
    """The CUDA source, compiled for this processor, agrees with the host's way to the bit."""
    _, given_as, wish = case
    assert np.array_equal(by_kernel(given_as, wish, driver), to_video(given_as, **wish))


def test_batches(driver):
    """A batch is made frame by frame, and stays one."""
    batch = np.random.default_rng(1).random((3, 3, 70, 90), np.float32)
    made = to_video(batch, layout="chw", channels=4, size=(35, 64))
    assert made.shape == (3, 35, 64, 4)
    for k in range(3):
        one = to_video(batch[k], layout="chw", channels=4, size=(35, 64))
        assert np.array_equal(made[k], one)
    assert np.array_equal(
        by_kernel(batch, {"layout": "chw"}, driver), to_video(batch, layout="chw")
    )


def test_large_pictures_in_blocks():
    """Where one block of rows ends and the next begins does not show."""
    picture = np.random.default_rng(2).random((700, 300, 3), np.float32)
    whole = np.floor(picture * F(255) + F(0.5)).astype(np.uint8)
    assert np.array_equal(to_video(picture), whole)
    assert np.array_equal(to_video(whole), whole)
    flipped = to_video(picture[::-1], size=(350, 150))
    assert np.array_equal(flipped, to_video(picture[::-1].copy(), size=(350, 150)))


def test_memory_on_a_device_goes_back(driver):
    """What was made of an array of no known library is memory of our own, for as long as used."""
    array = CudaLike(np.zeros((4, 4, 3), np.float32))
    made = to_video(array)
    assert check_video("main", made) is made
    assert made.told.startswith("picture (4, 4, 3) uint8 of kernel_on_host.CudaLike")
    assert len(driver.memory) == 1
    del made
    assert not driver.memory
    assert ("launch", 9) in driver.log
    assert driver.log.count(("load",)) == 1


@pytest.mark.parametrize(
    ("value", "wish", "error", "words"),
    [
        (np.zeros((3, 8, 8)), {}, ValueError, r"'main'.*\(3, 8, 8\) float64.*layout='chw'"),
        (np.zeros((8, 8, 3), np.float32), {"layout": "chw"}, ValueError, "layout='hwc'"),
        (np.zeros((8, 8, 3), np.int64), {}, TypeError, "'main'.*int64.*cast it to uint8"),
        (np.zeros((8, 8, 2)), {"channels": 3}, ValueError, "2 channels don't become 3"),
        (np.zeros((8, 8, 3)), {"value_range": (1, 0)}, ValueError, r"\(black, white\)"),
        (np.zeros((8, 8, 3)), {"value_range": (0, math.inf)}, ValueError, r"\(black, white\)"),
        (np.zeros((8, 8, 3)), {"value_range": (0, 1e-320)}, ValueError, "beyond float32"),
        (np.zeros((8, 8, 3)), {"size": (0, 4)}, ValueError, r"\(height, width\)"),
        (np.zeros((8, 8, 3)), {"layout": "cwh"}, ValueError, "'hwc' or 'chw'"),
        (np.zeros((0, 8, 3)), {}, ValueError, "expected"),
        (np.zeros(8), {}, ValueError, "expected"),
        (7, {}, TypeError, "expected an array"),
    ],
)  # fmt: skip
def test_what_does_not_fit(value, wish, error, words):
    """Errors name the track, what came and what to call."""
    with pytest.raises(error, match=words):
        to_video(value, track="main", **wish)


def test_a_mask_is_refused(driver):
    """No frame carries a mask."""
    with pytest.raises(TypeError, match="mask"):
        to_video(CudaLike(np.zeros((2, 2, 3)), mask=object()))


def test_torch_on_the_host():
    """A tensor becomes a tensor, also one of numbers that numpy has not."""
    torch = pytest.importorskip("torch")
    tensor = torch.rand(3, 20, 30, requires_grad=True)
    made = to_video(tensor, layout="chw")
    assert made.dtype is torch.uint8
    assert np.array_equal(made.numpy(), to_video(tensor.detach().numpy(), layout="chw"))
    coarse = tensor.detach().to(torch.bfloat16)
    expected = to_video(coarse.float().numpy(), layout="chw")
    assert np.array_equal(to_video(coarse, layout="chw").numpy(), expected)


def test_numbers_that_numpy_has_not(driver):
    """The kernel reads bfloat16 and each float16, subnormal ones included, as they are."""
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(256, 256)
    assert np.array_equal(by_kernel(halves, {}, driver), to_video(halves))
    view = importlib.import_module("reactor_zmq.memory.foreign").DeviceView
    samples = np.random.default_rng(3).random((16, 16), np.float32)
    coarse = (samples.view(np.uint32) >> 16).astype(np.uint16)
    exact = (coarse.astype(np.uint32) << 16).view(np.float32)
    from_coarse = view(coarse, "", coarse.ctypes.data, (16, 16), (16, 1), "bfloat16", 1)
    plan = module.plan_picture("main", "", (16, 16), "bfloat16", module.Wish())
    out = np.empty((16, 16, 1), np.uint8)
    module.open_pictures().convert(from_coarse, plan, out.ctypes.data)
    assert np.array_equal(out, to_video(exact))
