"""What workers import, once, before they are forked. It makes no context and starts no thread."""

from reactor_zmq.benchmark import bare, shared, through, worker

__all__ = ["bare", "shared", "through", "worker"]
