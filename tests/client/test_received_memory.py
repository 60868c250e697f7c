"""Memory for received frames: kept from one frame to the next, unless the user says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_server import TOKEN, FakeServer

from reactor_zmq.config import may_tune_heap

PICTURE = np.zeros((2160, 3840, 3), np.uint8)
PAGES = PICTURE.nbytes // os.sysconf("SC_PAGE_SIZE")
WARM, COUNTED, KEPT = 8, 12, 4


def read(endpoint: str) -> None:
    """Read frames, let go of several at once, and say how many pages each has faulted in."""
    import resource  # noqa: PLC0415 - where it runs, nothing else of this file does

    from reactor_zmq import connect  # noqa: PLC0415

    kept: list[object] = []
    before = 0
    with connect(endpoint, token=TOKEN) as client, client.frames("main", timeout=20) as frames:
        for n in range(WARM + COUNTED):
            if n == WARM:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            print("next", flush=True)  # noqa: T201 - to the test
            kept.append(next(frames).array)
            if len(kept) == KEPT:
                kept.clear()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    print((after - before) // COUNTED, flush=True)  # noqa: T201


def faults_per_frame(server: FakeServer, **environment: str) -> int:
    """Return how many pages a reader in a process of its own touches first, for each frame."""
    code = f"import test_received_memory; test_received_memory.read({server.events!r})"
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH", str(Path.cwd()))])])
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
    assert process.stdout is not None
    told = ""
    for n, line in enumerate(process.stdout):
        told = line.strip()
        if told == "next":
            server.send_frame(n, PICTURE)
    process.stdout.close()
    assert process.wait(20) == 0
    return int(told)


@pytest.mark.slow
def test_no_page_is_faulted_in_again(server: FakeServer):
    """Once it is warm a reader of 4K frames takes no new page; the system's way takes many."""
    assert faults_per_frame(server) < PAGES // 100
    assert faults_per_frame(server, REACTOR_ZMQ_HEAP="system") > PAGES // 10


@pytest.mark.parametrize(
    ("name", "value", "may"),
    [
        ("REACTOR_ZMQ_HEAP", "system", False),
        ("REACTOR_ZMQ_HEAP", "", True),
        ("MALLOC_MMAP_THRESHOLD_", "65536", False),
        ("MALLOC_TRIM_THRESHOLD_", "65536", False),
        ("MALLOC_TOP_PAD_", "0", False),
        ("GLIBC_TUNABLES", "glibc.malloc.arena_max=2", False),
        ("GLIBC_TUNABLES", "glibc.pthread.rseq=0", True),
    ],
)
def test_who_tunes_the_allocator_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, may: bool
):
    """The environment's word on the allocator is the last."""
    for known in ("REACTOR_ZMQ_HEAP", "GLIBC_TUNABLES"):
        monkeypatch.delenv(known, raising=False)
    monkeypatch.setenv(name, value)
    assert may_tune_heap() is may
