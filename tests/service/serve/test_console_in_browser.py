"""The console's script in a real browser: it renews pages and takes nothing away."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from typing_extensions import override

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.timeout(180),
]
# What the service answers is made up: the page as it is now says something else.
PAGE = """<!doctype html><body data-types="case.noted"><span id=live hidden></span>
<main id=main><select id=one><option>a<option selected>b<option>c</select>
<select id=two><option>d<option>e</select><p id=said>before</p></main><script>
const real = window.fetch;
window.fetch = async () => new Response('<main id=main><p id=said>after</p></main>');
window.EventSource = class { addEventListener(_, hint) { window.hint = hint; } };
document.addEventListener('DOMContentLoaded', () => setTimeout(() => {
  CHANGE
  hint();
  setTimeout(() => real('/told', {method: 'POST', body: JSON.stringify({
    said: document.getElementById('said').textContent})}), 1500);
}));
</script><script src="console.js"></script>"""


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
def shown(folder: Path, profile: Path) -> Iterator["Queue[dict[str, Any]]"]:
    """Open a folder's page in a browser of its own."""
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "after"),
        ("document.getElementById('one').selectedIndex = 2;", "before"),
        ("document.getElementById('two').selectedIndex = 1;", "before"),
    ],
)
def test_a_page_is_renewed_unless_somebody_has_chosen_something(
    change: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    script = files("serve.console").joinpath("static", "console.js").read_bytes()
    (folder / "console.js").write_bytes(script)
    (folder / "page.html").write_text(PAGE.replace("CHANGE", change), "utf-8")

    with shown(folder, tmp_path / "profile") as told:
        heard = told.get(timeout=150)

    assert heard["said"] == said
