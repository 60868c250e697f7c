"""From a class to a loaded instance."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from actor_fakes import Rig

from reactor_zmq import ReactorModel
from reactor_zmq.actor.failure import load_failed
from reactor_zmq.actor.loading import build, load, read_spec
from reactor_zmq.errors import LoadError
from reactor_zmq.wire import link


def loaded(cls, config=None, path=None):
    rig = Rig(cls)
    asyncio.run(load(rig.model, config or {}, path))
    return rig


@pytest.mark.parametrize("parameter", ["config", "settings"])
def test_load_gets_the_parsed_mapping(parameter):
    """Under its usual name, or as the only parameter under any other."""
    source = f"def load(self, {parameter}): self.log.append({parameter})"
    names = {}
    exec(source, names)  # noqa: S102 - the parameter's name is the test
    cls = type("Model", (ReactorModel,), {"load": names["load"]})
    assert loaded(cls, {"a": 1}).log == [{"a": 1}]


def test_config_path_gets_the_path_instead():
    """A text; None where the configuration came from no file."""

    class Model(ReactorModel):
        def load(self, config_path):
            self.log.append(config_path)

    assert loaded(Model, {"a": 1}, Path("/etc/model.yaml")).log == ["/etc/model.yaml"]
    assert loaded(Model).log == [None]


def test_load_may_be_async_and_report_its_progress():
    """From load() on the runtime is there; before it, a sentence says when."""

    class Model(ReactorModel):
        async def load(self, config):
            self.report_progress(1, 4, "weights")
            await asyncio.sleep(0)
            self.report_progress(2)

    assert loaded(Model).outlet.posted == [
        link.Loading(1.0, 4.0, "weights"),
        link.Loading(2.0, 0.0, ""),
    ]
    with pytest.raises(RuntimeError, match=r"load\(\)"):
        Model().report_progress(1)


def test_what_the_author_raises_is_told_in_one_line_with_the_traceback():
    """In __init__, in load, and in load as a coroutine."""

    class Init(ReactorModel):
        def __init__(self):
            raise ValueError("no\nweights")

    class Load(ReactorModel):
        def load(self, config):
            raise KeyError("weights")

    class Later(ReactorModel):
        async def load(self, config):
            raise KeyError("weights")

    with pytest.raises(LoadError) as caught:
        build(Init)
    told = load_failed(caught.value)
    assert told.text == "Init could not be built: ValueError: no weights"
    assert told.traceback.splitlines()[1].endswith("in __init__")
    for cls in (Load, Later):
        with pytest.raises(
            LoadError, match=f"{cls.__name__} could not be loaded: KeyError"
        ) as caught:
            loaded(cls)
        assert load_failed(caught.value).traceback.splitlines()[1].endswith("in load")


def test_a_class_that_is_no_model_is_a_load_error():
    """And so is whatever the class's declarations turn out to be worth."""
    with pytest.raises(LoadError, match="no ReactorPipeline or ReactorModel"):
        read_spec(int)
    assert read_spec(type("Tides", (ReactorModel,), {}), "tides").title == "tides"
