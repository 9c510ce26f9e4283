"""One connection to the event service: how it is addressed, what its answers mean."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO

import httpx

from vision.core.clock import SystemClock
from vision.core.errors import SinkError
from vision.core.ports import Clock
from vision.core.redaction import without_secrets
from vision.core.wire import Json
from vision.sinks.receiver import FileRef, RetryLaterError

API = "/api/v1"
EVENTS = f"{API}/events"

_CHUNK = 64 * 1024
_PASSING = {408, 425, 429}
# A wrong key or address is the operator's to mend: nothing is refused for it.
_MISCONFIGURED = {301, 302, 303, 307, 308, 401, 403, 404, 405, 407}


class ServiceClient:
    """Speaks to one service; certificates are checked, redirects not followed."""

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
            name: names it in messages; default: from the address.
            clock: wall time, to read `Retry-After` dates.
            transport: how bytes travel, for a private certificate authority or a
                service in the same process; default: the network.
        """
        self._base = base_url.rstrip("/")
        self.name = name or "http:" + without_secrets(self._base)
        self.clock = SystemClock() if clock is None else clock
        headers = {"User-Agent": "streetwarden", "Accept": "application/json"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout_s),
            follow_redirects=False,
            transport=transport,
        )

    def get(self, path: str) -> httpx.Response:
        """Return a successful answer.

        Raises:
            RetryLaterError: unreachable, too slow, overloaded or misconfigured.
            SinkError: refused.
        """
        response = self.send(self._client.build_request("GET", self._base + path))
        if not response.is_success:
            self.refuse(response, path.partition("?")[0])
        return response

    def post(
        self, path: str, body: Json, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send JSON, a text as it is; the answer is returned whatever its status.

        Raises:
            RetryLaterError: unreachable or too slow.
        """
        url = self._base + path
        if isinstance(body, str):
            request = self._client.build_request(
                "POST", url, content=body.encode(), headers=headers
            )
        else:
            request = self._client.build_request("POST", url, json=body)
        return self.send(request)

    def put(self, path: str, body: Json) -> httpx.Response:
        """Send JSON to its place; the answer is returned whatever its status.

        Raises:
            RetryLaterError: unreachable or too slow.
        """
        return self.send(
            self._client.build_request("PUT", self._base + path, json=body)
        )

    def put_file(self, event_id: str, file: FileRef) -> httpx.Response:
        """Send one evidence file; the answer is returned whatever its status.

        Raises:
            RetryLaterError: unreachable or too slow.
            OSError: the file cannot be read.
        """
        with file.path.open("rb") as stream:
            request = self._client.build_request(
                "PUT",
                f"{self._base}{EVENTS}/{event_id}/evidence/{file.name}",
                content=chunks_of(stream, file.size_bytes),
                headers={
                    "Content-Type": file.media_type,
                    "Content-Length": str(file.size_bytes),
                    "X-Content-SHA256": file.sha256,
                    "X-Evidence-Role": file.role,
                },
            )
            return self.send(request)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: Iterator[bytes] | None = None,
    ) -> httpx.Response:
        """Send a request; the answer is returned whatever its status.

        Args:
            method: of HTTP.
            path: below the service's address.
            headers: besides the key.
            content: the body's bytes, or None for no body.

        Raises:
            RetryLaterError: unreachable or too slow.
        """
        url = self._base + path
        return self.send(
            self._client.build_request(method, url, headers=headers, content=content)
        )

    def own_path(self, location: str, answer: httpx.Response) -> str:
        """Return the path that an answer's `Location` names, below our address.

        Raises:
            RetryLaterError: it leads to another server, which must not see the key.
        """
        # Spelled as the request was: without a default port, the host in small letters.
        base = str(httpx.URL(self._base))
        url = str(answer.request.url.join(location))
        if not url.startswith(base + "/"):
            msg = f"{self.name}: got a Location elsewhere, expected one of its own"
            raise RetryLaterError(msg)
        return url.removeprefix(base)

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            RetryLaterError: unreachable or too slow.
        """
        try:
            return self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            msg = f"{self.name}: cannot connect ({error}); is the service running?"
            raise RetryLaterError(msg, whole_receiver=True) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            msg = f"{self.name}: {request.method} broke off ({error!r})"
            raise RetryLaterError(msg) from error

    def refuse(
        self, response: httpx.Response, what: str, *, file: bool = False
    ) -> None:
        """Say what an answer that is no success means.

        Args:
            response: the answer.
            what: what was sent, for the message.
            file: whether that was a file, whole or in pieces: its event may be
                unknown there, or have other content, and that is final.

        Raises:
            RetryLaterError: the same may be taken later.
            SinkError: refused for good.
        """
        status = response.status_code
        answer = without_secrets(response.text[:200])
        msg = f"{self.name}: {what}: got {status} {answer!r}, expected 2xx"
        wait_s = _retry_after_s(response, self.clock.now)
        if status in _MISCONFIGURED and not (file and status in {404, 405}):
            msg += "; check the address and the API key"
            raise RetryLaterError(msg, retry_after_s=wait_s, whole_receiver=True)
        if status >= 500 or status in _PASSING or (status == 409 and not file):  # noqa: PLR2004 HTTP
            asked = wait_s is not None
            raise RetryLaterError(msg, retry_after_s=wait_s, whole_receiver=asked)
        raise SinkError(msg)

    def close(self) -> None:
        """Close the connections; a request in hand fails."""
        self._client.close()


def trouble_with(file: FileRef) -> str | None:
    """Return why a file must not be sent as evidence, or None.

    Raises:
        RetryLaterError: it is there, but cannot be read now.
    """
    try:
        with file.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as error:
        return f"{file.path}: {error.strerror}"
    except OSError as error:
        msg = f"{file.path}: cannot be read ({error.strerror}); mend it or remove it"
        raise RetryLaterError(msg) from error
    if digest != file.sha256:
        return f"{file.path}: bytes changed since capture, expected {file.sha256}"
    return None


def has_it(response: httpx.Response, file: FileRef) -> bool:
    """Return whether a conflict says that the very same bytes are there."""
    if response.status_code != 409:  # noqa: PLR2004 HTTP
        return False
    theirs = response.headers.get("X-Content-SHA256", "")
    return theirs == file.sha256 or file.sha256 in response.text


def chunks_of(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next `size` bytes of a file, fewer when it ends before."""
    while size > 0 and (chunk := stream.read(min(_CHUNK, size))):
        size -= len(chunk)
        yield chunk


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
