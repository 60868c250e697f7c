"""One Chromium for each test module, one run and bridge for each module, a page for each test."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bridged import Bridged, Relay, bridged
from node_tools import OUT, chromium
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
DEADLINE_S = 10.0
EXPECTED = ("Failed to load resource", "WebSocket connection to")
PICTURES = OUT / "web"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; skipped with the reason where there is none, but never in CI."""
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A run directory for the module, short enough for socket paths."""
    path = Path(tempfile.mkdtemp(prefix="rz-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def exhibit(folder: Path) -> Iterator[Bridged]:
    """The exhibit and its bridge, shared by the tests of a module."""
    with bridged(folder) as made:
        yield made


@pytest.fixture
def own_exhibit(run_directory: Path) -> Iterator[Bridged]:
    """An exhibit that the test may kill."""
    with bridged(run_directory, name="own") as made:
        yield made


@pytest.fixture
def relay(own_exhibit: Bridged) -> Iterator[Relay]:
    """A line to the exhibit of the test that can be made slow."""
    made = Relay(own_exhibit.port)
    yield made
    made.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile that may use camera and microphone."""
    made = browser.new_context(
        viewport={"width": 1280, "height": 800},
        permissions=["camera", "microphone"],
        color_scheme="dark",
        accept_downloads=True,
    )
    made.set_default_timeout(DEADLINE_S * 1000)
    yield made
    made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of: policy violations and errors are among it."""
    return []


Open = Callable[..., Page]


@pytest.fixture(name="open_page")
def opened_pages(context: BrowserContext, complaints: list[str]) -> Iterator[Open]:
    """Return what opens a viewer; its pages may not have complained when the test ends."""

    def note(message: ConsoleMessage) -> None:
        # A bridge that was killed, or that refuses, is no fault of the page.
        if message.type == "error" and not message.text.startswith(EXPECTED):
            complaints.append(message.text)

    def open_page(url: str, *, live: bool = True) -> Page:
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        if live:
            until(page, LIVE, "the page to be live")
        return page

    yield open_page
    assert complaints == []


LIVE = "reactor.getStatus() === 'ready' && document.querySelector('.tile.live') !== null"


def until(page: Page, expression: str, what: str = "", argument: Any = None) -> Any:
    """Evaluate until the result is true; ``wait_for_function`` fails under a strict policy."""
    end = time.monotonic() + DEADLINE_S
    while not (found := page.evaluate(expression, argument)):
        if time.monotonic() > end:
            status = page.evaluate("[reactor.getStatus(), reactor.getModelStatus()]")
            keep(page, "failed")
            pytest.fail(f"{what or expression} did not come true; {status}")
        page.wait_for_timeout(20)
    return found


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    """Return how tests of pages wait."""
    return until


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Return what keeps a picture of a page as build output."""
    return keep


def keep(page: Page, name: str) -> None:
    # Written here: Playwright would start a thread for it that stays.
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(page.screenshot())
