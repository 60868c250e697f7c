"""``reactor-zmq send``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reactor_zmq.cli.send import split
from reactor_zmq.errors import ConfigError


def test_a_bare_acknowledgement(lamp, told):
    """A handler that says nothing is answered by $ok, as a line of JSON."""
    code, lines, errors = told("send", lamp.connection_file, "set_level", "level=7")
    assert (code, errors) == (0, "")
    assert json.loads(lines[0]) == {"type": "$ok", "data": {}}


def test_a_file_and_its_reply(lamp, told, tmp_path: Path):
    """KEY=@PATH uploads the file, and the reply is the message that the handler returned."""
    note = tmp_path / "note.txt"
    note.write_text("hello")
    code, lines, _ = told("send", lamp.connection_file, "look", f"file=@{note}")
    assert code == 0
    data = {"name": "note.txt", "size": 5, "text": ""}
    assert json.loads(lines[0]) == {"type": "seen", "data": data}


def test_a_text_that_begins_with_at(lamp, told, tmp_path: Path):
    """KEY=@@TEXT is a text, not a file."""
    note = tmp_path / "note.txt"
    note.touch()
    path = lamp.connection_file
    _, lines, _ = told("send", path, "look", f"file=@{note}", "text=@@home")
    assert json.loads(lines[0])["data"]["text"] == "@home"


def test_text_stays_text(lamp, told):
    """A number in quotes is a text, and so is what is no JSON."""
    assert told("send", lamp.connection_file, "set_name", 'name="3"')[0] == 0
    assert told("send", lamp.connection_file, "set_name", "name=a storm")[0] == 0
    assert told("send", lamp.connection_file, "set_name", "name=3")[0] == 1


@pytest.mark.parametrize(
    ("words", "told_instead"),
    [
        (("set_level", "level=300"), "reactor-zmq: invalid_data: level: expected int <= 255\n"),
        (("refuse",), "reactor-zmq: too_dark: there is no light\n"),
    ],
)
def test_refused_events(lamp, told, words, told_instead):
    """A refused event ends with 1 and one line: code, field and text."""
    assert told("send", lamp.connection_file, *words) == (1, [], told_instead)


def test_an_unknown_event(lamp, told):
    """An unknown event ends with 1, and the line says which there are."""
    code, _, errors = told("send", lamp.connection_file, "set_levle")
    assert code == 1
    assert errors.startswith("reactor-zmq: unknown_event: ")
    assert "set_level" in errors


@pytest.mark.parametrize("word", ["level", "=3", "file=@nowhere.png"])
def test_words_that_are_no_values(word: str):
    """A word without a key, or a file that is not there, is refused before anything is sent."""
    with pytest.raises(ConfigError):
        split(word)


def test_a_value_may_hold_an_equals_sign():
    """Only the first = separates."""
    assert split("text=a=b") == ("text", "a=b")
