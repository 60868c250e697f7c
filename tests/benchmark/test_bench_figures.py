"""What several runs say."""

from __future__ import annotations

import pytest

from reactor_zmq.benchmark.figures import chance, ratios, summarise, written


def test_a_summary_has_the_median_and_the_range():
    """The median does not care how far out the greatest is."""
    found = summarise([10.0, 1000.0, 9.0])
    assert (found.median, found.least, found.most, found.runs) == (10.0, 9.0, 1000.0, 3)


def test_no_run_is_no_figure():
    """Nothing can be said about nothing."""
    with pytest.raises(ValueError, match="no run"):
        summarise([])


def test_ratios_pair_rounds():
    """A figure is held against the ceiling of its own round; rounds without one don't count."""
    assert ratios({0: 5.0, 1: 8.0, 2: 9.0}, {0: 10.0, 1: 8.0, 2: 0.0}) == [0.5, 1.0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 2 / 20),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0], 2 / 252),
        ([1.0, 2.0], [1.0, 2.0], 1.0),
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], 1.0),
    ],
)
def test_chance_counts_all_ways_to_deal(before: list[float], after: list[float], expected: float):
    """The probability is that of Mann and Whitney's exact test, ties included."""
    assert chance(before, after) == pytest.approx(expected)
    assert chance(after, before) == pytest.approx(expected)


def test_many_runs_are_reckoned_with_the_normal_curve():
    """Beyond 16 runs the probability is approximated, near the exact one."""
    low = [float(n) for n in range(9)]
    assert chance(low, [n + 100 for n in low]) < 0.001
    assert chance(low, [n + 0.5 for n in low]) > 0.3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (12345.6, "12,346"), (1.2345, "1.23"), (0.01234, "0.0123"), (99.95, "100.0")],
)
def test_figures_have_three_digits_that_count(value: float, text: str):
    """No figure claims more than it knows."""
    assert written(value) == text
