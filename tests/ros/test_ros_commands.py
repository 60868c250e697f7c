"""What ROS can ask of a model: services, parameters, commands, velocities, buttons."""

from __future__ import annotations

import json

import reactor_zmq

TRIGGER, SET_BOOL = "std_srvs/srv/Trigger", "std_srvs/srv/SetBool"
STRING = "std_msgs/msg/String"


def test_services(model, bridge, peer):
    """Events without arguments are Triggers, those of one boolean SetBools, with their reply."""
    model("Shown")
    bridge("eye")
    probe = peer()
    got = probe.ask("call", service="/eye/get_gain", type=TRIGGER)
    assert got["success"]
    assert json.loads(got["message"]) == {"type": "gain", "data": {"gain": 0.5}}
    assert probe.ask("call", service="/eye/set_lit", type=SET_BOOL, data=False)["success"]
    with reactor_zmq.connect("eye", timeout=20) as client:
        assert client.state["lit"] is False


def test_messages(model, bridge, peer, wait_until):
    """What the model says by itself is on ~/events."""
    model("Shown")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic="/eye/events", type=STRING)

    def heard() -> bool:
        probe.ask("call", service="/eye/announce", type=TRIGGER)
        return probe.ask("count", topic="/eye/events") > 0

    wait_until(heard)
    last = json.loads(probe.ask("last", topic="/eye/events")["data"])
    assert last == {"type": "gain", "data": {"gain": 0.5}}


def test_command_topic(model, bridge, peer, wait_until):
    """Any event goes over ~/command; its reply comes on ~/command_result with the same id."""
    model("Shown")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic="/eye/command_result", type=STRING)

    def result(command: dict) -> dict:
        answers: list[dict] = []

        def answered() -> bool:
            message = {"data": json.dumps(command)}
            probe.ask("publish", topic="/eye/command", type=STRING, message=message)
            last = probe.ask("last", topic="/eye/command_result")
            answers.append(json.loads(last["data"]) if last else {})
            return answers[-1].get("id") == command["id"]

        wait_until(answered)
        return answers[-1]

    good = result({"type": "double", "data": {"gain": 0.25}, "id": "a"})
    assert good == {"type": "gain", "data": {"gain": 0.5}, "id": "a"}
    bad = result({"type": "double", "data": {"gain": 2}, "id": 7})
    assert (bad["type"], bad["data"]["code"], bad["id"]) == ("$error", "invalid_data", 7)
    reserved = result({"type": "$bye", "id": 8})
    assert reserved["data"]["code"] == "unknown_event"


def test_parameters(model, bridge, peer, wait_until):
    """State fields are parameters with type, bounds and description; setting one sets the model."""
    model("Shown")
    bridge("eye")
    probe = peer()
    described = probe.ask("describe", node="/eye", name="level")
    assert described["description"] == "Of blue"
    assert described["integer_range"] == [{"from_value": 0, "to_value": 255, "step": 0}]
    reach = probe.ask("describe", node="/eye", name="gain")["floating_point_range"]
    assert reach == [{"from_value": 0.0, "to_value": 1.0, "step": 0.0}]
    assert "day, night" in probe.ask("describe", node="/eye", name="mode")["additional_constraints"]
    assert probe.ask("set_parameter", node="/eye", name="level", value=9)["successful"]
    assert not probe.ask("set_parameter", node="/eye", name="level", value=256)["successful"]
    refused = probe.ask("set_parameter", node="/eye", name="mode", value="dusk")
    assert "invalid_data" in refused["reason"]
    with reactor_zmq.connect("eye", timeout=20) as client:
        assert client.state["level"] == 9
        client.send("set_gain", gain=0.125)
        wait_until(lambda: probe.ask("get_parameter", node="/eye", name="gain") == 0.125)
        client.send("set_seed", seed=4)
        wait_until(lambda: probe.ask("get_parameter", node="/eye", name="seed") == 4)


def test_parameters_at_the_start(model, bridge, peer, wait_until, tmp_path):
    """What a parameter file says of the model's fields is set when the bridge finds the model."""
    path = tmp_path / "eye.yaml"
    path.write_text("/**:\n  ros__parameters:\n    level: 33\n    mode: night\n")
    model("Shown")
    bridge("eye", "--ros-args", "--params-file", str(path))
    with reactor_zmq.connect("eye", timeout=20) as client:
        wait_until(lambda: client.state.items() >= {"level": 33, "mode": "night"}.items())


def test_twist_and_joy(model, bridge, peer, wait_until, tmp_path):
    """Velocities and sticks become events by the map that a parameter holds, within bounds."""
    path = tmp_path / "map.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n"
        '    twist_map: ["set_gain.gain = 0.5 * linear.x + 0.25"]\n'
        '    joy_map: ["set_level.level = 100 * axes[1]", "announce = buttons[0]"]\n'
    )
    model("Shown")
    bridge("eye", "--ros-args", "--params-file", str(path))
    probe = peer()
    twist, joy = "geometry_msgs/msg/Twist", "sensor_msgs/msg/Joy"
    probe.ask("subscribe", topic="/eye/events", type=STRING)
    with reactor_zmq.connect("eye", timeout=20) as client:

        def steered() -> bool:
            message = {"linear": {"x": 0.5}}
            probe.ask("publish", topic="/eye/cmd_vel", type=twist, message=message)
            message = {"axes": [0.0, 1.0], "buttons": [1]}
            probe.ask("publish", topic="/eye/joy", type=joy, message=message)
            return client.state.items() >= {"gain": 0.5, "level": 100}.items()

        wait_until(steered)
        wait_until(lambda: probe.ask("count", topic="/eye/events") == 1)
        message = {"linear": {"x": 9.0}}
        probe.ask("publish", topic="/eye/cmd_vel", type=twist, message=message)
        wait_until(lambda: client.state["gain"] == 1.0)
