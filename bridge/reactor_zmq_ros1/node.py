"""The bridge's node: one run of a model in ROS 1."""
# pyright: basic, reportMissingImports=false
# rospy is not there where types are checked.

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rospy
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

from reactor_zmq_ros1.commands import Commands
from reactor_zmq_ros1.messages import from_cdr, ros_class
from reactor_zmq_ros1.tracks import Inlet, Outlet
from reactor_zmq_ros2.contract import Contract, read_contract
from reactor_zmq_ros2.discovery import TOKEN_VARIABLE
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.health import diagnostics
from reactor_zmq_ros2.lane import Samples
from reactor_zmq_ros2.link import Link
from reactor_zmq_ros2.names import input_name, ros_name
from reactor_zmq_ros2.pictures import best_decoder, best_encoder
from reactor_zmq_ros2.sim_clock import SimClock
from reactor_zmq_ros2.talk import LOST, Reply

LOOK_S = 0.1
HEALTH_S = 1.0
_HEALTH = "diagnostic_msgs/msg/DiagnosticArray"


def node_name(target: str) -> str:
    """Return what a run's node is called."""
    return ros_name(Path(target).name.removesuffix(".json"))


class BridgeNode:
    """Translates between one run and ROS; the link's listener, in its thread.

    What is offered is changed by the ticker's thread alone: rospy waits for the master then.
    """

    def __init__(self, target: str) -> None:
        self.encoder, self.decoder = best_encoder(), best_decoder()
        self._outlets: dict[str, Outlet] = {}
        self._inlets: list[Inlet] = []
        self._to_offer: tuple[Contract, list[Any], list[Any]] | None = None
        self._offered: Any = None
        self._status: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._sim = SimClock()
        self._events = rospy.Publisher("~events", String, queue_size=100)
        self._state = rospy.Publisher("~state", String, queue_size=1, latch=True)
        self._health = rospy.Publisher("/diagnostics", ros_class(_HEALTH), queue_size=10)
        name = rospy.get_name().strip("/").replace("/", "_")
        token = os.environ.get(TOKEN_VARIABLE, "")
        self.link = Link(target, self, self._show, name=name, token=token)
        self._commands = Commands(self)
        if rospy.get_param("/use_sim_time", False):
            rospy.Subscriber("/clock", Clock, self._ticked, queue_size=1)
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="reactor_zmq ticker", daemon=True)
        self.link.start()
        self._ticker.start()

    def close(self) -> None:
        """Leave the run."""
        self._stopping.set()
        self._ticker.join()
        self.link.stop()

    def ask(self, event: str, data: Mapping[str, Any], reply: Reply) -> None:
        """Send an event; ``reply`` is called once, maybe from the link's thread."""
        if self.link.trouble:
            reply("$error", {**LOST, "text": self.link.trouble})
        else:
            self.link.ask(event, data, reply)

    # The link's listener.

    def ready(self, welcome: dict[str, Any], schema: dict[str, Any]) -> None:
        """Note what the model offers."""
        inputs = welcome.get("input_tracks")
        if inputs is None:
            inputs = [{"track": name, "kind": "video"} for name in welcome["inputs"]]
        self._to_offer = read_contract(schema), welcome["topics"], inputs

    def status(self, status: dict[str, Any]) -> None:
        """Tell how the model is."""
        self._status = status
        self._tell_state()

    def state(self, fields: dict[str, Any]) -> None:
        """Tell the model's state."""
        self._fields = fields
        self._tell_state()

    def message(self, envelope: dict[str, Any]) -> None:
        """Pass on what the model said."""
        self._events.publish(json.dumps(envelope, ensure_ascii=False))

    def lost(self, reason: str) -> None:
        """Tell that there is no link."""
        self._status = {"state": "disconnected", "reason": reason}
        if not self._stopping.is_set():
            rospy.logwarn(f"no link: {reason}")
            self._tell_state()

    def _show(self, track: str, header: Header, samples: Samples) -> None:
        outlet = self._outlets.get(track)
        if outlet:
            simulated = not rospy.rostime.is_wallclock()
            stamp_ns = self._sim.at(header.produced_ns) if simulated else header.produced_ns
            outlet.show(header, samples, stamp_ns, time.time_ns())

    def _tell_state(self) -> None:
        told = {**self._status, "fields": self._fields}
        self._state.publish(json.dumps(told, ensure_ascii=False))

    def _ticked(self, told: Any) -> None:
        self._sim.note(time.time_ns(), told.clock.to_nsec())

    # The ticker's thread.

    def _tick(self) -> None:
        told_at = 0.0
        while not self._stopping.wait(LOOK_S):
            self._offer()
            watched = (name for name, outlet in self._outlets.items() if outlet.is_watched())
            self.link.watch(frozenset(watched))
            if time.monotonic() - told_at >= HEALTH_S:
                told_at = time.monotonic()
                self._tell_health()

    def _offer(self) -> None:
        wanted, self._to_offer = self._to_offer, None
        if wanted is None:
            return
        if wanted != self._offered:
            self._build(*wanted)
            self._offered = wanted
        rospy.loginfo(f"{wanted[0].model} is linked")

    def _build(self, contract: Contract, topics: list[Any], inputs: list[Any]) -> None:
        outlets, self._outlets = self._outlets, {}
        for end in (*self._inlets, *outlets.values()):
            end.close()
        self._outlets = {topic["track"]: Outlet(self, topic) for topic in topics}
        self._inlets = [
            Inlet(self, track, input_name(track["track"], self._outlets)) for track in inputs
        ]
        self._commands.build(contract)

    def _tell_health(self) -> None:
        figures = {name: outlet.figures for name, outlet in self._outlets.items()}
        link, now_ns = self.link, rospy.get_rostime().to_nsec()
        told = diagnostics(
            rospy.get_name(), self._status, link.trouble, link.talk.figures(), figures, now_ns
        )
        self._health.publish(from_cdr(_HEALTH, told))
