"""When an author's error is worth another try, and when it is not."""

from __future__ import annotations

import pytest

from reactor_zmq.actor.faults import TurnFaults, Verdict, is_gpu_fault

SECOND = 1_000_000_000


class AcceleratorError(RuntimeError):
    """As torch has one."""


class CUDARuntimeError(RuntimeError):
    """As cupy has one."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm"),
        AcceleratorError("unspecified launch failure"),
        CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered"),
    ],
)
def test_errors_of_the_gpus_context_are_told_by_name_and_text(error):
    """Also behind another error, without importing any GPU library."""
    assert is_gpu_fault(error)
    wrapped = ValueError("step failed")
    wrapped.__cause__ = error
    assert is_gpu_fault(wrapped)
    assert TurnFaults(30).note(wrapped, 0) is Verdict.ESCALATE


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad shape"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("CUDA error: out of memory"),
        CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"),
    ],
)
def test_other_errors_leave_the_gpu_usable(error):
    """Running out of memory is no damage."""
    assert not is_gpu_fault(error)


def test_a_chain_of_errors_that_bites_its_tail_ends():
    """``raise a from b`` where b came from a."""
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert not is_gpu_fault(one)


def test_failures_are_counted_within_the_window():
    """Two are tried again, the third ends the session, the fourth the process; then it forgets."""
    faults, error = TurnFaults(30), ValueError()
    verdicts = [faults.note(error, n * SECOND) for n in range(4)]
    again, end, escalate = Verdict.AGAIN, Verdict.END_SESSION, Verdict.ESCALATE
    assert verdicts == [again, again, end, escalate]
    assert faults.note(error, 33 * SECOND) is again
    assert faults.count == 1
