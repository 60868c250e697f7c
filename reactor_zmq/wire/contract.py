"""What a model accepts and emits, as plain data: the actor publishes, the front end enforces."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from reactor_zmq.wire.header import Dtype

TrackKind = Literal["video", "audio", "tensor"]
Quantity = Literal["", "position", "velocity", "effort", "twist", "pose"]
Kind = Literal["int", "float", "str", "bool", "choice", "list", "dict", "struct", "upload", "any"]


class TypeSpec(Struct, frozen=True, omit_defaults=True):
    """The type of one parameter or field.

    Attributes:
        kind: What values are made of; ``choice`` is a Literal or an Enum by value, ``any`` stands
            in messages alone, never in what clients send.
        nullable: Whether null is a value too.
        ge: Inclusive lower bound of a number.
        le: Inclusive upper bound of a number.
        min_length: Least length of a text, list or map.
        max_length: Greatest length of a text, list or map.
        choices: The values allowed; always there for ``choice``.
        items: Type of a list's items or a map's values.
        fields: Fields of a ``struct``.
        name: Class name of an Enum, dataclass or Struct, for the schema.
    """

    kind: Kind
    nullable: bool = False
    ge: float | int | None = None
    le: float | int | None = None
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[str | int | float | bool | None, ...] = ()
    items: TypeSpec | None = None
    fields: tuple[ParamSpec, ...] = ()
    name: str = ""


class ParamSpec(Struct, frozen=True, omit_defaults=True):
    """One named value: a parameter of an event, a field of a message or of a nested struct.

    Attributes:
        default: JSON-able default; meaningless when ``required``.
        moderate: The author asks that texts given here be moderated (told in the schema).
    """

    name: str
    type: TypeSpec
    required: bool = False
    default: Any = None
    description: str = ""
    moderate: bool = False


class EventContract(Struct, frozen=True, omit_defaults=True):
    """One event that clients may send.

    Attributes:
        params: The event's data, field by field.
        reply: Wire name of the message that answers it; empty for a bare acknowledgement.
        sets: The state field that this event sets, when it is a field's setter.
        dedupe: Whether a later queued event replaces an earlier one while a turn runs.
    """

    name: str
    params: tuple[ParamSpec, ...] = ()
    description: str = ""
    reply: str = ""
    sets: str = ""
    dedupe: bool = False


class MessageContract(Struct, frozen=True, omit_defaults=True):
    """One message that the model may send.

    Attributes:
        title: Name of the author's class, for the schema.
    """

    name: str
    fields: tuple[ParamSpec, ...] = ()
    description: str = ""
    title: str = ""


class TensorContract(Struct, frozen=True, omit_defaults=True):
    """What the arrays of a numeric track are.

    Attributes:
        dtype: numpy's array-interface name, little-endian.
        shape: Of one frame, None for a size that varies; None where the number of axes does.
        names: One for each place along the last axis, or none.
        quantity: What the numbers are, for robots; empty where nobody said.
    """

    dtype: Dtype
    shape: tuple[int | None, ...] | None = None
    names: tuple[str, ...] = ()
    quantity: Quantity = ""


class TrackContract(Struct, frozen=True, omit_defaults=True):
    """One track; its index is its place among the outputs or the inputs.

    ``sample_rate`` is audio's, ``tensor`` a numeric track's.
    """

    name: str
    kind: TrackKind
    sample_rate: int = 0
    tensor: TensorContract | None = None


class Contract(Struct, frozen=True, omit_defaults=True):
    """Everything that a peer can know of a model.

    Attributes:
        state: Public fields of the model's state, in order.
        required: State fields that must be set before the generator starts.
    """

    model: str
    description: str = ""
    version: str = ""
    events: tuple[EventContract, ...] = ()
    messages: tuple[MessageContract, ...] = ()
    outputs: tuple[TrackContract, ...] = ()
    inputs: tuple[TrackContract, ...] = ()
    state: tuple[ParamSpec, ...] = ()
    required: tuple[str, ...] = ()


def encode_contract(contract: Contract) -> bytes:
    """Pack a contract for the actor's link."""
    return msgspec.msgpack.encode(contract)


def decode_contract(packed: bytes) -> Contract:
    """Unpack a contract that an actor published.

    Raises:
        msgspec.ValidationError: It is none.
    """
    return msgspec.msgpack.decode(packed, type=Contract)
