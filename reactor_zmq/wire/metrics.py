"""Metrics as Prometheus reads them: its text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its samples.

    Attributes:
        kind: ``gauge`` or ``counter``.
        text: One sentence on what it counts, with its unit.
        label: Name of the label by which samples differ; empty where there is one sample only.
        samples: Values by that label's value.
    """

    name: str
    kind: str
    text: str
    label: str = ""
    samples: Mapping[str, float] = field(default_factory=dict[str, float])


def one(name: str, kind: str, text: str, value: float) -> Metric:
    """Return a metric with one sample."""
    return Metric(name, kind, text, "", {"": value})


def render_metrics(metrics: Iterable[Metric]) -> str:
    """Return the page."""
    return "".join(_lines(metric) for metric in metrics)


def _lines(metric: Metric) -> str:
    head = f"# HELP {metric.name} {metric.text}\n# TYPE {metric.name} {metric.kind}\n"
    return head + "".join(
        f"{metric.name}{_label(metric.label, value)} {sample:.16g}\n"
        for value, sample in metric.samples.items()
    )


def _label(name: str, value: str) -> str:
    if not name:
        return ""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{quoted}"}}'
