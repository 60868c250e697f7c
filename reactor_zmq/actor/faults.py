"""What follows when an author's code raises: another try, the session's end, or a new process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum

TURNS_PER_WINDOW = 3
_SECOND_NS = 1_000_000_000

_GPU_FAULT_CLASSES = frozenset(
    {"AcceleratorError", "CUDARuntimeError", "CUDADriverError", "CudaError", "CudaAPIError"}
)
_GPU_FAULT_TEXTS = ("cuda error", "cudaerror", "cuda_error_", "cublas_status_", "cudnn_status_")


class Verdict(Enum):
    """What is to be done about a failed turn."""

    AGAIN = "start the generator again on the same state"
    END_SESSION = "end the session and let its clients go"
    ESCALATE = "leave the process to the supervisor"


class TurnFaults:
    """Counts failed turns within a window; time arrives as data.

    The third one within the window ends the session. Failures that go on in the next session,
    still within the window, and faults of the GPU's context are beyond this process.
    """

    def __init__(self, window_s: float) -> None:
        self._window_ns = round(window_s * _SECOND_NS)
        self._times_ns: deque[int] = deque()

    @property
    def count(self) -> int:
        """Failed turns within the window."""
        return len(self._times_ns)

    def note(self, error: BaseException, now_ns: int) -> Verdict:
        """Count one failed turn and judge."""
        self._times_ns.append(now_ns)
        while self._times_ns[0] <= now_ns - self._window_ns:
            self._times_ns.popleft()
        if is_gpu_fault(error) or self.count > TURNS_PER_WINDOW:
            return Verdict.ESCALATE
        return Verdict.END_SESSION if self.count == TURNS_PER_WINDOW else Verdict.AGAIN


def is_gpu_fault(error: BaseException) -> bool:
    """Tell whether an error, or one behind it, leaves the GPU's context unusable.

    Told by class name and text, so that no GPU library has to be imported. Running out of memory
    is not such an error: the context goes on.
    """
    return any(_is_gpu_fault(each) for each in _chain(error))


def _is_gpu_fault(error: BaseException) -> bool:
    text = str(error).lower()
    if "out of memory" in text or "memoryallocation" in text:
        return False
    return type(error).__name__ in _GPU_FAULT_CLASSES or any(t in text for t in _GPU_FAULT_TEXTS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
