"""What must not end a run: swept folders, exhausted descriptors, hostile peers with the token."""

from __future__ import annotations

import hashlib
import resource
import shutil

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
