"""``reactor-zmq watch``, against a run."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from cli_lamp import LAMP

from reactor_zmq.testing.running import running


def test_lines(lamp, told):
    """Where output is no terminal there is a line per second, and the figures at the end."""
    code, lines, errors = told("watch", lamp.connection_file, "--seconds", "1.2")
    assert (code, errors) == (0, "")
    *seconds, totals = lines
    assert len(seconds) == 2
    assert "ready" in seconds[-1]
    assert "clients 1  viewers 1  epoch 1" in seconds[-1]
    found = re.fullmatch(
        r"main_video: (\d+) frames, .* frames/s, latency p50 .* ms p99 .* ms, .*", totals
    )
    assert found is not None
    assert int(found[1]) > 10


def test_json_lines(lamp, told):
    """Each line is an object with the figures, the last one has those of the whole time."""
    code, lines, _ = told("watch", lamp.connection_file, "--seconds", "1", "--json")
    now, totals = map(json.loads, lines)
    assert code == 0
    assert now["status"]["state"] == "ready"
    assert now["tracks"][0]["frames"] > 10
    assert now["fields"]["level"] in range(256)
    assert totals["frames"] >= now["tracks"][0]["frames"]


def test_ends_with_the_run():
    """When the run ends, so does watch, with its figures and without an error."""
    with running(LAMP, name="brief_lamp") as run:
        line = [sys.executable, "-m", "reactor_zmq.cli.main", "watch", str(run.connection_file)]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as watch:
            assert watch.stdout is not None
            watch.stdout.readline()
            assert run.stop() == 0
            rest = watch.stdout.read()
            assert watch.wait(30) == 0
    assert "frames/s" in rest.splitlines()[-1]


def test_the_terminal(lamp, wait_until):
    """In a terminal the picture is drawn in the frame's own colours, until SIGINT."""
    screen, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    line = [sys.executable, "-m", "reactor_zmq.cli.main", "watch", str(lamp.connection_file)]
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    watch = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    seen = bytearray()

    def drawn() -> bool:
        while select.select([screen], [], [], 0)[0]:
            seen.extend(os.read(screen, 65_536))
        return b"\xe2\x96\x80" in seen and b"frames/s" in seen and b"ready" in seen

    wait_until(drawn, "the picture")
    assert re.search(rb"38;2;(\d+);\1;\1;48;2;\1;\1;\1m", bytes(seen))
    watch.send_signal(signal.SIGINT)
    rest = read_all(screen)
    assert watch.wait(30) == 0
    # The terminal is given back: other screen left, cursor shown, figures below.
    assert rest.index(b"\x1b[?1049l") < rest.rindex(b"main_video: ")
    assert b"\x1b[?25h" in rest
    os.close(screen)


def read_all(terminal: int) -> bytes:
    """Return what a terminal shows until its program has gone."""
    found = bytearray()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            found += os.read(terminal, 65_536)
        except OSError:  # Linux says so when the last writer has closed
            break
    return bytes(found)
