"""Models that do what no model should."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from reactor_zmq import (
    ClientInfo,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    connected,
    disconnected,
    event,
    session_ended,
    session_started,
)


class Picture(Output):
    main_video: Video


class Wishes(InputState):
    prompt: str = InputField(default="calm")
    _wish: str = ""


class Pid(ModelMessage):
    pid: int


PICTURE = np.zeros((8, 8, 3), np.uint8)


class Wild(ReactorPipeline):
    """Dies, hangs, forks, prints and eats on request, in a handler or in its next turn."""

    state: Wishes
    output: Picture
    fps = 60

    @event(name="do")
    def do(self, what: str):
        getattr(self, f"_{what}")()

    @event(name="wish")
    def wish(self, what: str):
        self.state._wish = what

    @event(name="ask_pid")
    def ask_pid(self) -> Pid:
        return Pid(pid=os.getpid())

    @event(name="fork")
    def fork(self, seconds: float) -> Pid:
        child = os.fork()
        if not child:
            time.sleep(seconds)
            os._exit(0)
        return Pid(pid=child)

    def _kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def _abort(self):
        os.abort()

    def _segfault(self):
        ctypes.string_at(0)

    def _quit(self):
        os._exit(7)

    def _leave(self):
        sys.exit("enough")

    def _interrupt(self):
        raise KeyboardInterrupt

    def _freeze(self):
        os.kill(os.getpid(), signal.SIGSTOP)

    def _spin(self):
        while True:
            pass

    def _deadlock(self):
        lock = threading.Lock()
        with lock, lock:
            pass

    def _sleep(self):
        time.sleep(1000)

    def _gpu_fault(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def _eat(self):
        used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, resource.RLIM_INFINITY))
        self._eaten = [np.ones(2**22) for _ in range(1000)]

    def _fork_into_the_host(self):
        os.fork()

    def _start_threads(self):
        for _ in range(20):
            threading.Thread(target=time.sleep, args=(1000,)).start()

    def _print(self):
        line = "x" * 1023
        for _ in range(2**20):
            sys.stdout.write(line + "\n")

    def _nonsense(self):
        return "no picture"

    def inference(self):
        while True:
            wish, self.state._wish = self.state._wish, ""
            sys.stdout.write(f"granted: {wish}\n" if wish else "")
            sys.stdout.flush()
            yield (getattr(self, f"_{wish}")() if wish else None) or PICTURE


class Relapsing(Wild):
    """Loads once, and never again."""

    def load(self, config):
        mark = Path(config["mark"])
        if mark.exists():
            raise RuntimeError("no weights this time")
        mark.touch()


class Hooked(Wild):
    """Every hook of it raises."""

    @session_started
    def begin(self):
        raise RuntimeError("session_started")

    @session_ended
    def end(self):
        raise RuntimeError("session_ended")

    @connected
    async def come(self, client: ClientInfo):
        raise RuntimeError("connected")

    @disconnected
    def go(self, client: ClientInfo):
        raise RuntimeError("disconnected")
