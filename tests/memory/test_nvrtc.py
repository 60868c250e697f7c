"""The runtime compiler: which code it is asked for, and what it says of a wrong source."""

from __future__ import annotations

import ctypes

import pytest

from reactor_zmq.memory.libcuda import CudaError
from reactor_zmq.memory.nvrtc import compile_kernel
from reactor_zmq.memory.picture_device import SOURCE


class Compiler:
    """A compiler for some architectures, whose code names its options."""

    def __init__(self, *architectures, code=0):
        self.architectures = architectures
        self.code = code
        self.options = []
        self.alive = 0

    def nvrtcGetNumSupportedArchs(self, count):  # noqa: N802 - its reference's names
        count._obj.value = len(self.architectures)
        return 0

    def nvrtcGetSupportedArchs(self, found):  # noqa: N802
        found[:] = self.architectures
        return 0

    def nvrtcCreateProgram(self, program, source, *_):  # noqa: N802
        program._obj.value = 1
        self.alive += 1
        return 0

    def nvrtcDestroyProgram(self, program):  # noqa: N802
        self.alive -= 1
        return 0

    def nvrtcCompileProgram(self, program, count, options):  # noqa: N802
        self.options = [option.decode() for option in options]
        return self.code

    def __getattr__(self, name):
        what = name.removeprefix("nvrtcGet")
        text = f"{what.removesuffix('Size')}".encode()

        def size(program, place):
            place._obj.value = len(text)
            return 0

        def get(program, place):
            place.value = text
            return 0

        return size if what.endswith("Size") else get


@pytest.mark.parametrize(
    ("known", "option", "code"),
    [
        ((75, 80, 90), "sm_90", b"CUBIN"),
        ((75, 80), "compute_80", b"PTX"),
        ((100, 120), "compute_90", b"PTX"),
    ],
)
def test_code_for_the_device(known, option, code):
    """Machine code where the compiler knows the device, else what its driver can translate."""
    compiler = Compiler(*known)
    assert compile_kernel("source", (9, 0), compiler) == code
    assert compiler.options == [f"--gpu-architecture={option}", "--fmad=false"]
    assert compiler.alive == 0


def test_a_wrong_source_is_told():
    """The compiler's own words are in the error, and nothing is left behind."""
    compiler = Compiler(90, code=6)
    with pytest.raises(CudaError, match="ProgramLog"):
        compile_kernel("source", (9, 0), compiler)
    assert compiler.alive == 0


def test_a_missing_compiler_is_told(monkeypatch):
    """One line says what to install."""

    def refuse(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(CudaError, match="install nvidia-cuda-nvrtc"):
        compile_kernel("source", (9, 0))


def test_the_kernel_compiles():
    """NVIDIA's compiler takes the source; it needs no GPU for that."""
    try:
        code = compile_kernel(SOURCE.read_text(), (9, 0))
    except CudaError as error:
        if error.call != "libnvrtc.so":
            raise
        pytest.skip("needs NVIDIA's compiler: the wheel nvidia-cuda-nvrtc-cu12")
    assert code.startswith(b"\x7fELF")
    assert b"to_video" in code
