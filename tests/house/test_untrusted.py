"""What peers send is never code, and never of a type that was not written down."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.inspect import (
    AnyType,
    BytesType,
    CustomType,
    DictType,
    FloatType,
    IntType,
    ListType,
    RawType,
    StrType,
    type_info,
)

from reactor_zmq.wire import control
from reactor_zmq.wire.contract import EventContract, ParamSpec, TypeSpec
from reactor_zmq.wire.envelope import Envelope
from reactor_zmq.wire.validate import EventValidator, UploadRef

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [p for top in ("reactor_zmq", "bridge") for p in (ROOT / top).rglob("*.py")]
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "send_pyobj", "recv_pyobj", "unsafe_load", "full_load"}

SENT_BY_CLIENTS = [
    kind
    for _, kind in inspect.getmembers(control, inspect.isclass)
    if issubclass(kind, control._In) and kind is not control._In
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_that_is_read_can_become_code(path: Path):
    """No pickle or its like, no eval: neither on sockets nor anywhere else."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0]} & FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            plain = isinstance(node.func, ast.Name) or name.endswith(("pyobj", "load"))
            found |= {name} & FORBIDDEN_CALLS if plain else set()
    assert found == set()


def parts_of(kind: object) -> Iterator[object]:
    """Yield a type's description and those of all that it holds."""
    yield kind
    for name in ("item_type", "key_type", "value_type"):
        if hasattr(kind, name):
            yield from parts_of(getattr(kind, name))
    for name in ("types", "item_types"):
        for each in getattr(kind, name, ()):
            yield from parts_of(each)
    for field in getattr(kind, "fields", ()):
        yield from parts_of(field.type)


def unbounded(kind: type[Struct]) -> list[object]:
    """Return what a peer could fill with anything, or with any amount of it."""
    found = []
    for part in parts_of(type_info(kind)):
        if isinstance(part, AnyType | CustomType | DictType):
            found.append(part)
        elif isinstance(part, StrType):
            found += [part] if part.max_length is None and part.pattern is None else []
        elif isinstance(part, BytesType | ListType):
            found += [part] if part.max_length is None else []
        elif isinstance(part, IntType | FloatType):
            found += [part] if part.le is None or part.ge is None else []
    return found


@pytest.mark.parametrize("kind", [*SENT_BY_CLIENTS, Envelope, UploadRef])
def test_all_that_clients_send_is_bounded(kind: type[Struct]):
    """No field takes anything, nor any amount of something; unknown fields are refused."""
    assert kind.__struct_config__.forbid_unknown_fields
    assert unbounded(kind) == []


def test_every_control_word_was_looked_at():
    """The list above is found, not written: it holds what a client can say."""
    names = {kind.__name__ for kind in SENT_BY_CLIENTS}
    assert {"Hello", "Upload", "UploadChunk", "Publish", "Kick", "Empty"} <= names
    assert any(isinstance(p, RawType) for p in parts_of(type_info(Envelope)))


def test_the_check_sees_what_it_looks_for():
    """A struct that takes anything is found."""

    class Loose(Struct, forbid_unknown_fields=True):
        anything: Any
        text: str
        number: int
        many: list[str]

    assert len(unbounded(Loose)) == 5


@pytest.mark.parametrize("kind", ["str", "int", "float", "bool", "upload", "list", "dict"])
def test_an_events_values_have_types(kind: str):
    """What the contract offers to clients is compiled to types, never to Any."""
    items = TypeSpec("int") if kind in ("list", "dict") else None
    event = EventContract("e", (ParamSpec("p", TypeSpec(kind, items=items), required=True),))
    found = parts_of(type_info(EventValidator(event)._struct))
    assert not any(isinstance(part, AnyType | RawType) for part in found)
