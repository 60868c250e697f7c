"""Slips in a target show before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactor_zmq.cli.target import check_target, default_name
from reactor_zmq.errors import ConfigError

MODEL = "class Waves: ...\nfrom other import Rain as Drops\nif True:\n    Later = Waves\n"


@pytest.fixture(name="folder")
def folder_with_a_model(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "reactor.yaml").write_text(
        "model:\n  name: my-waves\nruntime:\n  import: 'model:Waves'\n"
    )
    return tmp_path


@pytest.mark.parametrize("name", ["Waves", "Drops", "Later"])
def test_names_that_a_file_gives(folder: Path, name: str):
    """Defined, imported and assigned classes pass, and so does a file alone."""
    check_target(f"{folder}/model.py:{name}")
    check_target(f"{folder}/model.py")
    check_target(str(folder))
    check_target(f"{folder}/reactor.yaml")


def test_star_imports_may_bring_anything(folder: Path):
    """What a star import brings is not known here."""
    (folder / "star.py").write_text("from model import *\n")
    check_target(f"{folder}/star.py:Waves")


def test_modules_are_left_to_the_import():
    """A dotted module may be anywhere on the path."""
    check_target("package.module:Class")


def refused(target: str) -> str:
    with pytest.raises(ConfigError) as error:
        check_target(target)
    return str(error.value)


def test_no_such_class(folder: Path):
    """The error says which classes there are."""
    text = f"there is no class 'Storm' in {folder}/model.py; classes there: Waves"
    assert refused(f"{folder}/model.py:Storm") == text


def test_no_such_class_in_a_manifest(folder: Path):
    """A manifest's class is looked for as well."""
    (folder / "reactor.yaml").write_text("runtime: {import: 'model:Storm'}")
    assert "no class 'Storm'" in refused(str(folder))


def test_no_such_file(folder: Path):
    """The error names the file."""
    assert refused(f"{folder}/nope.py:Waves") == f"there is no file {folder}/nope.py"


def test_bad_syntax_has_its_line(folder: Path):
    """A file that is no Python is refused with the line."""
    (folder / "model.py").write_text("x = 1\nclass :\n")
    assert refused(f"{folder}/model.py:Waves").startswith(f"{folder}/model.py, line 2: ")


def test_bad_yaml_has_its_line(folder: Path):
    """A manifest that is no YAML is refused with the line."""
    (folder / "reactor.yaml").write_text("model:\n  name: x\n runtime: [\n")
    assert refused(str(folder)).startswith(f"{folder}/reactor.yaml, line 3: ")


def test_bad_manifest_names_the_key(folder: Path):
    """A manifest without what it needs is refused with the key."""
    (folder / "reactor.yaml").write_text("runtime: {}\n")
    assert "import" in refused(str(folder))


def test_folder_without_manifest(tmp_path: Path):
    """A folder has to have a manifest, and the error says what else could be given."""
    assert "has no reactor.yaml" in refused(str(tmp_path))


def test_the_manifest_names_the_run(folder: Path):
    """A run is called as its manifest says, or as its folder."""
    assert default_name(str(folder)) == "my-waves"
    (folder / "reactor.yaml").write_text("runtime: {import: 'model:Waves'}")
    assert default_name(str(folder)) == folder.name
