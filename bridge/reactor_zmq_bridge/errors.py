"""Errors of the bridge; each says who is to be told, and what."""

from __future__ import annotations

from reactor_zmq.errors import ReactorError


class BridgeError(ReactorError):
    """A browser asked for something that it does not get.

    Attributes:
        code: Machine-readable word.
        text: One sentence for a person.
        field: The field at fault, when there is one.
    """

    def __init__(self, code: str, text: str, field: str | None = None) -> None:
        super().__init__(code, text, field)
        self.code = code
        self.text = text
        self.field = field

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


class BadMessageError(BridgeError):
    """A text message that docs/bridge.md does not allow."""

    def __init__(self, text: str, field: str | None = None, id: str | int | None = None) -> None:  # noqa: A002 - the wire's word
        super().__init__("bad_message", text, field)
        self.id = id


class BadRecordError(BridgeError):
    """A frame record that docs/bridge.md does not allow."""

    def __init__(self, text: str) -> None:
        super().__init__("bad_record", text)


class UnsuitableError(BridgeError):
    """A codec can't carry the frames of this track; the next one of the list may."""

    def __init__(self, text: str) -> None:
        super().__init__("unsuitable", text)
