"""A run shown to a Foxglove client: by the bridge, and by Foxglove's own SDK where it is installed.

The clock starts when the model yields a frame and stops when its bytes are in a client in this
process. Then the client reads nothing for some seconds: what the first frames that it reads
afterwards are behind by, and what the server has grown by meanwhile. The SDK with a backlog of
its own default, and with the least.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp

import reactor_zmq
from reactor_zmq.testing.running import running

HERE = Path(__file__).resolve().parent
SECONDS = 5.0
STALL_S = 1.5  # the bridge lets go of who takes nothing in for two seconds
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
TOPICS = {"raw": "image_raw", "jpeg": "image_raw/compressed"}
SERVERS = ("bridge", "sdk", "sdk, backlog 1")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--fps", type=float, default=30)
    options = parser.parse_args()
    servers = SERVERS if find_spec("foxglove") else SERVERS[:1]
    if len(servers) == 1:
        print("foxglove-sdk is not installed: the bridge alone is measured", file=sys.stderr)
    print(f"{'720p':24}{'Hz':>7}{'p50 ms':>8}{'CPU ms':>8}{'behind ms':>11}{'grown MB':>10}")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        with (
            running(f"{HERE / 'bridge_models.py'}:Moving", name="moving"),
            reactor_zmq.connect("moving", timeout=20) as client,
        ):
            client.wait_ready(60)
            client.send("set_wanted_fps", wanted_fps=options.fps)
            for _ in range(options.rounds):
                for codec in TOPICS:
                    for server in servers:
                        show(codec, server, measure(codec, server))


def show(codec: str, server: str, found: dict[str, float]) -> None:
    cells = f"{found['hz']:7.1f}{found['p50_ms']:8.1f}{found['cpu_ms']:8.2f}"
    stalled = f"{found['behind_ms']:11.0f}{found['grown_mb']:10.1f}"
    print(f"{codec:6}{server:18}{cells}{stalled}", flush=True)


def measure(codec: str, server: str) -> dict[str, float]:
    """Start a server, look through it, and end it."""
    if server == "bridge":
        words = ["-m", "reactor_zmq.cli.main", "foxglove", "moving", "--port", "0"]
    else:
        backlog = "1" if "backlog" in server else "0"
        words = [str(HERE / "foxglove_sdk_server.py"), "moving", codec, backlog]
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline().strip()
        url = said if said.startswith("ws:") else f"ws://127.0.0.1:{said}"
        return asyncio.run(look(url, f"/Moving/main_video/{TOPICS[codec]}", process.pid))
    finally:
        process.terminate()
        process.wait(10)


async def look(url: str, topic: str, pid: int) -> dict[str, float]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, protocols=("foxglove.sdk.v1",), max_msg_size=0) as socket,
    ):
        number = await channel(socket, topic)
        wanted = {"id": 1, "channelId": number}
        await socket.send_str(json.dumps({"op": "subscribe", "subscriptions": [wanted]}))
        for _ in range(10):
            await age_ms(socket)
        ages: list[float] = []
        began, cpu_s = time.monotonic(), cpu(pid)
        while time.monotonic() - began < SECONDS:
            ages.append(await age_ms(socket))
        spent_s, elapsed_s = cpu(pid) - cpu_s, time.monotonic() - began
        grown, behind = await stalled(socket, pid)
    return {
        "hz": len(ages) / elapsed_s,
        "p50_ms": statistics.median(ages),
        "cpu_ms": 1e3 * spent_s / len(ages),
        "behind_ms": behind,
        "grown_mb": grown / 1e6,
    }


async def stalled(socket: Any, pid: int) -> tuple[float, float]:
    """Return how the server has grown while nobody read, and the oldest frame of the next ten."""
    transport = socket._response.connection.transport  # noqa: SLF001 - a client that stalls
    before = resident_nbytes(pid)
    transport.pause_reading()
    await asyncio.sleep(STALL_S)
    grown = resident_nbytes(pid) - before
    transport.resume_reading()
    # What the kernels held when the stall began comes first, whoever serves.
    ages = [await age_ms(socket) for _ in range(30)]
    return grown, statistics.median(ages)


async def channel(socket: Any, topic: str) -> int:
    while True:
        message = await socket.receive(timeout=20)
        if message.type is aiohttp.WSMsgType.TEXT:
            for each in json.loads(message.data).get("channels", ()):
                if each["topic"] == topic:
                    return each["id"]


async def age_ms(socket: Any) -> float:
    """Return the age of the next message, from the stamp at the head of its CDR."""
    while (message := await socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert message.type is aiohttp.WSMsgType.BINARY, message
    seconds = int.from_bytes(message.data[17:21], "little")
    return (time.time_ns() - seconds * 10**9 - int.from_bytes(message.data[21:25], "little")) / 1e6


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_nbytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
