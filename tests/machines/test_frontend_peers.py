"""Playbooks: files, published frames, and what hostile peers try."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import Stage

from reactor_zmq.machines.frontend_vocabulary import (
    ActorDied,
    Cut,
    DropFile,
    FileLost,
    FileRead,
    PeerSaid,
    ReadFile,
    StoreInput,
    WriteFile,
)
from reactor_zmq.wire import link

DATA = bytes(range(256)) * 2000
CHUNK = 262_144


def announce(stage: Stage, size: int = len(DATA), sha: str | None = None, peer: str = "a"):
    """Announce a file; return the answer."""
    digest = sha or hashlib.sha256(DATA).hexdigest()
    (answer,) = stage.say(peer, "$upload", {"name": "f", "size": size, "sha256": digest}, id=1)
    return answer


def chunk(stage: Stage, upload_id: str, offset: int, data: bytes, peer: str = "a"):
    """Send one chunk; return the answer."""
    word = {"upload_id": upload_id, "offset": offset}
    (answer,) = stage.say(peer, "$upload_chunk", word, data)
    return answer


def test_upload_in_chunks_reaches_the_actor_whole():
    """Chunks are written where they belong, and the actor gets the file once it is checked."""
    stage = Stage()
    stage.hello("a")
    stage.told()
    upload_id = announce(stage)["data"]["upload_id"]
    for offset in range(0, len(DATA), CHUNK):
        credit = chunk(stage, upload_id, offset, DATA[offset : offset + CHUNK])
        assert credit["type"] == "$upload_credit"
    writes = [i for i in stage.log if isinstance(i, WriteFile) and i.data]
    assert b"".join(bytes(w.data) for w in sorted(writes, key=lambda w: w.offset)) == DATA
    (done,) = stage.say("a", "$upload_finish", {"upload_id": upload_id}, id=2)
    assert (done["type"], done["data"]["size"]) == ("$uploaded", len(DATA))
    (stored,) = [m for m in stage.told() if isinstance(m, link.UploadStored)]
    assert (stored.upload_id, stored.size, stored.announce) == (upload_id, len(DATA), True)


def test_a_whole_file_is_given_back():
    """A piece is read for whoever may steer, and given with what the file is."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    upload_id = announce(stage)["data"]["upload_id"]
    (error,) = stage.say("b", "$download", {"upload_id": upload_id}, id=1)
    assert error["data"]["code"] == "upload_refused"  # it is not whole yet
    for offset in range(0, len(DATA), CHUNK):
        chunk(stage, upload_id, offset, DATA[offset : offset + CHUNK])
    stage.say("a", "$upload_finish", {"upload_id": upload_id}, id=2)
    assert stage.say("b", "$download", {"upload_id": upload_id, "offset": CHUNK}, id=3) == []
    (read,) = [i for i in stage.log if isinstance(i, ReadFile)]
    assert (read.upload_id, read.offset) == (upload_id, CHUNK)
    assert read.nbytes == min(CHUNK, len(DATA) - CHUNK)
    found = FileRead(read.client, read.request, upload_id, CHUNK, DATA[CHUNK:][: read.nbytes])
    (piece,) = stage.heard("b", stage.do(found))
    assert (piece["type"], piece["id"]) == ("$downloaded", 3)
    assert (piece["data"]["size"], piece["data"]["offset"]) == (len(DATA), CHUNK)
    (error,) = stage.say("b", "$download", {"upload_id": upload_id, "offset": 2**30}, id=4)
    assert error["data"]["field"] == "offset"
    stage.say("b", "$bye", {})
    assert stage.do(found) == []  # nobody waits for it any more


@pytest.mark.parametrize(
    ("offset", "data"),
    [(1, b"x"), (0, b""), (0, b"x" * (CHUNK + 1)), (len(DATA), b"x")],
    ids=["out of order", "empty", "too long", "beyond the end"],
)
def test_bad_chunk_is_refused_and_changes_nothing(offset, data):
    """After a refused chunk the upload goes on where it stood."""
    stage = Stage()
    stage.hello("a")
    upload_id = announce(stage)["data"]["upload_id"]
    assert chunk(stage, upload_id, offset, data)["data"]["code"] == "upload_refused"
    assert chunk(stage, upload_id, 0, DATA[:10])["data"]["received"] == 10


def test_more_bytes_than_announced_are_refused():
    """A file can't grow beyond its announcement."""
    stage = Stage()
    stage.hello("a")
    upload_id = announce(stage, size=4)["data"]["upload_id"]
    assert chunk(stage, upload_id, 0, b"12345")["data"]["code"] == "upload_refused"


def test_wrong_digest_drops_the_file():
    """A corrupt file is gone, and can't be named."""
    stage = Stage()
    stage.hello("a")
    upload_id = announce(stage, size=3, sha="0" * 64)["data"]["upload_id"]
    chunk(stage, upload_id, 0, b"abc")
    (error,) = stage.say("a", "$upload_finish", {"upload_id": upload_id}, id=2)
    assert error["data"]["code"] == "upload_corrupt"
    assert DropFile(upload_id) in stage.log
    (error,) = stage.say("a", "set_image", {"image": {"upload_id": upload_id}}, id=3)
    assert error["data"]["code"] == "unresolved_upload"


def test_unfinished_file_can_not_be_used_or_finished_early():
    """An upload is usable only when every byte has come."""
    stage = Stage()
    stage.hello("a")
    upload_id = announce(stage)["data"]["upload_id"]
    (error,) = stage.say("a", "$upload_finish", {"upload_id": upload_id}, id=2)
    assert error["data"]["code"] == "upload_refused"
    (error,) = stage.say("a", "set_image", {"image": {"upload_id": upload_id}}, id=3)
    assert error["data"]["code"] == "unresolved_upload"


def test_another_clients_upload_can_not_be_touched():
    """Only the client that announced a file may fill, finish or cancel it."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    upload_id = announce(stage)["data"]["upload_id"]
    assert chunk(stage, upload_id, 0, b"x", peer="b")["data"]["code"] == "upload_refused"
    for word in ("$upload_finish", "$upload_cancel"):
        (error,) = stage.say("b", word, {"upload_id": upload_id}, id=2)
        assert error["data"]["code"] == "upload_refused"


@pytest.mark.parametrize(
    ("limits", "size", "count"),
    [
        ({"upload_nbytes": 10}, 11, 1),
        ({"session_upload_nbytes": 25}, 10, 3),
        ({"session_uploads": 2}, 0, 3),
        ({"open_uploads": 2}, 1, 3),
    ],
    ids=["one file", "session", "files", "open files"],
)
def test_upload_caps(limits, size, count):
    """Each cap refuses the one file too many and names itself."""
    stage = Stage(**limits)
    stage.hello("a")
    for _ in range(count - 1):
        assert announce(stage, size=size)["type"] == "$upload_ready"
    error = announce(stage, size=size)
    assert error["data"]["code"] == "upload_refused"
    assert any(str(value) in error["data"]["text"] for value in limits.values())


def test_declared_terabyte_reserves_nothing():
    """A lie about the size is refused before a byte is set aside."""
    stage = Stage()
    stage.hello("a")
    assert announce(stage, size=10**12)["data"]["code"] == "upload_refused"
    assert not [i for i in stage.log if isinstance(i, WriteFile)]


def test_abandoned_upload_is_forgotten():
    """An upload that nobody touches gives its room back."""
    stage = Stage(open_uploads=1)
    stage.hello("a")
    upload_id = announce(stage)["data"]["upload_id"]
    out = stage.wait(61)
    assert DropFile(upload_id) in out
    assert announce(stage)["type"] == "$upload_ready"


def publish(stage: Stage, peer: str = "a", payload: bytes = b"x" * 12, **more):
    """Publish a 2x2 RGB picture unless told otherwise."""
    word = {"track": "camera", "shape": [2, 2, 3], **more}
    return stage.say(peer, "$publish", word, payload)


def test_published_frame_goes_to_the_input_ring():
    """A good frame is stored under its track and answered by nothing."""
    stage = Stage()
    stage.hello("a")
    assert publish(stage) == []
    (stored,) = [i for i in stage.log if isinstance(i, StoreInput)]
    assert (stored.track, stored.frame.shape, bytes(stored.payload)) == (0, (2, 2, 3), b"x" * 12)


@pytest.mark.parametrize(
    ("more", "payload", "field"),
    [
        ({"track": "nope"}, b"x" * 12, "track"),
        ({"shape": [2, 2]}, b"x" * 4, "shape"),
        ({"shape": [2, 2, 3]}, b"x" * 11, "shape"),
        ({"dtype": "<f4"}, b"x" * 48, "dtype"),
        ({"track": "microphone", "shape": [1, 4]}, b"x" * 4, "dtype"),
        ({"shape": [2, 2, 5]}, b"x" * 20, "shape"),
        ({"track": "microphone", "shape": [33, 1], "dtype": "<i2"}, b"x" * 66, "shape"),
    ],
)
def test_bad_frame_is_refused(more, payload, field):
    """What does not fit the track is refused with the field, and stored nowhere."""
    stage = Stage()
    stage.hello("a")
    (error,) = publish(stage, payload=payload, **more)
    assert (error["data"]["code"], error["data"]["field"]) == ("publish_refused", field)
    assert not [i for i in stage.log if isinstance(i, StoreInput)]


def test_first_publisher_owns_the_track():
    """The second is refused until the first gives the track back."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    publish(stage)
    (error,) = publish(stage, "b")
    assert error["data"]["code"] == "publish_refused"
    (ok,) = stage.say("a", "$unpublish", {"track": "camera"}, id=1)
    assert ok["type"] == "$ok"
    assert publish(stage, "b") == []
    assert "InputClosed" in [type(m).__name__ for m in stage.told()]


def test_frame_for_a_model_that_is_given_up_is_refused():
    """While an actor restarts frames are dropped; when none comes any more that is said."""
    stage = Stage()
    stage.hello("a")
    stage.do(ActorDied("crashed"))
    assert publish(stage) == []
    stage.do(ActorDied("crashed", final=True))
    (error,) = publish(stage)
    assert error["data"]["code"] == "model_unavailable"


def test_leaving_frees_the_track():
    """A publisher's track is closed when it leaves."""
    stage = Stage()
    stage.hello("a")
    stage.hello("b")
    publish(stage)
    stage.say("a", "$bye")
    assert publish(stage, "b") == []


def test_peer_is_cut_after_its_strikes():
    """A peer that sends rubbish is answered so often, then cut and not heard; others go on."""
    stage = Stage(strikes=3)
    stage.hello("b")
    for _ in range(3):
        assert Cut(b"a", gently=True) not in stage.log
        (error,) = stage.raw("a", b"\xc1rubbish")
        assert error["data"]["code"] == "bad_message"
    assert stage.log.count(Cut(b"a", gently=True)) == 1
    assert stage.do(PeerSaid(b"a", (b"\xc1rubbish",))) == []
    assert stage.say("a", "$hello", {"protocol": 1}) == []
    assert stage.say("b", "$ping", id=1)[0]["type"] == "$pong"


def test_new_link_starts_without_strikes():
    """Strikes go with the link."""
    stage = Stage(strikes=1)
    stage.raw("a", b"\xc1")
    stage.gone("a")
    assert stage.brain.stranger_count == 0
    stage.hello("a")


def test_nothing_but_hello_before_hello():
    """Events, control words and attachments are refused before the greeting."""
    stage = Stage()
    for kind in ("get_prompt", "$status", "$upload", "$publish"):
        (error,) = stage.say("a", kind, id=1)
        assert error["data"]["code"] == "unauthenticated"
    assert stage.told() == []


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b""], "bad_message"),
        ([b"{}"], "bad_message"),
        ([b'{"type": 5}'], "bad_message"),
        ([b'{"type": "x", "extra": 1}'], "bad_message"),
        ([b'{"type": "x", "id": 1.5}'], "bad_message"),
        ([b'{"type": "x", "id": -1}'], "bad_message"),
        ([b'{"type": ""}'], "bad_message"),
        ([b'{"type": "\xff"}'], "bad_message"),
        ([b"[" * 60_000], "bad_message"),
        ([b'{"type": "x", "data": ' + b"[" * 60_000], "bad_message"),
        ([b"\xdf\xff\xff\xff\xff"], "bad_message"),
        ([b"\x92\x01\x02"], "bad_message"),
        ([b'{"type":"x"}trailing'], "bad_message"),
        ([b'{"type":"get_prompt"}', b"attached"], "bad_message"),
        ([b'{"type":"$ping"}', b"attached"], "bad_message"),
        ([b"x" * 70_000], "too_large"),
        ([b'{"type":"x"}'] * 10, "too_many_parts"),
        ([b'{"type":"x"}'] * 1000, "too_many_parts"),
    ],
)
def test_malformed_message_gets_a_precise_error(parts, code):
    """Every malformed message is answered with its code, and never reaches the actor."""
    stage = Stage()
    stage.hello("a")
    stage.told()
    (error,) = stage.raw("a", *parts)
    assert error["type"] == "$error"
    assert error["data"]["code"] == code
    assert stage.told() == []


def test_errors_repeat_nothing_of_what_was_sent():
    """A refused value is not echoed."""
    stage = Stage()
    stage.hello("a")
    (error,) = stage.say("a", "set_prompt", {"prompt": "secret-secret-secret-secret"}, id=1)
    assert "secret" not in msgspec.json.encode(error).decode()


_WORDS = st.sampled_from(
    [
        "$hello",
        "$ping",
        "$bye",
        "$status",
        "$state",
        "$schema",
        "$upload",
        "$upload_chunk",
        "$upload_finish",
        "$upload_cancel",
        "$download",
        "$publish",
        "$unpublish",
        "$x",
        "set_prompt",
        "get_prompt",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.lists(st.binary(max_size=200), max_size=11), max_size=6))
def test_any_bytes_are_answered_or_ignored(messages):
    """Whatever multiparts come, nothing raises and the actor hears of no event."""
    stage = Stage()
    stage.hello("a")
    for parts in messages:
        for peer in (b"a", b"stranger"):
            stage.do(PeerSaid(peer, parts))
    assert stage.forwarded() == []


@given(_WORDS, _VALUES, st.lists(st.binary(max_size=50), max_size=3), st.booleans())
def test_any_data_in_any_word_is_answered_or_applied(word, data, attached, packed):
    """Whatever data a word carries, the answer is an envelope and the next client is served."""
    stage = Stage()
    stage.hello("a")
    try:
        encode = msgspec.msgpack.encode if packed else msgspec.json.encode
        part = encode({"type": word, "data": data, "id": 1})
    except (OverflowError, msgspec.MsgspecError, UnicodeEncodeError):
        return
    stage.do(PeerSaid(b"a", [part, *attached]))
    stage.hello("b")
    assert stage.say("b", "$ping", id=2)[0]["type"] == "$pong"


def test_file_that_can_not_be_stored_is_refused_from_then_on():
    """When the system has no room, the upload is gone and its next chunk is refused."""
    stage = Stage()
    stage.hello("a")
    upload_id = announce(stage)["data"]["upload_id"]
    stage.do(FileLost(upload_id))
    assert chunk(stage, upload_id, 0, DATA[:10])["data"]["code"] == "upload_refused"
