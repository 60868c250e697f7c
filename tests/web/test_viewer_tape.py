"""The button that records at the server, in a real page."""

from __future__ import annotations

from pathlib import Path

import pytest
from bridged import Bridged, bridged

from reactor_zmq_recording.reading import read_recording

pytestmark = pytest.mark.browser


@pytest.fixture(name="tapes")
def folder_of_recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "tapes"
    folder.mkdir()
    return folder


def test_two_tabs_record_and_download(run_directory, tapes, context, open_page, until, picture):
    """One tab begins, the other shows it and ends it; either downloads the file that is there."""
    with bridged(run_directory, "--recordings", str(tapes), name="taped") as exhibit:
        one, two = open_page(exhibit.url()), open_page(exhibit.url())
        one.click("#tape")
        for page in (one, two):
            until(page, "/0:0[1-9] [0-9.]+ MB/.test(document.querySelector('#tape-figures').value)")
            assert page.get_attribute("#tape", "aria-pressed") == "true"
        picture(one, "recording")
        one.evaluate("reactor.sendCommand('set_level', { level: 77 })")
        until(two, "reactor.getState().level === 77", "the state")
        two.click("#tape")
        for page in (one, two):
            until(page, "!document.querySelector('#tape-file').hidden", "the file")
            assert page.get_attribute("#tape", "aria-pressed") == "false"
        with one.expect_download() as caught:
            one.click("#tape-file")
        (path,) = tapes.iterdir()
        assert caught.value.suggested_filename == path.name
        assert Path(caught.value.path()).read_bytes() == path.read_bytes()
        events = [m.values for m in read_recording(path) if m.plan.topic.endswith("/events")]
        assert [each["data"] for each in events] == [{"level": 77}]


def test_no_button_where_nobody_may_record(exhibit: Bridged, open_page):
    """Without a folder the page has no such button."""
    page = open_page(exhibit.url())
    assert page.is_hidden("#tape")
    assert page.is_hidden("#tape-file")


def test_no_button_for_who_may_look_only(run_directory, tapes, open_page, until):
    """A token for looking shows the picture, and nothing to record by."""
    with bridged(run_directory, "--recordings", str(tapes), name="taped") as exhibit:
        token = exhibit.run.connection.view_token
        page = open_page(f"http://127.0.0.1:{exhibit.port}/#token={token}")
        assert page.is_hidden("#tape")
        page.evaluate("reactor.sendCommand('$record', { on: true }).catch(() => {})")
        assert list(tapes.iterdir()) == []
