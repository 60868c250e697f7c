"""The segment of shared memory that the bridge gives itself, and when it does not."""

from __future__ import annotations

import pytest

from reactor_zmq_ros2.segment import PROFILE, VARIABLES, choose_segment


@pytest.fixture
def environment():
    """An environment in which nothing is chosen."""
    return {"PATH": "/usr/bin"}


def test_nobody_has_chosen(environment, tmp_path):
    """The shipped profile is taken, under the names of old and new Fast DDS."""
    assert choose_segment(environment, tmp_path)
    assert {environment[name] for name in VARIABLES} == {str(PROFILE)}
    assert "<segment_size>33554432<" in PROFILE.read_text()


@pytest.mark.parametrize("name", [*VARIABLES, "FASTDDS_BUILTIN_TRANSPORTS", "SKIP_DEFAULT_XML"])
def test_the_user_has_chosen(environment, tmp_path, name):
    """What the user has set stays, and nothing is set beside it."""
    environment[name] = "mine"
    before = dict(environment)
    assert not choose_segment(environment, tmp_path)
    assert environment == before


def test_a_profile_lies_there(environment, tmp_path):
    """A file that Fast DDS reads by itself counts as a choice."""
    (tmp_path / "DEFAULT_FASTRTPS_PROFILES.xml").touch()
    assert not choose_segment(environment, tmp_path)


def test_there_is_no_shared_memory(environment, tmp_path):
    """Where there is none, Fast DDS is left to its defaults."""
    assert not choose_segment(environment, tmp_path, tmp_path / "none")
    assert set(environment) == {"PATH"}
