"""The order of an upload's chunks, and who may send how many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.client_upload import UploadPlan
from reactor_zmq.wire.control import Upload, UploadCredit, UploadReady


def plan_of(size: int, chunk_nbytes: int = 10, credit: int = 2) -> UploadPlan:
    """Return a plan whose terms are known."""
    plan = UploadPlan(Upload("f", size, "0" * 64))
    plan.ready(UploadReady("u", chunk_nbytes, credit))
    return plan


def test_nothing_is_sent_before_the_terms_are_known():
    """Without an upload's id there is nothing to say."""
    plan = UploadPlan(Upload("f", 5, "0" * 64))
    assert plan.next_chunk() is None
    assert plan.upload_id is None


def test_credit_bounds_what_is_under_way():
    """No more chunks are unanswered than allowed; each answer lets another one go."""
    plan = plan_of(45)
    sent = [plan.next_chunk() for _ in range(3)]
    assert sent[2] is None
    plan.credited(UploadCredit("u", 10, 1))
    chunk = plan.next_chunk()
    assert chunk is not None
    assert (chunk[0].offset, chunk[1]) == (20, 10)


@given(st.integers(0, 200), st.integers(1, 30), st.integers(1, 5))
def test_chunks_cover_the_file_once(size: int, chunk_nbytes: int, credit: int):
    """In order, without holes, whatever the terms."""
    plan, at = plan_of(size, chunk_nbytes, credit), 0
    while not plan.delivered:
        chunk = plan.next_chunk()
        assert chunk is not None
        assert chunk[0].offset == at
        at += chunk[1]
        plan.credited(UploadCredit("u", at, 1))
    assert at == size
    assert plan.finish().upload_id == "u"


@pytest.mark.parametrize("received", [-1, 11, 1000])
def test_credit_for_bytes_never_sent_is_refused(received: int):
    """The front end can't have more than it was given, nor less than it had."""
    plan = plan_of(100)
    plan.next_chunk()
    with pytest.raises(RemoteProtocolError):
        plan.credited(UploadCredit("u", received, 1))


@pytest.mark.parametrize(("chunk_nbytes", "credit"), [(0, 1), (10, 0), (-1, 5)])
def test_terms_under_which_nothing_moves_are_refused(chunk_nbytes: int, credit: int):
    """Waiting for ever is no answer."""
    with pytest.raises(RemoteProtocolError):
        plan_of(5, chunk_nbytes, credit)


def test_finish_before_the_end_is_our_own_mistake():
    """The last word is said when all bytes are there."""
    with pytest.raises(RuntimeError):
        plan_of(5).finish()
