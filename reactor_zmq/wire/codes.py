"""The words in ``$error.code`` and ``$status.state``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why an event or a control word was refused."""

    BAD_MESSAGE = "bad_message"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    RESUME_REFUSED = "resume_refused"
    FORBIDDEN = "forbidden"
    UNKNOWN_EVENT = "unknown_event"
    INVALID_DATA = "invalid_data"
    UNRESOLVED_UPLOAD = "unresolved_upload"
    OUT_OF_ORDER = "out_of_order"
    BUSY = "busy"
    NOT_READY = "not_ready"
    MODEL_UNAVAILABLE = "model_unavailable"
    ACTOR_CRASHED = "actor_crashed"
    INTERNAL_ERROR = "internal_error"
    CLOSED = "closed"
    PUBLISH_REFUSED = "publish_refused"
    UPLOAD_REFUSED = "upload_refused"
    UPLOAD_CORRUPT = "upload_corrupt"
    SLOW_CONSUMER = "slow_consumer"


class State(StrEnum):
    """What the model is doing, as told by ``$status``."""

    LOADING = "loading"
    READY = "ready"
    WAITING = "waiting"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPING = "stopping"
