"""One named value of an event or of the state: type, bounds, default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any

import msgspec

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.fields import info_of, plain_default
from reactor_zmq.model.plain import to_plain
from reactor_zmq.model.types import ValueType, value_type
from reactor_zmq.model.upload import Resolve, UploadedFile
from reactor_zmq.wire.contract import EventContract, ParamSpec
from reactor_zmq.wire.validate import EventValidator


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
    info, value = info_of(default), plain_default(default)
    kind = value_type(resolve(annotation, scope, where), scope, where, info)
    if value is MISSING or value is None:
        param = ParamSpec(name, kind.spec, value is MISSING, None, info.description, info.moderate)
        return FieldSpec(param, kind)
    plain = _checked_default(kind, value, where)
    param = ParamSpec(
        name, kind.spec, default=plain, description=info.description, moderate=info.moderate
    )
    return FieldSpec(param, kind, kind.finish(plain, _no_uploads))


def _checked_default(kind: ValueType, value: Any, where: str) -> Any:
    probe = EventValidator(
        EventContract("default", (ParamSpec("value", kind.spec, required=True),))
    )
    try:
        checked: Mapping[str, Any] = probe.check({"value": to_plain(value)})
    except RemoteProtocolError as error:
        text = f"{where}: the default {value!r} does not fit: {error.text}"
        raise TypeError(text) from error
    return checked["value"]


def _no_uploads(upload_id: str) -> UploadedFile:
    raise TypeError("a file can't be a default")
