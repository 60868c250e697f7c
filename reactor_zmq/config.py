"""Configuration: frozen records handed down by part. Only this file reads the environment."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

DEFAULT_EVENTS = "tcp://127.0.0.1:5570"
DEFAULT_FRAMES = "tcp://127.0.0.1:5571"


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on what peers may use up.

    Attributes:
        attachments: Parts after the envelope.
        part_nbytes: One part of a multipart; it must hold the largest published frame.
        clients: Clients at once, those that may resume included.
        mailbox: Events accepted and not yet answered, all clients together.
        client_window: The same for one client.
        messages_hz: What one client may say on average; a word that costs more counts for more.
        messages_at_once: How much it may save up for a burst.
        client_queue: Messages waiting for a client that does not read.
        strikes: Malformed messages after which a peer's link is closed.
        memory_nbytes: How much the front end's own memory may grow, before links are cut whose
            bytes fill it; uploads and frames don't count.
        upload_nbytes: One file.
        session_upload_nbytes: All files of a session.
        session_uploads: How many they may be: each holds a descriptor.
        open_uploads: Files of one client that are not yet whole.
        upload_idle_s: An unfinished file is forgotten after so long without a chunk.
    """

    attachments: int = 8
    part_nbytes: int = 36 * 2**20
    clients: int = 8192
    mailbox: int = 4096
    client_window: int = 1024
    messages_hz: float = 20_000.0
    messages_at_once: int = 40_000
    client_queue: int = 256
    strikes: int = 20
    memory_nbytes: int = 512 * 2**20
    upload_nbytes: int = 32 * 2**20
    session_upload_nbytes: int = 128 * 2**20
    session_uploads: int = 256
    open_uploads: int = 8
    upload_idle_s: float = 60.0


class Supervision(Struct, frozen=True, kw_only=True):
    """When an actor is restarted, and when no more.

    Attributes:
        max_restarts: Restarts allowed within the window.
        window_s: The window.
        backoff_s: Waits before the first, second… restart; the last one stays.
        healthy_s: After so long without a fault the back-off starts anew.
        load_timeout_s: A load may take so long.
        hang_s: Without progress for so long an actor counts as hung.
        stop_grace_s: After a polite request, before a signal.
        kill_grace_s: After that signal, before SIGKILL.
    """

    max_restarts: int = 5
    window_s: float = 30.0
    backoff_s: tuple[float, ...] = (0.0, 0.2, 1.0, 5.0)
    healthy_s: float = 60.0
    load_timeout_s: float = 1800.0
    hang_s: float = 30.0
    stop_grace_s: float = 2.0
    kill_grace_s: float = 3.0


class RingConfig(Struct, frozen=True, kw_only=True):
    """How many slots the frame rings have.

    Attributes:
        slots: Of the ring that carries the model's frames.
        low_slots: With no more than so many free, frames are sent by copy.
        input_slots: Of the ring that carries published frames.
    """

    slots: int = 16
    low_slots: int = 4
    input_slots: int = 144


class NotifyConfig(Struct, frozen=True, kw_only=True):
    """Where a service manager listens (sd_notify(3)).

    Attributes:
        address: ``$NOTIFY_SOCKET``; empty where there is none.
        watchdog_s: It wants a sign of life within so long; 0 where it does not.
    """

    address: str = ""
    watchdog_s: float = 0.0


class ServerConfig(Struct, frozen=True, kw_only=True):
    """All that one run needs.

    Attributes:
        target: ``file.py:Class``, ``module:Class`` or a folder with ``reactor.yaml``.
        name: Name of the run: its run directory and connection file.
        overrides: ``--model.key=value`` as parsed values.
        token: The steer token; one is made where it is not given.
        keys: Folder of keys and tokens (see ``runtime/keyring.py``); with it sockets speak CURVE.
        insecure: Let other machines connect without CURVE.
        resume_s: A client whose link broke may return for so long.
        health_port: Where probes and metrics are answered on 127.0.0.1: 0 for any, None for none.
        exit_on_failure: End with exit code 3 when the actor is not started again.
        notify: Where a service manager listens.
    """

    target: str
    name: str
    events: str = DEFAULT_EVENTS
    frames: str = DEFAULT_FRAMES
    connection_file: str = ""
    token: str = ""
    keys: str = ""
    insecure: bool = False
    overrides: dict[str, object] = {}
    log_format: str = "text"
    resume_s: float = 5.0
    limits: Limits = Limits()
    supervision: Supervision = Supervision()
    ring: RingConfig = RingConfig()
    health_port: int | None = None
    exit_on_failure: bool = False
    notify: NotifyConfig = NotifyConfig()
    verbose: bool = False


def notify_config() -> NotifyConfig:
    """Return what a service manager has put into this process's environment."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    watchdog_s = int(microseconds) / 1e6 if microseconds.isdigit() and for_us else 0.0
    return NotifyConfig(address=address, watchdog_s=watchdog_s)


def may_tune_heap() -> bool:
    """Return whether the C library's allocator may be told to keep large blocks.

    Not with ``REACTOR_ZMQ_HEAP=system``, nor where the environment tunes the allocator itself.
    """
    if os.environ.get("REACTOR_ZMQ_HEAP", "") == "system":
        return False
    own = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_")
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    return "glibc.malloc." not in tunables and not any(name in os.environ for name in own)


def runtime_directory() -> Path:
    """Return the folder that holds run directories and connection files.

    ``$XDG_RUNTIME_DIR/reactor-zmq``, or a folder of this user's own where that is not set.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base:
        return Path(base) / "reactor-zmq"
    return Path("/tmp") / f"reactor-zmq-{os.getuid()}"  # noqa: S108 - created 0700 and checked
