"""What reactor.yaml may say."""

from __future__ import annotations

from typing import Any

import pytest

from reactor_zmq.errors import ConfigError
from reactor_zmq.model.manifest import Manifest, parse_manifest


def test_manifest_is_read() -> None:
    """Name, target, configuration and preload are taken over; other programs' keys are left."""
    document = {
        "model": {"name": "paint", "version": "1"},
        "runtime": {
            "import": "pkg.paint:Paint",
            "config": {"seed": 1},
            "preload": ["torch"],
            "recording": {"enabled": True},
        },
        "platform": {},
    }
    assert parse_manifest(document) == Manifest("paint", "pkg.paint:Paint", {"seed": 1}, ("torch",))


def test_only_the_target_is_needed() -> None:
    """Everything else has a default."""
    assert parse_manifest({"runtime": {"import": "m:C"}}) == Manifest("", "m:C")


def test_config_may_be_a_path() -> None:
    """``runtime.config`` names a file as well."""
    found = parse_manifest({"runtime": {"import": "m:C", "config": "conf/a.yaml"}})
    assert found.config == "conf/a.yaml"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (None, "expected object"),
        ([], "expected object"),
        ({}, "runtime"),
        ({"runtime": {}}, "runtime.import"),
        ({"runtime": {"import": 3}}, "runtime.import"),
        ({"runtime": {"import": "module"}}, "runtime.import"),
        ({"runtime": {"import": ":Class"}}, "runtime.import"),
        ({"runtime": {"import": "m:not a class"}}, "runtime.import"),
        ({"runtime": {"import": "m:C", "config": 3}}, "runtime.config"),
        ({"runtime": {"import": "m:C", "preload": "torch"}}, "runtime.preload"),
        ({"runtime": {"import": "m:C"}, "model": {"name": 3}}, "model.name"),
    ],
)
def test_what_can_not_be_used_is_named(document: Any, text: str) -> None:
    """The error says which key, and what it should be."""
    with pytest.raises(ConfigError, match=r"^reactor\.yaml") as caught:
        parse_manifest(document)
    assert text in str(caught.value)
