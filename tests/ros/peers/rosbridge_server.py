"""Peer, run by ROS's Python: becomes rosbridge-server-rs, a rosbridge server that is not ours.

rosbridge_server.py PORT FOLDER. Its program was built against a whole ROS: what the wheels leave
out, a library that chooses the rmw and Python's own symbols, is put before it, links in FOLDER.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path


def main():
    port, folder = sys.argv[1], Path(sys.argv[2])
    found = find_spec("rosbridge_server_rs")
    program = Path(found.origin).parent / "rosbridge_server_rs_jazzy"
    libraries = Path(sys.prefix) / "lib"
    (folder / "librmw_implementation.so").symlink_to(libraries / "librmw_fastrtps_cpp.so")
    config = sysconfig.get_config_vars()
    environment = {
        **os.environ,
        "ROS_DISTRO": "jazzy",
        "AMENT_PREFIX_PATH": sys.prefix,
        "LD_LIBRARY_PATH": f"{folder}:{os.environ['LD_LIBRARY_PATH']}",
        "LD_PRELOAD": f"{config['LIBDIR']}/{config['INSTSONAME']}",
    }
    words = [str(program), "--no-rosapi", "--bind", f"127.0.0.1:{port}", "--log-ansi", "false"]
    os.execve(program, words, environment)  # noqa: S606 - the peer becomes the server


main()
