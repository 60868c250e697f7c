"""Every block of Python in the documentation runs, in order, page by page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from reactor_zmq.testing.running import running

ROOT = Path(__file__).resolve().parents[2]
FOXGLOVE = [sys.executable, "-m", "reactor_zmq.cli.main", "foxglove", "--port", "0"]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(name="page_module")
def module_of_a_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module for a page's classes: a model's declarations are looked up in theirs."""
    monkeypatch.chdir(ROOT)
    module = ModuleType("page_of_the_docs")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.fixture(name="stack")
def stack_of_runs() -> Iterator[ExitStack]:
    """End with the test what was begun in it."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_blocks_run(page: Path, page_module: ModuleType, stack: ExitStack, tmp_path: Path):
    """A page's Python does what the page says.

    In it ``serve(target, name)`` runs a model until the page ends, and ``serve_block(number,
    name)`` runs the model that a block of the page itself holds; ``foxglove(name)`` returns the
    address that the command prints.
    """
    document = Document.parse(str(page), PythonCodeBlockParser(), SkipParser())

    def serve(target: str | Path, name: str) -> None:
        stack.enter_context(running(target, name=name))

    def serve_block(number: int, name: str) -> None:
        (tmp_path / "model.py").write_text(list(document.examples())[number].parsed)
        serve(tmp_path / "model.py", name)

    def foxglove(name: str) -> str:
        process = stack.enter_context(subprocess.Popen([*FOXGLOVE, name], stdout=subprocess.PIPE))
        stack.callback(process.terminate)
        assert process.stdout is not None
        return process.stdout.readline().decode().strip()

    document.namespace = vars(page_module)
    document.namespace.update(serve=serve, serve_block=serve_block, foxglove=foxglove)
    for example in document.examples():
        example.evaluate()


def test_there_is_something_to_run():
    """The pages that teach hold Python that is really run."""
    for name in ("README.md", "docs/authoring.md", "docs/clients.md"):
        document = Document.parse(str(ROOT / name), PythonCodeBlockParser())
        assert list(document.examples()), name
