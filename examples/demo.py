"""The demo: a neural cellular automaton grows in this terminal and is steered from another one.

``make demo`` runs until Ctrl-C, ``make demo SECONDS=10`` ends by itself with a line of figures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

MODEL = Path(__file__).resolve().parent / "neural_automaton"
TRACK = "main_video"
START_S = 20.0


def main() -> int:
    """Run the model, show it, stop it; 0 when it ended in order and frames were seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=None, help="end by itself")
    options = parser.parse_args()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
    with foreground(), suppress(KeyboardInterrupt), tempfile.TemporaryFile("w+") as log:
        return show(options.seconds, log)
    return 0


@contextmanager
def foreground() -> Generator[None]:
    """Have Ctrl-C reach this process alone: make would take it for a failure."""
    before = os.getpgrp()
    if not os.isatty(0) or os.tcgetpgrp(0) != before:
        yield
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(0, before)


def show(seconds: float | None, log: IO[str]) -> int:
    """Start the run, watch it, and print what was seen."""
    with serving(log) as (process, connection_file):
        # Imported while the run starts: both take a while, and the machine has two cores.
        from reactor_zmq.cli.watch import best_form, watch  # noqa: PLC0415
        from reactor_zmq.client import connect  # noqa: PLC0415

        if not wait_for(connection_file, process):
            log.seek(0)
            print(log.read(), "the demo could not start", sep="\n", file=sys.stderr)
            return 1
        with connect(connection_file, name="demo") as client:
            told = [*page(log), *hints(connection_file.stem)]
            totals = watch(client, best_form(), seconds, told)
    seen = next((t for t in totals if t.track == TRACK and t.first_ns), None)
    if seen is None or seen.first_ns is None:
        print("no frame was seen")
        return 1
    print(
        f"{seen.frames} frames, {seen.rate_hz:.1f} fps, latency p50 {seen.p50_ms:.1f} "
        f"p99 {seen.p99_ms:.1f} ms, {seen.gaps} gaps, "
        f"first frame {(seen.first_ns - born_ns()) / 1e9:.2f} s"
    )
    return 0


@contextmanager
def serving(log: IO[str]) -> Generator[tuple[subprocess.Popen[str], Path]]:
    """Run the model as anybody would, on free ports, and end it in order."""
    from reactor_zmq.config import runtime_directory  # noqa: PLC0415 - quick; see show()

    name = free_name(runtime_directory())
    command = [
        *(sys.executable, "-m", "reactor_zmq.cli.main", "run", str(MODEL), "--name", name),
        *("--events", "tcp://127.0.0.1:*", "--frames", "tcp://127.0.0.1:*"),
        *(("--bridge", "0") if all(map(find_spec, ("aiohttp", "simplejpeg"))) else ()),
    ]
    # In a session of its own: Ctrl-C is for this process, which then asks the run to stop.
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True, start_new_session=True
    )
    try:
        yield process, runtime_directory() / f"{name}.json"
    finally:
        process.terminate()
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()


def free_name(folder: Path) -> str:
    """Return a name that no other run has: there may be a demo in another window."""
    count = 1
    while (folder / f"automaton{count if count > 1 else ''}.json").exists():
        count += 1
    return f"automaton{count if count > 1 else ''}"


def wait_for(file: Path, process: subprocess.Popen[str]) -> bool:
    """Wait until the run has bound its sockets; False when it ended or took too long."""
    deadline = time.monotonic() + START_S
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def page(log: IO[str]) -> list[str]:
    """Return what opens the run in a browser, as the run has said it."""
    # The run writes by the same open file: reading must not move its place.
    said = os.pread(log.fileno(), 65_536, 0).decode()
    return [line for line in said.splitlines() if line.startswith("open http")]


def hints(name: str) -> list[str]:
    """Return what to type in a second terminal."""
    ours = Path(sys.executable).parent / "reactor-zmq"
    tool = "reactor-zmq" if shutil.which("reactor-zmq") else os.path.relpath(ours)
    return [
        f"{tool} send {name} damage x=0.5 y=0.4 radius=0.2",
        f"{tool} send {name} set_target target=butterfly",
        f"{tool} send {name} set_photo photo=@PHOTO.jpg",
    ]


def born_ns() -> int:
    """Return the Unix time at which this process was started, to a hundredth of a second."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    booted_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return booted_ns + ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
