"""The brief's page from a raw DEALER socket, in JSON and in MessagePack, against a real run."""

from __future__ import annotations

import pytest
import zmq
from raw import RawClient


@pytest.fixture(params=[False, True], ids=["json", "msgpack"])
def packed(request):
    """Both encodings."""
    return request.param


def test_the_page_word_for_word(run, client, packed):
    """The generated setter is applied, and the handler's message comes back."""
    peer = client(run("Page"), packed=packed)
    peer.hear_until("hello")
    peer.say("set_prompt", {"prompt": "a storm"})
    peer.say("get_current_prompt", {})
    assert peer.hear() == {"type": "current_prompt", "data": {"prompt": "a storm"}}


def test_everything_an_event_can_answer(run, client, packed):
    """One run, every kind of reply: ok, message, author's error, internal error, bad data."""
    peer = client(run("Page"), packed=packed)
    assert peer.ask("set_prompt", {"prompt": "x"})["type"] == "$ok"
    reply = peer.ask("count", {"value": 3.0})
    assert reply["type"] == "counted"
    assert reply["data"] == {"value": 3, "share": 3.0}
    assert isinstance(reply["data"]["value"], int)
    assert isinstance(reply["data"]["share"], float)
    refused = peer.ask("refuse")["data"]
    assert (refused["code"], refused["text"]) == ("not_now", "come back later")
    failed = peer.ask("fail")
    assert failed["data"]["code"] == "internal_error"
    assert "secret" not in str(failed)
    bad = peer.ask("set_strength", {"strength": 11})["data"]
    assert (bad["code"], bad["field"]) == ("invalid_data", "strength")
    assert "10" in bad["text"]
    assert peer.ask("no_such_event")["data"]["code"] == "unknown_event"
    assert peer.ask("set_prompt", {})["type"] == "$ok"
    assert peer.ask("ask_prompt")["data"] == {"prompt": "a sunny meadow"}


def test_first_words_after_the_welcome_are_the_hooks(run, client):
    """A message sent from @connected is what a client hears first."""
    served = run("Page")
    client(served)
    second = client(served, hello=False)
    welcome = second.hello()
    assert second.hear() == {"type": "hello", "data": {"to": welcome["client"]}}


def test_upload_reaches_the_handler(run, client, packed):
    """A file of several chunks is named in an event and is there as bytes."""
    peer = client(run("Page"), packed=packed)
    reference = peer.upload(bytes(range(256)) * 4000, "cat.png")
    assert peer.ask("set_image", {"image": reference})["type"] == "$ok"
    assert peer.ask("measure")["data"] == {"name": "cat.png", "nbytes": 1_024_000}
    error = peer.ask("set_image", {"image": {"upload_id": "nope"}})["data"]
    assert error["code"] == "unresolved_upload"


def test_file_hook_runs_once_per_file(run, client):
    """@file_uploaded gets the whole file when it has arrived."""
    peer = client(run("Librarian"))
    peer.upload(b"x" * 1000, "notes.txt")
    assert peer.hear_until("seen")["data"] == {"name": "notes.txt", "nbytes": 1000}


def test_schema_is_the_models_openapi(run, client):
    """$schema describes the events with their bounds."""
    peer = client(run("Page"))
    document = peer.ask("$schema")["data"]
    assert document["openapi"].startswith("3.1")
    body = document["paths"]["/events/set_strength"]["post"]["requestBody"]
    assert "maximum" in str(body)


def test_req_socket_is_served(run, context):
    """A REQ socket, with its empty first part, gets its answers."""
    peer = RawClient(context, run("Page").connection, kind=zmq.REQ)
    assert peer.hello()["protocol"] == 1


def test_two_clients_see_the_same_order(run, client):
    """Setters of two clients are broadcast to both in one order."""
    served = run("Page")
    follow = {"greeting": {"follow_state": True}}
    a, b = client(served, **follow), client(served, **follow)
    for n in range(20):
        a.say("set_prompt", {"prompt": f"a{n}"})
        b.say("set_prompt", {"prompt": f"b{n}"})
    a.ask("ask_prompt")
    b.ask("ask_prompt")
    last = a.ask("$state")["data"]
    seen = []
    for peer in (a, b):
        peer.say("set_strength", {"strength": 7})
    for peer in (a, b):
        prompts = []
        while True:
            heard = peer.hear_until("$state")["data"]
            prompts += [heard["fields"]["prompt"]] if "prompt" in heard["fields"] else []
            if heard["fields"].get("strength") == 7:
                break
        seen.append(prompts)
    assert last["fields"]["prompt"] in ("a19", "b19")
    common = min(len(seen[0]), len(seen[1]))
    assert seen[0][-common:] == seen[1][-common:]


def test_a_busy_turn_does_not_delay_a_refusal(run, client):
    """While a turn of half a second runs, the front end answers a bad event by itself."""
    peer = client(run("Slow"))
    peer.say("set_strength", {"strength": 5}, id="good")
    peer.say("set_strength", {"strength": 99}, id="bad")
    assert peer.hear()["id"] == "bad"
    assert peer.hear()["id"] == "good"


def test_required_fields_hold_the_generator(run, client, viewer):
    """Status names what is missing; frames come once it is set."""
    served = run("Patient")
    watch = viewer(served)
    peer = client(served, ready=False)
    assert peer.hear_until("$status", state="waiting")["data"]["missing"] == ["seed"]
    peer.say("set_seed", {"seed": 77})
    assert peer.hear_until("$status", state="ready")["data"]["missing"] == []
    assert watch.next()[1][:3] == bytes([77] * 3)


def test_load_progress_is_told(run, client):
    """Clients that come during a load are welcome, and see how far it is."""
    peer = client(run("SlowLoad", "--model.step_s=0.2"), ready=False)
    peer.say("ask_prompt", id="early")
    status = peer.hear_until("$status")["data"]
    assert status["state"] == "loading"
    assert status["progress"]["total"] == 5.0
    while (heard := peer.hear()).get("id") != "early":
        pass
    assert heard["data"] == {"prompt": "a sunny meadow"}
