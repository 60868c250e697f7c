"""Everything that a run shows and hears, into one file; nothing of it waits for the disk."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from reactor_zmq.client import Client, Frame, Frames
from reactor_zmq.errors import ReactorError
from reactor_zmq.memory.heap import keep_large_blocks
from reactor_zmq_recording.channels import (
    WORDS,
    Direction,
    Track,
    metadata_message,
    metadata_plan,
    plan_track,
    text_message,
    word_plan,
)
from reactor_zmq_recording.file import RecordingFile
from reactor_zmq_recording.pictures import Codec
from reactor_zmq_recording.uploads import MOST_NBYTES, NOTE, Attachment, Fetching
from reactor_zmq_recording.waiting import Entry, Waiting

_WAIT_S = 0.1
_WORD_OF = {"$event": "events", "$state": "state", "$status": "status"}


@dataclass(frozen=True)
class Progress:
    """How a recording goes.

    Attributes:
        elapsed_s: Since it began.
        messages: In the file so far.
        frames: Those of them that are frames.
        gaps: Frames that did not reach the recorder.
        dropped: Messages that found no room because the disk was too slow.
        nbytes: Of the file.
        free_nbytes: Left on its disk.
    """

    elapsed_s: float
    messages: int
    frames: int
    gaps: int
    dropped: int
    nbytes: int
    free_nbytes: int


class Recorder:
    """Records one run; ``run`` belongs to one thread, ``stop`` may be called from any.

    Args:
        client: Connected with ``follow_events=True``, its model loaded; closed by ``run``.
        path: Must not exist yet.
        codec: For pictures.
        inputs: Whether what clients publish is recorded too.
        uploads_nbytes: Of the files that events name, all together; 0 leaves them out.

    Raises:
        FileExistsError: There is such a file.
        ConfigError: What it needs is not installed.
    """

    def __init__(
        self,
        client: Client,
        path: Path,
        *,
        codec: Codec = "jpeg",
        inputs: bool = True,
        uploads_nbytes: int = MOST_NBYTES,
    ) -> None:
        # A chunk is copied some times on its way to the disk, each time to memory of its size.
        keep_large_blocks()
        self._client = client
        self._codec: Codec = codec
        self._inputs = inputs
        self._file = RecordingFile(path)
        self._fetching = Fetching(client, uploads_nbytes)
        self._waiting = Waiting[Entry | Attachment](lambda entry: len(entry.data))
        self._unencoded: list[Waiting[Frame]] = []
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self._messages = self._recorded_frames = 0
        self._gaps: dict[str, int] = {}
        self._error: Exception | None = None
        self._words = {word: word_plan(client.model, word) for word in WORDS}
        self._frames: list[Frames] = []
        self._threads: list[threading.Thread] = []

    @property
    def progress(self) -> Progress:
        """How it goes at this moment."""
        return Progress(
            elapsed_s=time.monotonic() - self._began,
            messages=self._messages,
            frames=self._recorded_frames,
            gaps=sum(self._gaps.values()),
            dropped=sum(each.dropped for each in (self._waiting, *self._unencoded)),
            nbytes=self._file.nbytes,
            free_nbytes=shutil.disk_usage(self._file.path.parent).free,
        )

    def stop(self) -> None:
        """Let ``run`` come to its end; a signal handler may call it."""
        self._stopped.set()

    def run(
        self,
        seconds: float | None = None,
        show: Callable[[Progress], object] = lambda _: None,
        period_s: float = 1.0,
    ) -> Progress:
        """Record until the time is over, ``stop`` is called or the run ends; end the file.

        Raises:
            RecordingFullError: The disk is full; the file was ended and is readable.
            ConfigError: What a codec needs is not installed; the file was ended.
        """
        try:
            self._describe()
            self._listen()
            self._write_until(seconds, show, period_s)
            self._hush()
            self._write_rest()
        finally:
            self._hush()
            for thread in self._threads:
                thread.join()
            self._file.close()
        if self._error is not None:
            raise self._error
        return self.progress

    # --- the thread that writes ---------------------------------------------------------------

    def _describe(self) -> None:
        client = self._client
        clock = msgspec.json.encode(client.clock).decode()
        facts = {"model": client.model, "session": client.session, "codec": self._codec}
        self._file.note("reactor_zmq", {**facts, "clock": clock})
        schema = msgspec.json.encode(client.schema())
        self._file.attach("openapi.json", "application/json", schema)
        self._keep_files(dict(client.state))
        self._put_word("state", {"version": 0, "fields": dict(client.state)})
        self._put_word("status", client.status)

    def _listen(self) -> None:
        tracks: list[tuple[Track, Direction]] = []
        tracks.extend((track, "out") for track in self._client.tracks)
        if self._inputs:
            tracks.extend((track, "in") for track in self._client.input_tracks)
        self._begin(self._record_words)
        for track, direction in tracks:
            frames = self._client.frames(track.track, every=True)
            self._frames.append(frames)
            taken = Waiting[Frame](lambda frame: frame.array.nbytes)
            self._unencoded.append(taken)
            self._begin(self._take_frames, frames, taken)
            self._begin(self._encode_frames, taken, track, direction)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(
            target=self._guarded, args=(work, *arguments), name="record", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _hush(self) -> None:
        self._stopped.set()
        for frames in self._frames:
            frames.close()
        self._client.close()

    def _write_rest(self) -> None:
        """Write what encoders still have to give, until they have come to their end."""
        while any(thread.is_alive() for thread in self._threads):
            self._write_one(_WAIT_S)
        while self._write_one(0):
            pass

    def _write_until(
        self, seconds: float | None, show: Callable[[Progress], object], period_s: float
    ) -> None:
        end_s = float("inf") if seconds is None else seconds
        due_s = period_s
        while not (self._stopped.is_set() or self._client.closed or self._error):
            self._write_one(_WAIT_S)
            self._file.flush_if_due()
            elapsed_s = time.monotonic() - self._began
            if elapsed_s >= due_s:
                due_s += period_s
                show(self.progress)
            if elapsed_s >= end_s:
                return

    def _write_one(self, timeout_s: float) -> bool:
        entry = self._waiting.take(timeout_s)
        if entry is None:
            return False
        if isinstance(entry, Attachment):
            self._file.attach(entry.title, entry.media_type, entry.data)
            self._file.note(NOTE, entry.facts)
            return True
        self._file.add(entry.plan, entry.data, entry.log_ns, entry.publish_ns, entry.seq)
        self._messages += 1
        self._recorded_frames += entry.is_frame
        return True

    # --- the threads that hear ----------------------------------------------------------------

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except ReactorError as error:
            # The end of the run ends the recording in order. The client keeps its error, which
            # would keep all that its traceback names.
            self._error = None if self._client.closed else error
            error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - a codec may raise anything; the file is ended
            self._error = error
        finally:
            self._waiting.wake()

    def _record_words(self) -> None:
        for message in self._client.messages():
            word = _WORD_OF.get(message.type, "messages")
            data = dict(message.data)
            if word == "events":
                self._keep_files(data)
            self._put_word(
                word, data if word != "messages" else {"type": message.type, "data": data}
            )

    def _keep_files(self, data: object) -> None:
        """Put the files that are named before what names them."""
        for attachment in self._fetching.new_ones(data):
            self._waiting.put(attachment)

    def _put_word(self, word: str, data: object) -> None:
        now_ns = time.time_ns()
        self._waiting.put(Entry(self._words[word], text_message(data), now_ns, now_ns))

    def _take_frames(self, frames: Frames, taken: Waiting[Frame]) -> None:
        """Take frames as they come: an encoder that is late for a moment costs none."""
        track = frames.track
        try:
            for frame in frames:
                self._gaps[track] = self._gaps.get(track, 0) + frame.gap
                # While the encoder keeps up, this is the runtime's memory; a client that holds more
                # than two such frames is given copies by itself.
                taken.put(frame)
        finally:
            taken.end()

    def _encode_frames(self, taken: Waiting[Frame], track: Track, direction: Direction) -> None:
        planned = None
        notes = metadata_plan(self._client.model, track.track)
        for frame in taken.until_end():
            planned = planned or plan_track(
                self._client.model, track, direction, self._codec, frame
            )
            plan, encoder = planned
            stamps = (frame.received_ns, frame.produced_ns, frame.seq)
            if frame.metadata:
                self._waiting.put(Entry(notes, metadata_message(frame), *stamps))
            self._waiting.put(Entry(plan, encoder.encode(frame), *stamps, is_frame=True))
