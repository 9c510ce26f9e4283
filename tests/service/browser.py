"""A real browser on a page that tells the test what it saw."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

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


class Tab:
    """A page that a test looks at and works on, as a person does."""

    def __init__(self, to: IO[bytes], from_: IO[bytes]) -> None:
        self._to, self._from = to, from_
        self._asked, self._loaded = 0, False
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Ask the browser by the DevTools protocol; return its result."""
        self._asked += 1
        asked: dict[str, object] = {"id": self._asked, "method": method}
        if self._session is not None:
            asked["sessionId"] = self._session
        self._to.write(json.dumps({**asked, "params": params}).encode() + b"\0")
        self._to.flush()
        while (said := self._hear()).get("id") != self._asked:
            pass
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    def go(self, url: str) -> None:
        """Open an address; returns once the page has loaded."""
        self.after(lambda: self.call("Page.navigate", url=url))

    def press(self, selector: str) -> None:
        """Press a button that leads to another page; returns once that has loaded."""
        self.after(lambda: self.run(f"document.querySelector({selector!r}).click()"))

    def after(self, step: Callable[[], object]) -> None:
        """Do something that leads on, and wait until the next page is whole."""
        self._loaded = False
        step()
        while not self._loaded:
            self._hear()

    def run(self, script: str) -> Any:
        """Return what a script says."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def _hear(self) -> dict[str, Any]:
        letters = bytearray()
        while (one := self._from.read(1)) != b"\0":
            assert one, "the browser is gone"
            letters += one
        said: dict[str, Any] = json.loads(letters)
        self._loaded |= said.get("method") == "Page.loadEventFired"
        return said


@contextmanager
def driven(profile: Path) -> Iterator[Tab]:
    """Start a browser of its own and give a tab of it."""
    assert CHROMIUM is not None
    hears, to = os.pipe()
    from_, says = os.pipe()
    # Chromium listens on descriptor 3 and speaks on 4.
    pipes = f'exec "$0" "$@" 3<&{hears} 4>&{says}'
    browser = subprocess.Popen(
        [
            *("/bin/bash", "-c", pipes, CHROMIUM, "--headless", "--no-sandbox"),
            *("--disable-gpu", "--disable-background-networking"),
            *("--remote-debugging-pipe", f"--user-data-dir={profile}"),
        ],
        pass_fds=(hears, says),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(hears)
    os.close(says)
    with open(to, "wb") as writer, open(from_, "rb") as reader:  # noqa: PTH123 a pipe
        try:
            yield Tab(writer, reader)
        finally:
            browser.kill()
            browser.wait()
