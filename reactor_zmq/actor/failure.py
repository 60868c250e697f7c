"""What the operator is told when a model can't be loaded."""

from __future__ import annotations

import traceback
from pathlib import Path

from reactor_zmq.errors import LoadError
from reactor_zmq.wire.link import LoadFailed

_OURS = str(Path(__file__).parent)


def load_failed(error: LoadError) -> LoadFailed:
    """Return one line, and the author's traceback where the author's code raised."""
    return LoadFailed(" ".join(str(error).split()), author_traceback(error.__cause__))


def author_traceback(error: BaseException | None) -> str:
    """Return a traceback without the frames that led to the author's code; empty without any."""
    if error is None:
        return ""
    told = traceback.TracebackException.from_exception(error)
    frames = [f for f in told.stack if not _is_ours(f.filename)]
    if not frames and not isinstance(error, SyntaxError):
        return ""
    told.stack = traceback.StackSummary.from_list(frames)
    return "".join(told.format())


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen importlib")) or "importlib" in Path(filename).parts
