"""The stage on which the scenes of these tests are played."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from foxglove_stage import Scene, Stage

from reactor_zmq.testing.running import Running, running
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.server import serving


@pytest.fixture
def play(resources: None, run_directory: Path) -> Callable[..., None]:
    """Play a scene with a model, and a bridge of it."""

    def begin(model: str, scene: Scene, **config: Any) -> None:
        async def act(run: Running) -> None:
            settings = BridgeConfig(target=str(run.connection_file), port=0, **config)
            async with serving(settings) as found, aiohttp.ClientSession() as http:
                await scene(Stage(run, found, http))

        with running(model, name=model.rpartition(":")[2].lower()) as run:
            asyncio.run(act(run))

    return begin
