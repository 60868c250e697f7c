"""An actor-model runtime for real-time interactive models on ZeroMQ sockets."""

__version__ = "0.1.0"
