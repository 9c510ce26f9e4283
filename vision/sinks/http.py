"""Posts events and their evidence to the event service."""

import logging

from vision.core.errors import SinkError
from vision.sinks.client import EVENTS, ServiceClient, has_it, trouble_with
from vision.sinks.receiver import FileRef, Parcel, Progress, RetryLaterError
from vision.sinks.resumable import ResumableUploads

log = logging.getLogger(__name__)

_PATIENCE = 8  # attempts before a conflict or an unknown event is final
_HEALTH = "/api/v1/health-events"


class HttpReceiver:
    """The event service's ingest interface.

    An event goes first, then each of its files; what the service has confirmed is
    not sent again, and a long file that broke off goes on where it did.
    """

    def __init__(self, client: ServiceClient) -> None:
        """Deliver over this connection, which is closed with the receiver."""
        self._client = client
        self._resumable = ResumableUploads(client)

    @property
    def name(self) -> str:
        """Which service, without credentials."""
        return self._client.name

    @property
    def takes_files(self) -> bool:
        """Always: the service shows them."""
        return True

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        """Hand over one message and its files.

        Raises:
            RetryLaterError: unreachable, too slow, overloaded or misconfigured; or a
                file cannot be read now.
            SinkError: refused for good.
        """
        if parcel.kind != "files" and not progress.done("message"):
            self._post(parcel)
            progress.mark("message")
        # A manifest completes its package and is announced: its signature goes before.
        for file in sorted(parcel.files, key=lambda one: one.role == "manifest"):
            step = f"file:{file.name}"
            if not progress.done(step) and self._put(parcel, file):
                progress.mark(step)

    def close(self) -> None:
        """Close the connections; a request in hand fails."""
        self._client.close()

    def _post(self, parcel: Parcel) -> None:
        response = self._client.post(
            _HEALTH if parcel.kind == "health" else EVENTS,
            parcel.body,
            {
                "Idempotency-Key": parcel.message_id,
                "Content-Type": "application/cloudevents+json",
            },
        )
        if response.status_code == 409 and parcel.attempts >= _PATIENCE:  # noqa: PLR2004 HTTP
            msg = f"{self.name}: {parcel.message_id} is known with other content"
            raise SinkError(msg)
        if not response.is_success:
            self._client.refuse(response, parcel.message_id)

    def _put(self, parcel: Parcel, file: FileRef) -> bool:
        """Send one file; False: it is lost here, so there is nothing to send."""
        event_id = parcel.event_id or ""
        name = f"{event_id}/{file.name}"
        trouble = trouble_with(file)
        if trouble is not None:
            log.error("evidence %s not sent: %s", name, trouble)
            return False
        response = self._resumable.put(event_id, file)
        if response is None:
            response = self._client.put_file(event_id, file)
        if response.status_code == 404 and parcel.attempts < _PATIENCE:  # noqa: PLR2004 HTTP
            msg = f"{self.name}: {name}: the event is not known there yet"
            raise RetryLaterError(msg)
        if not response.is_success and not has_it(response, file):
            self._client.refuse(response, name, file=True)
        return True
