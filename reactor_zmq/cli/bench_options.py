"""What can be typed behind ``reactor-zmq bench``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from reactor_zmq.benchmark.wish import FULL, PARTS, Wish

_QUICK = Wish()


def add(bench: argparse.ArgumentParser) -> None:
    """Add the options and subcommands of ``bench``."""
    bench.add_argument(
        "--seconds", type=_positive, default=None, metavar="S",
        help=f"for everything, roughly (default: {_QUICK.seconds:g}, with --full {FULL.seconds:g})",
    )  # fmt: skip
    bench.add_argument("--full", action="store_true", help="every size, up to 64 readers, 5 rounds")
    bench.add_argument(
        "--only", dest="parts", type=_names, default=None, metavar="PARTS",
        help=f"some of {','.join(PARTS)}",
    )  # fmt: skip
    bench.add_argument(
        "--ways", type=_names, default=None, metavar="WAYS",
        help=f"how frames travel (default: {','.join(_QUICK.ways)}); their ceilings are added",
    )  # fmt: skip
    bench.add_argument(
        "--sizes", type=_names, default=None, metavar="WxH,…",
        help=f"of frames in flood (default: {','.join(_QUICK.sizes)})",
    )  # fmt: skip
    bench.add_argument(
        "--paced-sizes", type=_names, default=None, metavar="WxH,…",
        help=f"of frames at a pace (default: {','.join(_QUICK.paced_sizes)})",
    )  # fmt: skip
    bench.add_argument(
        "--pace", dest="pace_hz", type=_positive, default=None, metavar="HZ",
        help=f"frames per second where latency is measured (default: {_QUICK.pace_hz:g})",
    )  # fmt: skip
    bench.add_argument(
        "--readers", type=_counts, default=None, metavar="N,…",
        help=f"how many readers at once (default: {','.join(map(str, _QUICK.readers))})",
    )  # fmt: skip
    bench.add_argument(
        "--rounds", type=_count, default=None, metavar="N",
        help=f"how often each takes its turn (default: {_QUICK.rounds}, with --full {FULL.rounds})",
    )  # fmt: skip
    bench.add_argument("--out", default=".", metavar="DIR", help="where JSON and page are written")
    bench.add_argument(
        "--gate", default="", metavar="BASELINE",
        help="exit code 1 when a ratio to a ceiling is worse than in this file of results",
    )  # fmt: skip
    _tolerance(bench, 0.15)
    actions = bench.add_subparsers(dest="action", metavar="ACTION")
    compare = actions.add_parser("compare", help="Show what changed from one file to another.")
    compare.add_argument("before", metavar="A.json")
    compare.add_argument("after", metavar="B.json")
    _tolerance(compare, 0.05)
    _serve(actions.add_parser("serve", help="Be the far end of a link that is measured."))
    _connect(actions.add_parser("connect", help="Measure the link to a bench serve."))


def _serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address to bind (default: %(default)s)")
    serve.add_argument(
        "--port", type=_count, default=5580, help="of events; frames take the next one"
    )
    serve.add_argument("--for", dest="lasting_s", type=_positive, default=None, metavar="S",
                       help="end by itself")  # fmt: skip


def _connect(connect: argparse.ArgumentParser) -> None:
    connect.add_argument("endpoint", metavar="ENDPOINT", help="as bench serve prints it")
    connect.add_argument("--token", required=True, help="as bench serve prints it")
    connect.add_argument("--server-key", default=None, metavar="KEY", help="the same")
    connect.add_argument(
        "--sizes", dest="link_sizes", type=_names, default=_QUICK.sizes, metavar="WxH,…"
    )
    connect.add_argument("--rounds", dest="link_rounds", type=_count, default=3, metavar="N")
    connect.add_argument("--run", dest="run_s", type=_positive, default=1.0, metavar="S",
                         help="seconds of each run (default: %(default)g)")  # fmt: skip
    connect.add_argument("--out", dest="link_out", default=".", metavar="DIR")


def _tolerance(parser: argparse.ArgumentParser, default: float) -> None:
    parser.add_argument(
        "--tolerance", type=_positive, default=default, metavar="SHARE",
        help="a change that is no larger is none (default: %(default)g)",
    )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _number(kind: Callable[[str], float], text: str) -> float:
    value = kind(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number greater than 0 is wanted")
    return value


def _positive(text: str) -> float:
    return _number(float, text)


def _count(text: str) -> int:
    return int(_number(int, text))


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(name) for name in _names(text))
