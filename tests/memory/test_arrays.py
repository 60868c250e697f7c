"""What a model may yield, and what it is told when it yields something else."""

from __future__ import annotations

import array as stdlib_array
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reactor_zmq.memory.arrays import as_array, check_audio, check_video, is_batch, video_shape
from reactor_zmq.memory.device import DeviceArray
from reactor_zmq.memory.to_video import to_video

FRAME = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


class Interface:
    """An object with ``__array_interface__`` alone, as a picture of Pillow has it."""

    def __init__(self, held):
        self.held = held
        self.__array_interface__ = held.__array_interface__


class Dlpack:
    """An object with ``__dlpack__`` alone."""

    def __init__(self, held, device=(1, 0)):
        self.held = held
        self.device = device

    def __dlpack__(self, **_):
        return self.held.__dlpack__()

    def __dlpack_device__(self):
        return self.device


class CudaInterface:
    """An object with ``__cuda_array_interface__`` alone; its memory is never looked at."""

    def __init__(self, shape, typestr="|u1", **more):
        data = (0x7000_0000, False)
        self.__cuda_array_interface__ = {
            "shape": shape, "typestr": typestr, "data": data, "version": 3, **more
        }  # fmt: skip


class FakeTensor:
    """What is used of a tensor."""

    def __init__(self, shape, dtype="uint8", device="cuda:0", contiguous=True):
        self.shape = shape
        self.dtype = f"torch.{dtype}"
        self.device = device
        self.is_cuda = device.startswith("cuda")
        self.packed = contiguous

    def detach(self):
        return self

    def contiguous(self):
        return self if self.packed else FakeTensor(self.shape)

    def data_ptr(self):
        return 0x1000 if self.packed else 0xBAD

    def numpy(self):
        raise TypeError("can't convert meta device type tensor to numpy")


FakeTensor.__module__, FakeTensor.__qualname__ = "torch", "Tensor"


@pytest.fixture
def torch(monkeypatch):
    """Stand in for torch: its tensors are on a GPU that is not there."""
    stream = SimpleNamespace(cuda_stream=77)
    fake = SimpleNamespace(
        Tensor=FakeTensor, cuda=SimpleNamespace(current_stream=lambda device: stream)
    )
    monkeypatch.setitem(sys.modules, "torch", fake)
    return fake


@pytest.fixture
def no_gpu_library(monkeypatch):
    for name in ("torch", "cupy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


class TestHost:
    """Arrays on the host become numpy arrays of the same memory."""

    @pytest.mark.parametrize(
        "wrap",
        [lambda a: a, Interface, Dlpack, memoryview],
        ids=["numpy", "array interface", "dlpack", "buffer"],
    )
    def test_nothing_is_copied(self, wrap):
        """Whatever the protocol, the result is the author's own memory."""
        source = FRAME.copy()
        found = as_array(wrap(source), "main")
        assert isinstance(found, np.ndarray)
        assert np.array_equal(found, source)
        assert np.shares_memory(found, source)

    def test_buffers_of_the_standard_library(self):
        """An ``array.array`` is audio as good as any."""
        found = check_audio("sound", stdlib_array.array("h", [1, -2, 3]))
        assert np.array_equal(found, [[1, -2, 3]])

    def test_views_keep_their_strides(self):
        """A crop is passed on as it is; the one copy is that into the slot."""
        crop = FRAME[1:3, ::-1]
        assert as_array(crop, "main").strides == crop.strides

    @pytest.mark.parametrize("value", [[[1, 2]], "text", 7, None, object()])
    def test_no_array(self, value):
        """What is no array is named, with the call that makes one."""
        kind = type(value).__name__
        with pytest.raises(TypeError, match=rf"track 'main'.*got {kind}; call numpy\.asarray"):
            as_array(value, "main")

    def test_dlpack_that_numpy_can_not_read(self):
        """A dtype that numpy lacks is a TypeError that names the track."""

        class Odd(Dlpack):
            def __dlpack__(self, **_):
                raise BufferError("bfloat16")

        with pytest.raises(TypeError, match=r"track 'main'.*Odd.*bfloat16"):
            as_array(Odd(FRAME), "main")

    def test_dlpack_elsewhere(self, no_gpu_library):
        """Memory that nothing loaded can reach is refused with what to do."""
        for device in ((2, 0), (10, 1)):
            with pytest.raises(TypeError, match=rf"{device[0]}:{device[1]}.*cupy or torch"):
                as_array(Dlpack(FRAME, device), "main")


class TestDevice:
    """Arrays on a GPU become ``DeviceArray``; their memory is not touched here."""

    def test_cuda_array_interface(self):
        """Pointer, shape, dtype, stream and owner are taken over."""
        value = CudaInterface((4, 5, 3), stream=9)
        found = as_array(value, "main")
        assert isinstance(found, DeviceArray)
        assert (found.pointer, found.shape, found.dtype) == (0x7000_0000, (4, 5, 3), np.uint8)
        assert (found.stream, found.owner) == (9, value)

    @pytest.mark.parametrize(("more", "stream"), [({}, 1), ({"stream": None}, None)])
    def test_streams_of_the_interface(self, more, stream):
        """Version 2 tells no stream and means the default one; None means none to wait for."""
        assert as_array(CudaInterface((4, 5, 3), **more), "main").stream == stream

    def test_strides_of_a_packed_array(self):
        """Strides that say packed, in axes longer than 1, are packed."""
        value = CudaInterface((4, 1, 3), strides=(3, 99, 1))
        assert as_array(value, "main").shape == (4, 1, 3)

    def test_a_view_that_nobody_can_pack(self, no_gpu_library):
        """Without a library that packs on the GPU the author is asked to."""
        value = CudaInterface((4, 5, 3), strides=(30, 3, 1))
        with pytest.raises(TypeError, match=r"track 'main'.*\(4, 5, 3\) uint8.*pack it first"):
            as_array(value, "main")

    def test_a_view_is_packed_on_the_gpu(self, monkeypatch):
        """With cupy a view is packed where it is; only whole bytes cross the bus."""
        packed = CudaInterface((4, 5, 3), stream=5)
        fake = SimpleNamespace(asarray=lambda x: x, ascontiguousarray=lambda x: packed)
        monkeypatch.setitem(sys.modules, "cupy", fake)
        found = as_array(CudaInterface((4, 5, 3), strides=(30, 3, 1)), "main")
        assert found.owner is packed

    def test_a_mask(self):
        """Masked arrays are no frames."""
        with pytest.raises(TypeError, match="mask"):
            as_array(CudaInterface((4, 5, 3), mask=object()), "main")

    def test_a_tensor(self, torch):
        """A tensor's own pointer and its current stream are taken."""
        value = FakeTensor((4, 5, 3))
        found = as_array(value, "main")
        assert (found.pointer, found.stream, found.owner) == (0x1000, 77, value)

    def test_a_tensor_s_view_is_packed_on_the_gpu(self, torch):
        """What is kept alive is the packed copy, since the bytes come from it."""
        found = as_array(FakeTensor((4, 5, 3), contiguous=False), "main")
        assert found.pointer == found.owner.data_ptr() == 0x1000

    def test_bfloat16(self, torch):
        """The author hears of the dtype, the place and the call that helps."""
        value = FakeTensor((4, 5, 3), "bfloat16")
        with pytest.raises(
            TypeError, match=r"'main'.*\(4, 5, 3\) torch.bfloat16 on cuda:0.*x\.float\(\)"
        ):
            check_video("main", value)

    def test_a_tensor_elsewhere(self, torch):
        """A tensor on a device of another kind is refused with the way home."""
        with pytest.raises(TypeError, match=r"'main'.*on meta.*x\.cpu\(\)"):
            check_video("main", FakeTensor((4, 5, 3), device="meta"))

    def test_items_of_a_batch(self):
        """The frames of a batch are places in the same memory."""
        batch = check_video("main", CudaInterface((2, 4, 5, 3)))
        assert is_batch(batch)
        second = batch[1]
        assert (second.shape, second.nbytes) == ((4, 5, 3), 60)
        assert second.pointer == batch.pointer + 60
        assert second.owner is batch.owner
        with pytest.raises(IndexError):
            batch[2]

    def test_a_reshape_keeps_the_size(self):
        """Only the shape may differ."""
        found = as_array(CudaInterface((4, 5)), "main")
        assert found.reshape((4, 5, 1)).nbytes == 20
        with pytest.raises(ValueError, match=r"\(4, 5\)"):
            found.reshape((4, 6))


class TestVideo:
    """(height, width, channels) uint8, or a batch of them."""

    @given(
        st.one_of(
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
            st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
            st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
        )
    )
    def test_what_is_a_picture(self, shape):
        """Grey, RGB, RGBA and batches pass; grey gains its axis; host and GPU agree."""
        host = check_video("main", np.zeros(shape, np.uint8))
        device = check_video("main", CudaInterface(shape))
        assert host.shape == device.shape == video_shape("main", shape)
        assert host.shape == ((*shape, 1) if len(shape) == 2 else shape)
        assert is_batch(host) == (len(shape) == 4)

    @pytest.mark.parametrize(
        "shape", [(), (5,), (4, 5, 5), (4, 5, 0), (0, 5, 3), (1, 2, 3, 5), (1, 1, 4, 5, 3)]
    )
    def test_what_is_none(self, shape):
        """Any other shape is told together with what a frame is."""
        with pytest.raises(ValueError, match=r"'main': expected \(height, width, channels\) uint8"):
            check_video("main", np.zeros(shape, np.uint8))
        with pytest.raises(ValueError, match="'main'"):
            video_shape("main", shape)

    @pytest.mark.parametrize(
        ("value", "advice"),
        [
            (np.zeros((4, 5, 3), np.float32), r"ndarray \(4, 5, 3\) float32 on host; call \(x"),
            (np.zeros((4, 5, 3), bool), r"bool on host; call x.astype\('uint8'\) \* 255"),
            (np.zeros((4, 5, 3), np.int64), r"int64 on host; call x.astype\('uint8'\)"),
            (CudaInterface((4, 5, 3), "<f2"), r"CudaInterface \(4, 5, 3\) float16 on cuda; call "),
        ],
        ids=["float", "bool", "int", "gpu"],
    )  # fmt: skip
    def test_other_samples(self, value, advice):
        """Samples of another kind are refused with type, shape, dtype, place and what to call."""
        with pytest.raises(TypeError, match=rf"'main': expected \(height.*uint8, got .*{advice}"):
            check_video("main", value)

    def test_a_tensor_hears_torch_s_words(self, torch):
        """The advice is a call that the author's library has."""
        with pytest.raises(TypeError, match=r"float16 on cuda:0; .*\.to\(torch\.uint8\)"):
            check_video("main", FakeTensor((4, 5, 3), "float16"))
        with pytest.raises(ValueError, match=r"x\.permute\(1, 2, 0\)"):
            check_video("main", FakeTensor((3, 40, 50)))

    @pytest.mark.parametrize(
        ("shape", "advice"),
        [
            ((3, 40, 50), r"x\.transpose\(1, 2, 0\)"),
            ((2, 3, 40, 50), r"x\.transpose\(0, 2, 3, 1\)"),
            ((8, 40, 50), r"\(n, height, width, 1\)"),
        ],
    )
    def test_channels_come_last(self, shape, advice):
        """Channels-first frames and grey batches are recognised, with the call that turns them."""
        with pytest.raises(ValueError, match=advice):
            check_video("main", np.zeros(shape, np.uint8))


class TestAudio:
    """(channels, samples) int16."""

    def test_blocks(self):
        """Mono gains its axis, and an empty block is one."""
        assert check_audio("sound", np.zeros(9, np.int16)).shape == (1, 9)
        assert check_audio("sound", np.zeros((2, 0), np.int16)).shape == (2, 0)
        assert check_audio("sound", CudaInterface((9,), "<i2")).shape == (1, 9)

    def test_samples_first(self):
        """A block the wrong way round is told how to turn."""
        with pytest.raises(ValueError, match=r"'sound': expected \(channels, samples\).*x\.T"):
            check_audio("sound", np.zeros((480, 2), np.int16))

    def test_float_samples(self):
        """Float samples are refused with the conversion."""
        with pytest.raises(TypeError, match=r"float32 on host; call \(x\.clip\(-1, 1\) \* 32767\)"):
            check_audio("sound", np.zeros((2, 480), np.float32))
        with pytest.raises(TypeError, match=r">i2 on host; call x\.astype\('int16'\)"):
            check_audio("sound", np.zeros((2, 480), ">i2"))
        with pytest.raises(TypeError, match=r"uint8 on host; call x\.astype\('int16'\)"):
            check_audio("sound", np.zeros((2, 480), np.uint8))

    def test_no_block(self):
        """Other shapes are refused without a guess."""
        with pytest.raises(ValueError, match=r"got numpy.ndarray \(2, 2, 2\) int16 on host$"):
            check_audio("sound", np.zeros((2, 2, 2), np.int16))


class TestRealTorch:
    """The same, with torch itself on the host."""

    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch", reason="needs torch: install the extra `torch`")

    def test_tensors_share_their_memory(self, torch):
        """Views, transposes and tensors that require a gradient come without a copy."""
        tensor = torch.zeros((3, 4, 5), dtype=torch.uint8)
        view = check_video("main", tensor.permute(1, 2, 0))
        tensor[1] = 9
        assert (view[..., 1] == 9).all()
        leaf = torch.zeros((2, 3), requires_grad=True)
        assert as_array(leaf, "main").shape == (2, 3)

    def test_what_is_refused(self, torch):
        """Dtypes and devices that no track takes are told in torch's words."""
        with pytest.raises(TypeError, match=r"torch\.bfloat16 on cpu.*x\.float\(\)"):
            check_video("main", torch.zeros((4, 5, 3), dtype=torch.bfloat16))
        with pytest.raises(TypeError, match=r"float32 on host.*\.to\(torch\.uint8\)"):
            check_video("main", torch.zeros((4, 5, 3)))
        with pytest.raises(TypeError, match=r"on meta.*x\.cpu\(\)"):
            check_video("main", torch.zeros((4, 5, 3), dtype=torch.uint8, device="meta"))
        with pytest.raises(TypeError, match=r"bool on host.*\* 255"):
            check_video("main", torch.zeros((4, 5, 3), dtype=torch.bool))

    def test_advice_that_can_be_taken(self, torch):
        """What the errors tell authors to call gives a frame."""
        x = torch.rand((4, 5, 3))
        assert check_video("main", to_video(x)).dtype == np.uint8
        assert check_video("main", to_video(x.permute(2, 0, 1), layout="chw")).shape == (4, 5, 3)
        frame = check_video("main", (x.clip(0, 1) * 255).to(torch.uint8))
        assert frame.dtype == np.uint8


def test_depth_is_a_picture_of_sixteen_bits():
    """One channel of uint16 passes as it is; colours of 16 bits are told what to do."""
    depth = np.arange(20, dtype=np.uint16).reshape(4, 5)
    assert np.array_equal(check_video("depth", depth), depth[..., None])
    assert check_video("depth", np.zeros((2, 4, 5, 1), np.uint16)).shape == (2, 4, 5, 1)
    with pytest.raises(ValueError, match=r"'depth'.*\(4, 5, 3\) uint16.*one channel, mono16"):
        check_video("depth", np.zeros((4, 5, 3), np.uint16))
