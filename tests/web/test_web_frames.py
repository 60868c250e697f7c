"""Pictures and sound as they arrive in a page."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from bridged import Bridged
from exhibit_model import HEIGHT, QUARTERS, WIDTH
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PIXELS = """async ([track, places]) => {
  const blob = await reactor.screenshot({ track });
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const at = ([x, y]) => [...context.getImageData(x * bitmap.width, y * bitmap.height, 1, 1).data];
  return { size: [bitmap.width, bitmap.height], pixels: places.map((p) => at(p).slice(0, 3)) };
}"""
MIDDLES = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
CODEC = "name => reactor.getStats().tracks[name]?.codec"


def pixels(page: Page, track: str = "main_video", places: Any = MIDDLES) -> dict[str, Any]:
    return page.evaluate(PIXELS, [track, [list(place) for place in places]])


def furthest(seen: list[list[int]], level: int) -> int:
    wanted = [*QUARTERS, (level,) * 3]
    return max(
        abs(a - b) for s, w in zip(seen, wanted, strict=True) for a, b in zip(s, w, strict=True)
    )


@pytest.mark.parametrize(
    ("codec", "transport", "tolerance"),
    [
        ("rgba", "stream", 0),
        ("i420", "stream", 3),
        ("h264", "stream", 6),
        ("jpeg", "stream", 6),
        ("jpeg", "ws", 6),
        ("h264", "ws", 6),
    ],
)
def test_colours(exhibit: Bridged, open_page, until, codec: str, transport: str, tolerance: int):
    """Each codec shows a known frame in its own colours, by either way."""
    if codec == "h264":
        pytest.importorskip("av", reason="H.264 needs the extra `h264`")
    page = open_page(exhibit.url(f"codecs={codec}&transport={transport}"))
    until(page, "() => reactor.getStats().transport === " + f"{transport!r}", "the transport")
    until(page, f"n => ({CODEC})(n) === {codec!r}", "the codec", "main_video")
    level = page.evaluate("reactor.getState().level")
    found = pixels(page)
    assert found["size"] == [WIDTH, HEIGHT]
    assert furthest(found["pixels"], level) <= tolerance, found["pixels"]


def test_drawn_to_the_screen(exhibit: Bridged, open_page, until):
    """What the compositor shows are those colours: the canvas is really drawn on."""
    image = pytest.importorskip("PIL.Image", reason="needs pillow")
    page = open_page(exhibit.url("codecs=rgba"))
    page.wait_for_timeout(400)  # the canvas fades in
    shot = page.locator("[data-track=main_video] canvas").screenshot()
    seen = image.open(io.BytesIO(shot)).convert("RGB")
    width, height = seen.size
    scale = min(width / WIDTH, height / HEIGHT)
    place = (width / 2 - WIDTH * scale / 4, height / 2 - HEIGHT * scale / 4)
    found = seen.getpixel(tuple(map(int, place)))
    assert max(abs(a - b) for a, b in zip(found, QUARTERS[0], strict=True)) <= 2


def test_several_tracks(exhibit: Bridged, open_page, until):
    """Every video track has its tile and its name, and is drawn."""
    page = open_page(exhibit.url())
    until(page, "document.querySelectorAll('.tile.live').length === 2", "both tracks")
    names = page.locator(".tile figcaption").all_inner_texts()
    assert names == ["main_video", "seen"]
    assert pixels(page, "seen")["size"] == [64, 48]


def test_tracks_that_come_late(exhibit: Bridged, context, open_page, until):
    """A page that was there while the model loaded shows its pictures when they are told of."""

    def late(socket: Any) -> None:
        server = socket.connect_to_server()

        def said(text: str | bytes) -> None:
            told = json.loads(text)
            if told["type"] != "$welcome":
                socket.send(text)
                return
            tracks, told["data"]["tracks"] = told["data"]["tracks"], []
            socket.send(json.dumps(told))
            socket.send(json.dumps({"type": "$tracks", "data": {"tracks": tracks}}))

        server.on_message(said)

    context.route_web_socket("**/ws", late)
    page = open_page(exhibit.url())
    until(page, "document.querySelectorAll('.tile.live').length === 2", "both tracks")


def test_camera_round_trip(exhibit: Bridged, open_page, until, picture):
    """The camera goes to the model and comes back as another track; stopping it ends that."""
    page = open_page(exhibit.url())
    camera = page.get_by_role("button", name="Camera")
    camera.click()
    until(page, "document.querySelector('[data-input]').ariaPressed === 'true'", "the camera")
    places = [(x / 8, y / 8) for x in range(1, 8) for y in range(1, 8)]
    until(
        page,
        f"async (a) => (await ({PIXELS})(a)).pixels.some((p) => Math.max(...p) > 60)",
        "the camera's picture",
        ["seen", [list(p) for p in places]],
    )
    picture(page, "camera")
    camera.click()
    until(page, "document.querySelector('#self').hidden", "the end of the camera")
    assert page.evaluate("reactor.publishing.names") == []


def test_sound(exhibit: Bridged, open_page, until):
    """A track's tone reaches the speakers, at its pitch."""
    page = open_page(exhibit.url())
    page.evaluate("""async () => {
      const playback = await reactor.playAudio();
      const analyser = playback.context.createAnalyser();
      analyser.fftSize = 8192;
      playback.gain.connect(analyser);
      globalThis.pitch = () => {
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        const top = bins.indexOf(Math.max(...bins));
        const hz = (top * playback.context.sampleRate) / analyser.fftSize;
        return bins[top] > -40 && Math.abs(hz - 440) < 12;
      };
    }""")
    until(page, "pitch()", "a tone of 440 Hz")


def test_frames_are_told(exhibit: Bridged, open_page, until):
    """Whoever listens hears of each frame: order, size, times on one clock."""
    page = open_page(exhibit.url())
    page.evaluate("() => { globalThis.told = []; reactor.on('frame', (f) => told.push(f)); }")
    until(page, "told.filter((f) => f.track === 'main_video').length > 5")
    told = [f for f in page.evaluate("told") if f["track"] == "main_video"]
    assert [f["seq"] for f in told] == sorted({f["seq"] for f in told})
    assert {(f["width"], f["height"]) for f in told} == {(WIDTH, HEIGHT)}
    assert all(f["drawnMs"] >= f["madeMs"] - 50 for f in told)


@pytest.mark.parametrize("codec", ["rgba", "i420", "jpeg"])
def test_metadata_comes_with_each_codec(exhibit: Bridged, open_page, until, codec: str):
    """What the author attached is told of every frame, whatever becomes of its bytes."""
    page = open_page(exhibit.url(f"codecs={codec}"))
    page.evaluate("() => { globalThis.told = []; reactor.on('frame', (f) => told.push(f)); }")
    until(page, "told.filter((f) => f.track === 'main_video').length > 5")
    told = [f for f in page.evaluate("told") if f["track"] == "main_video"]
    level = page.evaluate("reactor.getState().level")
    assert [(f["codec"], f["metadata"]) for f in told] == [(codec, {"level": level})] * len(told)


def test_frames_that_browsers_cannot_turn_into_bytes(exhibit: Bridged, context, open_page, until):
    """A browser whose frames can't be copied as colours draws them, in the same colours."""

    def spoil(route: Any) -> None:
        text = route.fetch().text()
        assert '{ format: "RGBA" }' in text
        wrong = text.replace('{ format: "RGBA" }', '{ format: "nonsense" }')
        route.fulfill(body=wrong, content_type="text/javascript")

    context.route("**/frames/pixels.js", spoil)
    page = open_page(exhibit.url("codecs=i420"))
    until(page, f"n => ({CODEC})(n) === 'i420'", "the codec", "main_video")
    assert furthest(pixels(page)["pixels"], page.evaluate("reactor.getState().level")) <= 3


SHOWN = """async ([codec, width, height, payload]) => {
  const { decoderFor } = await import("/web/frames/decoders.js");
  const { pixelsOf } = await import("/web/frames/pixels.js");
  const { Painter } = await import("/web/frames/painter.js");
  const shown = async (turn) => {
    const record = { codec, width, height, payload: Uint8Array.from(payload) };
    const painter = new Painter(new OffscreenCanvas(1, 1));
    painter.draw(turn(await decoderFor(codec).decode(record)));
    const bitmap = await createImageBitmap(await painter.snapshot("image/png"));
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return [...context.getImageData(0, 0, width, height).data];
  };
  const frame = await shown((picture) => picture);
  const turned = codec === "i420" ? await pixelsOf(await decoderFor(codec).decode(
    { codec, width, height, payload: Uint8Array.from(payload) })) : null;
  return [frame, turned ? await shown(() => turned) : frame];
}"""


@pytest.mark.parametrize(("width", "height"), [(8, 6), (17, 33)])
def test_bytes_are_what_is_drawn(exhibit: Bridged, open_page, width: int, height: int):
    """A frame turned into bytes is the frame as the browser draws it, with odd sides as well."""
    page = open_page(exhibit.url())
    nbytes = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
    payload = [16 + 37 * n % 219 for n in range(nbytes)]
    drawn, copied = page.evaluate(SHOWN, ["i420", width, height, payload])
    assert max(drawn[::4]) - min(drawn[::4]) > 100
    assert max(abs(a - b) for a, b in zip(drawn, copied, strict=True)) <= 1


def test_pictures_are_opaque(exhibit: Bridged, open_page):
    """What the author left transparent is shown in its colour: there is nothing behind it."""
    page = open_page(exhibit.url())
    drawn, _ = page.evaluate(SHOWN, ["rgba", 2, 1, [200, 100, 50, 0, 9, 8, 7, 128]])
    assert drawn == [200, 100, 50, 255, 9, 8, 7, 255]


BROKEN_H264 = ("return { codec,", "return { codec: 'avc1.nonsense',")


def test_decoder_that_fails_is_stepped_over(exhibit: Bridged, context, open_page, until):
    """A browser that claims H.264 and can't decode it gets JPEG, by itself."""
    pytest.importorskip("av", reason="H.264 needs the extra `h264`")

    def spoil(route: Any) -> None:
        text = route.fetch().text()
        assert BROKEN_H264[0] in text
        claims = text.replace(*BROKEN_H264).replace("return false;", "return true;", 1)
        claims = claims.replace(
            "return new Promise((resolve) => {",
            "return true;\n  return new Promise((resolve) => {",
            1,
        )
        route.fulfill(body=claims, content_type="text/javascript")

    context.route("**/frames/h264.js", spoil)
    page = open_page(exhibit.url("codecs=h264,jpeg"))
    until(page, f"n => ({CODEC})(n) === 'jpeg'", "the step down to JPEG", "main_video")
    assert furthest(pixels(page)["pixels"], page.evaluate("reactor.getState().level")) <= 6


def test_stream_that_does_not_open(exhibit: Bridged, context, open_page, until):
    """Where no stream opens, the same records come over the WebSocket."""
    context.route("**/stream?*", lambda route: route.abort())
    page = open_page(exhibit.url())
    until(page, "reactor.getStats().transport === 'ws'", "the fallback")
    assert furthest(pixels(page)["pixels"], page.evaluate("reactor.getState().level")) <= 6


def test_mjpeg_is_the_last_resort(exhibit: Bridged, context, open_page, until):
    """A browser without OffscreenCanvas still shows the picture."""
    context.add_init_script("delete HTMLCanvasElement.prototype.transferControlToOffscreen")
    page = open_page(exhibit.url())
    until(
        page,
        f"async (a) => {{ try {{ return (await ({PIXELS})(a)).size[0] === {WIDTH}; }}"
        " catch { return false; } }",
        "a picture",
        ["main_video", MIDDLES],
    )
    assert furthest(pixels(page)["pixels"], page.evaluate("reactor.getState().level")) <= 6


def test_who_listens_first_hears_too(exhibit: Bridged, open_page, until):
    """A listener for frames that was there before anything was watched hears of them."""
    page = open_page(exhibit.url())
    page.evaluate("""async () => {
      const { Reactor } = await import("/web/reactor.js");
      const other = new Reactor({ url: location.href, token: reactor.connection.options.token });
      globalThis.told = [];
      other.on("frame", (f) => told.push(f));
      other.watch("main_video");
      await other.connect();
    }""")
    until(page, "told.length > 5", "frames")
