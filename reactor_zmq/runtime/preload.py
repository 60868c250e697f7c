"""Imported by the forkserver, and by nothing else: what it loads before the first actor.

The forkserver ends when the front end does, and the kernel ends the actor with it. An
interpreter with numpy takes its time to tear itself down, during which a hanging actor would keep
its GPU; so the forkserver ends at once.
"""

from __future__ import annotations

import atexit
import os

from reactor_zmq.actor.process import actor_main

__all__ = ["actor_main"]

atexit.register(os._exit, 0)
