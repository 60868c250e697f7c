"""Real processes, small plans."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator

import pytest

from reactor_zmq.benchmark.accounting import spent
from reactor_zmq.benchmark.bare import Publisher
from reactor_zmq.benchmark.bench import carry_out
from reactor_zmq.benchmark.orders import Order, OrderBook, Orders
from reactor_zmq.benchmark.plan import Plan, make_plan
from reactor_zmq.benchmark.processes import TaskFailedError, Worker
from reactor_zmq.benchmark.session import combine
from reactor_zmq.benchmark.tasks import Ask, Copy, Produce, Read
from reactor_zmq.benchmark.wish import Wish

SIZE = "64x48"


@pytest.fixture(name="orders_at")
def order_socket() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rz-", dir="/tmp") as folder:
        yield f"{folder}/orders"


def test_orders_add_up(orders_at: str):
    """Grants add to what is left, a fresh order forgets it, and the newest size counts."""
    book = OrderBook(orders_at)
    orders = Orders(orders_at)
    orders.give(Order(2, 48, 64))
    orders.give(Order(1, 48, 64))
    assert [book.next(0) is not None for _ in range(4)] == [True, True, True, False]
    orders.give(Order(9, 48, 64))
    orders.give(Order(1, 480, 640, lend=True, fresh=True))
    order = book.next(0)
    assert order is not None
    assert (order.shape, order.lend) == ((480, 640, 3), True)
    assert book.next(0) is None
    orders.close()
    book.close()


def test_spending_is_counted():
    """CPU time of a process grows while it works; a process that is gone counts nothing."""
    before = spent([os.getpid(), 2**22 - 1])
    sum(range(10**6))
    difference = spent([os.getpid(), 2**22 - 1]).since(before)
    assert difference.cpu_ns > 0
    assert difference.at_ns > 0
    assert difference.others_share >= 0


def test_combining_takes_the_worst_tail():
    """The median reader's rate, the worst reader's tail, all frames for what was spent."""
    leader = {"frames_per_s": 60.0, "latency_p50_ms": 1.0, "latency_p99_ms": 2.0, "cpu_s": 1.2}
    others = [{"frames_per_s": 30.0, "latency_p50_ms": 3.0, "latency_p99_ms": 9.0}] * 2
    found = combine([leader, *others], seconds=2.0)
    assert found["frames_per_s"] == 30.0
    assert found["latency_p99_ms"] == 9.0
    assert found["delivered_per_s"] == 120.0
    assert found["cpu_ms_per_frame"] == pytest.approx(5.0)


def test_a_worker_says_why_it_can_not():
    """An error in a task is told with its place, and the worker goes on."""
    with Worker() as worker:
        worker.begin(Ask("reactor_zmq.benchmark.nothing:Asker", {}, 0.1))
        with pytest.raises(TaskFailedError, match="ModuleNotFoundError"):
            worker.hear(10)
        worker.begin(Copy((48, 64, 3), 0.01))
        assert worker.hear(10)["frames_per_s"] > 0


def test_a_worker_that_died_is_told():
    """Who waits for a dead worker hears of it at once."""
    with Worker() as worker:
        os.kill(worker.pid, 9)
        with pytest.raises(TaskFailedError, match="ended"):
            worker.hear(10)


class Tearing:
    """A producer that breaks every frame."""

    def __init__(self, folder: str) -> None:
        self._publisher = Publisher(folder, "ipc")
        self.address = self._publisher.address

    def send(self, order: Order, number: int, gallery: object) -> None:
        """Send a frame with a part of another one."""
        picture = self._publisher._buffer(order.shape)
        picture[:] = 0
        picture.reshape(-1).view("u8")[: picture.size // 16] = number + 1
        self._publisher._socket.send_multipart(
            (b"frame/main_video/", b"\x30\0\0\0\x40\0\0\0\x03\0\0\0" + bytes(48), picture.tobytes())
        )

    def close(self) -> None:
        """Close."""
        self._publisher.close()


def test_a_torn_frame_fails_the_cell(orders_at: str):
    """A system that hands out half a frame gets no figure."""
    folder = orders_at.rpartition("/")[0]
    with Worker() as producer, Worker() as reader:
        producer.begin(Produce("test_running:Tearing", folder, {}))
        address = producer.hear(10)
        order = Order(0, 48, 64)
        reader.begin(
            Read("reactor_zmq.benchmark.bare:Subscriber", address, orders_at, order, 0.1, 0.0, 0)
        )
        reader.hear(10)
        reader.go()
        with pytest.raises(TaskFailedError, match="not whole"):
            reader.hear(20)


@pytest.fixture(name="small_plan", scope="module")
def carried_out() -> Plan:
    """Carry a small plan out, every way and part in it."""
    wish = Wish(
        sizes=(SIZE,),
        paced_sizes=(SIZE,),
        ways=("lane", "ipc", "tcp", "curve"),
        readers=(2,),
        readers_size=SIZE,
        rounds=1,
        seconds=1.0,
    )
    plan = make_plan(wish)
    results = carry_out(plan, io.StringIO(), "a command", "A title")
    assert results.rounds == 1
    assert results.machine.processors > 0
    return plan


@pytest.mark.slow
def test_every_way_is_measured(small_plan: Plan):
    """Each cell of the quick plan has figures, and nothing failed."""
    assert {
        s.measured.cell.key: s.measured.failed for s in small_plan.steps if s.measured.failed
    } == {}
    for step in small_plan.steps:
        (figures,) = step.measured.runs.values()
        if step.measured.cell.what == "events":
            assert figures["pipelined_per_s"] > 0
        else:
            assert figures["frames_per_s"] > 0


@pytest.mark.slow
def test_spending_is_measured_for_frames(small_plan: Plan):
    """Every cell of frames knows what a frame costs all processes together."""
    frames = [s.measured for s in small_plan.steps if s.measured.cell.what == "frames"]
    assert all(m.runs[0]["cpu_ms_per_frame"] > 0 for m in frames)
    paced = [m for m in frames if m.cell.pace_hz]
    assert all("latency_p99_ms" in m.runs[0] for m in paced)


@pytest.mark.slow
def test_the_bridge_is_a_way():
    """What a browser gets is checked as everywhere, mark by mark."""
    plan = make_plan(
        Wish(parts=("latency",), paced_sizes=(SIZE,), ways=("bridge",), rounds=1, seconds=5.0)
    )
    carry_out(plan, io.StringIO())
    measured = next(s.measured for s in plan.steps if s.measured.cell.way == "bridge")
    assert measured.failed == ""
    assert measured.runs[0]["frames"] > 0
    assert measured.copied_nbytes == -1
