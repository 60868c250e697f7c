"""The viewer: controls made from the schema, following the model, on any screen, by any means."""

from __future__ import annotations

import re

import pytest
from bridged import Bridged
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

STATE = "name => reactor.getState()[name]"


def state_is(until, page: Page, name: str, value: object) -> None:
    """Wait until the model has the value."""
    wanted = "([name, value]) => JSON.stringify(reactor.getState()[name]) === JSON.stringify(value)"
    until(page, wanted, f"{name} = {value!r}", [name, value])


def field(page: Page, name: str):
    return page.locator(f"[data-field={name}]")


def test_controls_come_from_the_schema(exhibit: Bridged, open_page, until, picture):
    """Each field has the control that fits its type, with its description and its bounds."""
    page = open_page(exhibit.url())
    kinds = page.evaluate("""() => [...document.querySelectorAll("[data-field]")].map((row) => [
      row.dataset.field, ["[type=range]", ".segments", "textarea", "select", ".switch", "[type=file]", "[type=number]"]
        .map((kind) => row.querySelector(kind)).find((e) => e).type ?? "segments"])""")
    assert dict(kinds) == {
        "level": "range",
        "gain": "range",
        "prompt": "textarea",
        "mode": "segments",
        "forward": "checkbox",
        "delay_ms": "number",
        "palette": "select-one",
        "weights": "textarea",
        "photo": "file",
    }
    level = field(page, "level").locator("[type=range]")
    assert [level.get_attribute(x) for x in ("min", "max", "step")] == ["0", "255", "1"]
    assert "Grey of the last quarter" in field(page, "level").inner_text()
    assert "ms" in field(page, "delay_ms").inner_text()
    picture(page, "dark")


def test_controls_drive_the_model(exhibit: Bridged, open_page, until):
    """Slider, exact value, choice, switch, text, list and reset reach the model."""
    page = open_page(exhibit.url())
    field(page, "level").locator("[type=range]").focus()
    page.keyboard.press("End")
    state_is(until, page, "level", 255)
    exact = field(page, "level").locator("[type=number]")
    exact.fill("17")
    exact.press("Enter")
    state_is(until, page, "level", 17)
    field(page, "level").get_by_role("button", name="default").click()
    state_is(until, page, "level", 128)
    field(page, "mode").get_by_text("night").click()
    state_is(until, page, "mode", "night")
    field(page, "palette").locator("select").select_option(label="old film")
    state_is(until, page, "palette", "old film")
    field(page, "forward").get_by_role("switch").click()
    state_is(until, page, "forward", value=True)
    field(page, "prompt").locator("textarea").fill("a storm")
    page.keyboard.press("Enter")
    state_is(until, page, "prompt", "a storm")
    field(page, "weights").locator("textarea").fill("[1, 2.5]")
    page.keyboard.press("Tab")
    state_is(until, page, "weights", [1, 2.5])


def test_a_refusal_stands_at_its_control(exhibit: Bridged, open_page, until):
    """What the model refuses is said beside the control, which goes back to the model's value."""
    page = open_page(exhibit.url())
    before = page.evaluate(STATE, "level")
    exact = field(page, "level").locator("[type=number]")
    exact.fill("999")
    exact.press("Enter")
    page.keyboard.press("Tab")
    field(page, "level").locator(".field-error:not([hidden])").wait_for()
    assert "255" in field(page, "level").locator(".field-error").inner_text()
    until(page, "v => document.querySelector('[data-field=level] [type=range]').valueAsNumber === v",
          "the model's value", before)  # fmt: skip


def test_two_tabs_agree(exhibit: Bridged, open_page, until):
    """What one tab changes shows in the other's controls; a drag in that one is not fought."""
    one, other = open_page(exhibit.url()), open_page(exhibit.url())
    shown = "v => document.querySelector('[data-field=level] [type=range]').valueAsNumber === v"
    one.evaluate("reactor.sendCommand('set_level', { level: 40 })")
    until(other, shown, "the first tab's value", 40)
    handle = field(other, "level").locator("[type=range]")
    box = handle.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    other.mouse.move(box["x"] + 40, middle)
    other.mouse.down()
    other.mouse.move(box["x"] + 160, middle, steps=6)
    held = other.evaluate("document.querySelector('[data-field=level] [type=range]').valueAsNumber")
    state_is(until, other, "level", held)
    one.evaluate("reactor.sendCommand('set_level', { level: 41 })")
    state_is(until, other, "level", 41)
    assert other.evaluate(shown, held)
    other.mouse.up()
    until(other, shown, "the model's value once let go", 41)
    until(one, shown, "the same in the first tab", 41)


def test_actions(exhibit: Bridged, open_page, until, picture):
    """A button, its digit, a form with values, and a click on the picture send events."""
    page = open_page(exhibit.url())
    page.get_by_role("button", name="Press").click()
    page.locator("[data-message=counted]").wait_for()
    count = "+document.querySelector('[data-message=counted] dd').textContent"
    first = page.evaluate(count)
    page.locator("body").press("Digit1")
    until(page, f"v => {count} === v", "the second press", first + 1)
    page.get_by_text("Mark", exact=True).last.click()
    page.locator("[data-event=mark] textarea").fill("there")
    page.get_by_role("button", name="Send").click()
    until(page, "document.querySelector('[data-event=mark] output').textContent.includes('marked')")
    canvas = page.locator("[data-track=main_video] canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "/0.5/.test(document.querySelector('[data-message=marked]')?.textContent)")
    page.get_by_role("button", name="Refuse").click()
    page.get_by_role("tab", name="Messages").click()
    page.locator(".log [data-kind=error]").get_by_text("closed for pressing").wait_for()
    picture(page, "messages")


def test_upload(exhibit: Bridged, open_page, until, picture):
    """A chosen file reaches the model, with its name and a thumbnail; so does one that is dropped."""
    page = open_page(exhibit.url())
    png = page.screenshot()
    field(page, "photo").locator("input").set_input_files(
        {"name": "shot.png", "mimeType": "image/png", "buffer": png}
    )
    until(page, "reactor.getState().photo?.name === 'shot.png'", "the photo")
    assert page.evaluate("reactor.getState().photo.size") == len(png)
    until(page, "document.querySelector('[data-field=photo] img')?.naturalWidth > 0", "a thumbnail")
    field(page, "photo").scroll_into_view_if_needed()
    picture(page, "upload")
    page.evaluate("""() => {
      const files = new DataTransfer();
      files.items.add(new File(["hello"], "dröp.txt", { type: "text/plain" }));
      const stage = document.querySelector("#stage");
      stage.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true }));
    }""")
    until(page, "reactor.getState().photo?.name === 'dröp.txt'", "the dropped file")


def test_upload_that_is_refused(exhibit: Bridged, open_page):
    """A file beyond the limit is refused with the bound; one that is given up is aborted."""
    page = open_page(exhibit.url())
    told = page.evaluate("""async () => {
      const large = new Blob([new Uint8Array(33 * 2 ** 20)]);
      const abort = new AbortController();
      abort.abort();
      const failed = (promise) => promise.then(() => null, (e) => [e.name, e.code, e.message]);
      return [await failed(reactor.uploadFile(large)),
              await failed(reactor.uploadFile(new Blob(["x"]), { signal: abort.signal }))];
    }""")
    assert told[0][:2] == ["ReactorError", "too_large"]
    assert "33554432" in told[0][2]
    assert told[1][:2] == ["ReactorError", "aborted"]


def test_keys_are_let_go_on_blur(exhibit: Bridged, open_page, until):
    """A held key holds its field; looking elsewhere lets it go."""
    page = open_page(exhibit.url())
    page.evaluate("reactor.sendCommand('set_forward', { forward: false })")
    page.keyboard.down("w")
    state_is(until, page, "forward", value=True)
    page.evaluate("dispatchEvent(new Event('blur'))")
    state_is(until, page, "forward", value=False)


def test_help_and_shortcuts(exhibit: Bridged, open_page, until, picture):
    """The help lists what keys do; typing is no shortcut."""
    page = open_page(exhibit.url())
    page.keyboard.press("?")
    page.locator("#keys[open]").wait_for()
    assert "Full screen" in page.locator("#keys").inner_text()
    assert "Forward" in page.locator("#keys").inner_text()
    picture(page, "help")
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    assert page.locator("#hud").is_hidden()
    field(page, "prompt").locator("textarea").focus()
    page.keyboard.type("h")
    assert page.locator("#hud").is_hidden()


def test_screenshot_and_recording(exhibit: Bridged, open_page, until):
    """Both are saved as files: a PNG, and a video with something in it."""
    page = open_page(exhibit.url())
    until(page, "document.querySelectorAll('#hud div').length === 7", "a picture")
    with page.expect_download() as shot:
        page.keyboard.press("c")
    assert shot.value.suggested_filename.endswith(".png")
    assert shot.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_role("button", name="Record").click()
    until(page, "document.querySelector('#recording-time').textContent === '0:01'", "a second")
    with page.expect_download() as video:
        page.get_by_role("button", name="Stop recording").click()
    assert video.value.suggested_filename.endswith(".webm")
    assert video.value.path().stat().st_size > 1_000


def test_figures(exhibit: Bridged, open_page, until):
    """The figures over the picture are there and plausible."""
    page = open_page(exhibit.url())
    until(page, "document.querySelectorAll('#hud div').length === 7", "figures")
    text = page.locator("#hud").inner_text()
    assert "fps" in text
    assert re.search("320 . 240", text)
    assert "I420 stream" in text.replace("\n", " ")


def test_light(exhibit: Bridged, open_page, until, picture):
    """The page is light where the system or the person wants it."""
    page = open_page(exhibit.url())
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    page.wait_for_timeout(300)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    picture(page, "light")


def test_phone(exhibit: Bridged, browser, until, picture):
    """On a phone nothing is cut off: picture above, controls below, large enough to touch."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
        device_scale_factor=2, color_scheme="dark",
    )  # fmt: skip
    page = context.new_page()
    page.goto(exhibit.url())
    until(page, "document.querySelector('.tile.live') !== null", "a picture")
    page.wait_for_timeout(400)
    picture(page, "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cut = page.evaluate("""() => {
      const stage = document.querySelector("#stage").getBoundingClientRect();
      return [...document.querySelectorAll(".dock button")].filter((e) => e.checkVisibility())
        .filter((e) => { const b = e.getBoundingClientRect();
          return b.left < stage.left || b.right > stage.right || b.bottom > stage.bottom
            || document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2)?.closest("button") !== e; })
        .map((e) => e.ariaLabel); }""")
    assert cut == []
    small = page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea")]
      .filter((e) => e.checkVisibility() && !e.matches(".reset, .value input, .switch, [type=radio], [type=range]"))
      .filter((e) => e.getBoundingClientRect().height < 40).map((e) => e.outerHTML.slice(0, 90))""")
    assert small == []
    field(page, "level").locator("[type=range]").tap()
    page.locator("#actions").scroll_into_view_if_needed()
    picture(page, "phone_controls")
    context.close()


def test_who_may_only_watch(exhibit: Bridged, open_page, until, picture):
    """A token for looking shows everything and lets nothing be changed, keys included."""
    token = exhibit.run.connection.view_token
    page = open_page(exhibit.url().replace(exhibit.token, token))
    assert page.get_by_text("You can watch, but not steer.").is_visible()
    enabled = page.locator("#fields :is(input, select, textarea, button):enabled")
    assert enabled.count() == 0
    before = page.evaluate(STATE, "forward")
    page.keyboard.down("w")
    page.keyboard.up("w")
    refused = page.evaluate("reactor.sendCommand('press').catch((e) => e.code)")
    assert refused == "forbidden"
    assert page.evaluate(STATE, "forward") == before
    picture(page, "watching")
