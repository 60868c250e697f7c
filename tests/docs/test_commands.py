"""Every command line in the documentation can be typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from reactor_zmq.cli.options import parse

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
]
PAGES += sorted(p for folder in ("docs", "examples") for p in (ROOT / folder).rglob("*.md"))

BLOCK = re.compile(r"^```(?:bash|sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:reactor-zmq|make) [^`]+)`")
INDENTED = re.compile(r"^ {4}((?:reactor-zmq|make) .*)$", re.MULTILINE)


def commands() -> list[tuple[str, list[str]]]:
    """Return (page, words) of each reactor-zmq and make command."""
    found: list[tuple[str, list[str]]] = []
    for page in PAGES:
        text = page.read_text()
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        for line in lines + INLINE.findall(text) + INDENTED.findall(text):
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and words[0] in ("reactor-zmq", "make"):
                found.append((str(page.relative_to(ROOT)), words))
    return found


def named(command: tuple[str, list[str]]) -> str:
    """Return a test's name."""
    return f"{command[0]}: {' '.join(command[1])}"


def is_form(words: list[str]) -> bool:
    """Whether it is a list of commands or only the name of one, not a line to type."""
    return "|" in words or len(words) <= WORDS_OF_A_NAME[words[0]]


WORDS_OF_A_NAME = {"reactor-zmq": 2, "make": 1}


LINES = [c for c in commands() if not is_form(c[1])]
CLI = [c for c in LINES if c[1][0] == "reactor-zmq"]
MAKE = [c for c in LINES if c[1][0] == "make"]


@pytest.mark.parametrize("command", CLI, ids=named)
def test_command_lines_parse(command: tuple[str, list[str]]):
    """The subcommand exists and has these options, and a target on disk is there."""
    options = parse(command[1][1:])
    target = getattr(options, "target", "")
    path = target.rpartition(":")[0] if ".py:" in target else target
    if path.startswith("examples/"):
        assert (ROOT / path).exists()


@pytest.mark.parametrize("command", MAKE, ids=named)
def test_make_targets_exist(command: tuple[str, list[str]]):
    """The target stands in the Makefile, and so does each variable that is set."""
    makefile = (ROOT / "Makefile").read_text()
    for word in command[1][1:]:
        name, sets, _ = word.partition("=")
        wanted = rf"^{name} \?=" if sets else rf"^{name}:"
        assert re.search(wanted, makefile, re.MULTILINE), word


def test_readme_has_the_two_commands():
    """The README says how to see it and how to test it."""
    lines = [words for page, words in MAKE if page == "README.md"]
    assert ["make", "demo"] in lines
    assert ["make", "test"] in lines


LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    """Every relative link of a page names a file that is there."""
    targets = [m[0] for m in LINK.findall(page.read_text()) if "://" not in m[0]]
    assert [t for t in targets if not (page.parent / t).exists()] == []
