"""The page, the plots, the tables, the file."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from made_results import made

from reactor_zmq.benchmark.page import page
from reactor_zmq.benchmark.plots import drawn, plots
from reactor_zmq.benchmark.results import Results, load, save
from reactor_zmq.benchmark.svg import Plot, Point, Series
from reactor_zmq.benchmark.table import plain, tables
from reactor_zmq.errors import ConfigError

OURS, CEILING = [900.0, 905.0, 895.0], [1000.0, 1010.0, 990.0]


class Tags(HTMLParser):
    """Notes tags that are opened and not closed, and whatever leads elsewhere."""

    VOID = ("meta", "path", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [str(v) for name, v in attrs if name in ("src", "href") and v]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(name="results")
def made_results() -> Results:
    return made(OURS, CEILING)


def test_the_page_needs_nothing_else(results: Results):
    """It is well-formed and loads nothing: no script runs, no link leads away."""
    tags = Tags()
    text = page(results)
    tags.feed(text)
    assert tags.open == []
    assert tags.links == []
    assert "url(" not in text
    assert re.findall(r"<script(?! type=\"application/json\")", text) == []


def test_the_page_holds_every_run(results: Results):
    """Whoever has the page has the figures of every single run."""
    text = page(results)
    data = re.search(r'id="results">(.*)</script>', text)
    assert data is not None
    assert msgspec.json.decode(data[1], type=Results) == results


def test_names_are_escaped(results: Results):
    """A name is text, whatever it holds."""
    assert "bare <tcp>" not in page(results).split("<script")[0]
    assert "bare &lt;tcp&gt;" in page(results)


def test_a_busy_machine_is_named():
    """A page that was made on a busy machine says so at its top."""
    assert "This machine was busy" in page(made(OURS, CEILING, busy=0.3))
    assert "This machine was busy" not in page(made(OURS, CEILING))


def test_every_part_says_how_it_was_measured(results: Results):
    """Clock, exclusions, bias and the command stand beside every part that was measured."""
    text = page(results)
    assert text.count("<dt>Clock</dt>") == 4
    assert text.count("<dt>What it favours</dt>") == 4


def test_plots_are_well_formed(results: Results):
    """Every plot is XML with a line for each way."""
    found = [svg for part in ("frames", "latency", "readers") for svg in drawn(results, part)]
    assert len(found) == 4
    for svg in found:
        root = ET.fromstring(svg)  # noqa: S314 - it was made here
        lines = [e for e in root.iter() if "line" in e.get("class", "").split()]
        assert len(lines) == 2


def test_labels_do_not_lie_on_each_other():
    """Series that end at the same place have names that can be read."""
    series = [Series(f"s{n}", [Point(0, 5.0, 5.0, 5.0), Point(1, 7.0, 7, 7)], n) for n in range(6)]
    svg = Plot("t", "x", "y", ["a", "b"], series).svg(alone=True)
    root = ET.fromstring(svg)  # noqa: S314 - it was made here
    named = [e for e in root.iter() if (e.text or "").startswith("s") and e.tag.endswith("text")]
    places = sorted(float(e.get("y", "0")) for e in named)
    assert len(places) == 6
    assert min(b - a for a, b in pairwise(places)) >= 14


def test_nothing_measured_is_no_plot():
    """A part without figures has no empty axes."""
    results = made(OURS, CEILING)
    results.cells = []
    assert [plot.svg() for _, plot in plots(results)] == [""] * 7


def test_tables_show_ratios(results: Results):
    """Each figure stands beside its multiple of the ceiling."""
    lines = [line for table in tables(results) for line in plain(table)]
    row = next(line for line in lines if line.startswith("over tcp"))
    assert "900" in row
    assert "×0.90" in row  # noqa: RUF001 - as it is printed


def test_what_failed_is_told(results: Results):
    """A way that could not be measured has its reason where its figure would be."""
    results.cells[1].runs, results.cells[1].failed = {}, "it is not installed"
    lines = [line for table in tables(results) for line in plain(table)]
    assert any("not measured: it is not installed" in line for line in lines)


def test_a_file_comes_back_as_it_was(results: Results, tmp_path: Path):
    """What is saved is loaded, and is JSON for everybody else."""
    save(results, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == results
    assert json.loads((tmp_path / "r.json").read_text())["form"] == 1


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no"])
def test_other_files_are_refused(text: str, tmp_path: Path):
    """A file that holds no results is named in the error."""
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ConfigError, match=r"r\.json"):
        load(tmp_path / "r.json")


def test_files_of_another_form_are_refused(results: Results, tmp_path: Path):
    """A later form is not misread."""
    results.form = 2
    save(results, tmp_path / "r.json")
    with pytest.raises(ConfigError, match="form 2"):
        load(tmp_path / "r.json")
