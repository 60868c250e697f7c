"""Results as one HTML page that needs nothing else: to be read, printed, sent and cited."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import msgspec

from reactor_zmq.benchmark.plots import drawn
from reactor_zmq.benchmark.results import Results
from reactor_zmq.benchmark.svg import STYLE
from reactor_zmq.benchmark.table import Table, tables
from reactor_zmq.benchmark.texts import COPIED, METHODS, RATIO

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1b1f24; --muted: #59636e;
  --rule: #d5d9de; --warn: #fff3cd; --warn-text: #5c4600; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --text: #e6e8eb;
  --muted: #9aa4b0; --rule: #3a414a; --warn: #4a3a00; --warn-text: #ffe9a8; } }
@media print { :root { --page: #fff; --text: #000; --muted: #444; --rule: #bbb; }
  section { break-inside: avoid-page; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { margin: 2.4rem 0 .4rem; font-size: 1.25rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; }
p, dl { max-width: 48rem; } .muted, dt { color: var(--muted); } dd { margin: 0 0 .5rem; }
.busy { background: var(--warn); color: var(--warn-text); padding: .7rem 1rem; border-radius: 6px; }
.plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.scroll { overflow-x: auto; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; } th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; } tr.ceiling td { color: var(--muted); }
code { font-size: .92em; }
"""
_PARTS = ("frames", "latency", "readers", "events")


def page(results: Results) -> str:
    """Return the page."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    title = escape(results.title)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}, {escape(results.made_at)}</title>"
    yield f"<style>{_STYLE}{STYLE}</style></head><body>"
    yield f"<h1>{title}</h1><p class=muted>{escape(results.made_at)}, {_machine_line(results)}</p>"
    yield from _warnings(results)
    yield f"<p>{escape(RATIO)}</p>"
    found = list(tables(results))
    for part in _PARTS:
        own = [table for table in found if table.part == part]
        if own:
            yield from _part(results, part, own)
    yield from _provenance(results)
    yield "</body></html>"


def _warnings(results: Results) -> Iterator[str]:
    load = results.load
    if load.busy:
        yield (
            f"<p class=busy><b>This machine was busy.</b> Other processes took "
            f"{load.others_share:.0%} of its processors while frames were measured "
            f"({load.others_most:.0%} at most; load average {load.before:.1f} before, "
            f"{load.after:.1f} after). Ratios may hold; absolute figures are too low.</p>"
        )
    for note in results.notes:
        yield f"<p>{escape(note)}</p>"


def _part(results: Results, part: str, own: list[Table]) -> Iterator[str]:
    method = METHODS[part]
    yield f"<section><h2>{escape(method.title)}</h2>"
    yield '<div class="plots">' + "".join(drawn(results, part)) + "</div></section>"
    for table in own:
        yield f"<section><h3>{escape(table.title)}</h3>{_table(table)}</section>"
    yield "<section><h3>How this was measured</h3><dl>"
    for name, text in (
        ("Clock", method.clock), ("Not in it", method.excluded),
        ("What it favours", method.bias),
    ):  # fmt: skip
        yield f"<dt>{name}</dt><dd>{escape(text)}</dd>"
    yield f"<dt>Again</dt><dd><code>{escape(results.command or method.repeat)}</code></dd>"
    if part != "events":
        yield f"<dt>Bytes copied</dt><dd>{escape(COPIED)}</dd>"
    yield "</dl></section>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(
        f"<tr{' class=ceiling' if '[ceiling]' in row[0] else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in table.rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _machine_line(results: Results) -> str:
    machine = results.machine
    where = f"{machine.processor}, {machine.processors} processors"
    return escape(f"{where}{', virtual' if machine.virtual else ''}, {machine.kernel}")


def _provenance(results: Results) -> Iterator[str]:
    machine, load = results.machine, results.load
    facts = {
        "Processor": f"{machine.processor} × {machine.processors}"
        + (" (virtual machine)" if machine.virtual else ""),
        "Memory": f"{machine.memory_nbytes / 2**30:.1f} GiB",
        "Kernel": machine.kernel,
        "Frequency governor": machine.governor or "not told",
        "Python": machine.python,
        "Versions": ", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        "Load average": f"{load.before:.2f} before, {load.after:.2f} after",
        "Taken by other processes": f"{load.others_share:.1%} of all processors, median over runs; "
        f"{load.others_most:.1%} at most",
        "Runs": f"{results.rounds} rounds in turn, about {results.run_s:.2f} s each, "
        f"{results.took_s:.0f} s in all",
    }
    yield "<section><h2>Where and when</h2><dl>"
    for name, text in facts.items():
        yield f"<dt>{name}</dt><dd>{escape(text)}</dd>"
    yield "</dl></section>"
    # Whoever has the page has the figures of every single run.
    data = msgspec.json.encode(results).decode().replace("</", "<\\/")
    yield f'<script type="application/json" id="results">{data}</script>'
