"""The command line: one subcommand per module, one line per error."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from reactor_zmq.cli.options import parse
from reactor_zmq.errors import EventError, ReactorError
from reactor_zmq.wire.codes import Code

OK = 0
REFUSED = 1
UNUSABLE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 for success, 1 when the model refused an event or could not be loaded, 2 when the
    operator has to change something.
    """
    options = parse(arguments)
    try:
        # Only the command at hand is imported: `run` must not wait for what `watch` needs.
        return importlib.import_module(f"reactor_zmq.cli.{options.command}").main(options)
    except EventError as error:
        mismatch = error.code == Code.PROTOCOL_MISMATCH
        return complain(refusal(error), UNUSABLE if mismatch else REFUSED)
    except (ReactorError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return _quiet_pipe()
        return complain(str(error), UNUSABLE)
    except KeyboardInterrupt:
        return INTERRUPTED


def complain(text: str, code: int) -> int:
    """Print one line on stderr and return the exit code."""
    print(f"reactor-zmq: {' '.join(text.split())}", file=sys.stderr)
    return code


def refusal(error: EventError) -> str:
    """Return an error's code, field and text in one line."""
    return ": ".join(part for part in (error.code, error.field, error.text) if part)


def _quiet_pipe() -> int:
    """End as a command in a pipe does whose reader has gone."""
    # The interpreter flushes stdout once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK


if __name__ == "__main__":
    sys.exit(main())
