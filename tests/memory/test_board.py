"""The board: a pulse and the tracks that are watched, seen by both sides."""

from __future__ import annotations

import os

import pytest

from reactor_zmq.memory.board import MAX_TRACKS, Board


def test_both_sides_see_it():
    """What one side writes the other reads, without a call in between."""
    actor = Board.create()
    front_end = Board.attach(os.dup(actor.fd))
    actor.beat()
    actor.beat()
    front_end.set_wanted(2, True)
    assert front_end.tick == 2
    assert [actor.wanted(track) for track in range(4)] == [False, False, True, False]
    front_end.set_wanted(2, False)
    assert not actor.wanted(2)
    actor.close()
    front_end.close()


def test_the_last_track_does_not_reach_the_pulse():
    """Every track has a place of its own, apart from the tick."""
    board = Board.create()
    for track in range(MAX_TRACKS):
        board.set_wanted(track, True)
    assert board.tick == 0
    board.beat()
    assert all(board.wanted(track) for track in range(MAX_TRACKS))
    board.close()


@pytest.mark.parametrize("track", [-1, MAX_TRACKS])
def test_there_is_no_such_track(track):
    """An index off the board is refused, not written somewhere else."""
    board = Board.create()
    with pytest.raises(IndexError, match=f"track {track} "):
        board.set_wanted(track, True)
    with pytest.raises(IndexError, match=f"track {track} "):
        board.wanted(track)
    board.close()


def test_a_board_can_not_be_cut():
    """Neither side can make the other's reads fault."""
    board = Board.create()
    with pytest.raises(PermissionError):
        os.ftruncate(board.fd, 0)
    board.close()


def test_another_file_is_no_board():
    """A descriptor of the wrong size is refused and stays the caller's."""
    fd = os.memfd_create("reactor-odd")
    with pytest.raises(ValueError, match="4096"):
        Board.attach(fd)
    os.close(fd)


def test_close_twice():
    """A second close does nothing."""
    board = Board.create()
    board.close()
    board.close()
