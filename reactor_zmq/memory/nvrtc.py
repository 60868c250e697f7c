"""NVIDIA's runtime compiler: from CUDA C to what the driver loads.

It comes with the CUDA toolkit and as a wheel beside torch and cupy. Names are those of its
reference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reactor_zmq.memory.libcuda import CudaError

_NAMES = ("libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2")


def compile_kernel(source: str, capability: tuple[int, int], library: Any = None) -> bytes:
    """Return a program's code for a device: machine code, or PTX for one that is too new.

    Without fused multiply-adds, so that float32 gives the same bits as on any processor.

    Raises:
        CudaError: There is no compiler, or the source is wrong.
    """
    nvrtc = library or _load()
    wanted = 10 * capability[0] + capability[1]
    known = _architectures(nvrtc)
    exact = wanted in known
    best = max((one for one in known if one <= wanted), default=wanted)
    options = (f"--gpu-architecture={'sm' if exact else 'compute'}_{best}", "--fmad=false")
    program = c_void_p()
    _check(
        nvrtc,
        "nvrtcCreateProgram",
        *(byref(program), c_char_p(source.encode()), c_char_p(b"picture.cu"), 0, None, None),
    )
    try:
        _compile(nvrtc, program, options)
        return _get(nvrtc, program, "CUBIN" if exact else "PTX")
    finally:
        nvrtc.nvrtcDestroyProgram(byref(program))


def _compile(nvrtc: Any, program: c_void_p, options: Sequence[str]) -> None:
    words = (c_char_p * len(options))(*(option.encode() for option in options))
    code = nvrtc.nvrtcCompileProgram(program, len(options), words)
    if code:
        log = _get(nvrtc, program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
        raise CudaError("nvrtcCompileProgram", code, log)


def _get(nvrtc: Any, program: c_void_p, what: str) -> bytes:
    nbytes = c_size_t()
    _check(nvrtc, f"nvrtcGet{what}Size", program, byref(nbytes))
    text = ctypes.create_string_buffer(nbytes.value)
    _check(nvrtc, f"nvrtcGet{what}", program, text)
    return text.raw


def _architectures(nvrtc: Any) -> list[int]:
    count = c_int()
    _check(nvrtc, "nvrtcGetNumSupportedArchs", byref(count))
    found = (c_int * count.value)()
    _check(nvrtc, "nvrtcGetSupportedArchs", found)
    return list(found)


def _check(nvrtc: Any, name: str, *arguments: object) -> None:
    code = getattr(nvrtc, name)(*arguments)
    if code:
        raise CudaError(name, code, _explain(nvrtc, code))


def _explain(nvrtc: Any, code: int) -> str:
    nvrtc.nvrtcGetErrorString.restype = c_char_p
    return (nvrtc.nvrtcGetErrorString(code) or b"unknown").decode()


def _load() -> ctypes.CDLL:
    for name in (*_NAMES, *_from_wheels()):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.nvrtcGetSupportedArchs.argtypes = (POINTER(c_int),)
        return library
    text = "NVIDIA's compiler is missing; install nvidia-cuda-nvrtc-cu12, or cupy or torch with it"
    raise CudaError("libnvrtc.so", -1, text)


def _from_wheels() -> Iterator[str]:
    spec = find_spec("nvidia")
    for folder in spec.submodule_search_locations or () if spec else ():
        for file in sorted(Path(folder).glob("*/lib/libnvrtc.so.*")):
            yield str(file)
