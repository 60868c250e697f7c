"""What a bridge is told when it starts: frozen records handed down by part."""

from __future__ import annotations

from msgspec import Struct

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765


class BridgeLimits(Struct, frozen=True, kw_only=True):
    """Bounds on what browsers may use up.

    Attributes:
        sessions: Browsers at once, those that may resume included.
        sessions_per_address: The same from one address; all tabs of a machine share one.
        sockets: TCP connections at once, of all kinds.
        hello_s: A WebSocket that has not said ``$hello`` after so long is closed.
        request_s: A TCP connection that has sent no whole request after so long is closed.
        text_nbytes: One text message.
        binary_nbytes: One binary message, which is a frame of an input track.
        upload_nbytes: One uploaded file.
        uploads: Uploads on their way at once; each holds its bytes in memory.
        messages_hz: Text messages per second that a session may send, acknowledgements aside.
        burst: Of these at once, after silence.
        unanswered: Events of one session whose reply is still to come.
        outbox: Texts that wait for a browser that is away or does not read.
        outbox_nbytes: The same in bytes.
    """

    sessions: int = 64
    sessions_per_address: int = 8
    sockets: int = 256
    hello_s: float = 5.0
    request_s: float = 10.0
    text_nbytes: int = 65_536
    binary_nbytes: int = 4 * 2**20
    upload_nbytes: int = 32 * 2**20
    uploads: int = 4
    messages_hz: float = 100.0
    burst: int = 200
    unanswered: int = 120
    outbox: int = 512
    outbox_nbytes: int = 8 * 2**20


class BridgeTimes(Struct, frozen=True, kw_only=True):
    """How long the bridge waits for what.

    Attributes:
        resume_s: A session is kept for so long after its browser vanished.
        send_s: A browser that does not take what is sent within this is let go.
        ping_s: A silent browser is asked whether it is there.
        pong_s: It may take so long to answer.
        overdue_s: A frame that is not acknowledged after so long makes the bridge ask at once.
        overdue_pong_s: The answer to that.
        keep_alive_s: A stream without frames carries a keep-alive so often.
        connect_s: The front end may take so long to greet a session.
        ticket_s: A ticket is good for so long.
    """

    resume_s: float = 10.0
    send_s: float = 2.0
    ping_s: float = 10.0
    pong_s: float = 10.0
    overdue_s: float = 1.0
    overdue_pong_s: float = 1.5
    keep_alive_s: float = 1.0
    connect_s: float = 4.0
    ticket_s: float = 30.0


class BridgeConfig(Struct, frozen=True, kw_only=True):
    """All that one bridge needs.

    Attributes:
        target: A run's name or its connection file; empty for the only run there is.
        host: Address to listen on.
        port: 0 takes a free one.
        listen_fd: A listening socket handed down by the parent process, -1 for none.
        origins: Origins allowed beside the bridge's own, exactly as browsers write them.
        hosts: Host headers allowed beside the bridge's own.
        expose: Listen beyond loopback, in the clear.
        jpeg_quality: 1 to 100.
        encoders: Threads that encode.
        recordings: Folder into which those who may steer may record; empty for none.
    """

    target: str = ""
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    listen_fd: int = -1
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    expose: bool = False
    jpeg_quality: int = 80
    encoders: int = 2
    recordings: str = ""
    limits: BridgeLimits = BridgeLimits()
    times: BridgeTimes = BridgeTimes()
