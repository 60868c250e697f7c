"""One bridge: its sessions and what they share."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from reactor_zmq.client.aio import AsyncClient
from reactor_zmq.errors import ReactorError
from reactor_zmq_bridge.admission import Admission, Tickets
from reactor_zmq_bridge.codecs.encoder import available_codecs
from reactor_zmq_bridge.config import BridgeConfig
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.frontdoor import FrontDoor
from reactor_zmq_bridge.session import Session
from reactor_zmq_bridge.source import Sources
from reactor_zmq_bridge.surroundings import Surroundings
from reactor_zmq_bridge.tape import Tape
from reactor_zmq_bridge.words import Hello

_log = logging.getLogger("reactor_zmq.bridge")
_STATS_S = 1.0


class Bridge:
    """Made on a running loop, and belongs to its thread.

    Attributes:
        config: As given.
        door: Finds the front end.
        around: What sessions share.
    """

    def __init__(self, config: BridgeConfig) -> None:
        self.config = config
        self.door = FrontDoor(config.target, config.times.connect_s)
        self._pool = ThreadPoolExecutor(config.encoders, thread_name_prefix="encode")
        self.around = Surroundings(
            config=config,
            sources=Sources(self._pool, self._frames_client),
            pool=self._pool,
            codecs=available_codecs(),
            tickets=Tickets(config.times.ticket_s),
            viewers=self.viewers,
            tape=self._tape(config),
        )
        self._admission = Admission(config.limits)
        self._uploads = 0
        self._sessions: dict[str, Session] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._ticker = asyncio.create_task(self._tick())
        self.closing = False

    def _tape(self, config: BridgeConfig) -> Tape | None:
        return (
            Tape(Path(config.recordings), config.target, self._tape_changed)
            if config.recordings
            else None
        )

    def _tape_changed(self) -> None:
        for session in self.sessions:
            session.tell_recording()

    def viewers(self) -> int:
        """How many browsers look at something."""
        return sum(bool(each.viewer.showing) for each in self._sessions.values())

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions, those that wait for their browser included."""
        return tuple(self._sessions.values())

    async def admit(self, hello: Hello, address: str, *, loopback: bool) -> tuple[Session, bool]:
        """Return the session that a browser resumes or begins, and whether it is resumed.

        Raises:
            BridgeError: ``unauthenticated``, ``too_many`` or ``unreachable``.
        """
        good_for = self.door.scope_of(hello.token)
        known = self._sessions.get(hello.resume or "")
        if known is not None and hmac.compare_digest(known.token.encode(), hello.token.encode()):
            return known, True
        self._admission.admit(address)
        try:
            client = await self.door.connect(
                hello.token, hello.name or "browser", hello.scope or good_for
            )
        except BaseException:
            self._admission.release(address)
            raise
        session = Session(
            self.around, client, hello, address, loopback=loopback, on_over=self._over
        )
        self._sessions[session.secret] = session
        await session.prepare()
        if self.closing:
            self._over(session)
        if session.secret not in self._sessions:
            raise BridgeError("unreachable", "the run or the bridge has ended meanwhile")
        return session, False

    def by_secret(self, secret: str) -> Session | None:
        """Return the session that a secret stands for."""
        return self._sessions.get(secret)

    def by_viewer(self, viewer_id: str) -> Session | None:
        """Return the session whose viewer has this id."""
        return next((s for s in self._sessions.values() if s.viewer_id == viewer_id), None)

    @asynccontextmanager
    async def place(self, address: str) -> AsyncGenerator[None]:
        """Hold a session's place for somebody who speaks another dialect.

        Raises:
            BridgeError: ``too_many``.
        """
        self._admission.admit(address)
        try:
            yield
        finally:
            self._admission.release(address)

    @contextmanager
    def upload_place(self) -> Generator[None]:
        """Hold a place for an upload.

        Raises:
            BridgeError: ``busy``: all are taken.
        """
        if self._uploads >= self.config.limits.uploads:
            most = self.config.limits.uploads
            raise BridgeError("busy", f"{most} uploads are on their way, the most; try again")
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    async def close(self) -> None:
        """End all sessions and give everything back."""
        self.closing = True
        self._ticker.cancel()
        sessions, self._sessions = self.sessions, {}
        await asyncio.gather(*(each.close() for each in sessions), *self._endings)
        if self.around.tape is not None:
            await self.around.tape.close()
        await self.around.sources.close()
        await asyncio.to_thread(self._pool.shutdown)
        with suppress(asyncio.CancelledError):
            await self._ticker

    def _over(self, session: Session) -> None:
        if self._sessions.pop(session.secret, None) is None:
            return
        self._admission.release(session.address)
        task = asyncio.create_task(session.close(1000, "the session has ended"))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _frames_client(self) -> AsyncClient:
        try:
            return await self.door.watch()
        except BridgeError as error:
            raise ReactorError(str(error)) from error

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_STATS_S)
            for session in self.sessions:
                session.tell_stats()
