"""``reactor-zmq ros2``: hand over to the bridge, in a Python that has ROS 2."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from reactor_zmq.errors import ConfigError

PACKAGE = "reactor_zmq_ros2"
TOKEN_VARIABLE = "REACTOR_ZMQ_TOKEN"  # noqa: S105 - the name of a variable, which `ps` does not show
PROBE_S = 60


def main(options: argparse.Namespace) -> NoReturn:
    """Become the bridge's process; returns only by an error.

    Raises:
        ConfigError: No Python with rclpy and pyzmq, or the bridge is not installed.
    """
    become(options, "ROS 2", "rclpy", PACKAGE)


def become(options: argparse.Namespace, ros: str, module: str, package: str) -> NoReturn:
    """Become the process of a bridge, in a Python that has its ROS.

    Raises:
        ConfigError: No Python with ``module`` and pyzmq, or the bridge is not installed.
    """
    python = find_python(options.python, ros, module)
    if options.token is not None:
        os.environ[TOKEN_VARIABLE] = options.token
    sys.stdout.flush()
    # The user's ROS has libraries of its own: nothing of this environment goes along.
    os.execv(python, [python, str(package_folder(package)), options.name, *options.ros_args])  # noqa: S606


def find_python(given: str, ros: str, module: str) -> str:
    """Return the interpreter to use: the one that was given, this one, or the system's.

    Raises:
        ConfigError: None of them can import ``module`` and zmq; the text says what each lacks.
    """
    candidates = [given] if given else [sys.executable, "python3", "/usr/bin/python3"]
    troubles: dict[str, str] = {}
    for candidate in candidates:
        path = shutil.which(candidate)
        trouble = _trouble(path, module) if path else "there is no such program"
        if path and not trouble:
            return path
        troubles[path or candidate] = trouble
    listed = "; ".join(f"{path}: {trouble}" for path, trouble in troubles.items())
    raise ConfigError(
        f"the {ros} bridge needs a Python with {module} and pyzmq ({listed}); "
        f"source your {ros} and `pip install pyzmq` for it, or give --python PATH"
    )


def package_folder(package: str = PACKAGE) -> Path:
    """Return where the bridge lies; it is run from there, by another Python."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ConfigError(f"{package} is not installed: pip install reactor-zmq")
    return Path(found.origin).parent


def _trouble(path: str, module: str) -> str:
    try:
        done = subprocess.run(
            [path, "-c", f"import {module}, zmq"],
            capture_output=True,
            text=True,
            timeout=PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"exit code {done.returncode}")
