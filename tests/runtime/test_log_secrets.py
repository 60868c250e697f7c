"""A hostile afternoon, and what the log says of it: enough to act on, and nothing that was sent."""

from __future__ import annotations

import secrets

import pytest
import zmq

PAYLOAD = "payload-" + secrets.token_hex(8)
WRONG = "wrong-token-" + secrets.token_hex(8)


@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_tokens_nor_payloads_are_logged(run, client, context, wait_until, form):
    """Whatever peers try, with --verbose as well: their words and the run's tokens stay out."""
    served = run("Page", "--verbose", "--log-format", form)
    peer = client(served)
    mark = PAYLOAD.encode()
    peer.ask("set_prompt", {"prompt": PAYLOAD})
    peer.ask("set_prompt", {"prompt": 3, PAYLOAD: 1})
    peer.ask(PAYLOAD, {PAYLOAD: PAYLOAD})
    peer.ask(f"${PAYLOAD}", {})
    peer.ask("$upload", {"name": PAYLOAD, "size": 2**39, "sha256": "0" * 64})
    peer.upload(mark, name=PAYLOAD)
    peer.ask("$publish", {"track": PAYLOAD, "shape": [1]}, mark)
    peer.ask("$hello", {"protocol": 1, "resume": PAYLOAD})
    garbage = context.socket(zmq.DEALER)
    garbage.plain_username = b"reactor"
    garbage.plain_password = served.connection.token.encode()
    garbage.linger = 0
    garbage.connect(served.connection.events)
    for _ in range(30):
        garbage.send_multipart([b"{" + mark, mark])
    stranger = client(served, hello=False, token=WRONG)
    stranger.say("$hello", {"protocol": 1, "name": PAYLOAD})
    wait_until(lambda: "was cut" in served.output, "the end of the garbage")
    pid = served.kill_actor()
    wait_until(lambda: served.connection.actor_pid not in (0, pid), "another actor")
    peer.hear_until("$status", state="ready", epoch=2)
    found = served.connection
    assert served.stop() == 0
    assert "client joined" in served.output
    for secret in (PAYLOAD, WRONG, found.token, found.view_token, found.admin_token):
        assert secret not in served.output
