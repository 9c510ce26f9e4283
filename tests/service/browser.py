"""A real browser on a page that tells the test what it saw."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from typing_extensions import override

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.timeout(180),
]


class Folder(SimpleHTTPRequestHandler):
    """Serves the page and takes what it has to tell."""

    told: "Queue[dict[str, Any]]"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.told.put(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def shown(folder: Path, page: str, profile: Path) -> Iterator["Queue[dict[str, Any]]"]:
    """Open a page beside a folder's files in a browser of its own."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    told: Queue[dict[str, Any]] = Queue()
    handler = type("Here", (Folder,), {"told": told})
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(handler, directory=str(folder))
    )
    Thread(target=server.serve_forever, daemon=True).start()
    assert CHROMIUM is not None
    browser = subprocess.Popen(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",  # or it would end with the page's loading
            f"http://127.0.0.1:{server.server_port}/page.html",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield told
    finally:
        browser.kill()
        browser.wait()
        server.shutdown()
        server.server_close()
