"""The React entry in a real page: hooks follow the model, StrictMode's double mount included."""

from __future__ import annotations

import pytest
from bridged import Bridged
from node_tools import OUT, WEB, node, npm

pytestmark = pytest.mark.browser

TOOLS = OUT / "react"
PACKAGES = ("react@18.3.1", "react-dom@18.3.1", "esbuild@0.25.12")
BUILD = """
const [esbuild, entry] = process.argv.slice(1);
const options = { entryPoints: [entry], bundle: true, format: "esm", external: ["./reactor.js"], write: false };
process.stdout.write(require(esbuild).buildSync(options).outputFiles[0].text);
"""
APP = """
import { StrictMode, createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { ReactorVideo, useMessage, useModelState, useReactor, useSchema, useStatus } from "./react.js";

function App() {
  const reactor = useReactor({ url: location.href });
  globalThis.reactor = reactor;
  const { status } = useStatus(reactor);
  const { level } = useModelState(reactor);
  const title = useSchema(reactor)?.info.title;
  const marked = useMessage(reactor, "marked")?.note;
  return h("main", {}, h(ReactorVideo, { reactor, track: "main_video", id: "picture" }),
    h("p", { id: "said" }, JSON.stringify({ status, level, title, marked: marked ?? null })));
}
createRoot(document.body.appendChild(document.createElement("section"))).render(h(StrictMode, {}, h(App)));
"""


@pytest.fixture(name="bundle", scope="module")
def built_bundle() -> str:
    """Bundle the page with React, where npm reaches a registry; the module itself stays outside."""
    esbuild = TOOLS / "node_modules/esbuild"
    if not esbuild.is_dir():
        TOOLS.mkdir(parents=True, exist_ok=True)
        done = npm("install", "--no-audit", "--no-fund", "--prefix", str(TOOLS), *PACKAGES)
        if done.returncode:
            pytest.skip(f"npm could not get React: {done.stderr.strip()[-200:]}")
    (TOOLS / "app.js").write_text(APP)
    (TOOLS / "react.js").write_text((WEB / "react.js").read_text())
    done = node("-e", BUILD, str(esbuild), str(TOOLS / "app.js"))
    assert done.returncode == 0, done.stderr
    return done.stdout.replace('"./reactor.js"', '"/web/reactor.js"')


def test_hooks(exhibit: Bridged, bundle: str, context, until):
    """Status, state, schema and messages show, and the picture is drawn, after mounting twice."""
    # In the place of the viewer's own script: Chromium lets no page that is made up here connect.
    script = "**/web/viewer/app.js"
    context.route(script, lambda r: r.fulfill(body=bundle, content_type="text/javascript"))
    page = context.new_page()
    page.goto(exhibit.url())
    said = "JSON.parse(document.querySelector('#said')?.textContent ?? '{}')"
    until(page, f"{said}.status === 'ready'", "the status")
    page.evaluate("reactor.sendCommand('set_level', { level: 33 })")
    until(page, f"{said}.level === 33", "the state")
    assert page.evaluate(f"{said}.title").lower() == "exhibit"
    until(page, "document.querySelector('#picture').width === 320", "the picture")
