"""Posts events and their evidence to the event service."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO

import httpx

from vision.core.clock import SystemClock
from vision.core.errors import SinkError
from vision.core.ports import Clock
from vision.core.redaction import without_secrets
from vision.sinks.receiver import FileRef, Parcel, Progress, RetryLaterError

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_PATIENCE = 8  # attempts before a conflict or an unknown event is final
_PASSING = {408, 425, 429}
# A wrong key or address is the operator's to mend: nothing is refused for it.
_MISCONFIGURED = {301, 302, 303, 307, 308, 401, 403, 404, 405, 407}
_EVENTS = "/api/v1/events"
_HEALTH = "/api/v1/health-events"


class HttpReceiver:
    """The event service's ingest interface.

    An event goes first, then each of its files; what the service has confirmed is
    not sent again. Certificates are always checked; redirects are not followed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        timeout_s: float = 10.0,
        name: str | None = None,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Name the service; nothing is sent yet.

        Args:
            base_url: scheme, host and path before `/api/v1`.
            api_key: bearer token, or None; never logged.
            timeout_s: longest silence while connecting, sending or receiving.
            name: names its deliveries; default: from the address.
            clock: wall time, to read `Retry-After` dates.
            transport: how bytes travel, for a private certificate authority or a
                service in the same process; default: the network.
        """
        self._base = base_url.rstrip("/")
        self._name = name or "http:" + without_secrets(self._base)
        self._clock = SystemClock() if clock is None else clock
        headers = {"User-Agent": "streetwarden", "Accept": "application/json"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout_s),
            follow_redirects=False,
            transport=transport,
        )

    @property
    def name(self) -> str:
        """Which service, without credentials."""
        return self._name

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        """Hand over one message and its files.

        Raises:
            RetryLaterError: unreachable, too slow, overloaded or misconfigured.
            SinkError: refused for good.
        """
        if parcel.kind != "files" and not progress.done("message"):
            self._post(parcel)
            progress.mark("message")
        for file in parcel.files:
            step = f"file:{file.name}"
            if not progress.done(step) and self._put(parcel, file):
                progress.mark(step)

    def close(self) -> None:
        """Close the connections; a request in hand fails."""
        self._client.close()

    def _post(self, parcel: Parcel) -> None:
        path = _HEALTH if parcel.kind == "health" else _EVENTS
        request = self._client.build_request(
            "POST",
            self._base + path,
            content=parcel.body.encode(),
            headers={
                "Idempotency-Key": parcel.message_id,
                "Content-Type": "application/cloudevents+json",
            },
        )
        response = self._send(request)
        if response.status_code == 409 and parcel.attempts >= _PATIENCE:  # noqa: PLR2004 HTTP
            msg = f"{self._name}: {parcel.message_id} is known with other content"
            raise SinkError(msg)
        if not response.is_success:
            self._raise(response, parcel.message_id)

    def _put(self, parcel: Parcel, file: FileRef) -> bool:
        """Send one file; False: it is lost here, so there is nothing to send."""
        name = f"{parcel.event_id}/{file.name}"
        trouble = _trouble_with(file)
        if trouble is not None:
            log.error("evidence %s not sent: %s", name, trouble)
            return False
        with file.path.open("rb") as stream:
            request = self._client.build_request(
                "PUT",
                f"{self._base}{_EVENTS}/{parcel.event_id}/evidence/{file.name}",
                content=_chunks(stream),
                headers={
                    "Content-Type": file.media_type,
                    "Content-Length": str(file.size_bytes),
                    "X-Content-SHA256": file.sha256,
                    "X-Evidence-Role": file.role,
                },
            )
            response = self._send(request)
        if response.status_code == 404 and parcel.attempts < _PATIENCE:  # noqa: PLR2004 HTTP
            msg = f"{self._name}: {name}: the event is not known there yet"
            raise RetryLaterError(msg)
        if not response.is_success and not _has_it(response, file):
            self._raise(response, name)
        return True

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            msg = f"{self._name}: cannot connect ({error}); is the service running?"
            raise RetryLaterError(msg, whole_receiver=True) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            msg = f"{self._name}: {request.method} broke off ({error!r})"
            raise RetryLaterError(msg) from error

    def _raise(self, response: httpx.Response, what: str) -> None:
        status = response.status_code
        answer = without_secrets(response.text[:200])
        msg = f"{self._name}: {what}: got {status} {answer!r}, expected 2xx"
        wait_s = _retry_after_s(response, self._clock.now)
        on_put = response.request.method == "PUT"
        if status in _MISCONFIGURED and not (on_put and status in {404, 405}):
            msg += "; check the address and the API key"
            raise RetryLaterError(msg, retry_after_s=wait_s, whole_receiver=True)
        if status >= 500 or status in _PASSING or (status == 409 and not on_put):  # noqa: PLR2004 HTTP
            asked = wait_s is not None
            raise RetryLaterError(msg, retry_after_s=wait_s, whole_receiver=asked)
        raise SinkError(msg)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _trouble_with(file: FileRef) -> str | None:
    """Return why a file must not be sent as evidence, or None."""
    try:
        with file.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"{file.path}: {error.strerror}"
    if digest != file.sha256:
        return f"{file.path}: bytes changed since capture, expected {file.sha256}"
    return None


def _has_it(response: httpx.Response, file: FileRef) -> bool:
    """Return whether a conflict says that the very same bytes are there."""
    if response.status_code != 409:  # noqa: PLR2004 HTTP HTTP
        return False
    theirs = response.headers.get("X-Content-SHA256", "")
    return theirs == file.sha256 or file.sha256 in response.text


def _retry_after_s(
    response: httpx.Response, now: Callable[[], datetime]
) -> float | None:
    """Return the service's `Retry-After` in seconds (RFC 9110, 10.2.3), or None."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now()).total_seconds())
