"""What a client knows without asking: the same on both clients."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from reactor_zmq.client.clock import Clock
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import FrameFeed, Transport
from reactor_zmq.client.lane import LaneReader, open_lane
from reactor_zmq.errors import ConfigError, ConnectionLost, LoadError
from reactor_zmq.wire.codes import State
from reactor_zmq.wire.control import InputInfo, Status, TopicInfo, Welcome
from reactor_zmq.wire.header import frame_topic, input_topic
from reactor_zmq.wire.scope import Scope

_LOADED = (State.READY, State.WAITING)


class ClientView:
    """Properties of a connected client; each may be read from any thread."""

    def __init__(self, driver: Driver, transport: Transport = "auto") -> None:
        self._driver = driver
        self._transport: Transport = check_transport(transport)
        self._pid = os.getpid()

    @property
    def status(self) -> Status:
        """The model's status as last told, with ``state``, ``epoch``, ``reason`` and more."""
        return self._driver.status or self._welcome.status

    @property
    def state(self) -> Mapping[str, object]:
        """Public fields of the model's state as last told, read-only."""
        return MappingProxyType(self._driver.fields)

    @property
    def session(self) -> str:
        """Id of the session."""
        return self._welcome.session

    @property
    def epoch(self) -> int:
        """Generation of the actor; it grows with each restart."""
        return self.status.epoch

    @property
    def client_id(self) -> str:
        """Id of this client; kept when it resumes."""
        return self._welcome.client

    @property
    def scope(self) -> Scope:
        """What this client may do."""
        return self._welcome.scope

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._welcome.model

    @property
    def tracks(self) -> tuple[TopicInfo, ...]:
        """The output tracks; empty until the model has loaded."""
        return self._welcome.topics

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input tracks; empty until the model has loaded."""
        return self._welcome.inputs

    @property
    def input_tracks(self) -> tuple[InputInfo, ...]:
        """What the input tracks take; empty until the model has loaded."""
        return self._welcome.input_tracks

    @property
    def clock(self) -> Clock | None:
        """How far the runtime's clock is from this machine's; None before the first round trip."""
        return self._driver.clock()

    @property
    def dropped_messages(self) -> int:
        """Messages that were dropped because nobody took them for too long."""
        return self._driver.dropped_messages

    @property
    def dropped_publishes(self) -> int:
        """Published frames that were dropped because the link did not take them."""
        return self._driver.dropped_publishes

    @property
    def closed(self) -> bool:
        """Whether this client is over, by :meth:`close` or by the runtime."""
        return self._driver.closed

    def __repr__(self) -> str:
        standing = "closed" if self.closed else self.status.state
        return f"{type(self).__name__}({self._driver.address.events!r}, {standing})"

    @property
    def _welcome(self) -> Welcome:
        if self._driver.welcome is None:
            raise ConnectionLost("this client was never connected")
        return self._driver.welcome

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError(
                f"this client belongs to process {self._pid}; a socket does not survive a fork, "
                "so connect again in this one"
            )

    def _loaded(self) -> bool:
        """Whether the model has loaded and its tracks are known, or no wait will bring them."""
        hopeless = self.status.state in (State.FAILED, State.STOPPING)
        known = self.status.state in _LOADED and bool(self._welcome.schema_hash)
        return known or hopeless or self._driver.closed

    def _check_loaded(self) -> None:
        self._check_open()
        if self.status.state not in _LOADED:
            reason = self.status.reason or self.status.state
            raise LoadError(f"the model {self.model!r} is not running: {reason}")

    def _check_open(self) -> None:
        if self._driver.closed:
            raise self._driver.error or ConnectionLost("this client is closed")

    def _is_open(self) -> bool:
        """Return False after an orderly end; raise what ended it otherwise."""
        if self._driver.error is not None:
            raise self._driver.error
        return not self._driver.closed

    def _choose_track(self, track: str | None) -> str:
        """Return the track to watch; the tracks are known unless one was named."""
        names = [topic.track for topic in self.tracks]
        if track is None:
            video = [topic.track for topic in self.tracks if topic.kind == "video"]
            chosen = video or names
            if len(chosen) != 1:
                raise ConfigError(f"which track? the model has: {', '.join(names) or 'none'}")
            return chosen[0]
        if names and track not in (*names, *self.inputs):
            raise ConfigError(f"the model has no track {track!r}; it has: {', '.join(names)}")
        return track

    def _make_feed(
        self, track: str | None, *, every: bool, transport: Transport | None
    ) -> FrameFeed:
        chosen = check_transport(transport or self._transport)
        address = self._driver.address
        name = self._choose_track(track)
        published = name in self.inputs
        if published and chosen == "lane":
            raise ConfigError(f"{name!r} is an input track: clients' frames have no lane")
        return FrameFeed(
            self._driver.context,
            address.reach(self._welcome.frames),
            address.credentials,
            name,
            every=every,
            topic=input_topic(name) if published else frame_topic(name),
            lane=None if published else self._open_lane(chosen, every=every),
        )

    def _open_lane(self, transport: Transport, *, every: bool) -> LaneReader | None:
        if transport == "socket":
            return None
        found = open_lane(self._welcome.lane, every=every)
        if isinstance(found, LaneReader):
            return found
        if transport == "lane":
            raise ConfigError(f"there is no same-host lane to {self.model!r}: {found}")
        return None


def check_transport(transport: str) -> Transport:
    """Return a transport's name.

    Raises:
        ConfigError: There is none of this name.
    """
    for known in get_args(Transport):
        if transport == known:
            return known
    raise ConfigError(f"transport is 'auto', 'socket' or 'lane', not {transport!r}")


def unreachable(driver: Driver, timeout: float) -> ConnectionLost:
    """Return the error for a runtime that did not greet us in time."""
    endpoint = driver.address.events
    if driver.foreign:
        return ConnectionLost(f"what answers at {endpoint} is no reactor-zmq runtime")
    return ConnectionLost(
        f"nothing answered at {endpoint} within {timeout:g} s; is the runtime running there? "
        "start it with `reactor-zmq run TARGET`, or check the endpoint"
    )
