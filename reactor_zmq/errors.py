"""Errors of the runtime; each carries its data as attributes and builds its text from them."""

from __future__ import annotations


class ReactorError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(ReactorError):
    """The operator's configuration can't be used; the text says what to change."""


class LocalProtocolError(ReactorError):
    """Our own side asked for something illegal; nothing was changed."""


class EventError(ReactorError):
    """An event was refused.

    Raised by a handler it answers the caller with exactly this code and text; raised by a
    client it is the ``$error`` that the runtime answered.

    Attributes:
        code: Machine-readable word, such as ``invalid_data``.
        text: One sentence for a person.
        field: The field at fault, when there is one.
    """

    def __init__(self, code: str, text: str = "", field: str | None = None) -> None:
        super().__init__(code, text, field)
        self.code = code
        self.text = text
        self.field = field

    def __str__(self) -> str:
        return f"{self.code}: {self.text}" if self.text else self.code


CommandError = EventError


class RemoteProtocolError(EventError):
    """A peer sent bytes that the protocol does not allow (see docs/protocol.md)."""


class LoadError(ReactorError):
    """The model could not be imported, built or loaded."""


class BufferClosed(ReactorError):
    """An input track was closed while a reader waited for frames."""


class ConnectionLost(ReactorError):
    """The runtime can't be reached any more, or never could be."""


class AuthenticationError(ReactorError):
    """The token or key was refused by the runtime, or none was given."""


class ActorGone(ReactorError):
    """The other end of the actor's link has closed."""


class ActorFault(ReactorError):
    """The model's process can't go on; its supervisor starts another. The cause is chained."""
