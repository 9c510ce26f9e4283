"""An event service reduced to its promises, that fails as it is told to."""

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


class Desk:
    """What arrived, and how the next requests are to be met.

    Each request takes one word from `plan`; with none left it is met well:
    `ok`, a status (`500`, `429`), `slow` (no answer in time), `half` (cut while the
    body comes), `lost` (taken in, but the answer never leaves).
    """

    def __init__(self) -> None:
        self.plan: deque[str] = deque()
        self.events: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.health: dict[str, dict[str, Any]] = {}
        self.evidence: dict[tuple[str, str], bytes] = {}
        self.requests: list[str] = []
        self.doubled: list[str] = []
        self.retry_after: str | None = None
        self.key = "k" * 32
        self.slow_s = 1.0
        self.lock = threading.Lock()
        self.url = ""

    def take_event(self, message_id: str, body: dict[str, Any]) -> int:
        with self.lock:
            if message_id in self.events:
                self.doubled.append(message_id)
                return 200
            self.events[message_id] = body
            self.order.append(message_id)
            return 201

    def take_file(self, event_id: str, name: str, payload: bytes, digest: str) -> int:
        if hashlib.sha256(payload).hexdigest() != digest:
            return 422
        with self.lock:
            if all(e["data"]["event_id"] != event_id for e in self.events.values()):
                return 404
            known = self.evidence.setdefault((event_id, name), payload)
            return 201 if known is payload else 200 if known == payload else 409


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    desk: Desk

    def do_POST(self) -> None:
        self._meet()

    def do_PUT(self) -> None:
        self._meet()

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def _meet(self) -> None:
        desk = self.desk
        with desk.lock:
            word = desk.plan.popleft() if desk.plan else "ok"
            desk.requests.append(f"{self.command} {self.path} {word}")
        size = int(self.headers["Content-Length"])
        if word == "half":
            self.rfile.read(size // 2)
            self._hang_up()
            return
        payload = self.rfile.read(size)
        if word == "slow":
            time.sleep(desk.slow_s)
            self._hang_up()
            return
        if word.isdigit():
            self._answer(int(word))
            return
        # An older service: files come whole or not at all.
        older = self.path.endswith("/uploads")
        status = 404 if older else self._take(payload)
        if word == "lost":
            self._hang_up()
            return
        self._answer(status)

    def _take(self, payload: bytes) -> int:
        desk = self.desk
        if self.headers["Authorization"] != f"Bearer {desk.key}":
            return 401
        if self.command == "PUT":
            *_, event_id, _, name = self.path.split("/")
            digest = self.headers["X-Content-SHA256"]
            return desk.take_file(event_id, name, payload, digest)
        body = json.loads(payload)
        if self.headers["Idempotency-Key"] != body["id"]:
            return 422
        if self.path.endswith("/health-events"):
            desk.health[body["id"]] = body
            return 201
        return desk.take_event(body["id"], body)

    def _answer(self, status: int) -> None:
        text = b'{"result": "as told"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status in {429, 503} and self.desk.retry_after is not None:
            self.send_header("Retry-After", self.desk.retry_after)
        self.end_headers()
        self.wfile.write(text)

    def _hang_up(self) -> None:
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that go away are part of the tests


@contextmanager
def open_desk(desk: Desk, port: int = 0) -> Iterator[Desk]:
    """Serve a desk on a local port until the block ends."""
    handler = type("Handler", (_Handler,), {"desk": desk})
    server = _Server(("127.0.0.1", port), handler)
    desk.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
