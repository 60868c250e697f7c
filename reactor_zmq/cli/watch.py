"""``reactor-zmq watch``: look at a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec

import msgspec

from reactor_zmq.cli.figures import TrackTotals
from reactor_zmq.cli.snapshot import Snapshot, json_line, plain_line, totals_line
from reactor_zmq.cli.watching import Watching
from reactor_zmq.client import Client, connect

Show = Callable[[Snapshot], object]

_VIEW_PERIOD_S = 0.1
_LINE_PERIOD_S = 1.0


def main(options: argparse.Namespace) -> int:
    """Look until Ctrl-C, for so many seconds, or until the run ends."""
    form = "json" if options.json else "plain" if options.plain else best_form()
    target = options.name or None
    with connect(
        target,
        token=options.token,
        name="reactor-zmq watch",
        server_key=options.server_key,
        key=options.key,
        scope="view",
    ) as client:
        totals = watch(client, form, options.seconds)
    print_totals(totals, form)
    return 0


def watch(
    client: Client, form: str, seconds: float | None = None, hints: Sequence[str] = ()
) -> list[TrackTotals]:
    """Show a run in one of the forms; Ctrl-C ends it as the end of the time does."""
    period_s = _VIEW_PERIOD_S if form == "view" else _LINE_PERIOD_S
    with Watching(client) as watching, _shown(form, hints) as show:
        with suppress(KeyboardInterrupt):
            watching.follow(show, period_s, seconds)
        return watching.totals()


def best_form() -> str:
    """Return ``view`` where stdout is a terminal and rich is there, else ``plain``."""
    if not sys.stdout.isatty() or find_spec("rich") is None:
        return "plain"
    from rich.console import Console  # noqa: PLC0415 - rich is an extra

    return "plain" if Console().is_dumb_terminal else "view"


def print_totals(totals: Sequence[TrackTotals], form: str) -> None:
    """Print the closing figures, one line per track."""
    for each in totals:
        print(msgspec.json.encode(each).decode() if form == "json" else totals_line(each))


@contextmanager
def _shown(form: str, hints: Sequence[str]) -> Generator[Show]:
    if form == "view":
        from reactor_zmq.cli.view import View  # noqa: PLC0415 - rich is an extra

        with View(hints) as view:
            yield view.show
        return
    line = json_line if form == "json" else plain_line
    for hint in hints:
        print(hint)
    yield lambda now: print(line(now), flush=True)
