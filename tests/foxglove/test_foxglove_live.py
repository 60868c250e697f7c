"""Foxglove's protocol at the bridge, with a client written from its specification."""

from __future__ import annotations

import asyncio
import json
import struct
import sys

import aiohttp
import av
import numpy as np
import pytest
import simplejpeg
from foxglove_stage import ARM, MIRROR, SHOWN

import reactor_zmq
from reactor_zmq_bridge.config import BridgeTimes
from reactor_zmq_recording.reading import read_recording
from reactor_zmq_recording.recorder import Recorder
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.definitions import schema_text


def slope(picture):
    """Return rows that should be 0, 1, 2… of a picture of ``Shown``, below its number."""
    return picture[8:256:8, 300, 0].astype(int)


@pytest.mark.parametrize("spoken", ["foxglove.sdk.v1", "foxglove.websocket.v1"])
def test_who_it_is(play, spoken):
    """The server names the model and what can be done, in both subprotocols."""

    async def scene(stage):
        async with stage.peer(spoken=spoken) as peer:
            assert peer.socket.protocol == spoken
            info = await peer.hear("serverInfo")
            assert info["name"] == "shown"
            wanted = {"parameters", "parametersSubscribe", "clientPublish", "services"}
            assert set(info["capabilities"]) == wanted
            assert info["supportedEncodings"] == ["json", "cdr"]
            await peer.hear("advertise")
            image = peer.channels["/Shown/main_video/image_raw"]
            assert image["schema"] == schema_text("sensor_msgs/msg/Image")
            assert (image["encoding"], image["schemaEncoding"]) == ("cdr", "ros2msg")

    play(SHOWN, scene)


def test_channels_are_those_of_a_recording(play, tmp_path):
    """Topic and message of each recorded channel are among those that are shown live."""

    def record(run):
        client = reactor_zmq.connect(str(run.connection_file), timeout=20, follow_events=True)
        client.wait_ready(20)
        Recorder(client, tmp_path / "run.mcap", codec="raw").run(seconds=1)

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertise")
            await asyncio.to_thread(record, stage.run)
            recorded = {
                (m.plan.topic, m.plan.message_type) for m in read_recording(tmp_path / "run.mcap")
            }
            live = {(c["topic"], c["schemaName"]) for c in peer.channels.values()}
            assert len(recorded) >= 5
            assert recorded <= live

    play(SHOWN, scene)


def test_pictures(play):
    """The same frames as Image, CompressedImage and CompressedVideo, stamped when made."""

    async def scene(stage):
        async with stage.peer() as peer:
            raw = await peer.see("/Shown/main_video/image_raw")
            assert (raw["height"], raw["width"], raw["encoding"]) == (480, 640, "rgb8")
            pixels = np.frombuffer(raw["data"], np.uint8).reshape(480, 640, 3)
            assert (slope(pixels) == np.arange(8, 256, 8)).all()
            stamp = raw["header"]["stamp"]
            made_ns = stamp["sec"] * 10**9 + stamp["nanosec"]
            assert made_ns <= peer.log_ns < made_ns + 10**10
            jpeg = await peer.see("/Shown/main_video/image_raw/compressed", 8)
            pixels = simplejpeg.decode_jpeg(bytes(jpeg["data"]))
            assert np.abs(slope(pixels) - np.arange(8, 256, 8)).max() < 16
            gray = await peer.see("/Shown/gray/image_raw", 9)
            assert (gray["encoding"], gray["step"]) == ("mono8", 8)

    play(SHOWN, scene)


def test_video_has_no_holes(play):
    """A stream of H.264 begins with a key frame and decodes frame by frame, however few leave."""

    async def scene(stage):
        topic, decoder = "/Shown/main_video/video", av.CodecContext.create("h264", "r")
        async with stage.peer() as peer:
            await peer.subscribe(topic, 3)
            decoded = 0
            for _ in range(12):
                video = await peer.message(topic, 3)
                assert video["format"] == "h264"
                pictures = decoder.decode(av.Packet(bytes(video["data"])))
                decoded += len(pictures)
            assert decoded >= 10
            pixels = pictures[-1].to_ndarray(format="rgb24")
            assert np.abs(slope(pixels) - np.arange(8, 256, 8)).max() < 24

    play(SHOWN, scene)


def test_numbers(play):
    """Numeric tracks are JointState, TwistStamped and MultiArray, as in a recording."""

    async def scene(stage):
        async with stage.peer() as peer:
            pose = await peer.see("/Arm/pose")
            assert (pose["name"], list(pose["position"])) == (["hip", "knee", "ankle"], [0, 0, 0])
            drive = await peer.see("/Arm/drive", 8)
            assert drive["twist"]["angular"] == {"x": 3.0, "y": 4.0, "z": 5.0}
            chunk = await peer.see("/Arm/chunk", 9)
            assert list(chunk["data"]) == [0, 1, 2, 3, 4, 5]
            assert [d["size"] for d in chunk["layout"]["dim"]] == [2, 3]

    play(ARM, scene)


def test_words(play):
    """State, status, events and messages come as they do into a recording; late comers catch up."""

    async def scene(stage):
        async with stage.peer() as peer, stage.peer() as other:
            for number, word in enumerate(("state", "status", "events", "messages"), 1):
                await peer.subscribe(f"/Shown/{word}", number)
            state = await peer.message("/Shown/state", 1)
            assert state["version"] == 0
            assert state["fields"]["level"] == 7
            assert (await peer.message("/Shown/status", 2))["state"] == "ready"
            assert await other.call("/Shown/set_level", {"level": 9}) == {}
            event = await peer.message("/Shown/events", 3)
            assert (event["type"], event["data"]) == ("set_level", {"level": 9})
            await other.call("/Shown/announce", {}, 2)
            told = await peer.message("/Shown/messages", 4)
            assert told == {"type": "gain", "data": {"gain": 0.5}}
            assert (await other.see("/Shown/state"))["fields"]["level"] == 9

    play(SHOWN, scene)


def test_changes_of_the_state_are_shown(play):
    """Who subscribed to the state hears the fields that changed."""

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.subscribe("/Shown/state", 1)
            await peer.message("/Shown/state", 1)
            await peer.call("/Shown/set_level", {"level": 11})
            # The answer may come first, and the change has been read with it.
            changed = await peer.see("/Shown/state", 2)
            assert changed["fields"]["level"] == 11

    play(SHOWN, scene)


def test_services(play):
    """Events are services whose schema has their bounds; refusals come as failures."""

    async def scene(stage):
        async with stage.peer() as peer:
            assert await peer.call("/Shown/get_gain", {}) == {"gain": 0.5}
            assert await peer.call("/Shown/double", {"gain": 0.25}, 2) == {"gain": 0.5}
            refused = await peer.call("/Shown/double", {"gain": 3}, 3)
            assert refused["failure"].startswith("invalid_data: gain")
            request = peer.services["/Shown/double"]["request"]
            assert (request["encoding"], request["schemaEncoding"]) == ("json", "jsonschema")
            gain = json.loads(request["schema"])["properties"]["gain"]
            assert (gain["type"], gain["minimum"], gain["maximum"]) == ("number", 0, 0.5)
            seed = json.loads(peer.services["/Shown/set_seed"]["request"]["schema"])
            assert seed["properties"]["seed"]["type"] == "integer"
            response = json.loads(peer.services["/Shown/get_gain"]["response"]["schema"])
            assert response["properties"]["gain"]["type"] == "number"

    play(SHOWN, scene)


def test_parameters(play):
    """Fields of the state are parameters: read, set, refused out of bounds, followed."""

    async def scene(stage):
        async with stage.peer() as peer, stage.peer() as other:
            await peer.hear("advertise")
            await other.hear("advertise")
            await peer.say("getParameters", parameterNames=[], id="all")
            while (told := await peer.hear("parameterValues")).get("id") != "all":
                pass
            values = {p["name"]: p for p in told["parameters"]}
            assert values["/Shown.level"] == {"name": "/Shown.level", "value": 7}
            assert values["/Shown.gain"]["type"] == "float64"
            assert values["/Shown.mode"]["value"] == "day"
            assert values["/Shown.seed"] == {"name": "/Shown.seed"}
            await other.say("subscribeParameterUpdates", parameterNames=["/Shown.level"])
            await asyncio.sleep(0)
            named = [{"name": "/Shown.level", "value": 99}]
            await peer.say("setParameters", parameters=named, id="set")
            while (told := await peer.hear("parameterValues")).get("id") != "set":
                pass
            assert told["parameters"] == named
            while (await other.hear("parameterValues"))["parameters"] != named:
                pass  # what held before may be told first
            over = [{"name": "/Shown.level", "value": 256}]
            await peer.say("setParameters", parameters=over, id="over")
            while (told := await peer.hear("parameterValues")).get("id") != "over":
                pass
            assert told["parameters"] == named
            assert "/Shown.level: invalid_data" in await peer.complaint()

    play(SHOWN, scene)


def test_joints_are_published(play):
    """A JointState in any order of names, as CDR and as JSON, is a frame of the input track."""

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertise")
            channel = {"topic": "/Arm/joints", "schemaName": "sensor_msgs/msg/JointState"}
            channels = [{"id": n, "encoding": e, **channel} for n, e in ((1, "cdr"), (2, "json"))]
            await peer.say("advertise", channels=channels)
            values = {"name": ["knee", "ankle", "hip"], "position": np.array([2.0, 3.0, 1.0])}
            packed = encode("sensor_msgs/msg/JointState", values)
            await peer.socket.send_bytes(struct.pack("<BI", 1, 1) + packed)
            await peer.subscribe("/Arm/pose", 5)
            while list((await peer.message("/Arm/pose", 5))["position"]) != [2.0, 4.0, 6.0]:
                pass
            values["position"] = [5.0, 6.0, 4.0]
            text = json.dumps(values).encode()
            await peer.socket.send_bytes(struct.pack("<BI", 1, 2) + text)
            while list((await peer.message("/Arm/pose", 5))["position"]) != [8.0, 10.0, 12.0]:
                pass

    play(ARM, scene)


@pytest.mark.parametrize("form", ["image_raw", "image_raw/compressed"])
def test_pictures_are_published(play, form):
    """An Image in blue, green and red, or a JPEG, reaches the model as RGB."""
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[..., 2] = 200
    header = {"header": {"frame_id": "x"}}
    if form == "image_raw":
        sizes = {"height": 16, "width": 24, "step": 72, "encoding": "bgr8"}
        pixels = {**header, **sizes, "data": picture[..., ::-1].tobytes()}
        kind, body = "sensor_msgs/msg/Image", encode("sensor_msgs/msg/Image", pixels)
    else:
        data = simplejpeg.encode_jpeg(picture, 95, "RGB", "444")
        kind = "sensor_msgs/msg/CompressedImage"
        body = encode(kind, {**header, "format": "jpeg", "data": data})

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertise")
            channel = {"id": 1, "topic": f"/Mirror/camera/{form}", "encoding": "cdr"}
            await peer.say("advertise", channels=[{**channel, "schemaName": kind}])
            await peer.subscribe("/Mirror/main_video/image_raw", 5)
            # The mirror shows each once: what it showed before the subscription was live is gone.
            showing = asyncio.create_task(show_again(peer, struct.pack("<BI", 1, 1) + body))
            seen = await peer.message("/Mirror/main_video/image_raw", 5)
            showing.cancel()
            pixels = np.frombuffer(seen["data"], np.uint8).reshape(16, 24, 3)
            assert np.abs(pixels.astype(int) - picture).max() < 6

    play(MIRROR, scene)


async def show_again(peer, data):
    while True:
        await peer.socket.send_bytes(data)
        await asyncio.sleep(0.05)


def test_commands_are_published(play):
    """The command topic takes any event, as JSON and as the text of a String."""

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertise")
            for number, level in ((1, 21), (2, 22)):
                command = {"type": "set_level", "data": {"level": level}}
                wrapped = {"data": json.dumps(command)} if number == 2 else command
                channel = {"id": number, "topic": "/Shown/command", "encoding": "json"}
                await peer.say("advertise", channels=[channel])
                packed = struct.pack("<BI", 1, number) + json.dumps(wrapped).encode()
                await peer.subscribe("/Shown/state", 5)
                await peer.message("/Shown/state", 5)
                await peer.socket.send_bytes(packed)
                while (await peer.message("/Shown/state", 5))["fields"].get("level") != level:
                    pass
            await peer.socket.send_bytes(struct.pack("<BI", 1, 1) + b'{"type": "nothing"}')
            assert "nothing" in await peer.complaint()

    play(SHOWN, scene)


def test_who_may_look_only(play):
    """A token for looking shows pictures and parameters, and neither services nor events."""

    async def scene(stage):
        async with stage.peer(stage.run.connection.view_token) as peer:
            info = await peer.hear("serverInfo")
            assert info["capabilities"] == ["parameters", "parametersSubscribe"]
            await peer.see("/Shown/main_video/image_raw")
            assert "/Shown/events" not in peer.channels
            await peer.say("setParameters", parameters=[{"name": "/Shown.level", "value": 1}])
            assert "can't be set" in await peer.complaint()
            assert not peer.services

    play(SHOWN, scene)


def test_strangers_are_refused(play):
    """A wrong token, a foreign Origin, and a client that speaks something else."""

    async def scene(stage):
        async with stage.peer("wrong") as peer:
            assert await peer.ended() == 4401
            assert "token" in peer.told[0]["message"]
        async with stage.peer(spoken="") as peer:
            assert await peer.ended() == 1002
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with stage.peer(Origin="https://example.org"):
                pass
        assert caught.value.status == 403
        async with stage.peer(Origin="https://app.foxglove.dev") as peer:
            await peer.hear("serverInfo")

    play(SHOWN, scene, origins=("https://app.foxglove.dev",))


def test_nonsense_is_told_and_forgiven(play):
    """What is no operation, channel or service is told; the link goes on."""

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertiseServices")
            for text in (
                "{",
                '{"op": "fly"}',
                '{"op": "subscribe", "subscriptions": [{"id": -1}]}',
            ):
                await peer.socket.send_str(text)
                assert await peer.complaint()
            await peer.say("subscribe", subscriptions=[{"id": 1, "channelId": 999}])
            assert "999" in await peer.complaint()
            for data in (b"\1", b"\1\0\0\0\0", b"\2\0\0", b"\x09", b"\2" + b"\xff" * 12):
                await peer.socket.send_bytes(data)
                assert await peer.complaint()
            await peer.say("advertise", channels=[{"id": 1, "topic": "/other", "encoding": "json"}])
            assert "/other" in await peer.complaint()
            await peer.say("subscribeConnectionGraph")
            assert "op" in await peer.complaint()
            await peer.see("/Shown/main_video/image_raw")

    play(SHOWN, scene)


def test_a_slow_viewer_gets_the_newest(play):
    """Who reads nothing for a while misses what was made meanwhile, and nothing queues up."""

    async def scene(stage):
        topic = "/Shown/main_video/image_raw"
        async with stage.peer() as slow, stage.peer() as quick:
            await slow.subscribe(topic, 1)
            await slow.message(topic, 1)
            transport = slow.socket._response.connection.transport
            transport.pause_reading()
            await quick.subscribe(topic, 1)
            for _ in range(60):
                newest = number_of(await quick.message(topic, 1))
            transport.resume_reading()
            behind = [number_of(await slow.message(topic, 1)) for _ in range(20)]
            assert behind == sorted(behind)
            jumps = np.diff(behind)
            assert jumps.max() > 20  # what was made meanwhile was left out, not queued
            assert behind[-1] > newest - 10

    play(SHOWN, scene, times=BridgeTimes(send_s=60))


def number_of(image):
    high, middle, low = bytes(image["data"][:3])
    return high << 16 | middle << 8 | low


def test_the_model_is_offered_again_after_a_crash(play):
    """A crash is a line among the problems; pictures go on under the same subscription."""

    async def scene(stage):
        topic = "/Shown/main_video/image_raw"
        async with stage.peer() as peer:
            await peer.subscribe(topic, 1)
            await peer.message(topic, 1)
            stage.run.kill_actor()
            told = await peer.hear("status")
            assert (told["level"], told["id"]) == (1, "model")
            assert (await peer.hear("removeStatus"))["statusIds"] == ["model"]
            await peer.message(topic, 1)

    play(SHOWN, scene)


def test_the_end_of_the_run_is_told(play):
    """The link closes with 1013, try again, when the run has ended."""

    async def scene(stage):
        async with stage.peer() as peer:
            await peer.hear("advertiseServices")
            await asyncio.to_thread(stage.run.stop)
            assert await peer.ended() == 1013

    play(SHOWN, scene)


def test_the_command(play):
    """``reactor-zmq foxglove`` prints the address that Foxglove's app is given, and serves it."""

    async def scene(stage):
        command = [sys.executable, "-m", "reactor_zmq.cli.main", "foxglove", "shown"]
        bridge = await asyncio.create_subprocess_exec(
            *command, "--port", "0", stdout=asyncio.subprocess.PIPE
        )
        try:
            url = (await asyncio.wait_for(bridge.stdout.readline(), 20)).decode().strip()
            origin = {"Origin": "https://app.foxglove.dev"}
            asked = stage.http.ws_connect(url, protocols=("foxglove.sdk.v1",), headers=origin)
            async with asked as socket:
                assert (await socket.receive_json(timeout=10))["name"] == "shown"
        finally:
            bridge.terminate()
            await bridge.wait()
        assert bridge.returncode == 0

    play(SHOWN, scene)
