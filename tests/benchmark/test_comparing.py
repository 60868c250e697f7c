"""What changed, what is noise, and what a gate lets pass."""

from __future__ import annotations

from made_results import made

from reactor_zmq.benchmark.compare import Change, compare, report
from reactor_zmq.benchmark.gate import checked, gate
from reactor_zmq.benchmark.results import Results

CEILING = [1000.0, 1010.0, 990.0, 1005.0, 995.0]
OURS = [900.0, 905.0, 895.0, 910.0, 890.0]


def scaled(values: list[float], factor: float) -> list[float]:
    return [v * factor for v in values]


def rate(before: Results, after: Results) -> Change:
    key = "frames/tcp/640x480/array/flood/1"
    changes = list(compare(before, after))
    return next(c for c in changes if c.key == key and c.figure == "frames_per_s")


def test_a_slower_machine_is_no_change():
    """Where figure and ceiling slow down together, the ratio stays."""
    before, after = made(OURS, CEILING), made(scaled(OURS, 0.5), scaled(CEILING, 0.5))
    assert rate(before, after).verdict == "noise"
    assert list(gate(before, after, 0.1)) == []


def test_a_slower_way_is_a_change():
    """Where the ceiling stays, a figure that fell is worse, and one that rose is better."""
    before, after = made(OURS, CEILING), made(scaled(OURS, 0.7), CEILING)
    assert rate(before, after).verdict == "worse"
    assert rate(after, before).verdict == "better"


def test_a_difference_within_the_spread_is_noise():
    """Medians may differ by much where the runs differ by more."""
    before = made([500.0, 1500.0, 900.0, 1200.0, 700.0], CEILING)
    after = made([450.0, 1300.0, 700.0, 1100.0, 600.0], CEILING)
    assert abs(rate(before, after).change) > 0.05
    assert rate(before, after).verdict == "noise"


def test_three_runs_are_too_few():
    """Three against three can't show that a difference is more than chance."""
    before, after = made(OURS[:3], CEILING[:3]), made(scaled(OURS[:3], 0.5), CEILING[:3])
    assert rate(before, after).verdict == "too few runs"


def test_less_latency_is_better():
    """For a latency the sign is the other way round."""
    before, after = made(OURS, CEILING), made(scaled(OURS, 2), CEILING)
    latencies = [c for c in compare(before, after) if c.figure == "latency_p50_ms"]
    assert {c.verdict for c in latencies if "/tcp/" in c.key} == {"better"}


def test_a_report_names_what_changed_first():
    """Changes stand above noise, and a busy machine is named."""
    before, after = made(OURS, CEILING), made(scaled(OURS, 0.7), CEILING, busy=0.5)
    lines = list(report(before, after))
    assert "busy" in lines[1]
    assert lines[2].startswith("worse")
    assert "by chance" in lines[-1] or "chance alone" in lines[-1]


def test_a_gate_breaks_on_a_ratio_that_fell():
    """Every round has to be worse than the baseline by more than is tolerated."""
    before = made(OURS, CEILING)
    broken = list(gate(before, made(scaled(OURS, 0.7), CEILING), 0.15))
    assert {b.figure for b in broken} == {"frames_per_s", "latency_p50_ms"}
    assert list(gate(before, made([*scaled(OURS[:4], 0.7), 900.0], CEILING), 0.15)) == []
    assert checked(before) == 12


def test_a_gate_breaks_on_what_is_missing():
    """A cell of the baseline that was not measured is not passed over."""
    before, after = made(OURS, CEILING), made(OURS, CEILING)
    after.cells = after.cells[2:]
    assert [b.found for b in gate(before, after, 0.15)] == [None, None]
    assert "not measured" in str(next(gate(before, after, 0.15)))
