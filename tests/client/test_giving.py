"""What a client gives: files and frames for input tracks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_server import FakeServer, Member

from reactor_zmq.client import Client
from reactor_zmq.errors import EventError

Wait = Callable[..., None]


def test_file_arrives_whole_and_is_named_by_its_reference(
    client: Client, server: FakeServer, tmp_path: Path
):
    """In chunks, with the checksum told before, name and type from the path."""
    path = tmp_path / "cat.png"
    path.write_bytes(bytes(range(256)) * 20)
    reports: list[tuple[int, int]] = []
    reference = client.upload(path, progress=lambda done, total: reports.append((done, total)))
    assert (reference.name, reference.mime_type, reference.size) == ("cat.png", "image/png", 5120)
    assert server.uploads[reference.upload_id]["bytes"] == path.read_bytes()
    assert reports[-1] == (5120, 5120)
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    reply = client.send("echo", image=reference)
    assert reply.image == {"upload_id": reference.upload_id}


@pytest.mark.parametrize("data", [b"", b"x", bytearray(2500), memoryview(b"abc" * 1000)])
def test_bytes_of_any_kind_and_size(client: Client, server: FakeServer, data: Any):
    """Empty files as well."""
    reference = client.upload(data, name="n", mime_type="text/plain")
    upload = server.uploads[reference.upload_id]
    assert (upload["bytes"], upload["mime_type"]) == (bytes(data), "text/plain")


def test_no_more_chunks_under_way_than_allowed(client: Client, server: FakeServer):
    """A front end that credits nothing gets three chunks, and the upload fails by itself."""
    answered: list[int] = []
    original = server._chunk

    def stingy(word: dict[str, Any], data: bytes) -> dict[str, Any] | None:
        answer = original(word, data)
        assert answer is not None
        answered.append(word["data"]["offset"])
        answer["data"]["credit"] = 0
        return answer

    server._chunk = stingy
    with pytest.raises(EventError, match="credit"):
        client.upload(bytes(10_000))
    assert answered == [0, 1000, 2000]


def test_refused_file_says_why_and_is_cancelled(
    client: Client, server: FakeServer, wait_until: Wait
):
    """What the front end refuses is raised; what had begun is taken back."""

    def corrupt(word: dict[str, Any]) -> dict[str, Any]:
        data = {"code": "upload_corrupt", "text": "wrong SHA-256", "field": "sha256"}
        return {"type": "$error", "data": data, "id": word["id"]}

    server._finish_upload = corrupt
    with pytest.raises(EventError, match="SHA-256") as told:
        client.upload(b"abc")
    assert told.value.code == "upload_corrupt"
    wait_until(lambda: server.cancelled == ["u1"], "the cancellation")


def test_callback_that_raises_ends_the_upload(client: Client, server: FakeServer, wait_until: Wait):
    """Its error is the caller's, and the front end hears that no more is to come."""

    def enough(done: int, total: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError):
        client.upload(bytes(5000), progress=enough)
    wait_until(lambda: server.cancelled == ["u1"], "the cancellation")
    assert client.send("echo", a=1).a == 1


def test_missing_and_shrinking_files_are_os_errors(
    client: Client, server: FakeServer, tmp_path: Path
):
    """A file that can't be read to its announced end is told, not padded."""
    with pytest.raises(FileNotFoundError):
        client.upload(tmp_path / "none")
    path = tmp_path / "log.txt"
    path.write_bytes(bytes(9000))
    with pytest.raises(OSError, match="cut short"):
        client.upload(path, progress=lambda *_: path.write_bytes(b""))


def test_published_frame_arrives_with_its_words(
    client: Client, server: FakeServer, wait_until: Wait
):
    """Shape, type, times and metadata stand beside the bytes."""
    picture = np.arange(300 * 400 * 3, dtype=np.uint32).astype(np.uint8).reshape(300, 400, 3)
    assert client.publish("camera", picture, {"k": [1]}, pts_ns=77)
    wait_until(lambda: server.published, "the frame")
    (words, payload) = server.published[0]
    assert words == {
        "track": "camera", "shape": [300, 400, 3], "dtype": "|u1", "pts_ns": 77,
        "metadata": b'{"k":[1]}',
    }  # fmt: skip
    assert payload == picture.tobytes()


def test_arrays_of_any_layout_travel(client: Client, server: FakeServer, wait_until: Wait):
    """Views are copied, samples keep their type, media time goes on by itself."""
    view = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)[::-1, :, ::-1]
    samples = np.arange(20, dtype=np.int16).reshape(2, 10)
    client.publish("camera", view)
    client.publish("camera", samples, b"raw")
    wait_until(lambda: len(server.published) == 2, "both frames")
    (first, one), (second, two) = server.published
    assert (one, two) == (view.tobytes(), samples.tobytes())
    assert second["dtype"] == "<i2"
    assert second["metadata"] == b"raw"
    assert 0 < first["pts_ns"] <= second["pts_ns"]


@pytest.mark.parametrize(
    ("array", "metadata", "error"),
    [
        ([1, 2], None, TypeError),
        (np.zeros((2, 2), complex), None, TypeError),
        (np.zeros((0, 2, 3), np.uint8), None, ValueError),
        (np.zeros((1, 2, 3), np.uint8), {"x": object()}, ValueError),
        (np.zeros((1, 2, 3), np.uint8), bytes(70_000), ValueError),
    ],
)
def test_what_is_no_frame_is_not_sent(
    client: Client, array: Any, metadata: Any, error: type[Exception]
):
    """The error names the track, and nothing leaves."""
    with pytest.raises(error, match="camera"):
        client.publish("camera", array, metadata)


def test_refused_publication_is_raised_by_the_next(
    client: Client, server: FakeServer, wait_until: Wait, caplog: pytest.LogCaptureFixture
):
    """Frames are not answered, so the refusal of one is told with the next."""
    picture = np.zeros((2, 2, 3), np.uint8)
    with caplog.at_level(logging.WARNING, "reactor_zmq.client"):
        client.publish("camcorder", picture)
        wait_until(lambda: "publish_refused" in caplog.text, "the refusal")
    with pytest.raises(EventError, match="no such input track"):
        client.publish("camcorder", picture)
    assert client.publish("camera", picture)


def test_frames_are_dropped_rather_than_queued(
    client: Client, server: FakeServer, wait_until: Wait
):
    """A front end that does not read gets the two frames that are under way, not a backlog."""
    picture = np.zeros((1000, 2000, 3), np.uint8)
    stalled = [True]

    def stall(_: FakeServer, __: Member, ___: dict[str, Any]) -> None:
        while stalled:
            pass

    server.on["stall"] = stall
    client.post("stall")
    try:
        wait_until(lambda: not client.publish("camera", picture), "the first drop")
    finally:
        stalled.clear()
    assert client.dropped_publishes == 1
    wait_until(lambda: client.publish("camera", picture), "room again")


def test_unpublish_is_answered(client: Client, server: FakeServer):
    """Giving a track back is a request like others."""
    client.unpublish("camera")
    assert server.heard[-1]["type"] == "$unpublish"
