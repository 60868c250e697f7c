"""Lifecycle hooks as they are declared."""

from __future__ import annotations

from typing import Any

import pytest

from reactor_zmq import (
    ClientInfo,
    ReactorPipeline,
    UploadedFile,
    connected,
    disconnected,
    file_uploaded,
    session_ended,
    session_started,
)
from reactor_zmq.model.hooks import HookSpec
from reactor_zmq.model.spec import ModelSpec

HOOKS: dict[str, Any] = {
    "session_started": session_started,
    "session_ended": session_ended,
    "connected": connected,
    "disconnected": disconnected,
    "file_uploaded": file_uploaded,
}


class Model(ReactorPipeline):
    @session_started
    def begin(self):
        pass

    @session_ended
    async def finish(self):
        pass

    @connected
    async def hello(self, client: ClientInfo):
        pass

    @disconnected
    def goodbye(self):
        pass

    @file_uploaded
    def file(self, uploaded_file: UploadedFile, client: ClientInfo):
        pass


def test_hooks_are_read() -> None:
    """Def or async def, with or without the client, one of each kind."""
    assert ModelSpec.of(Model).hooks == {
        "session_started": HookSpec("session_started", "begin", is_async=False, takes_client=False),
        "session_ended": HookSpec("session_ended", "finish", is_async=True, takes_client=False),
        "connected": HookSpec("connected", "hello", is_async=True, takes_client=True),
        "disconnected": HookSpec("disconnected", "goodbye", is_async=False, takes_client=False),
        "file_uploaded": HookSpec("file_uploaded", "file", is_async=False, takes_client=True),
    }


def test_model_without_hooks_has_none() -> None:
    """Hooks are optional."""

    class Plain(ReactorPipeline):
        pass

    assert ModelSpec.of(Plain).hooks == {}


@pytest.mark.parametrize("kind", list(HOOKS))
def test_second_hook_of_a_kind_is_refused(kind: str) -> None:
    """Two of one kind are a TypeError at class creation that names both."""

    def bare(self: Any) -> None:
        pass

    def one(self: Any, uploaded_file: Any) -> None:
        pass

    def two(self: Any, uploaded_file: Any) -> None:
        pass

    first = HOOKS[kind](one if kind == "file_uploaded" else bare)
    body = {"one": first, "two": HOOKS[kind](two), "__module__": __name__}
    with pytest.raises(TypeError, match=rf"Twice\.two: Twice\.one is the @{kind} hook already"):
        type("Twice", (ReactorPipeline,), body)


def test_second_hook_in_a_subclass_is_refused() -> None:
    """A hook under another name beside the inherited one would leave one of them silent."""
    with pytest.raises(TypeError, match="is the @connected hook already"):

        class Child(Model):
            @connected
            def other(self):
                pass


def test_hook_is_overridden_by_name_with_the_decorator() -> None:
    """The decorator again replaces it; without, the inherited hook stands as events do."""

    class Again(Model):
        @connected
        def hello(self):  # type: ignore[override]
            return "again"

    class Plain(Model):
        def goodbye(self):
            return "plain"

    hook = ModelSpec.of(Again).hooks["connected"]
    assert (hook.is_async, hook.takes_client) == (False, False)
    assert getattr(Again(), hook.method)() == "again"
    inherited = ModelSpec.of(Plain).hooks["disconnected"]
    assert getattr(Plain(), inherited.method)() is None


@pytest.mark.parametrize("kind", list(HOOKS))
def test_hook_with_other_parameters_is_refused(kind: str) -> None:
    """What nobody can give is a TypeError at class creation."""

    def hook(self: Any, uploaded_file: Any, reason: str) -> None:
        pass

    body = {"hook": HOOKS[kind](hook), "__module__": __name__}
    with pytest.raises(TypeError, match=rf"Wrong\.hook: @{kind} can't be given"):
        type("Wrong", (ReactorPipeline,), body)


def test_file_hook_takes_the_file() -> None:
    """@file_uploaded without ``uploaded_file`` is a TypeError at class creation."""
    with pytest.raises(TypeError, match="takes uploaded_file"):

        class Wrong(ReactorPipeline):
            @file_uploaded
            def hook(self, client: ClientInfo):
                pass


@pytest.mark.parametrize("kind", list(HOOKS))
def test_hook_decorator_stands_bare(kind: str) -> None:
    """An argument to the decorator says how to write it."""
    with pytest.raises(TypeError, match=f"@{kind} stands bare"):
        HOOKS[kind]("name")


def test_generators_are_no_hooks() -> None:
    """A hook that yields would never run."""
    with pytest.raises(TypeError, match=r"Wrong\.hook: a hook returns"):

        class Wrong(ReactorPipeline):
            @connected
            def hook(self):
                yield
