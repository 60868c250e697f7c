"""What must not end a run: swept folders, exhausted descriptors, hostile peers with the token."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
from pathlib import Path

import pytest

from reactor_zmq.testing.zmtp import MORE, RawPeer, frame

NOTHING = hashlib.sha256().hexdigest()


def test_swept_run_directory_does_not_end_a_run(run, client, run_directory):
    """An actor's restart that can't be written down is a line in the log; clients stay."""
    served = run("Page")
    peer = client(served)
    pid = served.connection.actor_pid
    assert pid
    shutil.rmtree(run_directory / "reactor-zmq")
    peer.say("die")
    peer.hear_until("$status", state="ready", epoch=2)
    assert peer.ask("ask_prompt")["type"] == "current_prompt"


def test_uploads_without_end_do_not_end_a_run(run, client):
    """Empty files, announced and finished for ever, are refused at a bound."""
    peer = client(run("Page"))
    for _ in range(300):
        ready = peer.ask("$upload", {"name": "x", "size": 0, "sha256": NOTHING})
        if ready["type"] == "$error":
            break
        peer.ask("$upload_finish", {"upload_id": ready["data"]["upload_id"]})
    assert ready["data"]["code"] == "upload_refused"
    assert peer.ask("$ping")["type"] == "$pong"


def test_upload_without_a_descriptor_is_refused(run, client):
    """The system's refusal becomes the upload's; the run goes on."""
    served = run("Page")
    peer = client(served)
    pid = served.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, hard))
    ready = peer.ask("$upload", {"name": "x", "size": 1, "sha256": NOTHING})["data"]
    word = {"upload_id": ready["upload_id"], "offset": 0}
    assert peer.ask("$upload_chunk", word, b"x")["data"]["code"] == "upload_refused"
    assert peer.ask("$ping")["type"] == "$pong"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))


def test_no_descriptor_for_a_new_actor_is_a_failed_start(run, client, wait_until):
    """The front end stays, tells that nothing could be started, and goes on when there is room."""
    served = run("Page", "--max-restarts", "100")
    peer = client(served)
    pid = served.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, hard))
    served.kill_actor()
    wait_until(lambda: "no actor could be started" in served.output, "a start that failed")
    assert peer.ask("$status")["data"]["state"] == "restarting"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    peer.hear_until("$status", state="ready")
    assert peer.ask("ask_prompt")["type"] == "current_prompt"


def test_file_that_can_not_be_handed_over_is_no_disaster(run, client):
    """Without a descriptor to pass, the run goes on and the file is there with the next actor."""
    served = run("Page")
    peer = client(served)
    digest = hashlib.sha256(b"x").hexdigest()
    ready = peer.ask("$upload", {"name": "x", "size": 1, "sha256": digest})["data"]
    peer.ask("$upload_chunk", {"upload_id": ready["upload_id"], "offset": 0}, b"x")
    pid = served.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, hard))
    peer.ask("$upload_finish", {"upload_id": ready["upload_id"]})
    assert peer.ask("$ping")["type"] == "$pong"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert peer.ask("ask_prompt")["type"] == "current_prompt"


def test_address_space_that_runs_out_costs_only_who_fills_it(run, client):
    """The sender of a multipart without end is cut while there is room left for everybody else."""
    served = run("Page")
    peer = client(served)
    pid = served.process.pid
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.prlimit(pid, resource.RLIMIT_AS, (size + 400 * 2**20, resource.RLIM_INFINITY))
    connection = served.connection
    with RawPeer.greeted(connection.events, connection.token, b"DEALER") as hostile:
        part = frame(bytes(2**20), MORE)
        with pytest.raises(ConnectionError):
            hostile.write(part * 1024)
    assert peer.ask("$ping")["type"] == "$pong"
    assert client(served).ask("ask_prompt")["type"] == "current_prompt"
