"""The client module by itself: its tests in node, its types, its package."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from node_tools import ROOT, WEB, node, npm

TYPESCRIPT = "typescript@5.9.3"
REACT_TYPES = "@types/react@18.3.31"
TOOLS = ROOT / "out" / "node"


def test_in_node():
    """Protocol, connection, controls and figures hold in node, without a browser."""
    files = sorted(str(path) for path in (ROOT / "tests/web/node").glob("*.test.mjs"))
    done = node("--test", *files)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(name="typescript", scope="module")
def installed_typescript() -> Path:
    """Get the compiler where npm reaches a registry."""
    compiler = TOOLS / "node_modules/typescript/lib/tsc.js"
    if not compiler.is_file():
        TOOLS.mkdir(parents=True, exist_ok=True)
        wanted = (TYPESCRIPT, REACT_TYPES)
        done = npm("install", "--no-audit", "--no-fund", "--prefix", str(TOOLS), *wanted)
        if done.returncode:
            pytest.skip(f"npm could not get the compiler: {done.stderr.strip()[-200:]}")
    return compiler


@pytest.fixture(name="copy")
def copied_web(tmp_path: Path, typescript: Path) -> Path:
    """Lay the sources beside what they import, as a page's project would."""
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy)
    (tmp_path / "node_modules").symlink_to(typescript.parents[2])
    return copy


def test_types_hold(copy: Path, typescript: Path):
    """The compiler finds nothing wrong in module and viewer."""
    done = node(str(typescript), "-p", str(copy))
    assert done.returncode == 0, done.stdout


def test_declarations_are_current(copy: Path, typescript: Path):
    """The committed .d.ts files are those that the sources give."""
    shutil.rmtree(copy / "types")
    done = node(str(typescript), "-p", str(copy / "tsconfig.types.json"))
    assert done.returncode == 0, done.stdout
    assert texts(copy / "types") == texts(WEB / "types"), (
        "npm i --no-save typescript@5.9.3 @types/react@18.3.31; "
        "npx tsc -p bridge/web/tsconfig.types.json"
    )


def texts(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.d.ts")}


def test_package_is_whole():
    """Every entry of the package is there, and the module imports nothing but itself and React."""
    package = json.loads((WEB / "package.json").read_text())
    entries = [e for e in package["exports"].values() if isinstance(e, dict)]
    assert [p for e in entries for p in e.values() if not (WEB / p).is_file()] == []
    sources = [*WEB.glob("*.js"), *WEB.glob("frames/*.js"), *WEB.glob("media/*.js")]
    imported = {
        name for path in sources for name in re.findall(r'from "([^"]+)"', path.read_text())
    }
    assert {name for name in imported if not name.startswith(".")} == {"react"}


def test_nothing_from_elsewhere():
    """Neither page nor module names another host: both work without a network."""
    away = re.compile(r"https?://(?!127\.0\.0\.1|www\.w3\.org/2000/svg)[\w.]+")
    files = [p for p in WEB.rglob("*") if p.suffix in {".js", ".html", ".css", ".svg"}]
    assert [f"{p.name}: {m}" for p in files for m in away.findall(p.read_text())] == []
