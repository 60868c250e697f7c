"""What a bridge costs, and what it does to the model: Python viewers over raw sockets.

*Latency* runs from the model's yield to the moment at which the viewer, a process of its own, has
the whole record; decoding and drawing are the browser's part and not in it. *CPU* is that of the
bridge's process alone, from /proc, divided by the records that its viewers received. *Rate* is
frames per second at the viewer; the model's own is counted by ``seq`` over the same time. Every
viewer acknowledges as a browser does, with the usual windows. The baseline of the last table is
the same run with no viewer but one that looks at the front end itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

import reactor_zmq
from reactor_zmq.testing.running import Running, running
from reactor_zmq_bridge.record import HEADER

MODEL = Path(__file__).with_name("bridge_models.py")
CODECS = ("rgba", "i420", "jpeg", "h264")
TICKS_HZ = os.sysconf("SC_CLK_TCK")
WARM_UP_S = 0.7


@dataclass
class Seen:
    """What one viewer received after the warm-up."""

    latencies_ms: list[float] = field(default_factory=list)
    first_seq: int = -1
    last_seq: int = -1
    nbytes: int = 0
    first_s: float = 0.0
    last_s: float = 0.0

    @property
    def rate_hz(self) -> float:
        return (len(self.latencies_ms) - 1) / max(self.last_s - self.first_s, 1e-9)

    @property
    def model_hz(self) -> float:
        return (self.last_seq - self.first_seq) / max(self.last_s - self.first_s, 1e-9)


async def view(url: str, token: str, codec: str, seconds: float) -> Seen:
    """Look for so long, as a browser does: records by a stream, acknowledgements by /ws."""
    seen = Seen()
    async with (
        aiohttp.ClientSession(read_bufsize=2**22) as http,
        http.ws_connect(f"{url}/ws") as socket,
    ):
        await socket.send_json({"type": "$hello", "data": {"version": 1, "token": token}})
        while (await socket.receive_json())["type"] != "$welcome":
            pass
        asked = {"tracks": {"main_video": {}}, "codecs": [codec]}
        await socket.send_json({"type": "$view", "data": asked})
        while (told := await socket.receive_json())["type"] != "$viewing":
            pass
        viewing = told["data"]
        assert viewing["codecs"] == {"main_video": codec}, viewing
        drain = asyncio.create_task(_drain(socket))
        headers = {"Authorization": f"Bearer {viewing['stream_ticket']}"}
        async with http.get(url + viewing["path"], headers=headers) as response:
            await _read(response.content, socket, seen, seconds)
        drain.cancel()
    return seen


async def _drain(socket: aiohttp.ClientWebSocketResponse) -> None:
    while not socket.closed:
        await socket.receive()


async def _read(body: aiohttp.StreamReader, socket: Any, seen: Seen, seconds: float) -> None:
    begin = time.monotonic() + WARM_UP_S
    while (now := time.monotonic()) < begin + seconds:
        head = await body.readexactly(HEADER.size)
        fields = HEADER.unpack(head)
        payload = await body.readexactly(fields[0] + 4 - HEADER.size)
        if fields[2] == 4:
            continue
        seq, made_ms = fields[8], fields[9]
        ack = {"type": "$ack", "data": {"track": fields[5], "seq": seq}}
        await socket.send_str(json.dumps(ack))
        if now < begin:
            continue
        if not seen.latencies_ms:
            seen.first_seq, seen.first_s = seq, now
        seen.latencies_ms.append(time.time_ns() / 1e6 - made_ms)
        seen.nbytes += len(payload)
        seen.last_seq, seen.last_s = seq, now


def watch_all(url: str, token: str, codec: str, count: int, seconds: float, out: Any) -> None:
    """Be so many viewers, in a process of their own."""

    async def act() -> list[Seen]:
        views = (view(url, token, codec, seconds) for _ in range(count))
        return await asyncio.gather(*views)

    out.put(asyncio.run(act()))


@contextmanager
def bridge_of(run: Running) -> Iterator[tuple[str, int]]:
    """Start a bridge; yield its address and its process id."""
    command = [
        *(sys.executable, "-m", "reactor_zmq.cli.main", "bridge", str(run.connection_file)),
        *("--port", "0", "--sessions-per-address", "64"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().partition("/#")[0], process.pid
        finally:
            process.terminate()


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS_HZ


def measure(
    size: tuple[int, int], fps: float, codec: str, count: int, seconds: float
) -> tuple[list[Seen], float]:
    """Return what the viewers saw, and the bridge's CPU per viewer-frame in milliseconds."""
    height, width = size
    with (
        running(MODEL, f"--model.height={height}", f"--model.width={width}", name="bench") as run,
        reactor_zmq.connect(run.connection_file) as client,
        bridge_of(run) as (url, pid),
    ):
        client.wait_ready(20)
        client.send("set_wanted_fps", wanted_fps=fps)
        context = multiprocessing.get_context("spawn")
        out = context.Queue()
        viewers = context.Process(
            target=watch_all, args=(url, run.connection.token, codec, count, seconds, out)
        )
        # Connecting is no viewer-frame: the count begins with the bridge at rest before it.
        viewers.start()
        before = cpu_s(pid)
        seen = out.get(timeout=seconds + 60)
        viewers.join()
        spent_s = cpu_s(pid) - before
    frames = sum(len(each.latencies_ms) for each in seen)
    share = seconds / (seconds + WARM_UP_S)
    return seen, spent_s * share * 1e3 / max(frames, 1)


def own_rate(size: tuple[int, int], fps: float, seconds: float) -> float:
    """The model's rate with one viewer at the front end and no bridge."""
    height, width = size
    with (
        running(MODEL, f"--model.height={height}", f"--model.width={width}", name="bench") as run,
        reactor_zmq.connect(run.connection_file) as client,
    ):
        client.wait_ready(20)
        client.send("set_wanted_fps", wanted_fps=fps)
        with client.frames("main_video", timeout=10) as frames:
            first = next(frames)
            begin = time.monotonic()
            while time.monotonic() < begin + seconds:
                last = next(frames)
            return (last.seq - first.seq) / (time.monotonic() - begin)


def row(name: str, seen: Sequence[Seen], cpu_ms: float) -> str:
    """One line of a table."""
    latencies = np.concatenate([each.latencies_ms for each in seen])
    p50, p99 = np.percentile(latencies, (50, 99))
    nbytes = sum(each.nbytes for each in seen) / len(latencies)
    rate = np.mean([each.rate_hz for each in seen])
    model = np.mean([each.model_hz for each in seen])
    return (
        f"{name:<22} {nbytes / 1e3:8.0f} {p50:7.1f} {p99:7.1f} {cpu_ms:8.2f} "
        f"{rate:7.1f} {model:7.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", choices=("codecs", "ceiling", "twenty"), default=None)
    options = parser.parse_args()
    print(f"{'':<22} {'kB/frame':>8} {'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>8} "
          f"{'fps':>7} {'model':>7}")  # fmt: skip
    if options.only in (None, "codecs"):
        for codec in CODECS:
            seen, cpu_ms = measure((720, 1280), 30, codec, 1, options.seconds)
            print(row(f"720p30 {codec}", seen, cpu_ms), flush=True)
    if options.only in (None, "ceiling"):
        for codec in CODECS:
            seen, cpu_ms = measure((720, 1280), 500, codec, 1, options.seconds)
            print(row(f"720p most {codec}", seen, cpu_ms), flush=True)
    if options.only in (None, "twenty"):
        alone = own_rate((480, 640), 30, options.seconds)
        print(f"{'480p30, no bridge':<22} {'':>33} {'':>7} {alone:7.1f}")
        for codec in ("jpeg", "h264"):
            seen, cpu_ms = measure((480, 640), 30, codec, 20, options.seconds)
            print(row(f"480p30 {codec}, 20 viewers", seen, cpu_ms), flush=True)


if __name__ == "__main__":
    main()
