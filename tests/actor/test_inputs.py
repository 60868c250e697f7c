"""Input tracks: what a read takes, waits for and refuses."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from actor_fakes import SECOND, JumpingClock, play, settle

from reactor_zmq import BufferClosed, ReadMode
from reactor_zmq.actor.inputs import CAPACITY, InputFrame, InputTrack, InputTrackSet
from reactor_zmq.model.tracks import TrackSpec


def frame(n):
    return InputFrame(np.full((1, 1, 3), n % 256, np.uint8), pts_ns=n)


def filled(*numbers):
    track = InputTrack("camera", JumpingClock())
    for n in numbers:
        track.push(frame(n))
    return track


def numbers(frames):
    return [f.pts_ns for f in frames]


def test_a_track_keeps_the_newest_128_of_200_frames():
    """The oldest are evicted; all are counted."""
    track = filled(*range(200))
    assert track.available == 128
    assert track.total_received == 200
    assert numbers(track.try_read(128, ReadMode.FIFO)) == list(range(72, 200))


@play
async def test_latest_takes_the_newest_and_empties_the_buffer():
    """Oldest first among those it returns."""
    track = filled(*range(5))
    assert numbers(await track.read(2)) == [3, 4]
    assert track.available == 0


@play
async def test_fifo_pops_the_oldest():
    """The rest stays."""
    track = filled(*range(5))
    assert numbers(await track.read(2, mode=ReadMode.FIFO)) == [0, 1]
    assert track.available == 3


@play
async def test_read_waits_until_enough_frames_are_there():
    """Every reader is woken; the one whose frames are there gets them."""
    track = filled()
    reads = [asyncio.ensure_future(track.read(n, mode=ReadMode.FIFO)) for n in (2, 1)]
    await settle()
    assert not any(r.done() for r in reads)
    for n in range(3):
        track.push(frame(n))
    two, one = [numbers(await r) for r in reads]
    assert sorted([*two, *one]) == [0, 1, 2]


@play
async def test_read_gives_up_after_its_timeout_and_takes_nothing():
    """TimeoutError names the track, the number and the time."""
    clock = JumpingClock()
    track = InputTrack("camera", clock)
    track.push(frame(1))
    begin = clock.now_ns
    read = asyncio.ensure_future(track.read(2, timeout=0.5))
    await clock.play(499)
    assert not read.done()
    await clock.play(2)
    with pytest.raises(TimeoutError, match=r"'camera': 2 frames .* 0.5 s"):
        await read
    assert track.available == 1
    assert clock.now_ns - begin < SECOND


@pytest.mark.parametrize("n", [0, CAPACITY + 1])
@play
async def test_more_than_the_capacity_is_refused(n):
    """It could never come."""
    track = filled(1)
    with pytest.raises(ValueError, match="128"):
        await track.read(n)
    with pytest.raises(ValueError, match="128"):
        track.try_read(n)


@play
async def test_a_closed_track_gives_what_is_left_and_then_says_so():
    """A reader that waits is told at once; a new publisher opens the track again."""
    track = filled(1, 2)
    waiting = asyncio.ensure_future(track.read(3))
    await settle()
    track.close()
    with pytest.raises(BufferClosed, match="2 left"):
        await waiting
    assert numbers(await track.read(2)) == [1, 2]
    with pytest.raises(BufferClosed):
        track.try_read()
    track.push(frame(3))
    assert numbers(track.try_read()) == [3]
    assert track.try_read() is None


def test_clear_drops_what_waits_and_reopen_begins_anew():
    """Counting starts again with a session."""
    track = filled(1, 2)
    track.clear()
    assert (track.available, track.total_received) == (0, 2)
    track.close()
    track.reopen()
    assert (track.closed, track.total_received) == (False, 0)


def test_tracks_are_found_by_name_and_index():
    """A wrong name is told with the right ones."""
    specs = [TrackSpec("camera", "video", 0), TrackSpec("mic", "audio", 1, 48_000)]
    tracks = InputTrackSet(specs, JumpingClock())
    assert tracks.mic is tracks[1]
    assert [t.name for t in tracks] == ["camera", "mic"]
    with pytest.raises(AttributeError, match=r"'microphone'.*'camera', 'mic'"):
        _ = tracks.microphone
