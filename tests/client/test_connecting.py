"""First contact: where a runtime is found, and what goes wrong on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fake_server import TOKEN, FakeServer, refusal

from reactor_zmq.client import connect, running
from reactor_zmq.client.discovery import Address, Proof, locate
from reactor_zmq.errors import (
    AuthenticationError,
    ConfigError,
    ConnectionLost,
    EventError,
    RemoteProtocolError,
)
from reactor_zmq.sockets.keys import Credentials, make_key_pair
from reactor_zmq.wire.connection_file import ConnectionFile, encode_connection_file

EVENTS, FRAMES = "tcp://127.0.0.1:5570", "tcp://127.0.0.1:5571"


def write(
    folder: Path, name: str = "demo", pid: int | None = None, mode: int = 0o600, **changes: object
) -> Path:
    """Write a connection file into the runtime directory."""
    base = folder / "reactor-zmq"
    base.mkdir(mode=0o700, exist_ok=True)
    fields = {"name": name, "events": EVENTS, "frames": FRAMES, "token": TOKEN, **changes}
    found = ConnectionFile(pid=os.getpid() if pid is None else pid, **fields)  # type: ignore[arg-type]
    path = base / f"{name}.json"
    path.write_bytes(encode_connection_file(found))
    path.chmod(mode)
    return path


def dead_pid() -> int:
    """Return the number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_without_a_target_the_only_runtime_is_found(server: FakeServer, run_directory: Path):
    """One live connection file is enough to connect to."""
    write(run_directory, events=server.events)
    with connect(timeout=5) as client:
        assert client.client_id == "c1"
        assert client.session == "s1"
        assert client.model == "Fake"


def test_by_name_by_file_and_by_endpoint(server: FakeServer, run_directory: Path):
    """All three ways lead to the same runtime; the file tells the endpoint's token."""
    path = write(run_directory, events=server.events)
    write(run_directory, "other")
    for target in ("demo", path, str(path), server.events):
        with connect(target, timeout=5) as client:
            assert client.status.state == "ready"


def test_hello_tells_name_and_scope(server: FakeServer):
    """The runtime hears who comes, and that it only wants to look."""
    with connect(server.events, token=TOKEN, name="a person", scope="view"):
        (member,) = server.members.values()
        assert (member.name, member.scope) == ("a person", "view")


def test_no_runtime_says_how_to_start_one():
    """Nothing runs: the error names the command."""
    with pytest.raises(ConnectionLost, match="reactor-zmq run"):
        connect()


def test_several_runtimes_are_named(run_directory: Path):
    """Which one is meant has to be said."""
    write(run_directory, "one")
    write(run_directory, "two")
    with pytest.raises(ConnectionLost, match=r"'one', 'two'"):
        locate(None)


def test_dead_runtimes_do_not_count(run_directory: Path):
    """A file that a killed runtime left behind is no runtime."""
    write(run_directory, "dead", pid=dead_pid())
    write(run_directory, "alive")
    assert locate(None).events == EVENTS
    assert [run.name for run in running()] == ["alive"]
    with pytest.raises(ConnectionLost, match=r"no runtime named 'dead'.*'alive'"):
        locate("dead")


def test_a_file_of_a_dead_runtime_says_so(run_directory: Path):
    """Naming the file does not bring it back to life."""
    path = write(run_directory, pid=dead_pid())
    with pytest.raises(ConnectionLost, match="has ended"):
        locate(path)


def test_unknown_name_lists_what_runs(run_directory: Path):
    """A typing mistake is seen at once."""
    write(run_directory, "demo")
    with pytest.raises(ConnectionLost, match=r"'dmeo'.*'demo'"):
        locate("dmeo")


def test_a_file_open_to_others_is_refused(run_directory: Path):
    """A token that others can read is no secret."""
    write(run_directory, mode=0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        locate("demo")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"name": "x"}'])
def test_a_broken_file_is_named(run_directory: Path, content: bytes):
    """The error tells which file is meant, and a broken one hides no other."""
    path = write(run_directory, "broken")
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.json"):
        locate(path)
    write(run_directory, "whole")
    assert locate(None).credentials.token == TOKEN


def test_missing_file_and_folder_are_config_errors(run_directory: Path):
    """What can't be opened is told with its path."""
    with pytest.raises(ConfigError, match="nowhere"):
        locate("/nowhere/x.json")
    with pytest.raises(ConfigError):
        locate(run_directory)


def test_a_servers_key_is_taken_from_the_file(run_directory: Path):
    """A runtime that asks for encryption is talked to with it, never in the clear."""
    write(run_directory, server_key="k" * 40)
    assert locate("demo").credentials == Credentials(TOKEN, "k" * 40)


@pytest.mark.parametrize(
    ("scope", "token"), [(None, TOKEN), ("view", "look"), ("steer", TOKEN), ("admin", "all")]
)
def test_the_token_shown_is_good_for_the_scope_wanted(run_directory: Path, scope, token: str):
    """A viewer shows no token that could steer."""
    write(run_directory, view_token="look", admin_token="all")
    assert locate("demo", Proof(scope=scope)).credentials.token == token


def test_a_key_needs_the_servers_key(tmp_path: Path):
    """Without it, the client could not know whom it tells."""
    secret = tmp_path / "me.secret"
    secret.write_text(make_key_pair().secret)
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match="server_key"):
        locate("tcp://127.0.0.1:1", Proof(key=secret))


@pytest.mark.parametrize("content", ["", "x" * 40 + "\n" + "y", "no key", "x" * 39, "é" * 20])
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, content: str):
    """The error tells which file has to be looked at."""
    secret = tmp_path / "me.secret"
    secret.write_text(content)
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match=r"me\.secret"):
        locate("tcp://127.0.0.1:1", Proof(server_key=make_key_pair().public, key=secret))


def test_a_secret_open_to_others_is_not_used(tmp_path: Path):
    """What others could have read proves nothing."""
    secret = tmp_path / "me.secret"
    secret.write_text(make_key_pair().secret)
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        locate("tcp://127.0.0.1:1", Proof(server_key=make_key_pair().public, key=secret))


def test_wrong_token_is_refused(server: FakeServer):
    """At once, not after the timeout."""
    with pytest.raises(AuthenticationError, match="token"):
        connect(server.events, token="wrong", timeout=60)


def test_endpoint_without_a_token_says_what_to_give():
    """No connection file knows it, so the token has to be given."""
    with pytest.raises(AuthenticationError, match="token="):
        connect("tcp://127.0.0.1:5999")


def test_no_server_says_endpoint_and_what_to_do():
    """The error names the endpoint and the command."""
    with pytest.raises(ConnectionLost, match=r"tcp://127.0.0.1:9 .*reactor-zmq run"):
        connect("tcp://127.0.0.1:9", token="t", timeout=0.2)


@pytest.mark.parametrize("endpoint", ["tcp://", "tcp://host:notaport", "foo://x"])
def test_bad_endpoints_are_config_errors(endpoint: str):
    """What can't be an endpoint is not waited for."""
    with pytest.raises(ConfigError, match="no endpoint"):
        connect(endpoint, token="t", timeout=30)


def test_silent_server_is_left_after_the_timeout(server: FakeServer):
    """Somebody who takes the link and says nothing is no runtime."""
    server.swallow = lambda _: True
    with pytest.raises(ConnectionLost, match=r"within 0\.3 s"):
        connect(server.events, token=TOKEN, timeout=0.3)


def test_other_protocol_is_told(server: FakeServer):
    """The error says what each side speaks."""
    server.reply_to_hello = lambda hello: refusal(hello, "protocol_mismatch", "I speak 2, you 1")
    with pytest.raises(RemoteProtocolError, match="I speak 2"):
        connect(server.events, token=TOKEN)


def test_full_runtime_is_told(server: FakeServer):
    """What refuses the hello is raised as it came."""
    server.reply_to_hello = lambda hello: refusal(hello, "busy", "8192 clients are connected")
    with pytest.raises(EventError, match="8192") as told:
        connect(server.events, token=TOKEN)
    assert told.value.code == "busy"


def test_server_that_comes_late_is_waited_for(server: FakeServer):
    """Client and runtime may be started in any order."""
    server.hang_up()
    late = threading.Timer(0.2, server.listen_again)
    late.start()
    with connect(server.events, token=TOKEN) as client:
        assert client.status.state == "ready"
    late.join()


def test_frames_of_a_wildcard_endpoint_are_reached_where_events_are():
    """A front end bound to all interfaces does not know by which of them we came."""
    address = Address("tcp://10.0.0.7:5570", Credentials(TOKEN))
    assert address.reach("tcp://0.0.0.0:5571") == "tcp://10.0.0.7:5571"
    assert address.reach("tcp://10.0.0.8:5571") == "tcp://10.0.0.8:5571"
    assert address.reach("ipc:///run/frames") == "ipc:///run/frames"


def test_the_token_is_in_no_text(server: FakeServer):
    """Neither the client's nor the address's text shows it."""
    with connect(server.events, token=TOKEN) as client:
        assert TOKEN not in repr(client)
    assert TOKEN not in repr(Address(EVENTS, Credentials(TOKEN)))


def test_clients_leave_nothing_behind(resources: None, server: FakeServer):
    """Threads, descriptors and sockets are given back, also after a refused connection."""
    for token in (TOKEN, "wrong", TOKEN):
        try:
            client = connect(server.events, token=token)
        except AuthenticationError:
            continue
        frames = client.frames()
        client.send("x")
        client.close()
        client.close()
        assert client.closed
        assert list(frames) == []
        del frames


def test_a_forked_client_says_so(server: FakeServer):
    """A socket does not survive a fork; waiting for ever would be worse than an error."""
    script = f"""
import os, warnings
warnings.simplefilter("ignore")
from reactor_zmq.client import connect
client = connect({server.events!r}, token={TOKEN!r})
child = os.fork()
if child == 0:
    try:
        client.send("x")
    except RuntimeError as error:
        os._exit(7 if "fork" in str(error) else 8)
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert client.send("x").type == "$ok"
client.close()
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=30, check=False)
    assert done.returncode == 0


def test_a_script_that_forgets_to_close_ends(server: FakeServer):
    """No thread and no socket keeps an interpreter from ending."""
    script = f"""
from reactor_zmq.client import connect
client = connect({server.events!r}, token={TOKEN!r})
frames = client.frames()
client.on_message(print)
client.send("x")
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)
