"""Loans: a slot that the model itself writes into."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any, Literal, Self

from numpy.typing import NDArray

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.memory.supply import Place

Like = Literal["numpy", "torch"]


class Loan:
    """Memory for one frame that a model writes in place; yielded, it is sent without a copy.

    Use ``array`` through the loan and keep no name, view or tensor of it: whatever else still
    refers to the memory when the loan is yielded could write into a frame that is being sent, so
    the frame is copied in that case, and later writes reach nobody. A loan that is closed or
    collected unused goes back. It belongs to one thread.

    Attributes:
        shape: As in numpy.
        dtype: As in numpy.
        like: ``torch`` where ``array`` is to be a tensor.
    """

    def __init__(
        self,
        array: NDArray[Any],
        place: Place | None = None,
        give_up: Callable[[Place], None] | None = None,
        like: Like = "numpy",
    ) -> None:
        self.like: Like = like
        self._array: NDArray[Any] | None = array
        self._place = place
        self._give_up = give_up
        self._finalizer = self._watch(array, place)
        self.shape = array.shape
        self.dtype = array.dtype

    @property
    def array(self) -> Any:
        """The frame to be written: C-contiguous, host, its contents undefined at first.

        A numpy array, or a tensor that shares its memory where torch was asked for.

        Raises:
            LocalProtocolError: The loan was yielded or closed.
        """
        array = self._memory()
        return sys.modules["torch"].from_numpy(array) if self.like == "torch" else array

    def _memory(self) -> NDArray[Any]:
        if self._array is None:
            raise LocalProtocolError("this loan was yielded or closed; ask for another one")
        return self._array

    def redeem(self) -> Place | NDArray[Any]:
        """End the loan: return its slot when nobody can write into it any more.

        Otherwise, and always for a loan that is no slot, return the array: the caller has to copy
        it, and the slot goes back when the last that refers to it has gone.

        Raises:
            LocalProtocolError: The loan was yielded or closed.
        """
        array, self._array = self._memory(), None
        place, self._place = self._place, None
        if place is None or self._finalizer is None:
            return array
        self._finalizer.detach()
        # Only a dead reference proves it: views, tensors and buffers all keep the array alive.
        alive = weakref.ref(array)
        del array
        survivor = alive()
        if survivor is None:
            return place
        self._watch(survivor, place)
        return survivor

    def close(self) -> None:
        """Give the memory back unused; a second call does nothing."""
        self._array = self._place = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _watch(
        self, array: NDArray[Any], place: Place | None
    ) -> weakref.finalize[..., NDArray[Any]] | None:
        """Give the slot up when the array, and all that refers to its memory, has gone."""
        if place is None or self._give_up is None:
            return None
        finalizer = weakref.finalize(array, self._give_up, place)
        finalizer.atexit = False
        return finalizer
