"""Events: what clients may ask of a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from functools import cached_property
from typing import Any, TypeVar

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.model.annotations import Scope, resolve
from reactor_zmq.model.messages import ModelMessage, message_name
from reactor_zmq.model.params import FieldSpec, field_spec
from reactor_zmq.model.plain import to_plain
from reactor_zmq.model.records import RecordError
from reactor_zmq.model.upload import Resolve, UnknownUploadError, UploadedFile
from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.contract import EventContract
from reactor_zmq.wire.envelope import Encoding
from reactor_zmq.wire.validate import EventValidator, InvalidDataError, UploadRef

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__reactor_event__"
_MAX_NAME = 128
_RESERVED = ("connected", "disconnected")


@dataclass(frozen=True)
class EventMark:
    """What ``@event`` was told."""

    name: str
    description: str
    dedupe: bool


def event(name: str, description: str = "", dedupe: bool = False) -> Callable[[F], F]:
    """Make a method the handler of an event.

    Its signature, less ``self`` and ``client``, is the event's schema. It runs between turns,
    one handler at a time; an async one is awaited to its end. What it returns, a ModelMessage,
    answers the caller alone; ``raise EventError(code, text)`` answers with exactly that.

    Args:
        name: The event's type on the wire.
        description: For the schema; the docstring where it is empty.
        dedupe: While a turn runs, a later queued event of one client replaces the earlier one.

    Raises:
        ValueError: The name is reserved.
    """
    if not isinstance(name, str):  # type: ignore[reportUnnecessaryIsInstance] - a bare @event
        raise TypeError('@event needs a name: @event(name="…")')
    if name in _RESERVED or name.startswith("$") or not 0 < len(name) <= _MAX_NAME:
        raise ValueError(f"{name!r} can't be an event's name")

    def mark(method: F) -> F:
        setattr(method, _MARK, EventMark(name, description, dedupe))
        return method

    return mark


def event_mark(method: Any) -> EventMark | None:
    """Return what ``@event`` said of a method."""
    return getattr(method, _MARK, None)


@dataclass(frozen=True)
class EventSpec:
    """One event of a model.

    Attributes:
        contract: What peers know of it.
        fields: Its parameters.
        method: Name of the handler; None for a generated setter, which assigns ``contract.sets``.
        is_async: Whether the handler's result is awaited.
        takes_client: Whether the handler has a parameter ``client``.
        reply: The message that it returns.
    """

    contract: EventContract
    fields: tuple[FieldSpec, ...]
    method: str | None = None
    is_async: bool = False
    takes_client: bool = False
    reply: type[ModelMessage] | None = None

    @cached_property
    def _validator(self) -> EventValidator:
        return EventValidator(self.contract)

    def decode(self, encoding: Encoding, raw: bytes, resolve: Resolve) -> dict[str, Any]:
        """Return the handler's arguments for a client's bytes, defaults filled in.

        Args:
            encoding: Of ``raw``.
            raw: The event's data, as the client sent it.
            resolve: Finds a file by its upload id; raises KeyError when there is none.

        Raises:
            RemoteProtocolError: ``invalid_data`` or ``unresolved_upload``, naming the field.
        """
        return self._finish(self._validator.decode(encoding, raw), resolve)

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the handler's arguments for Python values, defaults filled in.

        Raises:
            TypeError: An unknown, missing or wrongly typed argument.
            ValueError: A broken bound.
        """
        files: dict[str, UploadedFile] = {}

        def lend(file: UploadedFile) -> UploadRef:
            files[str(len(files))] = file
            return UploadRef(str(len(files) - 1))

        try:
            plain = self._validator.check({k: to_plain(v, lend) for k, v in values.items()})
            return self._finish(plain, files.__getitem__)
        except RemoteProtocolError as error:
            text = f"{self.contract.name}: {error.field or 'data'}: {error.text}"
            bound = isinstance(error, InvalidDataError) and error.bound
            raise (ValueError if bound else TypeError)(text) from error

    def _finish(self, plain: Mapping[str, Any], find: Resolve) -> dict[str, Any]:
        return {f.name: _finish_one(f, plain[f.name], find) for f in self.fields}


def _finish_one(field: FieldSpec, value: Any, find: Resolve) -> Any:
    try:
        return field.type.finish(value, find)
    except UnknownUploadError as error:
        text = "the upload is not known, or is not there any more"
        raise RemoteProtocolError(Code.UNRESOLVED_UPLOAD, text, field.name) from error
    except RecordError as error:
        raise InvalidDataError(str(error), field.name, bound=True) from error


def handler_spec(mark: EventMark, method: Any, scope: Scope, where: str) -> EventSpec:
    """Read a handler's signature.

    Raises:
        TypeError: It is no plain method, or a parameter or what it returns is not supported.
    """
    if not inspect.isfunction(method):
        raise TypeError(f"{where}: a handler is a plain method, no static or class method")
    if inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
        raise TypeError(f"{where}: a handler returns, it does not yield")
    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    fields = tuple(_parameter(p, scope, where) for p in parameters if p.name != "client")
    reply = _reply(signature.return_annotation, scope, where)
    return EventSpec(
        contract=EventContract(
            mark.name,
            params=tuple(field.param for field in fields),
            description=mark.description or inspect.cleandoc(method.__doc__ or ""),
            reply=message_name(reply) if reply else "",
            dedupe=mark.dedupe,
        ),
        fields=fields,
        is_async=inspect.iscoroutinefunction(method),
        takes_client=any(p.name == "client" for p in parameters),
        reply=reply,
    )


def setter_spec(field: FieldSpec) -> EventSpec:
    """Return the generated ``set_<field>`` event."""
    contract = EventContract(
        f"set_{field.name}", (field.param,), field.param.description, sets=field.name
    )
    return EventSpec(contract, (field,))


def _parameter(parameter: inspect.Parameter, scope: Scope, where: str) -> FieldSpec:
    where = f"{where}({parameter.name})"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(
            f"{where}: *args, **kwargs and positional-only parameters are not supported"
        )
    if parameter.annotation is parameter.empty:
        raise TypeError(f"{where}: a parameter needs a type annotation")
    default = MISSING if parameter.default is parameter.empty else parameter.default
    return field_spec(parameter.name, parameter.annotation, default, scope, where)


def _reply(annotation: Any, scope: Scope, where: str) -> type[ModelMessage] | None:
    if annotation is inspect.Signature.empty:
        return None
    kind = resolve(annotation, scope, where)
    if kind in (None, type(None)):
        return None
    if isinstance(kind, type) and issubclass(kind, ModelMessage) and kind is not ModelMessage:
        return kind
    raise TypeError(
        f"{where}: a handler returns a ModelMessage subclass or None, not {annotation!r}"
    )
