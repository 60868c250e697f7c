"""The two files of a benchmark."""

from __future__ import annotations

from pathlib import Path

from reactor_zmq.benchmark.page import page
from reactor_zmq.benchmark.results import Results, save

_NAME = str.maketrans({" ": "-", ":": ""})


def write(results: Results, folder: Path) -> str:
    """Write results and page; return the lines that name them."""
    base = folder / f"reactor-zmq-bench-{results.made_at[:16].translate(_NAME)}"
    json, html = base.with_suffix(".json"), base.with_suffix(".html")
    save(results, json)
    html.write_text(page(results))
    return f"\n{json}\n{html}"
