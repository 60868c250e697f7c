"""A process that does one task after the other, and says why it can't."""

from __future__ import annotations

import gc
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from reactor_zmq.benchmark.asking import ask
from reactor_zmq.benchmark.orders import OrderBook
from reactor_zmq.benchmark.pictures import Gallery
from reactor_zmq.benchmark.reading import read
from reactor_zmq.benchmark.tasks import (
    Answer,
    Answerer,
    Ask,
    Copy,
    Failed,
    Figures,
    FrameReader,
    Produce,
    Producer,
    Read,
    Task,
    Watch,
    resolve,
)

ORDERS = "orders"
_LOOK_S = 0.05

Pipe = Connection


def work(pipe: Pipe) -> None:
    """Do what comes through the pipe until it ends."""
    # Ctrl-C is for the process that leads; the end of the pipe is for this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            task: Task = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        try:
            answer: Any = do(task, pipe)
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - any system's code runs here; its error is shown
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
            answer = Failed(f"{type(error).__name__}: {error} ({where})")
        # What a task left behind is not collected while the next one is timed.
        gc.collect()
        pipe.send(answer)


def do(task: Task, pipe: Pipe) -> Figures | None:
    """Do one task and return what it found."""
    match task:
        case Produce():
            return _produce(task, pipe)
        case Answer():
            return _answer(task, pipe)
        case Read():
            return read(task, pipe)
        case Ask():
            return ask(task)
        case Watch():
            return _watch(task, pipe)
        case Copy():
            return _copy(task)


def _produce(task: Produce, pipe: Pipe) -> None:
    producer: Producer = resolve(task.maker)(task.folder, **task.arguments)
    book, gallery, number = OrderBook(f"{task.folder}/{ORDERS}"), Gallery(), 0
    pipe.send(producer.address)
    try:
        while True:
            order = book.next(_LOOK_S)
            if order is not None:
                producer.send(order, number, gallery)
                number += 1
            elif pipe.poll():
                pipe.recv()
                return
    finally:
        producer.close()
        book.close()


def _answer(task: Answer, pipe: Pipe) -> None:
    answerer: Answerer = resolve(task.maker)(task.folder, **task.arguments)
    pipe.send(answerer.address)
    try:
        while not pipe.poll():
            answerer.answer(_LOOK_S)
        pipe.recv()
    finally:
        answerer.close()


def _watch(task: Watch, pipe: Pipe) -> Figures:
    reader: FrameReader = resolve(task.opener)(task.address, 0)
    pipe.send(None)
    seen = 0
    began = time.monotonic()
    try:
        while not pipe.poll():
            seen += reader.take(_LOOK_S) is not None
        pipe.recv()
    finally:
        reader.close()
    return {"frames_per_s": seen / (time.monotonic() - began)}


def _copy(task: Copy) -> Figures:
    rng = np.random.default_rng(1)
    sources = [rng.integers(0, 256, task.shape, np.uint8) for _ in range(2)]
    target = np.zeros(task.shape, np.uint8)
    np.copyto(target, sources[0])
    count, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < task.seconds:
        np.copyto(target, sources[count % 2])
        count += 1
    return {"frames_per_s": count / taken, "gb_per_s": count * target.nbytes / taken / 1e9}


def main() -> None:
    """Serve the pipe whose descriptor is the first argument."""
    work(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
