"""What a page does when something behind it breaks, stalls or refuses."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from bridged import Bridged, Relay
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TELL = "() => { globalThis.told = []; reactor.on('frame', (f) => f.track === 'main_video' && told.push([f.epoch, f.seq, f.madeMs, f.drawnMs])); }"
STATUS = "document.querySelector('#status-text').textContent"


def test_blocked_page_is_live_at_once(exhibit: Bridged, open_page, until):
    """After three seconds without a breath the page shows the newest frame, not what piled up."""
    page = open_page(exhibit.url())
    page.evaluate(TELL)
    until(page, "told.length > 20")
    page.evaluate(
        "() => { const end = Date.now() + 3000; while (Date.now() < end); globalThis.freed = told.length; }"
    )
    until(page, "told.length > freed + 40")
    told: list[Any] = page.evaluate("told")
    jumps = [(b[1] - a[1], at) for at, (a, b) in enumerate(pairwise(told), 1)]
    missed, at = max(jumps)
    assert missed > 30, "the model ran on and nobody kept its frames"
    # The window and what lay in the kernel when the page stopped; then only new ones.
    freed: int = page.evaluate("freed")
    assert at - freed <= 6
    assert sum(step - 1 for step, _ in jumps[at:]) < 30


def test_killed_bridge(own_exhibit: Bridged, open_page, until, picture):
    """The page says so, returns by itself when the bridge is there again, and shows frames."""
    page = open_page(own_exhibit.url())
    own_exhibit.kill_bridge()
    until(page, f"{STATUS} === 'Reconnecting'", "the loss to show")
    page.wait_for_timeout(300)
    picture(page, "reconnecting")
    asked = page.evaluate_handle(
        "() => { globalThis.later = reactor.sendCommand('set_level', { level: 9 }, { timeoutMs: 30000 }); }"
    )
    asked.dispose()
    own_exhibit.start_bridge()
    until(page, f"{STATUS} === 'Live'", "the return")
    assert page.evaluate("later.then((r) => r.type)") == "$ok"
    page.evaluate(TELL)
    until(page, "told.length > 5", "frames after the return")


def test_killed_actor(own_exhibit: Bridged, open_page, until):
    """The page stays connected, says what happens, and shows the next epoch with the state kept."""
    page = open_page(own_exhibit.url())
    page.evaluate("reactor.sendCommand('set_level', { level: 77 })")
    page.evaluate(
        "() => { globalThis.words = []; reactor.on('statusChanged', ({ status, model }) => words.push(`${status} ${model.state}`)); }"
    )
    page.evaluate(TELL)
    own_exhibit.run.kill_actor()
    until(page, "told.some(([epoch]) => epoch === 2)", "frames of the next actor")
    words: list[str] = page.evaluate("words")
    assert "waiting restarting" in words
    assert not [word for word in words if word.startswith("reconnecting")]
    assert page.evaluate("reactor.getState().level") == 77


def test_slow_relay(own_exhibit: Bridged, relay: Relay, open_page, until):
    """Over a line that is too slow frames are left out; those that come are not old."""
    own_exhibit.kill_bridge()
    own_exhibit.options = ("--allow-host", f"127.0.0.1:{relay.port}")
    own_exhibit.start_bridge()
    relay.target_port = own_exhibit.port
    url = own_exhibit.url("codecs=i420").replace(f":{own_exhibit.port}/", f":{relay.port}/")
    page = open_page(url)
    relay.rate = 1_500_000  # ten of thirty frames of 115 kB
    page.evaluate(TELL)
    until(page, "reactor.getStats().tracks.main_video?.missed > 40", "drops")
    seqs: list[int] = [seq for _, seq, *_ in page.evaluate("told")]
    assert seqs == sorted(seqs)
    # The bridge's and this browser's clock are one: how old a frame was when it was drawn.
    ages: list[float] = page.evaluate("told.slice(-10).map(([, , made, drawn]) => drawn - made)")
    assert sorted(ages)[len(ages) // 2] < 1500
    relay.rate = 0
    page.evaluate("reactor.sendCommand('set_level', { level: 5 })")
    until(page, "reactor.getState().level === 5", "steering after it")


@pytest.fixture
def foreign() -> Iterator[str]:
    """The address of a page of another origin."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_foreign_origin(exhibit: Bridged, context, foreign: str):
    """A page of another origin gets in by no path: no socket, no stream, no file."""
    page: Page = context.new_page()
    page.goto(foreign)
    got = page.evaluate(
        """async (port) => {
      const socket = await new Promise((resolve) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, "reactor.v1");
        ws.onopen = () => resolve("open");
        ws.onerror = () => resolve("refused");
      });
      const read = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init).then((r) => r.status, () => "refused");
      return [socket, await read("/stream?viewer=x"), await read("/uploads", { method: "POST", body: "x" })];
    }""",
        exhibit.port,
    )
    assert got == ["refused", "refused", "refused"]


@pytest.mark.parametrize("path", ["/", "/ws", "/stream?viewer=x", "/web/reactor.js"])
def test_foreign_host(exhibit: Bridged, path: str):
    """A name that leads here, as DNS rebinding makes one, is not answered on any path."""
    with socket.create_connection(("127.0.0.1", exhibit.port), 10) as line:
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()
        )
        assert b" 403 " in line.makefile("rb").readline()


def test_wrong_token(exhibit: Bridged, open_page, until, picture):
    """A link that doesn't open says so and asks for one that does."""
    page = open_page(f"http://127.0.0.1:{exhibit.port}/#token=wrong", live=False)
    until(page, f"{STATUS} === 'No access'", "the refusal")
    picture(page, "no_access")
    page.get_by_label("Link or token").fill(exhibit.url())
    page.get_by_role("button", name="Open").click()
    until(page, f"{STATUS} === 'Live'", "the right link")
    assert exhibit.token not in page.url


def test_link_hides_its_token(exhibit: Bridged, open_page, until):
    """The token leaves the address bar, and a reload needs it no more."""
    page = open_page(exhibit.url())
    assert exhibit.token not in page.url
    page.reload()
    until(page, f"{STATUS} === 'Live'", "the page after a reload")


def test_camera_over_links_that_break(exhibit: Bridged, open_page, until):
    """A link that breaks before it has heard of the camera does not end it."""
    page = open_page(exhibit.url())
    page.get_by_role("button", name="Camera").click()
    until(page, "reactor.publishing.names.length === 1", "the camera")
    page.evaluate("""() => {
      const { connection } = reactor;
      const { welcomed } = connection.listener;
      connection.listener.welcomed = (welcome) => {
        connection.listener.welcomed = welcomed;
        welcomed(welcome);
        globalThis.broken = true;
        void connection.retry();
      };
      void connection.retry();
    }""")
    until(page, f"globalThis.broken && {STATUS} === 'Live'", "the link after it")
    # Its answer comes after those of all that was asked before.
    names = "reactor.sendCommand('set_level', { level: 5 }).then(() => reactor.publishing.names)"
    assert len(page.evaluate(names)) == 1
    page.get_by_role("button", name="Camera").click()
    until(page, "reactor.publishing.names.length === 0", "the camera's end")
