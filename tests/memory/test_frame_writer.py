"""The writing end: copies, growth, drops, loans' way through it, and GPU frames in order."""

from __future__ import annotations

import gc
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_fakes import FakeCopier, Pair, held, on_device

from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.machines.slots import Slots
from reactor_zmq.memory.libcuda import CudaError
from reactor_zmq.memory.writer import FrameWriter


def frame(value, side=8):
    return np.full((side, side, 3), value, np.uint8)


def numbered(*shape, dtype=np.uint8):
    return np.arange(np.prod(shape)).astype(dtype).reshape(shape)


@pytest.mark.parametrize(
    "array",
    [
        numbered(4, 5, 3),
        numbered(8, 10, 3)[::2, ::-1],
        numbered(3, 4, 5).transpose(1, 2, 0),
        np.broadcast_to(np.uint8([[[1, 2, 3]]]), (4, 5, 3)),
        np.asfortranarray(numbered(4, 5, 3)),
        numbered(2, 480, dtype="<i2"),
        numbered(6, 1),
    ],
    ids=["packed", "strided", "transposed", "broadcast", "fortran", "audio", "column"],
)
def test_what_goes_in_comes_out(array):
    """Any strides are stored packed, once, with shape and dtype told."""
    with Pair() as pair:
        assert pair.submit(array)
        (stored,) = pair.stored
        assert (stored.shape, stored.dtype) == (array.shape, array.dtype.str)
        assert np.array_equal(pair.take(), array)
        assert pair.writer.counts.copied_nbytes == array.nbytes


def test_the_model_may_go_on_at_once():
    """A host frame is in its slot when submit returns: the model reuses its array."""
    with Pair() as pair:
        array = frame(1)
        pair.submit(array)
        array[:] = 2
        assert (pair.take() == 1).all()


def test_no_free_slot_is_a_drop():
    """Nobody waits for a slot: the frame is dropped and counted, and later ones go on."""
    with Pair(2) as pair:
        assert [pair.submit(frame(k)) for k in range(4)] == [True, True, False, False]
        assert pair.writer.counts.dropped == 2
        assert (pair.take() == 0).all()
        assert pair.submit(frame(4))
        assert [int(pair.take()[0, 0, 0]) for _ in range(2)] == [1, 4]


def test_the_slot_freed_last_is_used_next():
    """With one frame at a time there is one slot in use, however large the ring."""
    with Pair(16) as pair:
        slots = set()
        for k in range(50):
            pair.submit(frame(k))
            slots.add(pair.stored[0].slot)
            pair.take()
        assert len(slots) == 1


def test_of_several_freed_the_latest_frame_s_slot_is_next():
    """When several slots came back the one filled last is the warmest."""
    with Pair(4) as pair:
        for k in range(3):
            pair.submit(frame(k))
        last = pair.stored[2].slot
        for _ in range(3):
            pair.take()
        pair.submit(frame(3))
        assert pair.stored[0].slot == last


@given(st.lists(st.integers(1, 200), min_size=1, max_size=30))
def test_sizes_change_mid_stream(sides):
    """Rings follow the largest frame seen and never shrink; every frame arrives whole."""
    with Pair(3) as pair:
        largest, rings = 0, 0
        for k, side in enumerate(sides):
            assert pair.submit(frame(k % 256, side))
            assert (pair.take() == k % 256).all()
            nbytes = -(-side * side * 3 // 4096)
            rings += nbytes > largest
            largest = max(largest, nbytes)
        assert len(pair.announced) == rings


def test_dtype_and_shape_change_without_a_new_ring():
    """What fits a slot needs no other ring."""
    with Pair() as pair:
        for array in (numbered(40, 30, 3), numbered(2, 100, dtype="<i2"), numbered(40, 30, 1)):
            pair.submit(array)
            assert np.array_equal(pair.take(), array)
        assert pair.announced == [1]


def test_growth_with_frames_in_flight():
    """Frames of older rings stay whole until they are released; then their rings go."""
    with Pair(2) as pair:
        for k, side in enumerate((8, 64, 128, 256)):
            assert pair.submit(frame(k, side))
        assert pair.announced == [1, 2, 3, 4]
        assert [int(pair.take()[0, 0, 0]) for _ in range(4)] == [0, 1, 2, 3]
        pair.submit(frame(9, 256))
        maps = [line for line in held() if "rw-s" in line and "reactor-ring" in line]
        # The writer's mapping and the reader's words; rings before the fourth are unmapped.
        assert len(maps) == 2


def test_a_ring_is_announced_before_its_frames():
    """The other side can map a ring before it hears of a frame in it."""
    told = []
    with Pair() as pair:
        pair.writer.submit(frame(1), lambda stored: told.append((pair.announced[-1], stored)))
        assert [(ring, stored.generation) for ring, stored in told] == [(1, 1)]


def test_nothing_after_close():
    """A closed writer refuses, and closes once more without harm."""
    pair = Pair()
    pair.submit(frame(1))
    pair.close()
    pair.writer.close()
    with pytest.raises(LocalProtocolError, match="closed"):
        pair.submit(frame(2))


def test_a_failing_announcement_leaves_the_writer_usable():
    """A ring that the other side never heard of gets no frame: the next submit makes another."""
    heard = []

    def announce(ring):
        heard.append(ring.generation)
        if len(heard) == 2:
            raise BrokenPipeError

    writer, stored = FrameWriter(Slots(2), announce), []
    assert writer.submit(frame(1), stored.append)
    with pytest.raises(BrokenPipeError):
        writer.submit(frame(2, 64), stored.append)
    assert writer.submit(frame(3), stored.append)
    assert heard == [1, 2, 3]
    assert [place.generation for place in stored] == [1, 3]
    writer.close()


class TestLoansThroughTheWriter:
    """Yielded memory is sent as it is."""

    def test_a_loan_is_not_copied(self):
        """What the model wrote in place arrives, and no processor copied it."""
        with Pair() as pair:
            loan = pair.writer.loan((4, 5, 3))
            loan.array[:] = numbered(4, 5, 3)
            assert pair.writer.commit(loan, pair.stored.append)
            assert np.array_equal(pair.take(), numbered(4, 5, 3))
            assert pair.writer.counts.copied_nbytes == 0
            assert pair.writer.counts.stored == 1

    def test_a_loan_that_somebody_still_holds_is_copied(self):
        """A name kept of the memory can't change a frame that is on its way."""
        with Pair() as pair:
            loan = pair.writer.loan((4, 5, 3))
            kept = loan.array
            kept[:] = 5
            assert pair.writer.commit(loan, pair.stored.append)
            kept[:] = 6
            assert (pair.take() == 5).all()
            assert pair.writer.counts.copied_nbytes == 60

    def test_held_memory_returns_when_it_is_let_go(self):
        """The slot of a loan that had to be copied is free once its last holder has gone."""
        with Pair(2) as pair:
            loan = pair.writer.loan((4, 5, 3))
            kept = loan.array[1:]
            pair.writer.commit(loan, pair.stored.append)
            assert not pair.submit(frame(1, 2))
            del kept
            assert pair.submit(frame(1, 2))

    def test_a_held_loan_without_a_free_slot_is_a_drop(self):
        """The copy that safety needs never waits for a slot."""
        with Pair(1) as pair:
            loan = pair.writer.loan((4, 5, 3))
            kept = loan.array
            assert not pair.writer.commit(loan, pair.stored.append)
            assert pair.writer.counts.dropped == 1
            del kept

    @pytest.mark.parametrize("end", ["close", "with", "collect"])
    def test_an_unused_loan_comes_back(self, end):
        """Closed or forgotten, a loan's slot is lent again."""
        with Pair(1) as pair:
            loan = pair.writer.loan((4, 5, 3))
            if end == "close":
                loan.close()
            elif end == "with":
                with loan:
                    pass
            else:
                del loan
                gc.collect()
            assert pair.submit(frame(3))

    def test_an_unused_loan_is_no_frame(self):
        """A reader never hears of a loan that was not yielded."""
        with Pair(2) as pair:
            with pair.writer.loan((4, 5, 3)) as loan:
                loan.array[:] = 1
            pair.submit(frame(2))
            assert len(pair.stored) == 1
            assert (pair.take() == 2).all()

    def test_without_a_slot_there_is_plain_memory(self):
        """A model that asks for a loan gets something to write to, whatever readers do."""
        with Pair(1) as pair:
            pair.submit(frame(1, 2))
            loan = pair.writer.loan((4, 5, 3))
            loan.array[:] = 7
            pair.take()
            assert pair.writer.commit(loan, pair.stored.append)
            assert (pair.take() == 7).all()

    def test_a_loan_is_yielded_once(self):
        """The second commit, and any use after the first, raises."""
        with Pair() as pair:
            loan = pair.writer.loan((4, 5, 3))
            pair.writer.commit(loan, pair.stored.append)
            with pytest.raises(LocalProtocolError, match="yielded or closed"):
                pair.writer.commit(loan, pair.stored.append)
            with pytest.raises(LocalProtocolError, match="yielded or closed"):
                loan.array[:] = 1

    def test_a_tensor_on_loan(self):
        """A loan in torch's words is the slot itself; a tensor that is kept makes it a copy."""
        torch = pytest.importorskip("torch")
        with Pair() as pair:
            loan = pair.writer.loan((4, 5, 3), like="torch")
            loan.array.copy_(torch.from_numpy(numbered(4, 5, 3)))
            assert pair.writer.commit(loan, pair.stored.append)
            assert np.array_equal(pair.take(), numbered(4, 5, 3))
            assert pair.writer.counts.copied_nbytes == 0
            loan = pair.writer.loan((4, 5, 3), like="torch")
            kept = loan.array
            kept.fill_(3)
            assert pair.writer.commit(loan, pair.stored.append)
            kept.fill_(4)
            assert (pair.take() == 3).all()
            assert pair.writer.counts.copied_nbytes == 60

    def test_a_loan_outlives_growth(self):
        """A loan of an older ring is still sent in place."""
        with Pair(2) as pair:
            loan = pair.writer.loan((4, 5, 3))
            loan.array[:] = 8
            pair.submit(frame(1, 64))
            pair.writer.commit(loan, pair.stored.append)
            assert [stored.generation for stored in pair.stored] == [2, 1]
            pair.take()
            assert (pair.take() == 8).all()


class TestFramesFromAGpu:
    """The copy goes on while the model does."""

    @pytest.fixture
    def copier(self):
        return FakeCopier()

    @pytest.fixture
    def pair(self, copier):
        made = Pair(3, open_device=lambda: copier)
        yield made
        made.close()

    def test_the_frame_is_told_when_the_copy_has_ended(self, pair, copier):
        """Nobody hears of a frame before its bytes are there."""
        assert pair.submit(on_device(frame(4)))
        assert pair.stored == []
        copier.finish()
        assert (pair.take() == 4).all()
        assert pair.writer.counts.copied_nbytes == 0

    def test_frames_are_told_in_order(self, pair, copier):
        """A host frame behind a GPU frame waits its turn, as do copies that end early."""
        pair.submit(on_device(frame(1)))
        pair.submit(frame(2))
        pair.submit(on_device(frame(3)))
        copier.finish(1)
        assert pair.stored == []
        copier.finish(0)
        assert [int(pair.take()[0, 0, 0]) for _ in range(3)] == [1, 2, 3]

    def test_a_failed_copy_is_a_gap(self, pair, copier):
        """The slot comes back, later frames go on, and the failure is counted and told."""
        heard = []
        pair.writer._failed = heard.append
        pair.submit(on_device(frame(1)))
        pair.submit(on_device(frame(2)))
        copier.finish(0, CudaError("cuEventSynchronize", 700, "an illegal memory access"))
        copier.finish(0)
        assert (pair.take() == 2).all()
        assert [error.code for error in heard] == [700]
        assert pair.writer.counts.failed == 1
        assert [pair.submit(frame(k)) for k in range(4)] == [True, True, True, False]

    def test_a_failure_is_logged(self, pair, copier, caplog):
        """Without anybody to tell, the log says that a frame was lost."""
        pair.submit(on_device(frame(1)))
        with caplog.at_level(logging.ERROR):
            copier.finish(0, CudaError("cuEventSynchronize", 700, "an illegal memory access"))
        assert "an illegal memory access (CUDA error 700)" in caplog.text

    def test_a_refused_copy_reaches_the_caller(self, pair, copier):
        """When nothing could be begun submit raises, and no slot is lost."""
        copier.refuse = CudaError("cuMemcpyDtoHAsync_v2", 1, "invalid argument")
        with pytest.raises(CudaError, match="invalid argument"):
            pair.submit(on_device(frame(1)))
        copier.refuse = None
        assert [pair.submit(frame(k)) for k in range(4)] == [True, True, True, False]

    def test_the_copier_sees_whole_slots(self, pair, copier):
        """Slots are given whole, so that each is page-locked once for frames of any size."""
        for side in (8, 4, 8):
            pair.submit(on_device(frame(1, side)))
            assert copier.begun[0].slot.nbytes == 4096
            copier.finish()
            pair.take()
        assert len(set(copier.seen)) == 1

    def test_slots_are_forgotten_before_they_go(self, pair, copier):
        """Page-locked memory is unlocked before it is unmapped."""
        pair.submit(on_device(frame(1)))
        copier.finish()
        pair.submit(frame(2, 64))
        pair.take()
        pair.take()
        assert copier.forgotten == []
        pair.submit(frame(3, 64))
        assert copier.forgotten == copier.seen

    def test_closing_waits_for_copies(self, pair, copier):
        """A frame that was accepted is told even when the writer closes meanwhile."""
        pair.submit(on_device(frame(6)))
        pair.writer.close()
        assert copier.closed
        assert (pair.take() == 6).all()

    def test_a_host_model_opens_no_gpu(self):
        """The way to the GPU is opened by the first array that comes from there."""

        def never():
            raise AssertionError("opened")

        with Pair(open_device=never) as pair:
            pair.submit(frame(1))
            assert (pair.take() == 1).all()
