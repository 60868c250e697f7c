"""The bridge's own recording: who may begin it, who is told, what is left of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
from bridge_browser import Browser, eventually

from reactor_zmq.cli.main import main
from reactor_zmq_recording.reading import read_recording


async def told(browser, state):
    """Return what a browser is told when the recording is in this state, and has figures."""
    while True:
        found = (await browser.hear("$recording"))["data"]
        if found["state"] == state and (state != "recording" or found.get("nbytes", 0)):
            return found


def events(path):
    found = [m.values for m in read_recording(path) if m.plan.topic.endswith("/events")]
    return [(each["type"], each["data"]) for each in found]


def test_two_tabs_share_a_recording(play, tmp_path):
    """One begins it, both are told, the other ends it, and a ticket is good for the file once."""

    async def scene(stage):
        one, two = await stage.browser(), await stage.browser()
        assert one.welcome["recording"]["state"] == "idle"
        assert (await one.ask("$record", {"on": False}))["data"]["code"] == "not_recording"
        assert (await one.ask("$record", {"on": True}))["type"] == "$ok"
        await told(one, "recording")
        assert (await two.ask("$record", {"on": True}))["data"]["code"] == "busy"
        await told(two, "recording")
        await one.ask("set_level", {"level": 5})
        await told(one, "recording")
        assert (await two.ask("$record", {"on": False}))["type"] == "$ok"
        found = await told(one, "idle")
        assert found["error"] == ""
        assert found["frames"] > 0
        assert events(tmp_path / found["name"]) == [("set_level", {"level": 5})]
        ticket = (await one.ask("$ticket", {"for": "recording"}))["data"]["ticket"]
        url = f"{stage.url}/recordings/{found['name']}"
        async with stage.http.get(url, params={"ticket": ticket}) as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert await answer.read() == (tmp_path / found["name"]).read_bytes()
        async with stage.http.get(url, params={"ticket": ticket}) as answer:
            assert answer.status == 401
        ticket = (await one.ask("$ticket", {"for": "recording"}))["data"]["ticket"]
        other = f"{stage.url}/recordings/..%2Fsecret"
        async with stage.http.get(other, params={"ticket": ticket}) as answer:
            assert answer.status == 404

    play(scene, recordings=str(tmp_path))


def test_who_may_look_only_does_not_record(play, tmp_path):
    """Neither seen, begun nor downloaded; and without a folder nobody records."""

    async def scene(stage):
        viewer = await stage.browser(scope="view")
        assert viewer.welcome["recording"] is None
        assert (await viewer.ask("$record", {"on": True}))["data"]["code"] == "forbidden"
        ticket = (await viewer.ask("$ticket", {"for": "recording"}))["data"]["ticket"]
        url = f"{stage.url}/recordings/x.mcap"
        async with stage.http.get(url, params={"ticket": ticket}) as answer:
            assert answer.status == 401
        assert list(tmp_path.iterdir()) == []

    play(scene, recordings=str(tmp_path))

    async def without(stage):
        browser = await stage.browser()
        assert browser.welcome["recording"] is None
        assert (await browser.ask("$record", {"on": True}))["data"]["code"] == "forbidden"

    play(without)


def test_the_end_of_the_bridge_ends_the_file(play, tmp_path):
    """A bridge that stops while it records leaves a whole file."""

    async def scene(stage):
        browser = await stage.browser()
        await browser.ask("$record", {"on": True})
        await told(browser, "recording")

    play(scene, recordings=str(tmp_path))
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().endswith(b"\x89MCAP0\r\n")


def test_why_it_ended_is_told(play, tmp_path):
    """What the recorder complains of is told, and another recording may begin."""

    async def scene(stage):
        browser = await stage.browser()
        gone = tmp_path / "gone"
        stage.serving.bridge.around.tape._folder = gone
        await browser.ask("$record", {"on": True})
        found = await told(browser, "idle")
        assert str(gone) in found["error"]
        stage.serving.bridge.around.tape._folder = tmp_path
        await browser.ask("$record", {"on": True})
        await told(browser, "recording")

    play(scene, recordings=str(tmp_path))


def test_a_killed_bridge_leaves_no_recorder(run, tmp_path):
    """Its recorder ends by itself, and the file is readable."""
    command = [sys.executable, "-m", "reactor_zmq.cli.main", "bridge", str(run.connection_file)]
    options = ["--port", "0", "--recordings", str(tmp_path)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as bridge:
        port = int(bridge.stdout.readline().split(":")[2].split("/")[0])
        asyncio.run(record_and_kill(run, port, bridge))
        bridge.wait(10)
    (path,) = tmp_path.iterdir()
    asyncio.run(eventually(lambda: not written_by_somebody(path)))
    assert any(m.plan.notes.get("kind") == "video" for m in read_recording(path))


async def record_and_kill(run, port, bridge):
    async with aiohttp.ClientSession() as http:
        browser = Browser(http, f"http://127.0.0.1:{port}", run.connection.token)
        await browser.open()
        await browser.hello()
        await browser.ask("$record", {"on": True})
        while (await told(browser, "recording"))["nbytes"] < 10_000:
            pass
        os.kill(bridge.pid, signal.SIGKILL)


def written_by_somebody(path):
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if entry.readlink() == path:
                return True
        except OSError:
            continue
    return False


def test_a_folder_that_is_none_is_refused(run, capsys, tmp_path):
    """The operator is told before anything listens."""
    assert main(["bridge", str(run.connection_file), "--recordings", str(tmp_path / "no")]) == 2
    assert "--recordings" in capsys.readouterr().err
