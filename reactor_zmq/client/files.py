"""Files of the synchronous client: up to the runtime, and back."""

from __future__ import annotations

from reactor_zmq.client.downloading import DownloadedFile, Downloading
from reactor_zmq.client.driver import Driver
from reactor_zmq.client.frame_feed import Transport
from reactor_zmq.client.messages import UploadReference
from reactor_zmq.client.requests import Requests
from reactor_zmq.client.turn import Turn
from reactor_zmq.client.upload_source import Source, UploadSource
from reactor_zmq.client.uploading import Report
from reactor_zmq.client.view import ClientView
from reactor_zmq.errors import ConnectionLost


class ClientFiles(ClientView):
    """What a client does with files; any thread may."""

    def __init__(self, driver: Driver, reply_timeout: float | None, transport: Transport) -> None:
        super().__init__(driver, transport)
        self._reply_timeout = reply_timeout
        self._turn = Turn(driver)
        self._requests = Requests(driver, self._turn)

    def upload(
        self,
        source: Source,
        *,
        name: str | None = None,
        mime_type: str | None = None,
        progress: Report | None = None,
    ) -> UploadReference:
        """Upload a file and return a reference to give to events that take one.

        Args:
            source: A path, or the bytes themselves.
            name: As the model sees it; the path's last part if not given.
            mime_type: Guessed from the name if not given.
            progress: Called with the bytes that have arrived and their total, by this thread.

        Raises:
            EventError: ``upload_refused`` or ``upload_corrupt``.
            ConnectionLost: The link broke, and broke again on the second try.
            OSError: The file can't be read.
        """
        self._check_process()
        with UploadSource(source, name, mime_type) as file:
            request = file.announce()
            try:
                return self._requests.upload(file, request, progress, self._reply_timeout)
            except ConnectionLost:
                # Half a file does not survive the link that it came by.
                self._check_open()
                return self._requests.upload(file, request, progress, self._reply_timeout)

    def download(self, upload_id: str, most_nbytes: int | None = None) -> DownloadedFile:
        """Return a file of the session, whoever has uploaded it; for those who may steer.

        Args:
            upload_id: As events and ``UploadReference`` name it.
            most_nbytes: A larger one is refused with ``too_large``.

        Raises:
            EventError: ``upload_refused``: there is no such file; or ``too_large``.
            ConnectionLost: The link broke for too long.
        """
        self._check_process()
        downloading = Downloading(upload_id, most_nbytes)
        while True:
            request = self._requests.begin("$download", downloading.wanted, again=True)
            reply = self._requests.finish(request, self._reply_timeout)
            if (found := downloading.take(reply)) is not None:
                return found
