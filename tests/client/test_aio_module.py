"""The asyncio clients' public name."""

from __future__ import annotations

import subprocess
import sys


def test_it_can_be_imported_as_a_module():
    """In an interpreter that has not touched the attribute, whose lookup would import it."""
    code = "import reactor_zmq.aio; print(reactor_zmq.aio.connect.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "reactor_zmq.client.aio"
