"""The actor as a real process, with a link, a board and a ring, but without a front end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from reactor_zmq.actor.process import ExitCode
from reactor_zmq.errors import ActorGone
from reactor_zmq.memory.board import Board
from reactor_zmq.memory.reader import RingReader
from reactor_zmq.memory.ring import Ring
from reactor_zmq.sockets.link import Link, link_pair
from reactor_zmq.wire import link
from reactor_zmq.wire.contract import decode_contract
from reactor_zmq.wire.envelope import Encoding

MODEL = str(Path(__file__).with_name("actor_model.py"))
START = """
import json, socket, sys
from reactor_zmq.actor.process import ActorArgs, actor_main
target, overrides, end, board = sys.argv[1:]
args = ActorArgs(target=target, name="test", overrides=json.loads(overrides))
actor_main(args, socket.socket(fileno=int(end)), int(board))
"""
# Starts the actor, tells its process id, and waits to be killed.
PARENT = """
import subprocess, sys, time
command, fds = [sys.executable, "-c", *sys.argv[2:]], [int(n) for n in sys.argv[-2:]]
child = subprocess.Popen(command, pass_fds=fds)
print(child.pid, flush=True)
time.sleep(3600)
"""


class Actor:
    """A front end's hands on one actor process."""

    def __init__(self, wait_until, target="Probe", overrides="{}", through=None):
        ours, theirs = link_pair()
        self.wait_until = wait_until
        self.board = Board.create()
        self.board.set_wanted(0, wanted=True)
        self.link = Link(ours, link.decode_from_actor)
        self.heard = []
        self.rings = RingReader()
        words = [START, f"{MODEL}:{target}", overrides, str(theirs.fileno()), str(self.board.fd)]
        command = [sys.executable, "-c", *([through, "-"] if through else []), *words]
        fds = (theirs.fileno(), self.board.fd)
        self.process = subprocess.Popen(
            command, pass_fds=fds, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        theirs.close()

    def send(self, message, fd=None):
        self.link.send(message, fd)

    def event(self, token, kind, **data):
        packed = msgspec.msgpack.encode(data)
        self.send(link.EventIn(token, "a", kind, Encoding.MSGPACK, packed))

    def hear(self):
        """Take in what has come; a closed link ends it."""
        try:
            while (got := self.link.receive()) is not None:
                message, fd = got
                if isinstance(message, link.Ring):
                    ring = Ring.attach(fd, message.slots, message.slot_nbytes, message.generation)
                    self.rings.add(ring)
                self.heard.append(message)
        except ActorGone:
            pass

    def until(self, kind, count=1, where=lambda _: True):
        """Wait until so many messages of a kind have come; return the last one."""
        found = []

        def came():
            self.hear()
            found[:] = [m for m in self.heard if isinstance(m, kind) and where(m)]
            return len(found) >= count

        self.wait_until(came, f"{count} {kind.__name__}")
        return found[-1]

    def pixels(self, frame):
        view = self.rings.view(frame.generation, frame.slot, int(np.prod(frame.shape)))
        return np.array(np.frombuffer(view, np.uint8).reshape(frame.shape))

    def free(self):
        """Give back the slots of all frames heard so far."""
        for frame in [m for m in self.heard if isinstance(m, link.Frame)]:
            self.rings.release(frame.generation, frame.slot)
            self.heard.remove(frame)

    def exit_code(self):
        return self.process.wait(timeout=10)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.rings.close()
        self.link.close()
        self.board.close()


@pytest.fixture
def start(resources, wait_until):
    """Start actors; kill what is left of them."""
    actors = []

    def started(*args, **options):
        actors.append(Actor(wait_until, *args, **options))
        return actors[-1]

    yield started
    for actor in actors:
        actor.close()


@pytest.fixture
def joined(start):
    """Return an actor whose model is loaded and has one client."""
    actor = start()
    actor.until(link.Ready)
    actor.send(link.Join("a", 1.0, "s"))
    actor.until(link.StateChanged)
    return actor


def test_a_life_from_load_to_stop(start):
    """Progress, contract, state, reply, frames, Stopped, exit code 0."""
    actor = start()
    assert actor.until(link.Loading) == link.Loading(1.0, 2.0, "half")
    contract = decode_contract(actor.until(link.Ready).contract)
    assert (contract.model, contract.description) == ("Probe", "Yields pictures of one level.")
    actor.send(link.Join("a", 1.0, "s"))
    actor.event(1, "set_level", level=7)
    assert actor.until(link.Reply) == link.Reply(1)
    seen = actor.until(link.Frame, where=lambda f: actor.pixels(f).max() == 7)
    assert (seen.shape, seen.encoding) == ((4, 6, 3), "rgb8")
    actor.send(link.Stop())
    actor.until(link.Stopped)
    assert actor.exit_code() == ExitCode.STOPPED


def test_slots_that_were_given_back_are_used_again(joined):
    """Frames go on for as long as somebody frees their slots."""
    for _ in range(10):
        joined.until(link.Frame, count=5)
        joined.free()
    assert sum(isinstance(m, link.Ring) for m in joined.heard) == 1


def test_without_viewers_no_frame_is_told_of(joined):
    """The sequence goes on all the same: what comes after is a gap."""
    before = joined.until(link.Frame).seq
    joined.board.set_wanted(0, wanted=False)
    joined.event(1, "set_level", level=3)
    joined.until(link.Reply)
    joined.hear()
    joined.free()
    tick = joined.board.tick
    joined.wait_until(lambda: joined.board.tick > tick + 5, "turns")
    joined.board.set_wanted(0, wanted=True)
    assert joined.until(link.Frame).seq > before + 1


def test_the_board_shows_progress_while_nothing_happens(start):
    """An idle actor beats by a timer."""
    actor = start()
    actor.until(link.Ready)
    tick = actor.board.tick
    actor.wait_until(lambda: actor.board.tick >= tick + 3, "three beats")


def test_the_board_stands_still_while_a_turn_hangs(joined):
    """That is how the supervisor knows."""
    joined.event(1, "hang")
    joined.until(link.Reply)
    stands = [joined.board.tick]

    def still():
        stands.append(joined.board.tick)
        return len(stands) > 200 and len(set(stands[-200:])) == 1

    joined.wait_until(still, "the end of the beats")


def test_a_model_that_cannot_be_loaded_says_why(start):
    """One line, the author's traceback, an exit code of its own."""
    actor = start(overrides='{"broken": true}')
    told = actor.until(link.LoadFailed)
    assert told.text == "Probe could not be loaded: ValueError: no weights"
    assert told.traceback.splitlines()[1].startswith(f'  File "{MODEL}", line ')
    assert actor.exit_code() == ExitCode.LOAD_FAILED


def test_a_target_that_is_not_there_says_so(start):
    """No traceback: the author's code never ran."""
    told = start("Nothing").until(link.LoadFailed)
    assert "no class 'Nothing'" in told.text
    assert "models there: Probe, Mirror" in told.text
    assert told.traceback == ""


def test_a_gpu_fault_ends_the_process_with_a_code_of_its_own(joined):
    """After the caller was answered."""
    joined.event(1, "fault")
    assert joined.until(link.ReplyError).code == "internal_error"
    assert joined.exit_code() == ExitCode.FAULT
    assert b"illegal memory access" in joined.process.stderr.read()


def test_an_actor_whose_front_end_has_gone_ends(joined):
    """The link's end is seen between turns."""
    joined.link.close()
    assert joined.exit_code() == ExitCode.ORPHANED


def test_an_idle_actor_whose_front_end_has_gone_ends(start):
    """And without turns."""
    actor = start()
    actor.until(link.Ready)
    actor.link.close()
    assert actor.exit_code() == ExitCode.ORPHANED


def test_the_kernel_kills_a_hanging_actor_when_its_parent_dies(start):
    """The link stays open and the turn never ends: only PDEATHSIG is left."""
    actor = start(through=PARENT)
    pid = int(actor.process.stdout.readline())
    actor.until(link.Ready)
    actor.send(link.Join("a", 1.0, "s"))
    actor.event(1, "hang")
    actor.until(link.Reply)
    os.kill(actor.process.pid, signal.SIGKILL)
    actor.process.wait()
    actor.wait_until(lambda: not _alive(pid), "the end of the actor")


def test_ctrl_c_is_the_front_ends_affair(joined):
    """SIGINT goes to the whole group; the actor goes on until it is told."""
    joined.process.send_signal(signal.SIGINT)
    joined.event(1, "set_level", level=1)
    joined.until(link.Reply)


def test_a_front_end_that_does_not_read_does_not_stop_the_model(joined):
    """What the link does not take waits, in order."""
    joined.event(1, "shout", count=8000)
    tick = joined.board.tick
    joined.wait_until(lambda: joined.board.tick > tick + 20, "turns")
    joined.until(link.Reply)
    kinds = [type(m) for m in joined.heard if isinstance(m, (link.Message, link.Reply))]
    assert kinds == [link.Message] * 8000 + [link.Reply]


@pytest.fixture
def input_ring(resources):
    """Return a ring of four pictures, as the front end has one."""
    ring = Ring.create(4, 72, 1)
    yield ring
    ring.close()


def test_published_frames_reach_the_model_and_their_slots_come_back(start, input_ring):
    """From the input ring to ``read`` and, inverted, to the output ring."""
    actor = start("Mirror")
    actor.until(link.Ready)
    actor.send(link.Join("a", 1.0, "s"))
    ring = input_ring
    actor.send(link.InputRing(1, 4, ring.slot_nbytes), ring.fd)
    for n in range(3):
        ring.take(n)
        ring.view(n, 72)[:] = bytes([n]) * 72
        actor.send(link.InputFrame(0, 1, n, (4, 6, 3), "|u1", 0, b""))
        frame = actor.until(link.Frame, where=lambda f, n=n: actor.pixels(f).max() == 255 - n)
        assert frame.shape == (4, 6, 3)
    actor.wait_until(lambda: ring.free_slots() >= 3, "the slots")
    actor.send(link.InputClosed(0))
    actor.send(link.Stop())
    assert actor.exit_code() == ExitCode.STOPPED


def test_an_uploaded_file_arrives_as_a_descriptor(joined):
    """Its bytes are read in the actor."""
    fd = os.memfd_create("test", os.MFD_CLOEXEC)
    os.write(fd, bytes([1, 2, 3]))
    joined.send(link.UploadStored("u", "a", "x", "", 3), fd)
    os.close(fd)
    joined.event(1, "weigh", file={"upload_id": "u"})
    reply = joined.until(link.Reply)
    assert (reply.type, msgspec.msgpack.decode(reply.data)) == ("sum", {"total": 6})


def test_context_variables_are_the_same_for_every_handler(joined):
    """Some handlers run in the host's task and others where the event arrives."""
    joined.event(1, "remember", mood=7)
    joined.until(link.Reply)
    joined.event(2, "recall")
    reply = joined.until(link.Reply, 2)
    assert msgspec.msgpack.decode(reply.data) == {"total": 7}


def test_importing_the_actor_loads_nothing_that_cannot_be_forked():
    """No ZeroMQ, no GPU library: it is preloaded into the forkserver."""
    probe = (
        "import sys, reactor_zmq.actor.process;"
        "print([m for m in ('zmq', 'torch', 'cupy', 'yaml') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "[]"


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False
