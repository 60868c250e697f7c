"""Peer, run by ROS's Python: print what rclpy makes of each case, as a list of hex texts.

golden.py CASES.json

rclpy leaves what lay in memory before between two fields and behind the last one. Bytes that may
be changed without changing the message are padding: they are printed as zero, and not at all at
the end.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from rclpy.serialization import deserialize_message, serialize_message

ENCAPSULATION_NBYTES = 4


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps([tidy(made(c["type"], c["message"])).hex() for c in cases]))


def made(type_name, values):
    package, _, base = type_name.replace("/msg/", "/").partition("/")
    message = getattr(importlib.import_module(f"{package}.msg"), base)()
    kinds = message.get_fields_and_field_types()
    for name, value in values.items():
        setattr(message, name, converted(kinds[name], value))
    return message


def converted(kind, value):
    if kind == "octet":
        return bytes([value])
    if isinstance(value, dict):
        return made(kind, value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [made(kind.removeprefix("sequence<").removesuffix(">"), item) for item in value]
    return value


def tidy(message):
    data = bytearray(serialize_message(message))
    end = len(data)
    for place in range(len(data) - 1, ENCAPSULATION_NBYTES - 1, -1):
        if not matters(data, place, message):
            data[place] = 0
            end -= place == end - 1
    return data[:end]


def matters(data, place, message):
    # One change may hide: a text's length may grow into the zeros behind it.
    return any(differs(data, place, change, message) for change in (0x01, 0x80, 0xFF))


def differs(data, place, change, message):
    changed = bytearray(data)
    changed[place] ^= change
    try:
        return deserialize_message(bytes(changed), type(message)) != message
    except Exception:
        return True


main()
