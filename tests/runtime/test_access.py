"""Coming in by key and by token, from real processes; and having to leave again."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

import reactor_zmq
from reactor_zmq.cli.main import main
from reactor_zmq.errors import AuthenticationError, ConfigError, ConnectionLost, EventError
from reactor_zmq.testing.running import running

HERE = Path(__file__).parent
PAGE = f"{HERE / 'models.py'}:Page"


@pytest.fixture(name="folder")
def folder_of_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that lets a key and a token in."""
    monkeypatch.chdir(tmp_path)
    main(["keygen", "--server", "keys"])
    main(["keygen", "ada", "--into", "keys"])
    main(["keygen", "stranger"])
    main(["keygen", "--token", "lab", "--into", "keys", "--scope", "view"])
    return tmp_path / "keys"


@pytest.fixture(name="served")
def run_that_speaks_curve(run, folder: Path):
    """Return a run whose sockets other machines could reach."""
    return run("Page", "--keys", str(folder), "--events", "tcp://0.0.0.0:*")


def proof(folder: Path, who: str = "ada"):
    """Return what a client shows that has a key."""
    return {"server_key": folder / "server.public", "key": folder.parent / f"{who}.secret"}


def from_elsewhere(served) -> str:
    """Return the events endpoint as another machine would name it."""
    return "tcp://127.0.0.1:" + served.connection.events.rpartition(":")[2]


def token_of(folder: Path) -> str:
    return (folder / "tokens/view/lab.token").read_text().strip()


@pytest.mark.parametrize("transport", ["socket", "lane"])
def test_a_client_with_a_key(served, folder: Path, transport):
    """Events, files and frames, each way that frames come."""
    endpoint = from_elsewhere(served)
    with reactor_zmq.connect(endpoint, **proof(folder), transport=transport) as client:
        client.wait_ready(10)
        assert client.scope == "steer"
        client.send("set_prompt", prompt="by key")
        assert client.send("ask_prompt").prompt == "by key"
        client.upload(b"x" * 300_000, name="x.bin")
        with client.frames("main_video", timeout=10) as frames:
            assert next(frames).array.ndim == 3
            assert frames.transport == transport


def test_an_asyncio_client_with_a_token(served, folder: Path):
    """A token is shown to a CURVE socket as the key pair that is made of it."""

    async def look() -> tuple[str, int, str]:
        shown = {"server_key": folder / "server.public", "token": token_of(folder)}
        async with reactor_zmq.aio.connect(from_elsewhere(served), **shown) as client:
            await client.wait_ready(10)
            with pytest.raises(EventError) as refused:
                await client.send("ask_prompt")
            async with client.frames("main_video", timeout=10, transport="socket") as frames:
                frame = await anext(frames)
                return client.scope, frame.array.ndim, refused.value.code

    assert asyncio.run(look()) == ("view", 3, "forbidden")


@pytest.mark.parametrize("scope", ["view", "steer", "admin"])
def test_the_connection_file_opens_its_own_run(served, scope):
    """Its tokens and the server's key are all that a local client needs."""
    with reactor_zmq.connect("test", scope=scope) as client:
        assert client.scope == scope


def test_who_is_not_listed_is_refused(served, folder: Path):
    """A key that nobody allowed, and a token that nobody made."""
    endpoint = from_elsewhere(served)
    with pytest.raises(AuthenticationError):
        reactor_zmq.connect(endpoint, **proof(folder, "stranger"))
    with pytest.raises(AuthenticationError):
        reactor_zmq.connect(endpoint, server_key=folder / "server.public", token="x" * 43)


def test_a_key_that_is_taken_away_ends_what_it_opened(served, folder: Path, wait_until):
    """Its client hears why, its viewer gets no frame any more, others stay; then it may return."""
    endpoint = from_elsewhere(served)
    kept = reactor_zmq.connect("test")
    client = reactor_zmq.connect(endpoint, **proof(folder), transport="socket")
    client.wait_ready(10)
    frames = client.frames("main_video", every=True, timeout=10)
    next(frames)
    public = folder / "keys/steer/ada.public"
    key = public.read_text()
    public.unlink()
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: client.closed)
    wait_until(lambda: kept.refresh_status().viewers == 0, "the end of the viewer's link")
    frames.close()
    del frames
    with pytest.raises(ConnectionLost, match="revoked"):
        client.send("ask_prompt")
    client.close()
    with pytest.raises(AuthenticationError):
        reactor_zmq.connect(endpoint, **proof(folder))
    public.write_text(key)
    public.chmod(0o600)
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: served.output.count("keys were read") == 2)
    with reactor_zmq.connect(endpoint, **proof(folder)) as again:
        assert again.scope == "steer"
    assert kept.send("ask_prompt").type == "current_prompt"
    kept.close()


def test_a_changed_folder_is_read_without_a_signal(served, folder: Path, wait_until):
    """A key that is copied into the folder is good within moments."""
    stranger = (folder.parent / "stranger.public").read_text()
    (folder / "keys/view/stranger.public").write_text(stranger)
    (folder / "keys/view/stranger.public").chmod(0o600)
    wait_until(lambda: "keys were read" in served.output)
    with reactor_zmq.connect(from_elsewhere(served), **proof(folder, "stranger")) as client:
        assert client.scope == "view"


def test_a_load_that_fails_denies(served, folder: Path, wait_until):
    """Nobody comes in by a folder that can't be read; who is in stays; so does the operator."""
    endpoint = from_elsewhere(served)
    with reactor_zmq.connect(endpoint, **proof(folder)) as client:
        (folder / "keys/view/broken.public").write_text("no key")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "let nobody in" in served.output)
        with pytest.raises(AuthenticationError):
            reactor_zmq.connect(endpoint, **proof(folder))
        with reactor_zmq.connect("test", scope="admin") as operator:
            assert operator.scope == "admin"
        assert client.send("ask_prompt").type == "current_prompt"
        (folder / "keys/view/broken.public").unlink()
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "keys were read" in served.output)
        reactor_zmq.connect(endpoint, **proof(folder)).close()


@pytest.mark.parametrize("which", ["--events", "--frames"])
def test_other_machines_are_kept_out_without_keys(which):
    """The run does not start, and says what to do."""
    with pytest.raises(RuntimeError, match=r"ended with 2:\s[\s\S]*keygen"):  # noqa: SIM117
        with running(PAGE, which, "tcp://0.0.0.0:*"):
            pass


def test_other_machines_are_kept_out_while_nobody_is_listed(folder: Path):
    """A server's key without a client's is no reason to listen to the world."""
    (folder / "keys/steer/ada.public").unlink()
    (folder / "tokens/view/lab.token").unlink()
    with pytest.raises(RuntimeError, match=r"ended with 2:\s[\s\S]*--into"):  # noqa: SIM117
        with running(PAGE, "--keys", str(folder), "--frames", "tcp://0.0.0.0:*"):
            pass


def test_insecure_says_so(run):
    """It is possible, and nobody can say that they were not told."""
    served = run("Page", "--insecure", "--events", "tcp://0.0.0.0:*")
    assert served.output.count("INSECURE") == 1
    with reactor_zmq.connect("test") as client:
        assert client.scope == "steer"


def test_a_hangup_ends_a_run_without_keys(run, wait_until):
    """Its terminal has gone: it ends in order, as by SIGTERM."""
    served = run("Page")
    served.process.send_signal(signal.SIGHUP)
    assert served.process.wait(10) == 0
    assert not served.connection_file.exists()


def test_a_name_with_dots_is_no_loopback(run):
    """What begins like a loopback address may lead anywhere."""
    for host in ("127.example.com", "localhost.example.com"):
        with pytest.raises(RuntimeError, match="reachable from other machines"):  # noqa: SIM117
            with running(PAGE, "--events", f"tcp://{host}:5000"):
                pass


def test_a_peer_that_expects_encryption_does_not_go_on_in_the_clear(run, folder: Path):
    """A client with a server's key never falls back to PLAIN."""
    served = run("Page")
    with pytest.raises((ConnectionLost, ConfigError)):
        reactor_zmq.connect(served.connection.events, **proof(folder), timeout=1)
