"""Deliveries: one at a time, in the order of their tickets."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq.memory.delivery import Deliveries


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_order_is_that_of_the_tickets(settled, failed):
    """In whatever order tickets are settled, calls are made in theirs; failed ones make none."""
    deliveries, told = Deliveries(), []
    tickets = [deliveries.expect() for _ in settled]
    for number in settled:
        call = None if number in failed else lambda number=number: told.append(number)
        deliveries.settle(tickets[number], call)
    assert told == [number for number in range(6) if number not in failed]


def test_what_is_ready_waits_its_turn():
    """A call that could be made at once comes behind the tickets before it."""
    deliveries, told = Deliveries(), []
    deliveries.deliver(lambda: told.append(0))
    assert told == [0]
    ticket = deliveries.expect()
    deliveries.deliver(lambda: told.append(2))
    assert told == [0]
    deliveries.settle(ticket, lambda: told.append(1))
    assert told == [0, 1, 2]


def test_a_call_may_ask_for_another():
    """A delivery that submits again neither deadlocks nor overtakes."""
    deliveries, told = Deliveries(), []

    def again():
        told.append(1)
        deliveries.settle(deliveries.expect(), lambda: told.append(3))
        told.append(2)

    first, second = deliveries.expect(), deliveries.expect()
    deliveries.settle(second, lambda: told.append("second"))
    deliveries.settle(first, again)
    assert told[0] == 1
    assert told.index("second") < told.index(3)


def test_an_error_reaches_who_settled_and_holds_nobody_up():
    """A call that raises is not made again, and those behind it come with the next settle."""
    deliveries, told = Deliveries(), []
    first, second, third = (deliveries.expect() for _ in range(3))
    deliveries.settle(second, lambda: told.append(2))
    with pytest.raises(ZeroDivisionError):
        deliveries.settle(first, lambda: 1 // 0)
    deliveries.settle(third, lambda: told.append(3))
    assert told == [2, 3]


def test_two_threads_keep_the_order():
    """Calls of two threads never overlap nor change places."""
    deliveries, told = Deliveries(), []
    tickets = [deliveries.expect() for _ in range(2000)]

    def settle(start):
        for number in range(start, len(tickets), 2):
            deliveries.settle(tickets[number], lambda number=number: told.append(number))

    threads = [threading.Thread(target=settle, args=(start,)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert told == list(range(2000))
