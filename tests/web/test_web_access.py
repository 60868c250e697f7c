"""The viewer for those who use a keyboard, a screen reader, or see little."""

from __future__ import annotations

import pytest
from bridged import Bridged

pytestmark = pytest.mark.browser

NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, canvas, progress, dialog")]
  .filter((e) => !(e.ariaLabel || e.getAttribute("aria-labelledby") || e.labels?.length || e.textContent.trim() || e.title))
  .map((e) => e.outerHTML.slice(0, 120))"""
CONTRASTS = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.documentElement);
  const of = (name) => light(style.getPropertyValue(`--${name}`).trim());
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const pairs = [];
  for (const text of ["text", "dim", "accent", "good", "warn", "bad"])
    for (const ground of ["surface", "raised", "sunken"]) pairs.push([text, ground, ratio(of(text), of(ground))]);
  pairs.push(["on-accent", "accent", ratio(of("on-accent"), of("accent"))]);
  return pairs;
}"""


def test_everything_has_a_name(exhibit: Bridged, open_page):
    """Each control, picture and dialog can be read out; ids are used once; labels lead somewhere."""
    page = open_page(exhibit.url())
    assert page.evaluate(NAMELESS) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert sorted(ids) == sorted(set(ids))
    dangling = page.evaluate("""() => [...document.querySelectorAll("[aria-labelledby], [aria-describedby], [aria-controls], label[for]")]
      .flatMap((e) => ["aria-labelledby", "aria-describedby", "aria-controls", "for"].map((n) => e.getAttribute(n)).filter((id) => id))
      .filter((id) => !document.getElementById(id))""")
    assert dangling == []


def test_status_is_read_out(exhibit: Bridged, open_page):
    """Status and refusals are live regions; the stream of messages is not."""
    page = open_page(exhibit.url())
    assert page.locator("[role=status][aria-live=polite]").inner_text() == "Live"
    assert page.locator("#toasts").get_attribute("role") == "alert"
    assert page.locator("#log").get_attribute("aria-live") == "off"


def test_keyboard_alone(exhibit: Bridged, open_page, until):
    """Tab reaches every kind of control, what has the focus shows it, and keys work there."""
    page = open_page(exhibit.url())
    reached: set[str] = set()
    unseen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        what, outline = page.evaluate("""() => {
          const e = document.activeElement;
          const seen = [e, e.nextElementSibling, e.closest(".file")].filter((x) => x).map((x) => getComputedStyle(x).outlineStyle);
          return [e.type || e.getAttribute("role") || e.tagName, seen.some((s) => s !== "none")];
        }""")
        reached.add(what)
        if not outline and what != "BODY":
            unseen.append(what)
    wanted = {"range", "radio", "checkbox", "textarea", "select-one", "file", "submit", "button"}
    assert wanted - reached <= {"submit"}
    assert unseen == []
    page.locator("#tab-controls").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-log").get_attribute("aria-selected") == "true"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_contrast(exhibit: Bridged, open_page, theme: str):
    """Every text colour can be read on every ground, in both themes: 4.5 to 1."""
    page = open_page(exhibit.url())
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    faint = [(a, b, round(ratio, 2)) for a, b, ratio in page.evaluate(CONTRASTS) if ratio < 4.5]
    assert faint == []


def test_motion_is_reduced(exhibit: Bridged, open_page, context):
    """Who wants no motion gets none."""
    page = open_page(exhibit.url())
    page.emulate_media(reduced_motion="reduce")
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter((e) => {
      const { animationName, animationDuration } = getComputedStyle(e);
      return animationName !== "none" && parseFloat(animationDuration) > 0.01;
    }).map((e) => e.className)""")
    assert moving == []
