"""Around every request: id, log line, counters, body limit, security headers."""

import logging
import random
import re
import time
from contextvars import ContextVar

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.errors import Problem, TimedOut, TooLarge, problem_response
from serve.metrics import Metrics

logger = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="-")

UPLOADS = "/api/v1/uploads/"
EVENTS = "/api/v1/events/"
ENGINES = "/api/v1/engines/"
# Longer than any other document, and read whole: a city's grid, an engine's cameras.
GRIDS = frozenset({"/api/v1/grid", "/office/rules/grid"})
LISTS_BYTES = 16 * 1024 * 1024
# Others are counted together: callers make methods up without end.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Nothing is loaded from elsewhere, nothing is framed, scripts come from files only.
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it browsers call the origin of our own forms "null".
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
# Said only over TLS, as RFC 6797 asks: a year.
HSTS = "max-age=31536000"


def _new_id() -> str:
    # It tells requests apart and guards nothing; the system's own randomness would
    # let go of the interpreter, and to get it back can take milliseconds.
    return f"{random.getrandbits(128):032x}"


class Observe:
    """Gives each request an id, a log line, counters and security headers."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap `app`; count into `metrics`."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _GIVEN_ID.fullmatch(given) else _new_id()
        token = request_id.set(name)
        started_s = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = name
                for key, value in SECURITY_HEADERS.items():
                    headers.setdefault(key, value)
                headers.setdefault("cache-control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", HSTS)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, time.perf_counter() - started_s)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern: the path itself would make endless label values.
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in METHODS else "(other)"
        self._metrics.request(method, route, status, seconds)
        logger.info(
            "%s %s %d",
            scope["method"],
            scope["path"],
            status,
            extra={"route": route, "status": status, "ms": round(seconds * 1000, 1)},
        )


class LimitBody:
    """Refuses bodies that are too long, announced or not, or that stop coming."""

    def __init__(
        self,
        app: ASGIApp,
        limit_bytes: int,
        evidence_bytes: int,
        silence_s: float,
    ) -> None:
        """Wrap `app`.

        Args:
            app: what comes next.
            limit_bytes: for everything but evidence.
            evidence_bytes: for evidence, whole or in pieces, which streams to disk.
            silence_s: longest wait for the next bytes of a body, seconds.
        """
        self._app = app
        self._limit_bytes = limit_bytes
        self._evidence_bytes = evidence_bytes
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["method"], scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            refusal = TooLarge(f"got {announced} bytes; expected at most {limit}")
            await problem_response(refusal)(scope, receive, send)
            return
        await self._serve_counted(scope, receive, send, limit)

    def _limit_of(self, method: str, path: str) -> int:
        if path in GRIDS or (method == "PUT" and path.startswith(ENGINES)):
            return max(LISTS_BYTES, self._limit_bytes)
        piece = method == "PATCH" and path.startswith(UPLOADS)
        streams = piece or (method == "PUT" and path.startswith(EVENTS))
        return self._evidence_bytes if streams else self._limit_bytes

    async def _serve_counted(
        self, scope: Scope, receive: Receive, send: Send, limit: int
    ) -> None:
        seen = 0
        coming = True
        refusal: Problem | None = None

        async def receive_counted() -> Message:
            nonlocal seen, coming, refusal
            # After a body's end a receive waits for the caller to go away.
            patience_s = self._silence_s if coming else None
            try:
                with anyio.fail_after(patience_s):
                    message = await receive()
            except TimeoutError as error:
                refusal = _stopped(self._silence_s)
                raise refusal from error
            coming = bool(message.get("more_body", False))
            seen += len(message.get("body", b""))
            if seen > limit:
                refusal = TooLarge(
                    f"got more than {limit} bytes; expected at most that"
                )
                raise refusal
            return message

        async def send_own_refusal(message: Message) -> None:
            # The framework would call the broken-off body a malformed one.
            if refusal is None:
                await send(message)
            elif message["type"] == "http.response.start":
                await problem_response(refusal)(scope, receive, send)

        await self._app(scope, receive_counted, send_own_refusal)


def _stopped(silence_s: float) -> TimedOut:
    msg = (
        f"the body stopped coming: got nothing for {silence_s:g} s; send it again, "
        "an upload in pieces from its offset on"
    )
    # What still comes on this connection would be taken for the next request.
    return TimedOut(msg, headers={"Connection": "close"})
