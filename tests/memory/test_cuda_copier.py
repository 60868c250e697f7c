"""The way from a GPU, on a driver whose device is plain memory."""

from __future__ import annotations

import gc
import logging
import threading
import weakref

import numpy as np
import pytest
from memory_fakes import FakeDriver, Pair, on_device

from reactor_zmq.memory.cuda import CudaCopier
from reactor_zmq.memory.libcuda import CudaError


def frame(value, side=8):
    return np.full((side, side, 3), value, np.uint8)


class Rig:
    """A writer whose GPU is the fake driver."""

    def __init__(self, slots=3, **driver_options):
        self.driver = FakeDriver(**driver_options)
        self.failures = []
        self.pair = Pair(
            slots, open_device=lambda: CudaCopier(self.driver), failed=self.failures.append
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.open_gate()
        self.pair.close()


def test_bytes_land_in_the_slot(wait_until):
    """The copy's target is the page-locked slot itself; no processor copies anything."""
    with Rig() as rig:
        for k in range(5):
            assert rig.pair.submit(on_device(frame(k)))
            wait_until(lambda: rig.pair.stored, "the frame")
            assert (rig.pair.take() == k).all()
        assert list(rig.driver.registered.values()) == [4096]
        counts = rig.pair.writer.counts
        assert (counts.copied_nbytes, counts.staged_nbytes) == (0, 0)


def test_the_gpu_waits_for_the_producer(wait_until):
    """The copy comes behind what is on the array's stream, and on no other wait."""
    with Rig() as rig:
        rig.pair.submit(on_device(frame(1), stream=42))
        wait_until(lambda: rig.pair.stored, "the frame")
        copy_stream = rig.driver.log[-1].removeprefix("record ")
        assert rig.driver.log == ["record 42", "wait for 42", "copy", f"record {copy_stream}"]
        rig.driver.log.clear()
        rig.pair.submit(on_device(frame(1)))
        wait_until(lambda: len(rig.pair.stored) == 2, "the frame")
        assert rig.driver.log == ["copy", f"record {copy_stream}"]


def test_the_model_does_not_wait(wait_until):
    """Submit returns while the GPU still works, and ``done`` comes from another thread."""
    with Rig(gated=True) as rig:
        threads = []
        done = lambda stored: threads.append(threading.current_thread())  # noqa: E731
        for k in range(3):
            assert rig.pair.writer.submit(on_device(frame(k)), done)
        assert threads == []
        rig.driver.open_gate()
        wait_until(lambda: len(threads) == 3, "three frames")
        assert threading.main_thread() not in threads


def test_the_array_lives_until_its_bytes_are_there(wait_until):
    """A model may forget its array at once; it goes when the copy has ended, not a frame later."""
    with Rig(gated=True) as rig:
        array = on_device(frame(6))
        owner = weakref.ref(array.owner)
        rig.pair.submit(array)
        del array
        gc.collect()
        assert owner() is not None
        rig.driver.open_gate()
        wait_until(lambda: owner() is None, "the end of the array")
        assert (rig.pair.take() == 6).all()


def test_where_page_locking_is_refused(wait_until, caplog):
    """Frames go through staging memory, which is reused, and the log says so once."""
    with Rig() as rig, caplog.at_level(logging.WARNING):
        rig.driver.refuse_register = True
        for k in range(6):
            rig.pair.submit(on_device(frame(k, side=8 * (1 + k // 3))))
            wait_until(lambda: rig.pair.stored, "the frame")
            assert (rig.pair.take() == k).all()
        assert rig.driver.registered == {}
        assert rig.pair.writer.counts.staged_nbytes == 3 * 8 * 8 * 3 + 3 * 16 * 16 * 3
        (record,) = caplog.records
        assert "one more copy" in record.message
        assert "801" in record.message


def test_growing_staging(wait_until):
    """Staging that has become too small is given back for larger."""
    with Rig() as rig:
        rig.driver.refuse_register = True
        for k, side in enumerate((8, 64, 8)):
            rig.pair.submit(on_device(frame(k, side)))
            wait_until(lambda: rig.pair.stored, "the frame")
            assert (rig.pair.take() == k).all()
        staged = [held for held in rig.driver.alive.values() if hasattr(held, "raw")]
        assert [len(memory.raw) for memory in staged] == [12_288]


def test_a_fault_of_the_gpu(wait_until):
    """Each frame that was on its way fails by itself; the next ones go on when the GPU does."""
    with Rig() as rig:
        rig.driver.fail_synchronize = True
        for k in range(3):
            rig.pair.submit(on_device(frame(k)))
        wait_until(lambda: len(rig.failures) == 3, "three failures")
        assert {error.code for error in rig.failures} == {700}
        rig.driver.fail_synchronize = False
        assert rig.pair.submit(on_device(frame(9)))
        wait_until(lambda: rig.pair.stored, "the frame")
        assert (rig.pair.take() == 9).all()


@pytest.mark.parametrize("staged", [False, True])
def test_a_copy_that_can_not_begin(staged):
    """The error reaches submit's caller, and neither slot nor event nor staging is lost."""
    with Rig(slots=1) as rig:
        rig.driver.refuse_register = staged
        rig.driver.fail_copy = True
        for _ in range(3):
            with pytest.raises(CudaError, match="invalid argument"):
                rig.pair.submit(on_device(frame(1)))
        assert len(rig.driver.alive) <= 5  # context, stream, two events, staging
        rig.driver.fail_copy = False
        assert rig.pair.submit(frame(2))


def test_an_error_in_done_is_logged(wait_until, caplog):
    """A callback that raises does not end the thread that serves all later frames."""

    def broken(stored):
        raise OSError("the link has closed")

    with Rig() as rig:
        with caplog.at_level(logging.ERROR):
            rig.pair.writer.submit(on_device(frame(1)), broken)
            rig.pair.submit(on_device(frame(2)))
            wait_until(lambda: rig.pair.stored, "the second frame")
        assert "the link has closed" in caplog.text
        assert (rig.pair.take() == 2).all()


def test_everything_is_given_back(wait_until):
    """After the close the driver holds nothing of ours: no memory, event, stream or context."""
    with Rig() as rig:
        for side in (8, 64):
            rig.pair.submit(on_device(frame(1, side), stream=5))
        wait_until(lambda: len(rig.pair.stored) == 2, "two frames")
        rig.pair.take()
        rig.pair.take()
        rig.pair.submit(on_device(frame(1, 64)))
        assert len(rig.driver.registered) == 1
    assert rig.driver.registered == {}
    assert rig.driver.alive == {}


def test_closing_ends_the_copies_under_way():
    """A frame that was accepted is told before the writer has closed."""
    rig = Rig(gated=True)
    rig.pair.submit(on_device(frame(3)))
    opener = threading.Timer(0.05, rig.driver.open_gate)
    opener.start()
    rig.pair.writer.close()
    opener.join()
    assert (rig.pair.take() == 3).all()
    rig.pair.reader.close()


def test_a_second_close():
    """Closing twice does nothing the second time."""
    copier = CudaCopier(FakeDriver())
    copier.close()
    copier.close()
