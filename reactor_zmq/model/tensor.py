"""Numeric tracks: what an author declares of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast, get_args

from reactor_zmq.wire.contract import Quantity, TensorContract
from reactor_zmq.wire.header import Dtype

MAX_NDIM = 8
DTYPES: dict[str, Dtype] = {
    "float32": "<f4",
    "float64": "<f8",
    "float16": "<f2",
    "uint8": "|u1",
    "int8": "|i1",
    "uint16": "<u2",
    "int16": "<i2",
    "uint32": "<u4",
    "int32": "<i4",
    "uint64": "<u8",
    "int64": "<i8",
    "bool": "|b1",
}
_MAX_NAME = 64

if TYPE_CHECKING:
    # Any array library's array: numpy, torch, cupy and whatever speaks DLPack.
    Tensor: TypeAlias = Any
else:

    class Tensor:
        """Marks a numeric track: joint commands, action chunks, poses, latents.

        A subclass says what its arrays are::

            class Joints(Tensor):
                dtype = "float32"
                shape = (16, 7)
                names = ("base", "shoulder", "elbow", "wrist_1", "wrist_2", "wrist_3", "grip")

        Attributes:
            dtype: numpy's name of the numbers; float32 unless set.
            shape: Of one frame, None for a size that varies; None where even the number of axes
                does. ``(len(names),)`` where only names are given.
            names: One for each place along the last axis; none needed.
            quantity: What the numbers are, for robots: ``position``, ``velocity``, ``effort`` (of
                the named joints), ``twist``, ``pose``, or empty.
        """

        dtype: ClassVar[str] = "float32"
        shape: ClassVar[tuple[int | None, ...] | None] = None
        names: ClassVar[tuple[str, ...]] = ()
        quantity: ClassVar[Quantity] = ""


def tensor_contract(marker: type, where: str) -> TensorContract:
    """Read what a Tensor class declares.

    Raises:
        TypeError: One of its attributes is not of its kind; the text names track and attribute.
        ValueError: A size, a name or a quantity that can't be.
    """
    names = _names(getattr(marker, "names", ()), where)
    shape = _shape(getattr(marker, "shape", None), names, where)
    quantity: object = getattr(marker, "quantity", "")
    if quantity not in get_args(Quantity):
        known = ", ".join(repr(q) for q in get_args(Quantity))
        raise ValueError(f"{where}: quantity must be one of {known}, not {quantity!r}")
    return TensorContract(_dtype(getattr(marker, "dtype", ""), where), shape, names, quantity)  # type: ignore[arg-type]


def _dtype(given: Any, where: str) -> Dtype:
    # "float32", numpy.float32, numpy.dtype("float32") and torch.float32 alike; none is imported.
    told = str(getattr(given, "name", None) or getattr(given, "__name__", None) or given)
    name = told.removeprefix("torch.").removesuffix("_")
    if name not in DTYPES:
        raise TypeError(f"{where}: dtype must be one of {', '.join(DTYPES)}, not {given!r}")
    return DTYPES[name]


def _names(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"{where}: names must be a tuple of texts, not {given!r}")
    names = tuple(cast("tuple[object, ...]", given))
    for name in names:
        if not (isinstance(name, str) and 0 < len(name) <= _MAX_NAME):
            raise TypeError(f"{where}: a name is a text of 1 to {_MAX_NAME}, not {name!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"{where}: the names {names!r} are not all different")
    return cast("tuple[str, ...]", names)


def _shape(given: Any, names: tuple[str, ...], where: str) -> tuple[int | None, ...] | None:
    if given is None:
        return (len(names),) if names else None
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"{where}: shape must be a tuple such as (16, 7), not {given!r}")
    sizes = tuple(cast("tuple[object, ...]", given))
    if not 1 <= len(sizes) <= MAX_NDIM or not all(_is_size(size) for size in sizes):
        text = f"1 to {MAX_NDIM} sizes of at least 1, None where one varies"
        raise ValueError(f"{where}: shape takes {text}, not {given!r}")
    if names and sizes[-1] not in (None, len(names)):
        raise ValueError(f"{where}: {len(names)} names for a last axis of {sizes[-1]}")
    shape = (*sizes[:-1], len(names)) if names else sizes
    return cast("tuple[int | None, ...]", shape)


def _is_size(size: object) -> bool:
    return size is None or (isinstance(size, int) and not isinstance(size, bool) and size >= 1)
