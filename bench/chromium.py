"""A headless Chromium and its pages, with nothing between but the DevTools socket.

Test drivers switch on the network's events and are told of every chunk of a stream: 1 ms of CPU
per frame that no visitor's browser spends. Here pages are only ever asked to evaluate a text.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--window-size=1280,800",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
]
START_S = 30.0
TICKS_HZ = os.sysconf("SC_CLK_TCK")


def find_chromium() -> str | None:
    """Return the path of a Chromium."""
    return shutil.which("chromium") or shutil.which("google-chrome")


class Page:
    """One tab; asked for one thing at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0

    async def evaluate(self, expression: str, timeout_s: float = 120) -> Any:
        """Return what an expression gives, after its promise if it is one.

        Raises:
            RuntimeError: It threw.
        """
        self._count += 1
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        message = {"id": self._count, "method": "Runtime.evaluate", "params": asked}
        await self._socket.send_json(message)
        async with asyncio.timeout(timeout_s):
            while (told := await self._socket.receive_json()).get("id") != self._count:
                pass
        result = told["result"]
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    async def until(self, expression: str, timeout_s: float = START_S) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(timeout_s):
            while not await self.evaluate(expression):  # noqa: ASYNC110 - a page has no events
                await asyncio.sleep(0.1)


class Chromium:
    """A running browser.

    Attributes:
        pid: Of its first process; the others are its children's.
    """

    def __init__(self, pid: int, port: int, http: aiohttp.ClientSession) -> None:
        self.pid = pid
        self._at = f"http://127.0.0.1:{port}"
        self._http = http

    @asynccontextmanager
    async def page(self, url: str) -> AsyncIterator[Page]:
        """Open a tab; it is closed when the block is left."""
        # The address is not escaped: what stands behind its # would be part of the path then.
        async with self._http.put(f"{self._at}/json/new?about:blank") as answer:
            target = await answer.json(content_type=None)
        async with self._http.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            await page.evaluate(f"void (location.href = {json.dumps(url)})")
            await page.until(f"location.href.startsWith({json.dumps(url.partition('#')[0])})")
            yield page
        async with self._http.get(f"{self._at}/json/close/{target['id']}"):
            pass

    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far; one that ends takes its own with it."""
        return sum(cpu_s(pid) for pid in family(self.pid))


@contextmanager
def launched(path: str) -> Iterator[tuple[int, int]]:
    """Run a Chromium with a profile of its own; yield its process id and its DevTools' port."""
    with tempfile.TemporaryDirectory(prefix="rz-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process.pid, _port(Path(profile) / "DevToolsActivePort")
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _port(file: Path) -> int:
    begin = time.monotonic()
    while time.monotonic() < begin + START_S:
        if file.is_file() and (words := file.read_text().split()):
            return int(words[0])
        time.sleep(0.05)
    raise TimeoutError(f"Chromium did not start within {START_S:g} s")


def family(pid: int) -> list[int]:
    """Return a process and all that came of it."""
    children: dict[int, list[int]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((each / "stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(each.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far; 0 of one that has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / TICKS_HZ
