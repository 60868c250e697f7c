"""Foxglove's own libraries, as its app uses them, against the bridge."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from foxglove_stage import SHOWN

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "web"))

from node_tools import OUT, node, npm  # noqa: E402

TOOLS = OUT / "foxglove"
PACKAGES = (
    "@foxglove/ws-protocol@0.8.0",
    "@foxglove/rosmsg@5.0.5",
    "@foxglove/rosmsg2-serialization@3.0.2",
    "ws@8.18.3",
)


@pytest.fixture(name="tools", scope="module")
def installed_tools() -> Path:
    """Install them where npm reaches a registry; nothing of it is committed."""
    if not (TOOLS / "node_modules/@foxglove/ws-protocol").is_dir():
        TOOLS.mkdir(parents=True, exist_ok=True)
        done = npm("install", "--no-audit", "--no-fund", "--prefix", str(TOOLS), *PACKAGES)
        if done.returncode:
            pytest.skip(f"npm could not get Foxglove's client: {done.stderr.strip()[-200:]}")
    return TOOLS


def test_foxglove_s_own_client(play, tools):
    """Its client sees, calls, sets and publishes; its readers take our schemas and our bytes."""
    seen = {}

    async def scene(stage):
        script = str(HERE / "node/peer.mjs")
        done = await asyncio.to_thread(node, script, str(tools), stage.url())
        assert done.returncode == 0, done.stderr
        seen.update(json.loads(done.stdout))

    play(SHOWN, scene)
    assert seen["info"]["name"] == "shown"
    image = seen["image"]
    assert (image["height"], image["width"], image["encoding"]) == (480, 640, "rgb8")
    assert image["header"]["frame_id"] == "main_video_optical_frame"
    assert 0 <= int(image["receivedNs"]) // 10**9 - image["header"]["stamp"]["sec"] < 10
    assert seen["nbytes"] == image["step"] * 480
    assert seen["row"] == [0, 300 % 256, 7]
    assert (seen["jpeg"], seen["format"]) == ([0xFF, 0xD8], "jpeg")
    assert (seen["state"]["version"], seen["state"]["fields"]["level"]) == (0, 7)
    assert seen["gain"] == {"gain": 0.5}
    assert seen["refused"]["failure"].startswith("invalid_data")
    assert seen["set"] == seen["told"] == [{"name": "/Shown.level", "value": 42}]
