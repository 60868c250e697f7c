"""The word for a turn without a frame."""

from __future__ import annotations

from typing import Final, final


@final
class IdleType:
    """The type of ``Idle``; calling it gives the same object, so ``Idle()`` is ``Idle``."""

    def __call__(self) -> IdleType:
        """Return ``Idle`` itself."""
        return self

    def __repr__(self) -> str:
        return "Idle"


Idle: Final = IdleType()
