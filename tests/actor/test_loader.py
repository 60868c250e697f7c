"""Targets: files, modules, folders; and one clear line for everything that can be wrong."""

from __future__ import annotations

import sys

import pytest

from reactor_zmq.actor.failure import load_failed
from reactor_zmq.actor.loader import find_target
from reactor_zmq.errors import LoadError

MODEL = """
from reactor_zmq import ReactorPipeline
import {sibling}

class Waves(ReactorPipeline):
    word = {sibling}.WORD

    def inference(self):
        yield None

class Other:
    pass
"""


@pytest.fixture(autouse=True)
def clean_imports(monkeypatch):
    """Leave no module and no folder behind."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a model and its sibling."""
    (tmp_path / "tide_words.py").write_text("WORD = 'ebb'\n")
    (tmp_path / "tide_model.py").write_text(MODEL.format(sibling="tide_words"))
    return tmp_path


def manifest(folder, text):
    (folder / "reactor.yaml").write_text(text)
    return folder


def refused(target, overrides=None):
    with pytest.raises(LoadError) as caught:
        find_target(str(target), overrides)
    return str(caught.value)


def test_a_file_and_a_class(folder):
    """The file's folder is on the path, so that it finds its siblings."""
    found = find_target(f"{folder}/tide_model.py:Waves", {"a.b": 1, "c": [2]})
    assert found.cls.__name__ == "Waves"
    assert found.cls.word == "ebb"
    assert found.config == {"a": {"b": 1}, "c": [2]}
    assert (found.title, found.config_path) == ("", None)


def test_the_only_model_of_a_file_needs_no_name(folder):
    """Other classes do not count."""
    assert find_target(f"{folder}/tide_model.py").cls.__name__ == "Waves"


def test_a_module_and_a_class(folder, monkeypatch):
    """From the current folder."""
    monkeypatch.chdir(folder)
    assert find_target("tide_model:Waves").cls.word == "ebb"


@pytest.mark.parametrize("name", ["json.py", "numpy.py", "not-a-name.py"])
def test_a_file_may_have_a_name_that_is_taken(folder, name):
    """It does not hide the module of that name."""
    before = sys.modules.get(name[:-3])
    (folder / "tide_model.py").rename(folder / name)
    assert find_target(f"{folder}/{name}:Waves").cls.word == "ebb"
    assert sys.modules.get(name[:-3]) is before


def test_a_folder_with_a_manifest(folder):
    """Name, class, inline configuration; overrides replace and add."""
    text = "model: {name: tides}\nruntime:\n  import: tide_model:Waves\n  config: {a: 1, b: {c: 2}}"
    found = find_target(str(manifest(folder, text)), {"b.c": 3, "d.e": 4})
    assert (found.cls.__name__, found.title) == ("Waves", "tides")
    assert found.config == {"a": 1, "b": {"c": 3}, "d": {"e": 4}}


@pytest.mark.parametrize(
    ("file", "text"),
    [("conf.yaml", "a: 1"), ("conf.json", '{"a": 1}'), ("empty.yaml", "")],
)
def test_a_manifest_may_name_a_configuration_file(folder, file, text):
    """YAML or JSON, relative to the manifest."""
    (folder / file).write_text(text)
    manifest(folder, f"runtime: {{import: 'tide_model:Waves', config: {file}}}")
    found = find_target(str(folder))
    assert found.config == ({"a": 1} if text else {})
    assert found.config_path == folder / file


def test_what_is_missing_is_named_with_what_there_is(folder):
    """No file, no class, no model, no manifest, no module."""
    assert f"no file {folder}/none.py" in refused(folder / "none.py:Waves")
    assert "no class 'Wave' in" in refused(folder / "tide_model.py:Wave")
    assert "models there: Waves" in refused(folder / "tide_model.py:Wave")
    assert "is no ReactorPipeline or ReactorModel" in refused(folder / "tide_model.py:Other")
    assert "models there: none" in refused(folder / "tide_words.py")
    assert "no reactor.yaml" in refused(folder)
    assert "no module 'tide_nothing'" in refused("tide_nothing:Waves")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("runtime:\n  import: [\n", r"reactor\.yaml, line 3: "),
        ("model: {name: 5}\nruntime: {import: 'a:B'}", r"reactor\.yaml: model\.name"),
        ("model: {name: x}", r"reactor\.yaml: .*runtime"),
        ("runtime: {import: 'a'}", r"reactor\.yaml: runtime\.import: .*module:Class"),
        ("- a\n- b", r"reactor\.yaml has to hold a mapping, not a list"),
        ("runtime: {import: 'tide_model:Waves', config: no.yaml}", r"no\.yaml can't be read"),
    ],
)
def test_a_bad_manifest_is_told_with_file_and_place(folder, text, told):
    """The line where the syntax is wrong, the key where the value is."""
    with pytest.raises(LoadError, match=told):
        find_target(str(manifest(folder, text)))


def test_a_bad_configuration_file_is_told(folder):
    """JSON too."""
    (folder / "conf.json").write_text("{")
    manifest(folder, "runtime: {import: 'tide_model:Waves', config: conf.json}")
    assert "conf.json: " in refused(folder)


def test_an_override_that_leads_nowhere_is_told(folder):
    """The option and the value in its way."""
    told = refused(folder / "tide_model.py:Waves", {"a": 1, "a.b.c": 2})
    assert told == "--model.a.b.c: a is 1, not a mapping"


def test_without_pyyaml_the_extra_is_named(folder, monkeypatch):
    """It is only needed for manifests."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    manifest(folder, "runtime: {import: 'tide_model:Waves'}")
    assert "reactor-zmq[cli]" in refused(folder)
    assert find_target(f"{folder}/tide_model.py:Waves")


def test_what_the_authors_file_raises_is_told_with_its_own_traceback(folder):
    """One line, and a traceback that begins in the author's file."""
    file = folder / "tide_broken.py"
    file.write_text("def helper():\n    1 / 0\n\nhelper()\n")
    with pytest.raises(LoadError) as caught:
        find_target(f"{file}:Waves")
    told = load_failed(caught.value)
    assert told.text == f"{file} could not be imported: ZeroDivisionError: division by zero"
    lines = told.traceback.splitlines()
    assert lines[1] == f'  File "{file}", line 4, in <module>'
    assert "reactor_zmq" not in told.traceback
    assert "importlib" not in told.traceback
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_syntax_error_is_told_with_its_place(folder):
    """Though no frame of the author's ran."""
    file = folder / "tide_typo.py"
    file.write_text("class Waves(:\n")
    with pytest.raises(LoadError) as caught:
        find_target(f"{file}:Waves")
    assert f'File "{file}", line 1' in load_failed(caught.value).traceback


def test_our_own_errors_have_no_traceback(folder):
    """A missing file is no bug of the author's."""
    with pytest.raises(LoadError) as caught:
        find_target(f"{folder}/none.py:Waves")
    assert load_failed(caught.value).traceback == ""


def test_a_module_that_lacks_an_import_is_not_called_missing(folder, monkeypatch):
    """What it could not import is named instead."""
    monkeypatch.chdir(folder)
    (folder / "tide_needs.py").write_text("import tide_nothing\n")
    assert "tide_needs could not be imported: ModuleNotFoundError" in refused("tide_needs:Waves")


def test_a_file_is_imported_once_per_name(folder):
    """A second look at the same file gives a class of the same name, not an error."""
    first = find_target(f"{folder}/tide_model.py:Waves")
    second = find_target(f"{folder}/tide_model.py:Waves")
    assert first.cls.__module__ == second.cls.__module__ == "tide_model"
