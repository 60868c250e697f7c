"""What each part measures, for the page: when the clock starts and stops, and what it favours."""

from __future__ import annotations

from typing import NamedTuple

from reactor_zmq.benchmark.orders import WINDOW
from reactor_zmq.benchmark.pictures import COMPARE_EVERY


class Method(NamedTuple):
    """How a part is measured.

    Attributes:
        clock: What starts and what stops it.
        excluded: What is not in the figures.
        bias: What it favours.
        repeat: The command.
    """

    title: str
    clock: str
    excluded: str
    bias: str
    repeat: str


METHODS: dict[str, Method] = {
    "frames": Method(
        "Flood: frames/s by size",
        f"A producer process sends noise, a reader in another process orders it over a Unix socket "
        f"beside the system under test, {WINDOW} frames under way at most. The clock starts after "
        "a warm-up of 0.1 s and stops with the last frame that arrived; a frame counts when the "
        "reader has it as a numpy array and has found its sixteen marks whole and equal. Every "
        f"{COMPARE_EVERY}th frame of the rows “array” is compared byte by byte.",
        "Starting, connecting, subscribing. The making of the picture. What a reader does with the "
        "pixels: nothing here touches more than the marks of a frame that was not compared.",
        "“array” copies from one of two pictures which, when small, stay in the processor's cache; "
        "a model that has just written its picture is in the same position. “loan” shows what a "
        "path costs when nothing is copied: its rate doesn't depend on the size because nothing of "
        "the size is done. A system that drops frames under flood is not punished beyond the "
        "frames that it dropped; the share is in the table.",
        "reactor-zmq bench --only frames",
    ),
    "latency": Method(
        "One-way latency at a fixed pace",
        "The producer sleeps until a frame is due, writes the Unix time into it when it is "
        "complete, and hands it over. The clock stops when the reader has the array, before it is "
        "checked. Both read the same clock: they run on one machine. Jitter is the 99th percentile "
        "of how far the time between two arrivals is from the period. CPU is that of all processes "
        "of the system and its readers, divided by the frames that were delivered.",
        "What shows a frame, and what makes one.",
        "Sleeping processors: at 60 frames/s most of the time goes into waking up, twice per hop. "
        "Pin the processor's frequency if you want to see the rest. The runtime's readers take the "
        "newest frame, as applications do; ceilings take every one.",
        "reactor-zmq bench --only latency",
    ),
    "readers": Method(
        "Many readers",
        "As one-way latency, with so many reader processes. Rates and p50 are the median reader's; "
        "p99, greatest latency and jitter are the worst reader's. CPU and page faults are of all "
        "processes, divided by all frames that were delivered.",
        "Readers that come and go, and readers on other machines.",
        "All readers share this machine's processors with the producer: where the line bends is "
        "where this machine ends. On two processors that is early.",
        "reactor-zmq bench --only readers",
    ),
    "events": Method(
        "Events",
        "The clock starts before the event is sent and stops when its reply has been decoded, in "
        "one thread of the client. Pipelined: 64 unanswered at a time (128 for Client.send, its "
        "own window), replies counted when they are the right ones. An event is validated, handed "
        "to the model's process, its handler run, its reply sent back; the bare socket echoes the "
        "same bytes.",
        "Connecting; anything that a real handler does.",
        "The bare echo makes one hop where an event makes two: the ratio shows what a process of "
        "one's own for the model costs. “Beside a stream” shares the processors with 60 frames/s "
        "of 1280x720 that a same-host reader takes.",
        "reactor-zmq bench --only events",
    ),
    "copy": Method(
        "memcpy",
        "numpy.copyto from one of two arrays to a third, within one process and thread.",
        "Everything else.",
        "Small pictures stay in cache, which no transport between processes can count on.",
        "reactor-zmq bench --only frames",
    ),
}
RATIO = (
    "Ratios are taken round by round, a figure against its ceiling's of the same round, seconds "
    "apart; the table shows the median, and the least and the greatest of the rounds. Ratios "
    "travel from machine to machine, absolute figures do not."
)
COPIED = (
    "Bytes copied per frame follow from how a way is built: one copy into the transport's memory "
    "where the producer keeps its array, none where it draws in place; one into the kernel and one "
    "out of it for each reader of a socket. Page faults and CPU time beside them are measured."
)
