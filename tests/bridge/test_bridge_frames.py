"""Frames through a real bridge: every codec, both transports, flow control, tracks upstream."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
import simplejpeg
from bridge_browser import eventually

from reactor_zmq_bridge.record import Codec, Flag, Kind, Record, encode_head

RED = (220, 30, 30)


def pixels(record: Record) -> np.ndarray:
    """Decode a record as a browser would; ``(height, width, 3) uint8``."""
    match record.codec:
        case Codec.RGBA:
            return np.frombuffer(record.payload, np.uint8).reshape(record.height, record.width, 4)[
                ..., :3
            ]
        case Codec.JPEG:
            return simplejpeg.decode_jpeg(bytes(record.payload))
        case Codec.I420:
            planes = np.frombuffer(record.payload, np.uint8).reshape(-1, record.width)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.colorspace, frame.color_range = 5, 1
            return frame.to_ndarray(format="rgb24")
        case _:
            decoder = av.CodecContext.create("h264", "r")
            packet = av.Packet(bytes(record.payload))
            [frame] = [*decoder.decode(packet), *decoder.decode(None)]
            assert (frame.colorspace, frame.color_range) == (6, 1)
            return frame.to_ndarray(format="rgb24")


@pytest.mark.parametrize("codec", ["i420", "rgba", "h264", "jpeg"])
def test_pixels_of_a_known_frame(play, codec):
    """Every codec carries size, place, time and the model's own colours."""

    async def scene(stage):
        browser = await stage.browser()
        await browser.ask("set_colour", {"colour": "red"})
        viewing = await browser.view("main", codec)
        assert viewing["codecs"] == {"main": codec}
        async with browser.stream(viewing) as stream:
            while True:
                record = await stream.frame()
                await browser.ack(record)
                if record.kind is Kind.VIDEO and Flag.KEY in record.flags:
                    shown = pixels(record)
                    if abs(shown[20, 30].astype(int) - RED).max() <= 4:
                        break
        assert record.codec.name.lower() == codec
        assert (record.width, record.height) == (64, 48)
        assert shown.shape == (48, 64, 3)
        assert abs(shown.astype(int) - RED).max() <= 4
        clock = (await browser.ask("$ping", {"t": 0}))["data"]["server_ms"]
        assert 0 <= clock - record.made_ms < 10_000

    play(scene)


@pytest.mark.parametrize("transport", ["stream", "ws"])
def test_nothing_is_sent_beyond_the_window(play, transport):
    """Two records come, then none, until one is acknowledged; the gap is told."""

    async def scene(stage):
        browser = await stage.browser()
        viewing = await browser.view("main", transport=transport, window={"still": 2})
        flow = stage.serving.bridge.sessions[0].viewer.flow

        async def two(record):
            records = [await record(), await record()]
            before = stage.serving.bridge.around.sources
            await eventually(lambda: flow.tracks[0].sent == 2 and not flow.hungry(0))
            source = before._sources[0]
            seen = source.frames
            await eventually(lambda: source.frames > seen + 10)
            assert flow.tracks[0].sent == 2
            await browser.ack(records[0])
            third = await record()
            assert third.missing >= 8
            assert third.seq == records[1].seq + third.missing + 1
            assert Flag.DISCONTINUITY in third.flags

        if transport == "ws":
            await two(browser.record)
        else:
            async with browser.stream(viewing) as stream:
                await two(stream.frame)

    play(scene)


def test_raw_frames_stay_off_the_socket(play):
    """Browsers read WebSockets slowly: raw pictures go through a stream alone."""

    async def scene(stage):
        browser = await stage.browser()
        viewing = await browser.view("main", "i420", "rgba", "jpeg", transport="ws")
        assert viewing["codecs"] == {"main": "jpeg"}
        assert (await browser.record()).codec is Codec.JPEG

    play(scene)


def test_stepping_down(play):
    """A browser that can't decode gets the next codec, is told, and does not get it back."""

    async def scene(stage):
        browser = await stage.browser()
        viewing = await browser.view("main", "i420", "h264", "jpeg")
        async with browser.stream(viewing) as stream:
            for failed, expected in (("i420", "h264"), ("h264", "jpeg")):
                await browser.say(
                    "$decoder_failed", {"track": "main", "codec": failed, "message": "no"}
                )
                told = (await browser.hear("$codec"))["data"]
                assert (told["track"], told["codec"]) == ("main", expected)
                while (record := await stream.frame()).codec is not NAMED[expected]:
                    await browser.ack(record)
        assert (await browser.view("main", "i420", "jpeg"))["codecs"] == {"main": "jpeg"}

    play(scene)


NAMED = {codec.name.lower(): codec for codec in Codec}


def test_h264_is_a_stream(play):
    """One key frame, then deltas; all decode in order; a key frame comes when asked for."""

    async def scene(stage):
        browser = await stage.browser()
        viewing = await browser.view("main", "h264")
        decoder = av.CodecContext.create("h264", "r")
        async with browser.stream(viewing) as stream:
            keys = []
            for _ in range(12):
                record = await stream.frame()
                await browser.ack(record)
                keys.append(Flag.KEY in record.flags)
                decoder.decode(av.Packet(bytes(record.payload)))
            assert keys[0]
            assert not all(keys)
            await browser.say("$keyframe", {"track": "main"})
            for _ in range(12):
                record = await stream.frame()
                await browser.ack(record)
                if Flag.KEY in record.flags:
                    return
            raise AssertionError("no key frame came in 12 records")

    play(scene)


def test_encoded_once(play):
    """Two browsers that watch alike share one encoder, and get the same bytes."""

    async def scene(stage):
        browsers = [await stage.browser() for _ in range(2)]
        seen = []
        for browser in browsers:
            async with browser.stream(await browser.view("main", "jpeg")) as stream:
                seen.append((await stream.frame()).payload)
        lines = stage.serving.bridge.around.sources._sources[0].lines
        assert len(lines) == 1
        assert len(next(iter(lines.values())).audience) == 2
        await browsers[0].ask("$view", {"tracks": {}})
        await browsers[1].ask("$view", {"tracks": {}})
        await eventually(lambda: not stage.serving.bridge.around.sources._sources)

    play(scene)


def test_smaller_pictures(play):
    """max_width makes pictures smaller, and another width is another encoder."""

    async def scene(stage):
        browser = await stage.browser()
        for codec, width in (("jpeg", 32), ("rgba", 32), ("i420", 24), ("h264", 24)):
            asked = {"tracks": {"main": {"max_width": width}}, "codecs": [codec]}
            viewing = (await browser.ask("$view", asked))["data"]
            async with browser.stream(viewing) as stream:
                record = await stream.frame()
                assert record.width == width, codec
                assert record.height in (18, 24)

    play(scene)


def test_audio(play):
    """Samples come whole and in order, the channels side by side."""

    async def scene(stage):
        browser = await stage.browser()
        viewing = await browser.view("sound")
        assert viewing["codecs"] == {"sound": "pcm_s16"}
        async with browser.stream(viewing) as stream:
            last = await stream.frame()
            await browser.ack(last)
            assert (last.kind, last.height) == (Kind.AUDIO, 1)
            assert last.width == 48_000
            assert set(np.frombuffer(last.payload, "<i2")) == {1000}
            for _ in range(20):
                block = await stream.frame()
                await browser.ack(block)
                assert block.seq == last.seq + 1
                last = block

    play(scene)


def test_mjpeg(play):
    """An <img> shows it; the ticket is good once."""

    async def scene(stage):
        browser = await stage.browser()
        ticket = (await browser.ask("$ticket", {"for": "mjpeg"}))["data"]["ticket"]
        url = f"{stage.url}/mjpeg/main?ticket={ticket}"
        async with stage.http.get(url) as response:
            assert response.content_type == "multipart/x-mixed-replace"
            data = b""
            while data.count(b"Content-Length") < 3:
                data += await response.content.readany()
            body = data.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0]
            assert simplejpeg.decode_jpeg(body).shape == (48, 64, 3)
        async with stage.http.get(url) as response:
            assert response.status == 401

    play(scene)


def upstream(kind: Kind, codec: Codec, track: int, size: tuple[int, int], payload: bytes) -> bytes:
    record = Record(
        kind=kind, codec=codec, track=track, width=size[0], height=size[1], payload=payload
    )
    return encode_head(record) + payload


@pytest.mark.parametrize("codec", [Codec.JPEG, Codec.RGBA, Codec.I420])
def test_a_camera(play, codec):
    """What a browser publishes to an input track the model sees, in its colours."""
    colour = (40, 90, 180)
    picture = np.zeros((32, 40, 3), np.uint8) + np.array(colour, np.uint8)
    if codec is Codec.JPEG:
        payload = simplejpeg.encode_jpeg(picture, quality=95)
    elif codec is Codec.RGBA:
        payload = np.dstack([picture, np.full((32, 40), 255, np.uint8)]).tobytes()
    else:
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        payload = frame.reformat(format="yuv420p", dst_colorspace=5).to_ndarray().tobytes()

    async def scene(stage):
        browser = await stage.browser()
        index = next(t["index"] for t in browser.welcome["tracks"] if t["name"] == "camera")
        data = upstream(Kind.VIDEO, codec, index, (40, 32), payload)
        await browser.socket.send_bytes(data)
        assert "announced" in (await browser.hear("$error"))["data"]["message"]
        told = await browser.ask("$publish", {"track": "camera", "kind": "video"})
        assert told["type"] == "$ok"
        viewing = await browser.view("echo", "rgba")
        async with browser.stream(viewing) as stream:
            while True:
                await browser.socket.send_bytes(data)
                record = await stream.frame()
                await browser.ack(record)
                shown = pixels(record)
                near = abs(shown.astype(int) - colour).max() <= 6
                if (record.width, record.height) == (40, 32) and near:
                    break
        assert (await browser.ask("$unpublish", {"track": "camera"}))["type"] == "$ok"

    play(scene)


def test_a_microphone(play):
    """Samples that a browser publishes arrive at the model."""

    async def scene(stage):
        browser = await stage.browser()
        index = next(t["index"] for t in browser.welcome["tracks"] if t["name"] == "microphone")
        await browser.ask("$publish", {"track": "microphone", "kind": "audio"})
        data = upstream(Kind.AUDIO, Codec.PCM_S16, index, (48_000, 1), bytes(960))
        heard = 0
        while heard < 480:
            await browser.socket.send_bytes(data)
            heard = (await browser.ask("heard"))["data"]["samples"]

    play(scene)


def test_pictures_that_are_none(play):
    """A payload that does not fit its header is refused, and the link goes on."""

    async def scene(stage):
        browser = await stage.browser()
        index = next(t["index"] for t in browser.welcome["tracks"] if t["name"] == "camera")
        await browser.ask("$publish", {"track": "camera", "kind": "video"})
        bomb = io.BytesIO(upstream(Kind.VIDEO, Codec.RGBA, index, (60_000, 60_000), b"x"))
        for data in (
            b"nonsense",
            upstream(Kind.VIDEO, Codec.JPEG, index, (40, 32), b"no jpeg"),
            upstream(Kind.VIDEO, Codec.H264, index, (40, 32), b"x"),
            upstream(Kind.AUDIO, Codec.PCM_S16, index, (48_000, 1), b"xx"),
            bomb.getvalue(),
        ):
            await browser.socket.send_bytes(data)
            assert (await browser.hear("$error"))["data"]["code"] == "bad_record"
        assert (await browser.ask("say", {"text": "still here"}))["type"] == "said"

    play(scene)
