"""Examples run headless, one client connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reactor_zmq import PipelineExecutor, ReactorPipeline


@pytest.fixture
def hosted() -> Iterator[Callable[..., PipelineExecutor]]:
    """Host models headless, one client connected; closed when the test ends."""
    running: list[PipelineExecutor] = []

    def host(model: type[ReactorPipeline], config: Any = None) -> PipelineExecutor:
        executor = PipelineExecutor(model, config)
        running.append(executor)
        executor.connect()
        return executor

    yield host
    for executor in running:
        executor.close()
