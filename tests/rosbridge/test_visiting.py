"""A run at a robot's rosbridge server: pictures, numbers, calls, input, and both going away."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from robot import Robot

from reactor_zmq.client import aio
from reactor_zmq.testing.running import running
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.rosbridge.dialer import Dialer, Journey
from reactor_zmq_bridge.rosbridge.guest import Manners
from reactor_zmq_bridge.server import serving

MODELS = Path(__file__).resolve().parents[1] / "ros" / "ros_models.py"


@pytest.fixture(name="visit")
def visit_a_robot(run_directory):
    """Return what plays a scene with a robot that a model visits."""

    def begin(model, scene, **manners):
        async def act(run):
            robot = Robot()
            await robot.start()
            try:
                async with dialing(run, robot.port, manners):
                    await robot.said_that(lambda told: told.get("topic", "").endswith("/state"))
                    await scene(robot)
            finally:
                await robot.stop()

        with running(f"{MODELS}:{model}", name=model.lower()) as run:
            asyncio.run(act(run))

    return begin


@asynccontextmanager
async def dialing(run, port, manners, **more):
    journey = Journey(
        target=str(run.connection_file),
        url=f"ws://127.0.0.1:{port}/",
        node="/eye",
        manners=Manners(**manners),
        **more,
    )
    task = asyncio.create_task(Dialer(journey).run())
    try:
        yield
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


def published(topic):
    return lambda told: told["op"] == "publish" and told["topic"] == topic


def number_of(told):
    """Return the number in the first pixel of a picture of the model ``Shown``."""
    data = base64.b64decode(told["msg"]["data"][:4])
    return int.from_bytes(data[:3], "big")


def test_pictures(visit):
    """JPEG, its calibration under the same stamp, the state; each advertised before."""

    async def scene(robot):
        told = await robot.said_that(published("/eye/main_video/image_raw/compressed"))
        picture = simplejpeg.decode_jpeg(base64.b64decode(told["msg"]["data"]))
        assert picture.shape == (480, 640, 3)
        assert abs(int(picture[300, 200, 2]) - 7) < 12
        header = told["msg"]["header"]
        assert header["frame_id"] == "main_video_optical_frame"
        await robot.said_that(
            lambda told: (
                published("/eye/main_video/camera_info")(told) and told["msg"]["header"] == header
            )
        )
        assert not any(map(published("/eye/main_video/image_raw"), robot.said))
        await robot.said_that(
            lambda told: (
                published("/eye/state")(told)
                and json.loads(told["msg"]["data"])["fields"].get("level") == 7
            )
        )
        advertised = set()
        for told in robot.said:
            if told["op"] == "advertise":
                advertised.add(told["topic"])
            if told["op"] == "publish":
                assert told["topic"] in advertised

    visit("Shown", scene)


def test_raw_pictures(visit):
    """Raw pictures are bit-exact; what has no such form leaves the others alone."""

    async def scene(robot):
        told = await robot.said_that(published("/eye/main_video/image_raw"))
        assert (told["msg"]["encoding"], told["msg"]["step"]) == ("rgb8", 1920)
        frame = np.frombuffer(base64.b64decode(told["msg"]["data"]), np.uint8)
        frame = frame.reshape(480, 640, 3)
        assert (frame[1:, :, 0] == (np.arange(1, 480) % 256)[:, None]).all()
        assert (frame[1:, :, 1] == np.arange(640) % 256).all()
        told = await robot.said_that(published("/eye/clear/image_raw"))
        assert base64.b64decode(told["msg"]["data"]) == bytes(range(192))
        assert not any(map(published("/eye/main_video/image_raw/compressed"), robot.said))

    visit("Shown", scene, images="raw")


def test_calls_and_commands(visit):
    """Services, the command topic and velocities reach the model; its replies come back."""

    async def scene(robot):
        async with robot.peer() as peer:
            for number, (service, args) in enumerate(
                [("get_gain", {}), ("set_lit", {"data": False}), ("announce", {})]
            ):
                name = f"/eye/{service}"
                await peer.say("call_service", service=name, id=f"{number}", args=args)
                answer = await peer.hear("service_response")
                assert answer["id"] == f"{number}"
                assert answer["values"]["success"] is True
                if service == "get_gain":
                    assert json.loads(answer["values"]["message"])["data"] == {"gain": 0.5}
            event = await robot.said_that(published("/eye/events"))
            assert json.loads(event["msg"]["data"]) == {"type": "gain", "data": {"gain": 0.5}}
            for command in ({"type": "double", "data": {"gain": 0.25}, "id": 4}, {"id": 5}):
                data = json.dumps(command)
                await peer.say("publish", topic="/eye/command", msg={"data": data})
                told = await robot.said_that(
                    lambda told, number=command["id"]: (
                        published("/eye/command_result")(told)
                        and json.loads(told["msg"]["data"]).get("id", 5) == number
                    )
                )
                result = json.loads(told["msg"]["data"])
                if command["id"] == 4:
                    assert result == {"type": "gain", "data": {"gain": 0.5}, "id": 4}
                else:
                    assert result["data"]["code"] == "bad_message"
            twist = {"linear": {"x": 0.5, "y": 0, "z": 0}, "angular": {"x": 0, "y": 0, "z": 0}}
            await peer.say("publish", topic="/cmd_vel", msg=twist)
            await robot.said_that(
                lambda told: (
                    published("/eye/state")(told)
                    and json.loads(told["msg"]["data"])["fields"].get("level") == 100
                )
            )

    rule = "set_level.level = 200 * linear.x"
    visit("Shown", scene, twist_map=(rule,), remap={"~/cmd_vel": "/cmd_vel"})


def test_camera_in(visit):
    """The robot's own camera topic feeds the input track, exactly; rubbish on it harms nothing."""

    async def scene(robot):
        picture = np.random.default_rng(5).integers(0, 255, (4, 5, 3), np.uint8)
        octets = base64.b64encode(picture.tobytes()).decode()
        message = {"height": 4, "width": 5, "encoding": "rgb8", "step": 15, "data": octets}
        async with robot.peer() as peer:
            await peer.say("publish", topic="/front/image", msg={"height": "tall"})
            await peer.say("publish", topic="/front/image", msg={**message, "data": "AA"})
            await peer.say("subscribe", topic="/eye/main_video/image_raw")
            async with asyncio.timeout(30):
                while True:
                    await peer.say("publish", topic="/front/image", msg=message)
                    try:
                        async with asyncio.timeout(0.2):
                            told = await peer.hear("publish")
                        break
                    except TimeoutError:
                        continue
            assert base64.b64decode(told["msg"]["data"]) == picture.tobytes()

    visit("Mirror", scene, images="raw", remap={"~/camera/image_raw": "/front/image"})


@pytest.mark.parametrize("ros1", [False, True])
def test_joints(visit, ros1):
    """Joint states go in and actions come out, under either ROS's names."""

    async def scene(robot):
        names = ("secs", "nsecs") if ros1 else ("sec", "nanosec")
        header = {"stamp": dict.fromkeys(names, 1), "frame_id": ""} | ({"seq": 3} if ros1 else {})
        message = {"header": header, "name": ["knee", "hip", "ankle"], "position": [0.5, 1, 2]}
        async with robot.peer() as peer:
            await peer.say("publish", topic="/eye/joints/joint_states", msg=message)
            told = await robot.said_that(
                lambda told: (
                    published("/eye/pose/joint_states")(told)
                    and told["msg"]["position"] == [2, 1, 4]
                )
            )
            assert names[0] in told["msg"]["header"]["stamp"]
            twist = await robot.said_that(published("/eye/drive/twist"))
            assert twist["msg"]["angular"] == {"x": 3, "y": 4, "z": 5}
            chunk = await robot.said_that(published("/eye/chunk"))
            assert chunk["msg"]["data"] == list(range(6))

    visit("Arm", scene, ros1=ros1)


def test_robot_restarts(visit):
    """A robot that comes back is told everything anew, and nothing from before."""

    async def scene(robot):
        topic = "/eye/gray/image_raw"
        first = await robot.said_that(published(topic))
        port = robot.port
        await robot.stop()
        robot.said.clear()
        await robot.start(port)
        again = await robot.said_that(published(topic))
        kinds = [told["op"] for told in robot.said]
        assert kinds[: kinds.index("publish")].count("subscribe") == 2
        stamps = [told["msg"]["header"]["stamp"] for told in (first, again)]
        assert (stamps[1]["sec"], stamps[1]["nanosec"]) > (stamps[0]["sec"], stamps[0]["nanosec"])
        async with robot.peer() as peer:
            await peer.say("call_service", service="/eye/get_gain", id="x")
            assert (await peer.hear("service_response"))["result"] is True

    visit("Shown", scene, images="raw")


def test_robot_that_does_not_read(visit):
    """What a robot did not read in time it never gets: what comes then is from now."""

    async def scene(robot):
        topic = "/eye/main_video/image_raw"
        before = number_of(await robot.said_that(published(topic)))
        robot.hears.clear()
        async with aio.connect("shown") as client:
            async for frame in client.frames("main_video"):
                now = int.from_bytes(bytes(frame.array[0, 0]), "big")
                if now > before + 90:
                    break
        robot.hears.set()
        await robot.said_that(lambda told: published(topic)(told) and number_of(told) > now)
        numbers = [number_of(told) for told in robot.said if published(topic)(told)]
        assert len([number for number in numbers if before < number < now - 20]) <= 6

    visit("Shown", scene, images="raw")


def test_another_model_under_the_same_name(run_directory):
    """A run that is started again as another model is advertised as what it is."""
    options = ("--connection-file", str(run_directory / "one.json"))

    async def act():
        robot = Robot()
        await robot.start()
        try:
            with running(f"{MODELS}:Shown", *options) as first:
                async with dialing(first, robot.port, {}):
                    await robot.said_that(published("/eye/gray/camera_info"))
                    await asyncio.to_thread(first.stop)
                    robot.said.clear()
                    with running(f"{MODELS}:Arm", *options):
                        await robot.said_that(published("/eye/pose/joint_states"))
        finally:
            await robot.stop()
        advertised = {told["topic"] for told in robot.said if told["op"] == "advertise"}
        assert "/eye/pose/joint_states" in advertised
        assert "/eye/gray/camera_info" not in advertised

    asyncio.run(act())


def test_our_own_server_as_the_robot(run_directory):
    """One run's pictures go into another run by its bridge's rosbridge dialect."""

    async def act(eye, mirror):
        config = BridgeConfig(target=str(mirror.connection_file), port=0)
        remap = {"~/main_video/image_raw": "/mirror/camera/image_raw"}
        async with serving(config) as found:
            manners = {"images": "raw", "remap": remap}
            bearer = mirror.connection.token
            async with (
                dialing(eye, found.port, manners, bearer=bearer),
                aio.connect(mirror.connection_file) as client,
            ):
                async for frame in client.frames("main_video", timeout=20):
                    assert frame.array.shape == (480, 640, 3)
                    assert (frame.array[1:, :, 1] == np.arange(640) % 256).all()
                    break

    with (
        running(f"{MODELS}:Shown", name="eye") as eye,
        running(f"{MODELS}:Mirror", name="mirror") as mirror,
    ):
        asyncio.run(act(eye, mirror))
