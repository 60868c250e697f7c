"""Attack every decoder with inputs that are guided by coverage.

Needs atheris, which is no dependency: ``pip install atheris``. Each decoder gets its share of the
time, in a process of its own; its samples are the first inputs. What breaks a decoder is written to
``out/fuzz`` with the bytes, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "fuzz"
sys.path[:0] = [str(ROOT / "tests" / "hostile"), str(ROOT / "bridge"), str(ROOT)]


def main() -> int:
    """Run all targets, or the one that ``--target`` names; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--target", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed; it is no dependency of ours: pip install atheris")
        return 2
    if options.target is not None:
        attack(options.target, 60 * options.minutes)
    from decoders import TARGETS  # noqa: PLC0415 - instrumented in the processes that attack

    share = options.minutes / len(TARGETS)
    failed: list[str] = []
    for number, target in enumerate(TARGETS):
        print(f"--- {target.name}", flush=True)
        command = (sys.executable, __file__, "--target", str(number), "--minutes", str(share))
        if subprocess.run(command, check=False).returncode:
            failed.append(target.name)
    print(f"broken: {', '.join(failed)}, see {OUT}" if failed else "nothing was broken")
    return 1 if failed else 0


def attack(number: int, seconds: float) -> None:
    """Attack one decoder; ends the process."""
    import atheris  # type: ignore[import-not-found]  # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["reactor_zmq", "reactor_zmq_bridge"]):
        from decoders import TARGETS  # noqa: PLC0415 - only now, to be instrumented

    target = TARGETS[number]
    corpus = OUT / str(number)
    corpus.mkdir(parents=True, exist_ok=True)
    for n, sample in enumerate(target.samples):
        (corpus / f"sample-{n}").write_bytes(sample)
    limits = [f"-max_total_time={max(1, int(seconds))}", "-timeout=10", "-rss_limit_mb=2048"]
    found = f"-artifact_prefix={OUT}/{number}-"
    arguments = [sys.argv[0], str(corpus), *limits, found, "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup(arguments, target.take)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
