"""The bridge as a process: by itself, and beside a run."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from bridge_browser import Browser

from reactor_zmq.testing.running import Running, running

MODEL = Path(__file__).parent / "bridge_models.py"
URL = re.compile(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)")


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's bridges."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid and b"--listen-fd" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def converse(url: str, token: str) -> str:
    """Talk to a bridge as a browser and return what the model said."""

    async def act() -> str:
        async with aiohttp.ClientSession() as http:
            browser = Browser(http, url, token)
            await browser.open()
            assert (await browser.hello())["type"] == "$welcome"
            said = (await browser.ask("say", {"text": "hello"}))["data"]["text"]
            await browser.say("$bye")
            await browser.ended()
            return said

    return asyncio.run(act())


@contextmanager
def bridged() -> Iterator[tuple[Running, str, str]]:
    with running(MODEL, "--bridge", "0") as run:
        found = URL.search(run.output)
        while found is None:
            found = URL.search(run.output)
        yield run, found[1], found[2]


def test_beside_a_run(resources):
    """Run --bridge prints an address that works, and leaves nothing when it ends."""
    with bridged() as (run, url, token):
        assert converse(url, token) == "hello"
        assert run.stop() == 0


def test_a_killed_bridge(resources, wait_until):
    """It is started again at the same port, with the same token."""
    with bridged() as (run, url, token):
        converse(url, token)
        [first] = children_of(run.process.pid)
        os.kill(first, signal.SIGKILL)
        assert converse(url, token) == "hello"
        assert children_of(run.process.pid) not in ([first], [])


def test_a_killed_run(wait_until):
    """The bridge of a run that was killed ends by itself."""
    with bridged() as (run, url, token):
        converse(url, token)
        [bridge] = children_of(run.process.pid)
        run.process.kill()
        wait_until(lambda: not Path(f"/proc/{bridge}").exists(), "the bridge's end")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_by_itself(resources, how):
    """reactor-zmq bridge serves a run that is there, and ends in order on a signal."""
    with running(MODEL) as run:
        command = [sys.executable, "-m", "reactor_zmq.cli.main", "bridge"]
        with subprocess.Popen(
            [*command, str(run.connection_file), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as bridge:
            found = URL.match(bridge.stdout.readline())
            assert converse(found[1], found[2]) == "hello"
            bridge.send_signal(how)
            said = bridge.communicate(timeout=20)[1]
            assert bridge.returncode == 0, said


def test_what_can_not_be_served():
    """An address beyond loopback without --expose is one line and exit code 2."""
    done = subprocess.run(
        [*(sys.executable, "-m", "reactor_zmq.cli.main", "bridge"), "--host", "0.0.0.0"],  # noqa: S104 - refused
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert "--expose" in done.stderr
    assert len(done.stderr.splitlines()) == 1
