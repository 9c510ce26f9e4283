"""A small HTTP server that tells how the engine is doing: metrics, health, reasons."""

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from socketserver import TCPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from typing_extensions import override

logger = logging.getLogger(__name__)

HANGS_S = 120.0  # a turn takes a batch of detections; this long none does
_REQUEST_S = 5.0  # longest wait for a client to go on with its request
_POLL_S = 0.2  # how soon it notices that the run has ended
_MOST_REQUESTS = 16  # at once; more are turned away
_CANDIDATES = re.compile(r"/cameras/(?P<camera>[^/]+)/candidates")
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Told:
    """What the server may be asked; called from its own threads.

    Attributes:
        registry: the metrics.
        idle_s: seconds since the engine's latest turn.
        why: per camera, its latest record as JSON, or None before the first.
        stretch: factor by which overload lengthens all periods now, or None: the
            machine keeps up.
    """

    registry: CollectorRegistry
    idle_s: Callable[[], float]
    why: Mapping[str, Callable[[], bytes | None]]
    stretch: Callable[[], float | None] = lambda: None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    kind: str
    body: bytes


class StatusServer:
    """Serves `/metrics`, `/healthz`, `/cameras` and `/cameras/{id}/candidates`.

    Reads nothing but the request line, answers nothing but GET and HEAD, and has no
    keys: keep it on loopback or behind a proxy that has.
    """

    def __init__(self, host: str, port: int, told: Told) -> None:
        """Listen; nothing is answered until `start`.

        Args:
            host: address of this machine to listen on.
            port: 0 takes any free one.
            told: what may be asked.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._server = _Server(host, port, told)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_S,),
            name="status",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening; answers under way may end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """Answers each client on a thread of its own, a bounded number at once."""

    daemon_threads = True
    block_on_close = False  # a client that dawdles must not hold the engine up
    request_queue_size = _MOST_REQUESTS

    def __init__(self, host: str, port: int, told: Told) -> None:
        self.told = told
        self._free = threading.BoundedSemaphore(_MOST_REQUESTS)
        if ":" in host:
            self.address_family = AF_INET6
        super().__init__((host, port), _Handler)

    @override
    def server_bind(self) -> None:
        # The standard one asks the name service who we are, which may take long.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    @override
    def process_request(self, request: object, client_address: object) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]  # typeshed also allows datagrams
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]  # typeshed also allows datagrams

    @override
    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # typeshed also allows datagrams
        finally:
            self._free.release()

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        # Clients come and go; the standard one prints a trace for each that went.
        logger.debug("status: the client %s went away", client_address)


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_S
    server_version = "streetwarden"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Answer with a body."""
        self._send(self._answer(), body=True)

    def do_HEAD(self) -> None:
        """Answer without one."""
        self._send(self._answer(), body=False)

    @override
    def log_message(self, format: str, *args: object) -> None:
        logger.debug("status: " + format, *args)  # noqa: G003 http.server's own form

    def _answer(self) -> _Answer:
        told = self.server.told
        path = unquote(self.path.partition("?")[0])
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            return _Answer(HTTPStatus.OK, kind, encode(told.registry))
        if path == "/healthz":
            return _health(told)
        if path == "/cameras":
            return _json(HTTPStatus.OK, {"cameras": sorted(told.why)})
        asked = _CANDIDATES.fullmatch(path)
        if asked is None:
            detail = "expected /metrics, /healthz, /cameras or /cameras/ID/candidates"
            return _problem(HTTPStatus.NOT_FOUND, detail)
        return _reasons(told, asked["camera"])

    def _send(self, answer: _Answer, *, body: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(answer.body)


def _health(told: Told) -> _Answer:
    """Return how it is; too much to do is no reason to start it anew."""
    idle_s, stretch = told.idle_s(), told.stretch()
    record: dict[str, object] = {"status": "ok", "idle_s": round(idle_s, 3)}
    if stretch is not None:
        record |= {"status": "overloaded", "period_stretch": round(stretch, 2)}
    if idle_s < HANGS_S:
        return _json(HTTPStatus.OK, record)
    return _json(HTTPStatus.SERVICE_UNAVAILABLE, record | {"status": "hangs"})


def _reasons(told: Told, camera: str) -> _Answer:
    ask = told.why.get(camera)
    if ask is None:
        known = ", ".join(sorted(told.why)) or "none"
        detail = f"camera {camera}: not in the site file; expected one of {known}"
        return _problem(HTTPStatus.NOT_FOUND, detail)
    record = ask()
    if record is None:
        detail = f"camera {camera}: nothing is known yet; ask again in a moment"
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    return _Answer(HTTPStatus.OK, _JSON, record)


def _problem(status: HTTPStatus, detail: str) -> _Answer:
    """Return an error as RFC 9457 asks."""
    record = {"title": status.phrase, "status": status.value, "detail": detail}
    return _json(status, record, kind="application/problem+json")


def _json(
    status: HTTPStatus, record: Mapping[str, object], *, kind: str = _JSON
) -> _Answer:
    return _Answer(status, kind, json.dumps(record, ensure_ascii=False).encode())
