"""What can be typed."""

from __future__ import annotations

import pytest

from reactor_zmq.cli.options import parse, typed
from reactor_zmq.cli.run import server_config
from reactor_zmq.cli.target import default_name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ('"3"', "3"),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ("a storm", "a storm"),
        ("", ""),
        ("NaN", "NaN"),
        ("1e999", "1e999"),
        ("\udce4", "\udce4"),
    ],
)
def test_values_are_json_or_text(text: str, value: object):
    """A value is what its JSON says, and the text itself where it is no JSON."""
    found = typed(text)
    assert found == value
    assert type(found) is type(value)


def test_model_options_stand_anywhere():
    """--model.key=value is taken before and after the target."""
    options = parse(["run", "--model.steps=4", "m.py:M", "--model.path=a=b", "--name", "x"])
    assert options.overrides == {"steps": 4, "path": "a=b"}


def test_overrides_are_not_shared():
    """Each command line has overrides of its own."""
    assert parse(["run", "m.py:M", "--model.a=1"]).overrides == {"a": 1}
    assert parse(["run", "m.py:M"]).overrides == {}


@pytest.mark.parametrize(
    "line",
    [
        ["run", "m.py:M", "--model.steps"],
        ["run", "m.py:M", "--model.=3"],
        ["run", "m.py:M", "--modle.steps=3"],
        ["send", "x", "y", "--model.steps=3"],
        ["run", "m.py:M", "--resume-s=-1"],
        ["run", "m.py:M", "--resume-s=nan"],
        ["run", "m.py:M", "--max-restarts=1.5"],
        ["run"],
        ["fly"],
        [],
    ],
)
def test_lines_that_mean_nothing(line: list[str]):
    """A line that can't be understood ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        parse(line)
    assert ended.value.code == 2


def test_run_options_reach_the_server():
    """Every option of run has its place in the server's configuration."""
    line = [
        "run", "m.py:M", "--name=n", "--events=tcp://127.0.0.1:*", "--frames=ipc:///x",
        "--connection-file=/c.json", "--resume-s=1.5", "--hang-s=2.5", "--load-timeout-s=3.5",
        "--max-restarts=7", "--log-format=json", "--model.a=1",
    ]  # fmt: skip
    config = server_config(parse(line))
    assert config.target == "m.py:M"
    assert config.name == "n"
    assert (config.events, config.frames) == ("tcp://127.0.0.1:*", "ipc:///x")
    assert config.connection_file == "/c.json"
    assert config.log_format == "json"
    assert config.resume_s == 1.5
    assert config.overrides == {"a": 1}
    assert config.supervision.hang_s == 2.5
    assert config.supervision.load_timeout_s == 3.5
    assert config.supervision.max_restarts == 7


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("a/b.py:NeuralAutomaton", "neural_automaton"),
        ("package.module:HTTPModel", "http_model"),
        ("package.models", "models"),
    ],
)
def test_a_run_has_a_name(target: str, name: str):
    """Without --name a run is called after its class or folder."""
    assert default_name(target) == name
