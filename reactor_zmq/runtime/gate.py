"""The gate of a run: keeps the allow-list up to date, and cuts the links of who has to go."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from reactor_zmq.errors import ConfigError
from reactor_zmq.machines.access import AllowList
from reactor_zmq.machines.frontend_vocabulary import Cut, Forget
from reactor_zmq.runtime.keyring import Keyring
from reactor_zmq.sockets.public import Sockets

# A changed file is seen within this time, without a signal.
_LOOK_S = 1.0
# What was said last to a peer is under way to it for a moment.
_LAST_WORDS_S = 0.1

_log = logging.getLogger("reactor_zmq.gate")


class Gate:
    """Belongs to the front end's thread.

    Args:
        sockets: Whose handshakes it decides about.
        keyring: Read anew when its folder has changed, or when that is asked for.
        asked: How often it was asked for so far.
    """

    def __init__(self, sockets: Sockets, keyring: Keyring, asked: Callable[[], int]) -> None:
        self._sockets = sockets
        self._keyring = keyring
        self._asked = asked
        self._asked_seen = asked()
        self._looked_at = 0.0
        self._cuts: deque[tuple[float, bytes]] = deque()
        self._in_clear_seen = 0

    def part_from(self, instruction: Forget | Cut, now: float) -> None:
        """Say no more to a peer, or end its link."""
        match instruction:
            case Forget(peer):
                self._sockets.events.forget(peer)
            case Cut(peer, gently=True):
                self._cuts.append((now + _LAST_WORDS_S, peer))
            case Cut(peer):
                self._sockets.events.cut(peer)

    def tend(self, now: float) -> AllowList | None:
        """Do what is due; return the allow-list when another one is in force."""
        while self._cuts and self._cuts[0][0] <= now:
            self._sockets.events.cut(self._cuts.popleft()[1])
        asked = self._asked()
        if asked == self._asked_seen and now - self._looked_at < _LOOK_S:
            return None
        self._looked_at = now
        self._tell_in_clear()
        if asked == self._asked_seen and not self._keyring.changed():
            return None
        self._asked_seen = asked
        return self._reload()

    def _reload(self) -> AllowList | None:
        try:
            allowed = self._keyring.load()
        except ConfigError as error:
            # Who is in stays; nobody comes in by what could not be read.
            self._sockets.zap.allowed = self._keyring.own()
            _log.error("keys can't be read, and let nobody in: %s", error)
            return None
        self._sockets.zap.allowed = allowed
        for each in (self._sockets.frames, self._sockets.lane):
            each.revoke(allowed)
        _log.info("keys were read", extra={"facts": {"credentials": self._keyring.listed}})
        return allowed

    def _tell_in_clear(self) -> None:
        count = self._sockets.zap.in_clear
        if count != self._in_clear_seen:
            self._in_clear_seen = count
            facts = {"facts": {"count": count}}
            _log.warning("INSECURE: peers elsewhere have come in without encryption", extra=facts)
