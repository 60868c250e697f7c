"""roslib, the browsers' rosbridge client, from npm: JSON, CBOR, services."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import HERE, VARIABLE

from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.server import serving


def test_roslib(model, tmp_path):
    """Roslib gets the same pixels as JSON and as CBOR, and its calls are answered."""
    packages = Path(os.environ[VARIABLE]).resolve() / "npm" / "node_modules"
    if not packages.exists():
        pytest.skip("npm's roslib is not to be had here")
    (tmp_path / "node_modules").symlink_to(packages)
    shutil.copy(HERE / "peers" / "roslib.mjs", tmp_path)
    run = model("Shown", "shown")

    async def walk():
        async with serving(BridgeConfig(target=str(run.connection_file), port=0)) as found:
            words = ["node", "roslib.mjs", str(found.port), run.connection.token]
            peer = await asyncio.create_subprocess_exec(
                *words, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
            )
            try:
                out, _ = await asyncio.wait_for(peer.communicate(), 30)
            finally:
                if peer.returncode is None:
                    peer.kill()
            assert peer.returncode == 0
            return json.loads(out)

    seen = asyncio.run(walk())
    assert seen["json"] == seen["cbor"] == list(range(192))
    assert seen["encoding"] == "rgba8"
    assert seen["gain"] == 0.5
