"""What can be typed: the subcommands and their options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

import reactor_zmq
from reactor_zmq.cli import bench_options
from reactor_zmq.cli.recording_options import export_options, record_options, replay_options
from reactor_zmq.cli.rosbridge_options import rosbridge_options
from reactor_zmq.config import DEFAULT_EVENTS, DEFAULT_FRAMES, ServerConfig, Supervision
from reactor_zmq.wire.scope import SCOPES

MODEL_OPTION = "--model."
ROS_ARGS = "--ros-args"

_TARGET = "file.py:Class, module:Class, or a folder with reactor.yaml"
_NAME = "name of the run, its connection file, or an events endpoint"


class _Commands(Protocol):
    def add_parser(
        self,
        name: str,
        *,
        help: str,  # noqa: A002 - argparse's own word
        description: str,
        allow_abbrev: bool,
    ) -> argparse.ArgumentParser: ...


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; ``--model.key=value`` ends up in the mapping ``overrides``.

    Raises:
        SystemExit: The line can't be understood (code 2), or help was asked for (code 0).
    """
    parser = build_parser()
    words, ros_args = _without_ros_args(sys.argv[1:] if arguments is None else list(arguments))
    options, rest = parser.parse_known_args(words)
    if options.command in ("ros1", "ros2"):
        options.ros_args = ros_args
    elif ros_args:
        parser.error(f"{ROS_ARGS} belongs to `reactor-zmq ros2` and `ros1`")
    overrides = [word for word in rest if word.startswith(MODEL_OPTION)]
    unknown = [word for word in rest if word not in overrides]
    if unknown or (overrides and not hasattr(options, "overrides")):
        parser.error(f"unrecognized arguments: {' '.join(unknown or overrides)}")
    for word in overrides:
        key, equals, value = word[len(MODEL_OPTION) :].partition("=")
        if not (key and equals):
            parser.error(f"{word}: write {MODEL_OPTION}key=value")
        options.overrides[key] = typed(value)
    return options


def _without_ros_args(words: list[str]) -> tuple[list[str], list[str]]:
    """Cut off what is meant for ROS; argparse would take it for its own."""
    if ROS_ARGS not in words:
        return words, []
    place = words.index(ROS_ARGS)
    return words[:place], words[place:]


def typed(text: str) -> object:
    """Return the value that a person typed: JSON where it is JSON, else the text itself."""
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``reactor-zmq``."""
    parser = argparse.ArgumentParser(
        prog="reactor-zmq",
        description="Run interactive models as live services on ZeroMQ sockets.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=reactor_zmq.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _run(commands)
    _schema(commands)
    _send(commands)
    _watch(commands)
    _recording(commands)
    _bridge(commands)
    _init(commands)
    _keygen(commands)
    _ros(commands, 2, "rclpy", "images, services, parameters, input")
    _ros(commands, 1, "rospy", "images, services, input")
    _rosbridge(commands)
    bench_options.add(
        _command(commands, "bench", "Measure frames and events on this machine or link.")
    )
    return parser


def _command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def _run(commands: _Commands) -> None:
    run = _command(commands, "run", "Serve a model until Ctrl-C.")
    defaults, watchful = ServerConfig(target="", name=""), Supervision()
    run.add_argument("target", help=_TARGET)
    run.add_argument("--name", default="", help="name of the run (default: the model's)")
    run.add_argument(
        "--events", default=DEFAULT_EVENTS, metavar="ENDPOINT",
        help="where events come in; tcp://127.0.0.1:* takes a free port (default: %(default)s)",
    )  # fmt: skip
    run.add_argument(
        "--frames", default=DEFAULT_FRAMES, metavar="ENDPOINT",
        help="where frames go out (default: %(default)s)",
    )  # fmt: skip
    run.add_argument(
        "--connection-file", default="", metavar="PATH",
        help="where clients find endpoints and token (default: NAME.json in the run directory)",
    )  # fmt: skip
    run.add_argument(
        "--keys", default="", metavar="DIR",
        help="keys of this server and of its clients (see keygen): sockets speak CURVE",
    )  # fmt: skip
    run.add_argument(
        "--insecure",
        action="store_true",
        help="let other machines come in without encryption: tokens and frames travel in the clear",
    )
    run.add_argument(
        "--resume-s", type=seconds, default=defaults.resume_s, metavar="S",
        help="a client whose link broke may return for so long (default: %(default)g)",
    )  # fmt: skip
    run.add_argument(
        "--hang-s", type=seconds, default=watchful.hang_s, metavar="S",
        help="an actor without progress for so long is restarted (default: %(default)g)",
    )  # fmt: skip
    run.add_argument(
        "--load-timeout-s", type=seconds, default=watchful.load_timeout_s, metavar="S",
        help="a load may take so long (default: %(default)g)",
    )  # fmt: skip
    run.add_argument(
        "--max-restarts", type=count, default=watchful.max_restarts, metavar="N",
        help=f"restarts allowed within {watchful.window_s:g} s (default: %(default)d)",
    )  # fmt: skip
    run.add_argument(
        "--stop-grace-s", type=seconds, default=watchful.stop_grace_s, metavar="S",
        help="what runs when the end is asked for may take so long (default: %(default)g)",
    )  # fmt: skip
    run.add_argument(
        "--exit-on-failure", action="store_true",
        help="end with code 3 when the actor is given up, for a service manager to take over",
    )  # fmt: skip
    run.add_argument(
        "--bridge", type=port, nargs="?", const=8765, default=None, metavar="PORT",
        help="show it in browsers at 127.0.0.1 (default: port 8765; 0 takes a free one)",
    )  # fmt: skip
    run.add_argument(
        "--health-port", type=port, default=None, metavar="PORT",
        help="answer /health/live, ready, startup and /metrics on 127.0.0.1; 0 takes a free port",
    )  # fmt: skip
    run.add_argument("--log-format", choices=("text", "json"), default="text")
    run.add_argument("--verbose", "-v", action="store_true", help="log what is for developers too")
    run.set_defaults(overrides={})
    run.epilog = f"{MODEL_OPTION}KEY=VALUE puts a value over the model's own configuration."


def _schema(commands: _Commands) -> None:
    schema = _command(commands, "schema", "Print a model's OpenAPI document.")
    schema.add_argument("target", help=_TARGET)
    schema.add_argument("--out", default="", metavar="PATH", help="write it there instead")


def _send(commands: _Commands) -> None:
    send = _command(commands, "send", "Send one event and print its reply as a line of JSON.")
    _peer(send)
    send.add_argument("type", help="the event")
    send.add_argument(
        "data", nargs="*", metavar="KEY=VALUE",
        help="values as JSON or plain text; KEY=@PATH uploads a file",
    )  # fmt: skip


def _watch(commands: _Commands) -> None:
    watch = _command(commands, "watch", "Look at a run: picture, rate, latency, state, messages.")
    _peer(watch, optional=True)
    watch.add_argument("--seconds", type=seconds, default=None, metavar="S", help="end by itself")
    form = watch.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one line of JSON per second")
    form.add_argument("--plain", action="store_true", help="one line of text per second")


def _bridge(commands: _Commands) -> None:
    _serving(_command(commands, "bridge", "Show a run in browsers."))
    foxglove = _command(commands, "foxglove", "Show a run in Foxglove, live.")
    _serving(foxglove)
    foxglove.add_argument(
        "--scope", choices=("view", "steer"), default="steer",
        help="what the printed address lets Foxglove do (default: %(default)s)",
    )  # fmt: skip


def _serving(bridge: argparse.ArgumentParser) -> None:
    bridge.add_argument("name", nargs="?", default="", help=_NAME)
    bridge.add_argument("--port", type=port, default=8765, help="0 takes a free one")
    bridge.add_argument("--host", default="127.0.0.1", help="address to listen on")
    bridge.add_argument(
        "--origin", action="append", default=[], metavar="ORIGIN",
        help="allow pages of this origin, too, such as https://example.org",
    )  # fmt: skip
    bridge.add_argument(
        "--allow-host", action="append", default=[], metavar="HOST",
        help="answer to this Host header, too, such as example.org",
    )  # fmt: skip
    bridge.add_argument(
        "--expose", action="store_true", help="listen beyond this machine, in the clear"
    )
    bridge.add_argument("--sessions", type=count, default=64, help="browsers at once")
    bridge.add_argument(
        "--sessions-per-address", type=count, default=8, metavar="N",
        help="of these from one address (default: %(default)d)",
    )  # fmt: skip
    bridge.add_argument(
        "--recordings", default="", metavar="DIR",
        help="let those who may steer record into this folder, by a button of the page",
    )  # fmt: skip
    bridge.add_argument("--listen-fd", type=int, default=-1, help=argparse.SUPPRESS)
    bridge.add_argument("--log-format", choices=("text", "json"), default="text")
    bridge.add_argument("--verbose", "-v", action="store_true")


def _recording(commands: _Commands) -> None:
    record = _command(commands, "record", "Record a run: pictures, numbers, events, state.")
    _peer(record, optional=True)
    record_options(record, seconds)
    replay = _command(commands, "replay", "Give a recording's inputs to a run again.")
    replay.add_argument("file", metavar="FILE", help="the recording")
    _peer(replay, optional=True)
    replay_options(replay, above_zero)
    export_options(_command(commands, "export", "Make a film of a recording."))


def _init(commands: _Commands) -> None:
    init = _command(commands, "init", "Write a small model to start from, with a test.")
    init.add_argument("folder", metavar="DIR")


def _keygen(commands: _Commands) -> None:
    keygen = _command(commands, "keygen", "Make keys or a token, in files that only you can read.")
    keygen.add_argument(
        "base", nargs="?", default="reactor", metavar="BASE",
        help="a client's pair: writes BASE.public and BASE.secret (default: %(default)s)",
    )  # fmt: skip
    keygen.add_argument("--server", metavar="DIR", help="make a folder for `run --keys` instead")
    keygen.add_argument("--into", metavar="DIR", help="let the client in: a folder made so")
    keygen.add_argument(
        "--scope", choices=SCOPES, default="steer",
        help="what it may do there; each includes those before it (default: %(default)s)",
    )  # fmt: skip
    keygen.add_argument("--token", action="store_true", help="a token in that folder, not a pair")


def _ros(commands: _Commands, number: int, module: str, what: str) -> None:
    ros = _command(commands, f"ros{number}", f"Be a run's ROS {number} node: {what}.")
    _peer(ros)
    ros.add_argument(
        "--python", default="", metavar="PATH",
        help=f"interpreter with {module} and pyzmq (default: this one, or the python3 on PATH)",
    )  # fmt: skip
    ros.set_defaults(ros_args=[])
    ros.epilog = f"{ROS_ARGS} and what follows goes to ROS: remapping, parameters, namespace."


def _rosbridge(commands: _Commands) -> None:
    text = "Take a run to a robot's own rosbridge server: pictures, numbers, services, input."
    rosbridge = _command(commands, "rosbridge", text)
    _peer(rosbridge)
    rosbridge_options(rosbridge, above_zero)


def _peer(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    where = parser.add_argument("name", metavar="NAME", help=_NAME)
    if optional:
        where.nargs, where.default = "?", ""
    parser.add_argument("--token", default=None, help="for an endpoint without connection file")
    parser.add_argument(
        "--server-key", default=None, metavar="KEY", help="the server's public key, or its file"
    )
    parser.add_argument("--key", default=None, metavar="FILE", help="your secret key, for a token")


def _number(
    kind: Callable[[str], float], least: float, most: float = float("inf")
) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text}: at least {least:g} is wanted")
        if value > most:
            raise argparse.ArgumentTypeError(f"{text}: at most {most:g} is wanted")
        return value

    read.__name__ = "number"
    return read


seconds = _number(float, 0.0)
above_zero = _number(float, 0.001)
count = _number(int, 0)
port = _number(int, 0, 65_535)
