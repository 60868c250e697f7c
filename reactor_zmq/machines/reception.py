"""Who comes in: what their credentials are good for, greetings, returns."""

from __future__ import annotations

from collections.abc import Sequence

from reactor_zmq.errors import RemoteProtocolError
from reactor_zmq.machines.access import AllowList, Grant
from reactor_zmq.machines.clients import Allowance, Client
from reactor_zmq.machines.frontend_state import FrontEndState
from reactor_zmq.machines.frontend_vocabulary import AccessChanged, Cut, PeerArrived
from reactor_zmq.machines.letter import Letter
from reactor_zmq.wire import link
from reactor_zmq.wire.codes import Code, State
from reactor_zmq.wire.control import Hello, Welcome
from reactor_zmq.wire.envelope import PROTOCOL_VERSION, Encoding, Envelope, decode_data
from reactor_zmq.wire.scope import Scope, covers, lesser

# A welcome holds the state and makes the author's hooks run.
_HELLO_COST = 20


class Reception:
    """Answers ``$hello``: nobody becomes more than the credential of the link allows."""

    def __init__(self, state: FrontEndState) -> None:
        self._state = state
        self._arrived: dict[bytes, PeerArrived] = {}
        self._allowances: dict[bytes, Allowance] = {}
        self._allowed: AllowList | None = None  # until it changes, the handshake has seen to it

    def handle(self, news: PeerArrived | AccessChanged) -> None:
        """Take note of what a new link may do, or of what all of them may do from here on."""
        if isinstance(news, PeerArrived):
            self._arrived[news.peer] = news
            self._revoke([news])
        else:
            self._allowed = news.allowed
            self._revoke(tuple(self._arrived.values()))

    def gone(self, peer: bytes) -> None:
        """Forget a link."""
        self._arrived.pop(peer, None)
        self._allowances.pop(peer, None)

    def _revoke(self, links: Sequence[PeerArrived]) -> None:
        """Let go whose credential is good for nothing any more, or for something else."""
        for each in links:
            if self._allowed is None or self._allowed.has(each.grant):
                continue
            del self._arrived[each.peer]
            client = self._state.clients.of_peer(each.peer)
            if client is not None:
                self._state.note("warning", "client's credential is revoked", client=client.id)
                self._state.let_go(client, "revoked")
            self._state.out.append(Cut(each.peer, gently=True))

    def hello(self, letter: Letter, client: Client | None, now: float) -> None:
        """Greet a peer, as a new client, as one who returns, or once more.

        Raises:
            RemoteProtocolError: It does not come in; nothing was changed.
        """
        hello = decode_data(letter.encoding, letter.word.data, Hello)
        if hello.protocol != PROTOCOL_VERSION:
            text = f"this side speaks protocol {PROTOCOL_VERSION}, the client {hello.protocol}"
            raise RemoteProtocolError(Code.PROTOCOL_MISMATCH, text, "protocol")
        if self._state.model.state is State.STOPPING:
            raise RemoteProtocolError(Code.CLOSED, "the runtime is stopping")
        grant = self._grant(letter.peer, hello.scope)
        # The link's own: who leaves and comes again by it has no more than before.
        allowance = self._allowances.get(letter.peer) or Allowance(self._state.limits, now)
        self._allowances[letter.peer] = allowance
        allowance.spend(_HELLO_COST, now)
        if hello.follow_events and not covers(grant.scope, "steer"):
            text = "only who may steer is told of the events of others"
            raise RemoteProtocolError(Code.FORBIDDEN, text, "follow_events")
        joined = client is None and not hello.resume
        if client is not None and hello.resume not in ("", client.token):
            text = "this link speaks for another client already"
            raise RemoteProtocolError(Code.RESUME_REFUSED, text, "resume")
        if hello.resume:
            client = self._resume(letter.peer, hello.resume, letter.encoding)
        elif client is None:
            client = self._join(letter, hello, grant, now)
        client.delimiter = letter.delimiter
        clients = self._state.clients
        clients.state_followers.put(client, inside=hello.follow_state)
        clients.event_followers.put(client, inside=hello.follow_events)
        self._welcome(client, letter.word, resumed=bool(hello.resume))
        if joined:
            self._state.tell(self.join_notice(client))

    def join_notice(self, client: Client) -> link.Join:
        """Return what the actor is told of a client."""
        return link.Join(client.id, client.joined_at, self._state.session.id, client.name)

    def _grant(self, peer: bytes, wanted: Scope | None) -> Grant:
        """Return what a new client on this link may do."""
        found = self._arrived.get(peer)
        if found is None:
            raise RemoteProtocolError(Code.UNAUTHENTICATED, "this link has no credential")
        if found.named_itself:
            text = "routing ids are made by this side: leave ZMQ_ROUTING_ID unset"
            raise RemoteProtocolError(Code.FORBIDDEN, text)
        scope = wanted or lesser("steer", found.grant.scope)
        if not covers(found.grant.scope, scope):
            text = f"this credential has the scope {found.grant.scope!r}"
            raise RemoteProtocolError(Code.FORBIDDEN, text, "scope")
        return Grant(found.grant.name, scope)

    def _resume(self, peer: bytes, token: str, encoding: Encoding) -> Client:
        client = self._state.clients.resumable(token)
        if client is None:
            raise RemoteProtocolError(Code.RESUME_REFUSED, "no client with this token", "resume")
        if not covers(self._arrived[peer].grant.scope, client.scope):
            text = f"that client has the scope {client.scope!r}, this credential has not"
            raise RemoteProtocolError(Code.FORBIDDEN, text, "resume")
        self._state.clients.rebind(client, peer, encoding)
        return client

    def _join(self, letter: Letter, hello: Hello, grant: Grant, now: float) -> Client:
        self._make_room()
        if self._state.clients.full:
            text = f"{len(self._state.clients)} clients are connected, that is the most"
            raise RemoteProtocolError(Code.BUSY, text)
        client = self._state.clients.join(
            letter.peer, hello, grant, letter.encoding, now, self._allowances[letter.peer]
        )
        facts = {"client": client.id, "name": client.name, "scope": client.scope}
        self._state.note("info", "client joined", **facts, credential=client.credential)
        return client

    def _make_room(self) -> None:
        """Let the client that was lost longest ago give way to one that is there."""
        if self._state.clients.full and (lost := self._state.clients.longest_lost()):
            self._state.note("info", "a lost client gave way", client=lost.id)
            self._state.remove(lost)

    def _welcome(self, client: Client, word: Envelope, *, resumed: bool) -> None:
        state, model = self._state, self._state.model
        welcome = Welcome(
            protocol=PROTOCOL_VERSION,
            client=client.id,
            session=state.session.id,
            epoch=model.epoch,
            resume=client.token,
            resume_s=state.settings.resume_s,
            resumed=resumed,
            model=model.contract.model if model.contract else state.settings.model,
            frames=state.settings.frames,
            topics=model.topics(),
            inputs=tuple(track.track for track in model.inputs()),
            schema_hash=model.hash,
            status=state.status(),
            state=state.state_change(state.session.state).fields,
            lane=state.settings.lane,
            input_tracks=model.inputs(),
            scope=client.scope,
        )
        waiting = tuple(client.waiting)
        client.waiting.clear()
        state.say(client, "$welcome", welcome, word.id)
        for part in waiting:
            state.say_part(client, part)
