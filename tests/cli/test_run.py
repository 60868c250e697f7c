"""``reactor-zmq run`` as its operator meets it."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest
from cli_lamp import LAMP

from reactor_zmq.client import connect
from reactor_zmq.errors import EventError
from reactor_zmq.testing.running import running

FREE = ("--events", "tcp://127.0.0.1:*", "--frames", "tcp://127.0.0.1:*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_in_order(resources, wait_until, number: signal.Signals):
    """SIGINT and SIGTERM end a run with 0, and nothing is left of it."""
    with running(LAMP, name="ending") as run:
        wait_until(lambda: "is ready" in run.output, "the model")
        run.process.send_signal(number)
        assert run.process.wait(20) == 0
    assert "stopping" in run.output
    assert not run.connection_file.exists()


def test_what_the_operator_reads(wait_until):
    """A run says where it listens, when it is ready, and how to look at it."""
    with running(LAMP, name="telling") as run:
        wait_until(lambda: "is ready" in run.output, "the model")
        connection = run.connection
    assert f"events={connection.events} frames={connection.frames}" in run.output
    assert f"file={run.connection_file}" in run.output
    assert "Lamp is ready; look at it with: reactor-zmq watch telling" in run.output
    assert connection.token not in run.output


def test_json_logs(wait_until):
    """With --log-format json each line of the front end and of the actor is an object."""
    with running(LAMP, "--log-format", "json", name="json_lamp") as run:
        wait_until(lambda: "is ready" in run.output, "the model")
        with connect(run.connection_file) as client, pytest.raises(EventError):
            client.send("break")
        wait_until(lambda: "ZeroDivisionError" in run.output, "the actor's line")
    records = [json.loads(line) for line in run.lines]
    assert all({"time", "level", "name", "text"} <= set(record) for record in records)
    assert {"reactor_zmq.run", "reactor_zmq.actor"} <= {record["name"] for record in records}


def test_what_is_for_developers(wait_until):
    """--verbose reaches the actor's process too."""
    with running(LAMP, "--verbose", name="verbose_lamp") as run:
        wait_until(lambda: "the lamp is lit" in run.output, "the actor's line")


def test_a_port_is_taken(command):
    """A taken port ends with 2 and one line that says what to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = command("run", LAMP, "--events", f"tcp://127.0.0.1:{port}", "--name", "taken")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"tcp://127.0.0.1:{port} is in use" in done.stderr
    assert "tcp://127.0.0.1:*" in done.stderr


def test_a_name_is_taken(command):
    """Two runs can't have one name, and the first is not disturbed."""
    with running(LAMP, name="twin") as run:
        before = run.connection
        done = command("run", LAMP, "--name", "twin", *FREE)
        assert done.returncode == 2
        assert "'twin' is running already" in done.stderr
        assert run.connection.token == before.token


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (f"{Path(__file__).parent / 'cli_lamp.py'}:Lump", "there is no class 'Lump'"),
        ("nowhere.py:Model", "there is no file nowhere.py"),
        ("no.such.module:Model", "there is no module 'no.such.module'"),
        ("/proc/sys", "has no reactor.yaml"),
    ],
)
def test_targets_that_are_not_there(command, target: str, text: str):
    """A target that is not there ends with 2, the last line says what to change."""
    done = command("run", target, *FREE)
    assert done.returncode == 2
    assert text in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_bad_yaml(command, tmp_path: Path):
    """A manifest that is no YAML ends with 2 and one line with the line's number."""
    (tmp_path / "reactor.yaml").write_text("model:\n  name: x\n runtime: [\n")
    done = command("run", tmp_path, *FREE)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "reactor.yaml, line 3" in done.stderr


def test_the_author_s_code_fails(command, tmp_path: Path):
    """A model whose load raises ends with 1, the author's traceback and one clear line."""
    (tmp_path / "bad.py").write_text(
        "from reactor_zmq import ReactorModel\n"
        "class Bad(ReactorModel):\n"
        "    def load(self, config):\n"
        "        raise OSError('weights are gone')\n"
    )
    done = command("run", f"{tmp_path}/bad.py:Bad", *FREE)
    assert done.returncode == 1
    assert 'bad.py", line 4, in load' in done.stderr
    assert "reactor_zmq/actor" not in done.stderr
    last = [line for line in done.stderr.splitlines() if "can't be loaded" in line][-1]
    assert last.endswith(
        "the model can't be loaded: Bad could not be loaded: OSError: weights are gone"
    )


def test_values_over_the_configuration(wait_until, tmp_path: Path):
    """--model.key=value reaches load as a typed value."""
    (tmp_path / "told.py").write_text(
        "from reactor_zmq import ReactorModel\n"
        "class Told(ReactorModel):\n"
        "    def load(self, config):\n"
        "        print('config is', config, flush=True)\n"
    )
    target = f"{tmp_path}/told.py:Told"
    with running(target, "--model.steps=4", "--model.a.b=x", name="told") as run:
        wait_until(lambda: "config is {'steps': 4, 'a': {'b': 'x'}}" in run.output, "the config")


def test_a_long_load_shows_progress(wait_until, tmp_path: Path):
    """What a model reports while it loads is shown to the operator."""
    (tmp_path / "slow.py").write_text(
        "from reactor_zmq import ReactorModel\n"
        "class Slow(ReactorModel):\n"
        "    def load(self, config):\n"
        "        self.report_progress(3, 4, 'weights')\n"
    )
    with running(f"{tmp_path}/slow.py:Slow", name="slow") as run:
        wait_until(lambda: "is ready" in run.output, "the model")
    assert "loading: weights done=3.0 total=4.0" in run.output
