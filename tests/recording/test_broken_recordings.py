"""Crashes, full disks and rotten bits: what is left is read by everybody, up to the last chunk."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from tape import bag_messages, ros2_messages, topic, write

from reactor_zmq.cli.main import main
from reactor_zmq_recording.file import RecordingFile, RecordingFullError
from reactor_zmq_recording.reading import read_recording
from reactor_zmq_recording.scan import NotARecordingError
from reactor_zmq_recording.seal import seal

VIDEO = topic("main_video", "video")
NAME = "/tape/main_video/image_raw"
PICTURES = [np.full((16, 16, 3), n, np.uint8) for n in range(8)]


@pytest.fixture
def tape(tmp_path) -> Path:
    """A whole recording of eight pictures, each in a chunk of its own."""
    path = tmp_path / "run.mcap"
    write(path, VIDEO, PICTURES, chunks=True)
    return path


def levels(path: Path) -> list[int]:
    """Return the pictures that all readers agree on."""
    ours = [m.data[-1] for m in read_recording(path) if m.plan.topic == NAME]
    bag = [int(m.data[0]) for _, m in bag_messages(path, NAME)]
    ros = [m.ros_msg.data[0] for m in ros2_messages(path, NAME)]
    with path.open("rb") as file:
        streamed = sum(type(r).__name__ == "Message" for r in StreamReader(file).records)
    with path.open("rb") as file:
        counts = make_reader(file, validate_crcs=True).get_summary().statistics
    assert ours == bag == ros
    assert counts.message_count == streamed == len(list(read_recording(path)))
    return ours


def test_a_whole_file_is_not_touched(tape):
    """Mending what is not broken changes no byte."""
    before = tape.read_bytes()
    assert seal(tape).was_whole
    assert tape.read_bytes() == before
    assert levels(tape) == list(range(8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.floats(0.05, 0.999))
def test_a_file_cut_anywhere_is_mended(tape, share):
    """Wherever a crash cuts it, all whole chunks before are kept, and every reader takes it."""
    path = tape.with_name("cut.mcap")
    whole = tape.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    before = [m.data[-1] for m in read_recording(path) if m.plan.topic == NAME]
    found = seal(path)
    assert not found.was_whole
    assert levels(path) == before == list(range(len(before)))
    assert seal(path).was_whole


def test_a_cut_costs_one_chunk(tape):
    """Of a file that ends in the middle of its last chunk seven pictures are left."""
    whole = tape.read_bytes()
    end = whole.rindex(bytes([7]) * 700)
    tape.write_bytes(whole[:end])
    assert seal(tape).cut_nbytes > 0
    assert levels(tape) == list(range(7))


@pytest.mark.parametrize("rotten", range(8))
def test_rotten_bits_cost_their_chunk(tape, rotten):
    """One flipped bit: its chunk is skipped by every reader, all others are kept."""
    whole = bytearray(tape.read_bytes())
    at = whole.index(bytes([rotten]) * 700)
    whole[at + 100] ^= 4
    tape.write_bytes(bytes(whole))
    found = seal(tape)
    assert (found.rotten, found.was_whole) == (1, False)
    assert levels(tape) == [n for n in range(8) if n != rotten]


def test_what_is_no_recording_is_refused(tmp_path, capsys):
    """A file of another kind is not touched; the command line says so in one line."""
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG" + bytes(100))
    with pytest.raises(NotARecordingError, match="no MCAP file"):
        seal(path)
    assert main(["record", "--repair", str(path)]) == 2
    assert "is no MCAP file" in capsys.readouterr().err


def test_the_command_line_mends(tape, capsys):
    """``record --repair`` says what was kept and what was lost."""
    tape.write_bytes(tape.read_bytes()[:-2000])
    assert main(["record", "--repair", str(tape)]) == 0
    assert "messages kept" in capsys.readouterr().out
    assert main(["record", "--repair", str(tape)]) == 0
    assert "is whole" in capsys.readouterr().out


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from tape import *
import numpy as np
file = RecordingFile(Path(sys.argv[1]))
track = topic("main_video", "video")
first = frame(track, np.zeros((16, 16, 3), np.uint8))
plan, encoder = plan_track("tape", track, "out", "raw", first)
for n in range(100):
    if n == 60:
        file.flush_now()
    each = frame(track, np.full((16, 16, 3), n, np.uint8), n)
    file.add(plan, encoder.encode(each), each.received_ns, each.produced_ns, n)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_costs_what_was_not_flushed(tmp_path):
    """A recorder that is killed leaves all that it flushed, readable as it stands and mendable."""
    path = tmp_path / "run.mcap"
    paths = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(":")]
    code = KILLED.format(paths=[p for p in paths if p])
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert sum(1 for _ in read_recording(path)) == 60
    seal(path)
    assert levels(path) == list(range(60))


@pytest.fixture
def small_files():
    """No file may grow beyond 5 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    yield 5_000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_a_readable_file(tmp_path, small_files):
    """When no more fits the file is ended by itself, summary and all, within what there is."""
    path = tmp_path / "run.mcap"
    with pytest.raises(RecordingFullError, match=r"closed with \d+ messages"):
        write(path, VIDEO, PICTURES, chunks=True)
    assert path.stat().st_size <= small_files
    kept = levels(path)
    assert kept == list(range(len(kept)))
    assert kept


def test_a_file_that_is_there_is_not_overwritten(tape):
    """Recordings are not made twice."""
    before = tape.read_bytes()
    with pytest.raises(FileExistsError):
        RecordingFile(tape)
    assert tape.read_bytes() == before
