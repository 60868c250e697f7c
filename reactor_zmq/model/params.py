"""One named value of an event or of the state: type, bounds, default."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from typing import Any

import msgspec

from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.fields import info_of, plain_default
from reactor_zmq.model.types import ValueType, value_type
from reactor_zmq.model.upload import Resolve, no_uploads
from reactor_zmq.wire.contract import ParamSpec


@dataclass(frozen=True)
class FieldSpec:
    """A field of the state or a parameter of an event.

    Attributes:
        param: What peers know of it.
        type: How its plain values become the author's.
        default: The author's default; None when required.
    """

    param: ParamSpec
    type: ValueType
    default: Any = None

    @property
    def name(self) -> str:
        """The field's name."""
        return self.param.name

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.param.required

    def decode(self, packed: bytes, find: Resolve) -> Any:
        """Return the author's value for what ``pack_value`` packed; bounds are not checked again.

        Raises:
            KeyError: It names a file that ``find`` does not know.
            ValueError: It is no value of this field.
        """
        return self.type.finish(msgspec.msgpack.decode(packed), find)


def field_spec(name: str, annotation: Any, default: Any, scope: Scope, where: str) -> FieldSpec:
    """Read one declaration.

    Args:
        name: Name on the wire.
        annotation: A type, or the text of one.
        default: A plain value, ``InputField(…)`` or MISSING.
        scope: Where texts are looked up.
        where: Class and member, for the errors' texts.

    Raises:
        TypeError: An unsupported type, or a default that breaks its own type or bounds.
    """
    info = info_of(default)
    value = plain_default(default, where)
    kind = value_type(resolve(annotation, scope, where), scope, where, info)
    required = value is MISSING
    plain = None if required else kind.checked(value, f"{where}: the default")
    param = ParamSpec(name, kind.spec, required, plain, info.description, info.moderate)
    return FieldSpec(param, kind, kind.finish(plain, no_uploads))
