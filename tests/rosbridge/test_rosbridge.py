"""The rosbridge dialect: roslibpy as it is installed, and what it does not say."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from peer_raw import Raw

from reactor_zmq.testing.running import running
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.rosbridge.handler import EARLY
from reactor_zmq_bridge.server import serving
from reactor_zmq_ros2.decode import decode

HERE = Path(__file__).parent
MODELS = HERE.parent / "ros" / "ros_models.py"


@pytest.fixture(name="play")
def play_with_a_model(run_directory):
    """Return what plays a scene with a model and a bridge of it."""

    def begin(model, scene):
        async def act(run):
            config = BridgeConfig(target=str(run.connection_file), port=0)
            async with serving(config) as found, aiohttp.ClientSession() as http:
                await scene(Stage(run, found.port, http))

        with running(f"{MODELS}:{model}", name=model.lower()) as run:
            asyncio.run(act(run))

    return begin


class Stage:
    """A run, its bridge's port, and clients of it."""

    def __init__(self, run, port, http):
        self.token, self.port, self.http = run.connection.token, port, http

    @asynccontextmanager
    async def client(self, path="/rosbridge", token=None):
        """A client that proves itself by a header."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with self.http.ws_connect(url, headers=headers, max_msg_size=0) as socket:
            yield Raw(socket)


@pytest.mark.parametrize("how", ["header", "auth"])
def test_roslibpy(play, how):
    """Roslibpy sees topics and services, gets images, calls, publishes and sets parameters."""

    async def scene(stage):
        words = [sys.executable, str(HERE / "peer_roslibpy.py"), str(stage.port), stage.token, how]
        peer = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, errors = await asyncio.wait_for(peer.communicate(), 60)
        finally:
            if peer.returncode is None:
                peer.kill()
        assert peer.returncode == 0, errors.decode()
        check_walk(json.loads(out.splitlines()[-1]))

    play("Shown", scene)


def check_walk(seen):
    assert "/shown/main_video/image_raw" in seen["topics"]
    assert "/shown/get_gain" in seen["services"]
    assert seen["secs"] > 1_000_000_000
    image = seen["image"]
    assert (image["height"], image["width"], image["encoding"]) == (480, 640, "rgb8")
    assert image["pixels"] == image["step"] * 480
    assert image["header"]["frame_id"] == "main_video_optical_frame"
    assert image["header"]["stamp"]["sec"] > 1_000_000_000
    assert seen["info"] == 640
    assert seen["state"] == "ready"
    assert json.loads(seen["gain"]["message"]) == {"type": "gain", "data": {"gain": 0.5}}
    assert seen["lit"] == {"success": True, "message": ""}
    assert json.loads(seen["double"]["message"])["data"] == {"gain": 0.5}
    assert seen["refused"]["success"] is False
    assert "invalid_data" in seen["refused"]["message"]
    assert seen["level"] == 9
    assert seen["result"] == {"type": "gain", "data": {"gain": 1.0}, "id": "x"}


def test_cbor_raw(play):
    """cbor-raw carries the very bytes that ROS has."""

    async def scene(stage):
        async with stage.client() as peer:
            topic = "/shown/gray/image_raw"
            await peer.say("subscribe", topic=topic, compression="cbor-raw")
            data = await peer.binary()
            place = data.index(b"\0\1\0\0")
            found = decode("sensor_msgs/msg/Image", data[place:])
            assert (found["height"], found["width"], found["encoding"]) == (6, 8, "mono8")

    play("Shown", scene)


def test_cbor(play):
    """Cbor carries octets as they are: the pixels stand in the message."""

    async def scene(stage):
        async with stage.client() as peer:
            await peer.say("subscribe", topic="shown/clear/image_raw", compression="cbor")
            data = await peer.binary()
            assert bytes(range(192)) in data
            assert b"rgba8" in data

    play("Shown", scene)


def test_camera_in(play):
    """A published image, base64 as browsers send it, reaches the model and comes back."""

    async def scene(stage):
        picture = np.random.default_rng(3).integers(0, 255, (4, 5, 3), np.uint8)
        octets = base64.b64encode(picture[..., ::-1].tobytes()).decode()
        message = {"height": 4, "width": 5, "encoding": "bgr8", "step": 15, "data": octets}
        async with stage.client("/") as peer:
            await peer.say("advertise", topic="/mirror/camera/image_raw", type="sensor_msgs/Image")
            await peer.say("subscribe", topic="/mirror/main_video/image_raw")
            for _ in range(100):
                await peer.say("publish", topic="/mirror/camera/image_raw", msg=message)
                try:
                    async with asyncio.timeout(0.2):
                        told = await peer.hear("publish")
                    break
                except TimeoutError:
                    continue
            assert base64.b64decode(told["msg"]["data"]) == picture.tobytes()

    play("Mirror", scene)


def test_joints(play):
    """Joint states go in as plain JSON and come out doubled."""

    async def scene(stage):
        async with stage.client() as peer:
            await peer.say("subscribe", topic="/arm/pose/joint_states", throttle_rate=20)
            message = {"name": ["knee", "ankle", "hip"], "position": [0.5, 0.25, -1]}
            for _ in range(200):
                await peer.say("publish", topic="/arm/joints/joint_states", msg=message)
                told = await peer.hear("publish")
                if told["msg"]["position"] == [-2.0, 1.0, 0.5]:
                    return
            raise AssertionError(told)

    play("Arm", scene)


def test_throttle(play):
    """A client that asks for five a second does not get thirty."""

    async def scene(stage):
        async with stage.client() as peer:
            topic = "/shown/gray/image_raw"
            await peer.say("subscribe", topic=topic, throttle_rate=200)
            stamps = [(await peer.hear("publish"))["msg"]["header"]["stamp"] for _ in range(4)]
            times = [stamp["sec"] + stamp["nanosec"] / 1e9 for stamp in stamps]
            assert times[-1] - times[0] > 0.4

    play("Shown", scene)


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        ({"op": "subscribe", "topic": "/nowhere"}, "no topic /nowhere"),
        ({"op": "subscribe", "topic": "/shown/state", "type": "std_msgs/Int8"}, "not std_msgs"),
        ({"op": "publish", "topic": "/shown/state", "msg": {}}, "nothing may be published"),
        ({"op": "dance"}, "no operation 'dance'"),
        ({}, "op"),
        ([], "list"),
    ],
)
def test_slips(play, operation, says):
    """What is wrong with an operation is told, and the client may go on."""

    async def scene(stage):
        async with stage.client() as peer:
            await peer.socket.send_str(json.dumps(operation))
            assert says in (await peer.hear("status"))["msg"]
            await peer.say("call_service", service="/rosapi/nodes", id="n")
            answer = await peer.hear("service_response")
            assert (answer["id"], answer["values"]) == ("n", {"nodes": ["/shown"]})

    play("Shown", scene)


def test_without_token(play):
    """Who does not prove himself is told how, and let go."""

    async def scene(stage):
        async with stage.client(token="wrong") as peer:
            assert "token" in (await peer.hear("status"))["msg"]
            assert await peer.ended() == 4401
        url = f"ws://127.0.0.1:{stage.port}/rosbridge"
        async with stage.http.ws_connect(url) as socket:
            peer = Raw(socket)
            for _ in range(EARLY):
                await peer.say("subscribe", topic="/shown/state")
            assert "auth" in (await peer.hear("status"))["msg"]
            assert await peer.ended() == 4401
        for data in ('{"op":"subscribe","topic":"' + "x" * 100_000 + '"}', "[" * 50_000):
            async with stage.http.ws_connect(url) as socket:
                await socket.send_str(data)
                assert await Raw(socket).ended() == 4401

    play("Shown", scene)
