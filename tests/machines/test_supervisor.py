"""The supervisor's policy, with a clock that the tests turn."""

from __future__ import annotations

import pytest

from reactor_zmq.config import Supervision
from reactor_zmq.errors import LocalProtocolError
from reactor_zmq.machines.supervisor import AskToStop, Died, Phase, Signal, Spawn, Supervisor

POLICY = Supervision(
    max_restarts=3,
    window_s=30,
    backoff_s=(0, 0.2, 1, 5),
    healthy_s=60,
    hang_s=5,
    load_timeout_s=100,
)


def running(policy: Supervision = POLICY, now: float = 0) -> Supervisor:
    """Return a supervisor whose first actor has loaded."""
    supervisor = Supervisor(policy)
    assert supervisor.poll(now) == [Spawn(1)]
    supervisor.loaded(now)
    return supervisor


def test_first_actor_is_started_at_once():
    """There is no back-off before the first start."""
    supervisor = Supervisor(POLICY)
    assert supervisor.poll(0) == [Spawn(1)]
    assert supervisor.poll(0) == []
    assert supervisor.phase is Phase.LOADING


def test_restarts_wait_longer_each_time():
    """The waits follow the back-off and the epoch grows by one."""
    supervisor = running()
    now = 1.0
    for epoch, wait in enumerate((0, 0.2, 1), start=2):
        assert supervisor.exited("crashed", now) == [Died("crashed", final=False)]
        if wait:
            assert supervisor.poll(now + wait - 0.01) == []
        assert supervisor.next_deadline() == now + wait
        now += wait
        assert supervisor.poll(now) == [Spawn(epoch)]
        supervisor.loaded(now)


def test_too_many_restarts_within_the_window_end_it():
    """One death more than allowed is final; nothing is started after it."""
    supervisor = running()
    now = 0.0
    for _ in range(3):
        assert supervisor.exited("crashed", now) == [Died("crashed", final=False)]
        now += 5
        supervisor.poll(now)
        supervisor.loaded(now)
    assert supervisor.exited("crashed", now) == [Died("crashed", final=True)]
    assert supervisor.phase is Phase.FAILED
    assert supervisor.poll(now + 1000) == []


def test_deaths_outside_the_window_do_not_count():
    """An actor that dies now and then is started for ever."""
    supervisor = running()
    for n in range(20):
        now = n * 31.0
        assert supervisor.exited("crashed", now) == [Died("crashed", final=False)]
        supervisor.poll(now + 5)
        supervisor.loaded(now + 5)


def test_healthy_time_forgives_the_back_off():
    """After a long healthy run the next restart is immediate again."""
    supervisor = running()
    supervisor.exited("crashed", 1)
    supervisor.poll(1)
    supervisor.loaded(1)
    supervisor.exited("crashed", 70)
    assert supervisor.next_deadline() == 70


def test_frozen_tick_is_killed_as_hung():
    """A tick that does not move for hang_s gets the actor killed, and that is its reason."""
    supervisor = running()
    assert supervisor.poll(1, tick=1) == []
    assert supervisor.poll(5.9, tick=1) == []
    assert supervisor.poll(6, tick=1) == [Signal(hard=True, reason="hung")]
    assert supervisor.exited("killed", 6.1) == [Died("hung", final=False)]


def test_moving_tick_is_left_alone():
    """Progress, however slow, is progress."""
    supervisor = running()
    for n in range(100):
        assert supervisor.poll(n * 4.9, tick=n) == []


def test_load_has_a_timeout_of_its_own():
    """A load may freeze the tick for long, but not for ever."""
    supervisor = Supervisor(POLICY)
    supervisor.poll(0)
    assert supervisor.poll(99, tick=0) == []
    assert supervisor.poll(100, tick=0) == [Signal(hard=True, reason="load_timeout")]


def test_stop_asks_then_terminates_then_kills():
    """Each step has its grace; the end is no death to restart from."""
    supervisor = running()
    assert supervisor.stop(10) == [AskToStop()]
    assert supervisor.poll(11.9) == []
    assert supervisor.poll(12) == [Signal(hard=False, reason="stop")]
    assert supervisor.poll(15) == [Signal(hard=True, reason="stop")]
    assert supervisor.exited("killed", 15.1) == []
    assert supervisor.phase is Phase.ENDED


def test_second_stop_kills_at_once():
    """Who asks twice does not want to wait."""
    supervisor = running()
    supervisor.stop(10)
    assert supervisor.stop(10.1) == [Signal(hard=True, reason="stop")]


def test_stop_during_a_load_does_not_wait():
    """A model that is loading is ended at once, and that is no death to restart from."""
    supervisor = Supervisor(POLICY)
    supervisor.poll(0)
    assert supervisor.stop(1) == [Signal(hard=True, reason="stop")]
    assert supervisor.exited("killed", 1.1) == []
    assert supervisor.phase is Phase.ENDED


def test_stop_between_two_actors_ends_at_once():
    """There is nobody to ask while a restart waits."""
    supervisor = running()
    supervisor.exited("crashed", 1)
    supervisor.poll(1)
    supervisor.exited("crashed", 1)
    assert supervisor.stop(1.05) == []
    assert supervisor.phase is Phase.ENDED


def test_stop_ends_a_run_whose_actor_was_given_up():
    """An operator can end what the supervisor has given up."""
    supervisor = running()
    for now in range(4):
        supervisor.exited("crashed", now)
        supervisor.poll(now + 10)
        supervisor.loaded(now + 10)
    assert supervisor.phase is Phase.FAILED
    assert supervisor.stop(20) == []
    assert supervisor.phase is Phase.ENDED


def test_stop_holds_for_an_actor_that_is_being_killed():
    """A stop that comes between the signal and the death is no reason to start another."""
    supervisor = running()
    assert supervisor.poll(5, tick=-1) == [Signal(hard=True, reason="hung")]
    assert supervisor.stop(5.1) == []
    assert supervisor.exited("killed", 5.2) == []
    assert supervisor.phase is Phase.ENDED


def test_model_that_can_not_load_is_not_tried_again():
    """A first load that fails is final."""
    supervisor = Supervisor(POLICY)
    supervisor.poll(0)
    supervisor.give_up(1)
    assert supervisor.exited("exited", 1) == [Died("load_failed", final=True)]


def test_exit_without_a_process_is_our_own_bug():
    """An impossible stimulus raises and changes nothing."""
    supervisor = Supervisor(POLICY)
    with pytest.raises(LocalProtocolError):
        supervisor.exited("crashed", 0)
    assert supervisor.phase is Phase.DOWN
