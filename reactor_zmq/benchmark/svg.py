"""Plots as SVG text: a logarithmic scale and a few series, in colours for light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 140, 50, 52
_LABEL_STEP = 15
_COLOURS = 8

# Colours that people who see few can tell apart, after Okabe and Ito, for either background.
STYLE = """
.plot { --ink: #1b1f24; --faint: #d5d9de; --soft: #59636e;
  --c0: #0067a5; --c1: #b3541e; --c2: #00785a; --c3: #8d4a86; --c4: #9a6f00; --c5: #c0392b;
  --c6: #4a5a9e; --c7: #5b6e2f;
  font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .plot { --ink: #e6e8eb; --faint: #3a414a; --soft: #9aa4b0;
  --c0: #6bb7ee; --c1: #f0a06a; --c2: #4fcfa6; --c3: #dc9ad4; --c4: #e3bd54; --c5: #ff8a7a;
  --c6: #a3b2f5; --c7: #b7ce7e; } }
@media print { .plot { --ink: #000; --faint: #ccc; --soft: #444; --c0: #0067a5; --c1: #b3541e;
  --c2: #00785a; --c3: #8d4a86; --c4: #9a6f00; --c5: #c0392b; --c6: #4a5a9e; --c7: #5b6e2f; } }
.plot text { fill: var(--ink); } .plot .soft { fill: var(--soft); }
.plot .title { font-size: 15px; font-weight: 600; }
.plot .grid { stroke: var(--faint); stroke-width: 1; }
.plot .line { fill: none; stroke-width: 2.4; } .plot .dashed { stroke-dasharray: 5 4; }
.plot .faint { stroke-width: 1; opacity: .75; }
.plot .range { stroke-width: 1.4; }
"""


class Point(NamedTuple):
    """One value: its place among the ticks of the x axis, and its range over the runs."""

    at: int
    y: float
    least: float
    most: float


@dataclass(frozen=True)
class Series:
    """One line.

    Attributes:
        colour: Number of its colour; a ceiling has that of what it bounds, dashed.
        faint: Whether it stands behind the others, for comparison.
    """

    name: str
    points: Sequence[Point]
    colour: int
    dashed: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Plot:
    """A plot; ``ticks`` name the places on the x axis, the y axis is logarithmic."""

    title: str
    x_text: str
    y_text: str
    ticks: Sequence[str]
    series: Sequence[Series]

    def svg(self, *, alone: bool = False) -> str:
        """Return it as SVG; ``alone`` brings its style along, for a file of its own."""
        shown = [s for s in self.series if s.points]
        if not shown:
            return ""
        least = min(p.least for s in shown for p in s.points)
        most = max(p.most for s in shown for p in s.points)
        scale = _Scale(least, most, len(self.ticks))
        style = f"<style>{STYLE}</style>" if alone else ""
        body = [*self._axes(scale), *(p for s in shown for p in _line(s, scale))]
        body += _labels(shown, scale)
        return (
            f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-label="{escape(self.title)}">{style}\n'
            + "\n".join(body)
            + "\n</svg>"
        )

    def _axes(self, scale: _Scale) -> Iterator[str]:
        yield _text(_LEFT, 20, self.title, "title")
        for value in scale.marks():
            y = scale.y(value)
            yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
            yield _text(_LEFT - 8, y + 4, _short(value), "soft", "end")
        for at, tick in enumerate(self.ticks):
            yield _text(scale.x(at), HEIGHT - _BOTTOM + 20, tick, "soft", "middle")
        yield _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 12, self.x_text, "soft", "middle")
        yield _text(_LEFT, 37, self.y_text, "soft")


class _Scale:
    """From values to places."""

    def __init__(self, least: float, most: float, places: int) -> None:
        self.low = math.log10(max(least, 1e-9)) - 0.08
        self.high = math.log10(max(most, 1e-9)) + 0.08
        self._places = places

    def x(self, at: int) -> float:
        span = WIDTH - _LEFT - _RIGHT
        return _LEFT + span * (at + 0.5) / self._places

    def y(self, value: float) -> float:
        share = (math.log10(max(value, 1e-9)) - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    def marks(self) -> Iterator[float]:
        """Yield round values: 1, 2 and 5 of each decade, or powers of ten where there are many."""
        steps = (1, 2, 5) if self.high - self.low < _FEW_DECADES else (1,)
        for decade in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                if self.low <= math.log10(step * 10.0**decade) <= self.high:
                    yield step * 10.0**decade


_FEW_DECADES = 3


def _line(series: Series, scale: _Scale) -> Iterator[str]:
    colour = f"stroke:var(--c{series.colour % _COLOURS})"
    places = [(scale.x(p.at), scale.y(p.y)) for p in series.points]
    path = " ".join(f"{'ML'[n > 0]}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(places))
    kind = f"line{' dashed' * series.dashed}{' faint' * series.faint}"
    yield f'<path class="{kind}" style="{colour}" d="{path}"/>'
    for p, (x, y) in zip(series.points, places, strict=True):
        low, high = scale.y(p.least), scale.y(p.most)
        yield f'<path class="range" style="{colour}" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
        fill = f"fill:var(--c{series.colour % _COLOURS})"
        radius = 2 if series.faint else 3.2
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" style="{fill}"/>'


def _labels(shown: Sequence[Series], scale: _Scale) -> Iterator[str]:
    """Name each series where it ends, pushed apart where they would lie on each other."""
    ends = sorted(shown, key=lambda s: scale.y(s.points[-1].y))
    taken = -math.inf
    overflow = len(ends) * _LABEL_STEP
    for n, series in enumerate(ends):
        last = series.points[-1]
        room = HEIGHT - _BOTTOM - (overflow - n * _LABEL_STEP)
        y = max(min(scale.y(last.y) + 4, room + _LABEL_STEP), taken + _LABEL_STEP)
        taken = y
        colour = f"fill:var(--c{series.colour % _COLOURS})"
        x = WIDTH - _RIGHT + 8
        yield f'<text x="{x}" y="{y:.1f}" style="{colour}">{escape(series.name)}</text>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _short(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"
