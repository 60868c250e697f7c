"""Every block of Python in the documentation runs, in order, page by page."""

from __future__ import annotations

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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(name="page_module")
def module_of_a_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module for a page's classes: a model's declarations are looked up in theirs.

    In it ``serve(target, name)`` starts a run that ends with the page.
    """
    monkeypatch.chdir(ROOT)
    module = ModuleType("page_of_the_docs")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with ExitStack() as stack:
        vars(module)["serve"] = lambda target, name: stack.enter_context(running(target, name=name))
        yield module


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_blocks_run(page: Path, page_module: ModuleType):
    """A page's Python does what the page says."""
    document = Document.parse(str(page), PythonCodeBlockParser(), SkipParser())
    document.namespace = vars(page_module)
    for example in document.examples():
        example.evaluate()


def test_there_is_something_to_run():
    """The pages that teach hold Python that is really run."""
    for name in ("README.md", "docs/authoring.md", "docs/clients.md"):
        document = Document.parse(str(ROOT / name), PythonCodeBlockParser())
        assert list(document.examples()), name
