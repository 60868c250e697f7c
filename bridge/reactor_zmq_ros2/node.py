"""The bridge's node: one run of a model as a managed (lifecycle) ROS node."""
# pyright: basic, reportMissingImports=false
# rclpy is not there where types are checked.

from __future__ import annotations

import json
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from reactor_zmq_ros2.commands import Commands
from reactor_zmq_ros2.contract import Contract, read_contract
from reactor_zmq_ros2.discovery import TOKEN_VARIABLE
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.health import diagnostics
from reactor_zmq_ros2.lane import Samples
from reactor_zmq_ros2.link import Link, answered
from reactor_zmq_ros2.names import input_name, ros_name
from reactor_zmq_ros2.parameters import StateParameters
from reactor_zmq_ros2.pictures import best_decoder, best_encoder
from reactor_zmq_ros2.sim_clock import SimClock
from reactor_zmq_ros2.talk import LOST, Reply
from reactor_zmq_ros2.tracks import Inlet, Outlet

LOOK_S = 0.1
HEALTH_S = 1.0
_EVENTS = QoSProfile(depth=100)
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def _telling(transition: Callable[..., Any]) -> Callable[..., Any]:
    """Log what a transition raises: rclpy keeps it to itself."""

    @wraps(transition)
    def told(self: BridgeNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception:
            self.get_logger().error(traceback.format_exc())
            raise

    return told


class BridgeNode(LifecycleNode):
    """Translates between one run and ROS.

    What the run says arrives in the link's thread; what touches ROS's graph or parameters is handed
    to `later`, so that it runs in the node's default group, one at a time.
    """

    def __init__(self, target: str) -> None:
        super().__init__(ros_name(Path(target).name.removesuffix(".json")))
        self.encoder, self.decoder = best_encoder(), best_decoder()
        self._target = target
        self._active = False
        self._outlets: dict[str, Outlet] = {}
        self._inlets: list[Inlet] = []
        self._offered: tuple[Contract, Any] | None = None
        self._status: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._jobs: deque[Callable[[], None]] = deque()
        self._guard = self.create_guard_condition(self._work)
        self._sim = SimClock()
        self._jumps = self.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=Duration(nanoseconds=1),
                min_backward=Duration(nanoseconds=-1),
                on_clock_change=True,
            ),
            post_callback=lambda _jump: self._sim.note(time.time_ns(), self._now_ns()),
        )
        self.link: Any = None
        self.declare_parameter("autostart", value=True)

    # Lifecycle.

    def start(self) -> None:
        """Configure and activate, as a launch file's manager would."""
        if self.trigger_configure() is TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    @_telling
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make what does not depend on the model, and look for the run."""
        self._event_topic = self.create_publisher(String, "~/events", _EVENTS)
        self._state_topic = self.create_publisher(String, "~/state", _LATCHED)
        self._health_topic = self.create_publisher(
            DiagnosticArray, "/diagnostics", QoSProfile(depth=10)
        )
        self._bound = StateParameters(self)
        self._commands = Commands(self)
        token = os.environ.get(TOKEN_VARIABLE, "")
        self.link = Link(self._target, self, self._show, name=self.get_name(), token=token)
        self._tickers = [
            self.create_timer(LOOK_S, self._look, MutuallyExclusiveCallbackGroup()),
            self.create_timer(HEALTH_S, self._tell_health, MutuallyExclusiveCallbackGroup()),
        ]
        self.link.start()
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let frames, commands and messages through."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let nothing through; the link stays."""
        self._active = False
        return super().on_deactivate(state)

    @_telling
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the run and take every topic and service back."""
        self.close()
        return super().on_cleanup(state)

    @_telling
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the run."""
        self.close()
        return super().on_shutdown(state)

    def close(self) -> None:
        """Leave the run; harmless when that has happened."""
        self._active = False
        link, self.link = self.link, None
        if link is None:
            return
        for timer in self._tickers:
            self.destroy_timer(timer)
        for end in (*self._inlets, *self._outlets.values()):
            end.close_with(link)
        self._outlets, self._inlets, self._offered = {}, [], None
        link.stop()
        self._commands.close()
        self._bound.close()
        for publisher in (self._event_topic, self._state_topic, self._health_topic):
            self.destroy_publisher(publisher)

    # For its parts.

    def later(self, job: Callable[[], None]) -> None:
        """Have something done in the default group; callable from any thread."""
        self._jobs.append(job)
        self._guard.trigger()

    def ask(self, event: str, data: Mapping[str, Any], reply: Reply) -> None:
        """Send an event; ``reply`` is called once, maybe from the link's thread."""
        link = self.link
        if link is None or not self._active:
            text = "the bridge is not active; set it so with `ros2 lifecycle set`"
            reply("$error", {"code": "inactive", "text": text})
        elif link.trouble:
            reply("$error", {**LOST, "text": link.trouble})
        else:
            link.ask(event, data, reply)

    def ask_and_wait(self, event: str, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Send an event and wait for its reply; ``$error`` when none comes in time."""
        return answered(lambda reply: self.ask(event, data, reply))

    def give(self, track: str, fields: Mapping[str, Any], samples: Any) -> None:
        """Publish a frame to an input track, while the node is active."""
        if self._active and self.link:
            self.link.give(track, fields, samples)

    def text_parameter(self, name: str, default: str) -> str:
        """Return a parameter of the bridge's own, declared at its first use."""
        if not self.has_parameter(name):
            self.declare_parameter(name, default)
        return self.get_parameter(name).value

    # The link's listener, in the link's thread.

    def ready(self, welcome: dict[str, Any], schema: dict[str, Any]) -> None:
        """Offer in ROS what the model offers."""
        self.later(lambda: self._offer(welcome, read_contract(schema)))

    def status(self, status: dict[str, Any]) -> None:
        """Tell how the model is."""
        self._status = status
        self._tell_state()

    def state(self, fields: dict[str, Any]) -> None:
        """Tell the model's state, and let the parameters follow it."""
        self._fields = fields
        self.later(lambda: self._follow(fields))
        self._tell_state()

    def message(self, envelope: dict[str, Any]) -> None:
        """Pass on what the model said."""
        if self._active:
            self._event_topic.publish(_text(envelope))

    def lost(self, reason: str) -> None:
        """Tell that there is no link."""
        self._status = {"state": "disconnected", "reason": reason}
        if self.link:
            self.get_logger().warning(f"no link: {reason}")
            self._tell_state()

    def _show(self, track: str, header: Header, samples: Samples) -> None:
        outlet = self._outlets.get(track)
        if outlet and self._active:
            outlet.show(header, samples, self._stamp_ns(header.produced_ns), time.time_ns())

    def _tell_state(self) -> None:
        told = {**self._status, "fields": self._fields}
        self._state_topic.publish(_text(told))

    # The default group.

    def _work(self) -> None:
        while self._jobs:
            self._jobs.popleft()()

    def _offer(self, welcome: dict[str, Any], contract: Contract) -> None:
        if self.link is None:
            return
        inputs = welcome.get("input_tracks")
        if inputs is None:
            inputs = [{"track": name, "kind": "video"} for name in welcome["inputs"]]
        offered = contract, (welcome["topics"], inputs)
        if offered != self._offered:
            self._build(contract, welcome["topics"], inputs)
            self._offered = offered
        else:
            self._bound.start()
        self.get_logger().info(f"{contract.model} is linked; session {welcome['session']}")

    def _build(self, contract: Contract, topics: list[Any], inputs: list[Any]) -> None:
        outlets, self._outlets = self._outlets, {}
        for end in (*self._inlets, *outlets.values()):
            end.close_with(self.link)
        self._outlets = {topic["track"]: Outlet(self, topic) for topic in topics}
        self._inlets = [
            Inlet(self, track, input_name(track["track"], self._outlets)) for track in inputs
        ]
        self._bound.build(contract)
        self._commands.build(contract)

    def _follow(self, fields: dict[str, Any]) -> None:
        if self.link:
            self._bound.follow(fields)

    # Timers.

    def _look(self) -> None:
        link = self.link
        if link is None:
            return
        watched = (name for name, outlet in self._outlets.items() if outlet.is_watched())
        link.watch(frozenset(watched) if self._active else frozenset())
        self.later(self._look_for_publishers)

    def _look_for_publishers(self) -> None:
        for inlet in self._inlets:
            inlet.look()

    def _tell_health(self) -> None:
        link = self.link
        if link is None:
            return
        figures = {name: outlet.figures for name, outlet in self._outlets.items()}
        told = diagnostics(
            self.get_name(),
            self._status,
            link.trouble,
            link.talk.figures(),
            figures,
            self._now_ns(),
        )
        self._health_topic.publish(told)

    # Time.

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    def _stamp_ns(self, produced_ns: int) -> int:
        simulated = self.get_clock().ros_time_is_active
        return self._sim.at(produced_ns) if simulated else produced_ns


def _text(told: Mapping[str, Any]) -> String:
    return String(data=json.dumps(told, ensure_ascii=False))
