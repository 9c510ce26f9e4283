"""The service under a path of a host name that it shares, behind a real nginx."""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from serve.under_path import under
from tests.service.browser import driven, in_browser
from tests.service.nginx import proxied
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256

PASSWORD = "correct horse battery"  # noqa: S105 a test's own
PICTURE = jpeg()
ROOT = "/city/streetwarden"


@pytest.fixture(params=["", "/"], ids=["path kept", "path taken away"])
def place(
    request: pytest.FixtureRequest, start: Start, tmp_path: Path
) -> Iterator[tuple[Live, str]]:
    """Start service and nginx, which passes the path on or does not."""
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    host = f"http://127.0.0.1:{port}"
    settings = Settings(
        home=tmp_path / "home",
        config_dir=CONFIGS,
        trusted_proxies="127.0.0.1",
        public_url=host + ROOT,
    )
    live = start(settings)
    servers = (
        f"server {{ listen 127.0.0.1:{port};\n"
        f"location {ROOT}/ {{ proxy_pass {live.url}{request.param};\n"
        "proxy_http_version 1.1; proxy_set_header Host $http_host;\n"
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
        "proxy_set_header X-Forwarded-Proto $scheme; } }"
    )
    with proxied(tmp_path, port, servers):
        yield live, host


def report(live: Live) -> None:
    """Let an engine report one event with its picture."""
    with live.client(Scope.INGEST) as engine:
        seen = Seen(artifacts=(artifact("overlay.jpg", "overlay", PICTURE),))
        for one in (Seen(event_id="evt-0"), seen):
            engine.post("/api/v1/events", json=message(one)).raise_for_status()
        engine.put(
            "/api/v1/events/evt-1/evidence/overlay.jpg",
            content=PICTURE,
            headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(PICTURE)},
        ).raise_for_status()


def test_every_link_redirect_cookie_and_description_has_the_path(
    place: tuple[Live, str],
) -> None:
    live, host = place
    report(live)
    live.services.users.create("root", PASSWORD, Role.ADMIN)
    led_to: set[str] = set()
    with httpx.Client(base_url=host + ROOT, timeout=20) as browser:
        login = browser.get("/events/evt-1").text
        way_on = re.findall(r'action="([^"]*)"', login)[0].replace("&amp;", "&")
        entered = browser.post(
            host + way_on, data={"name": "root", "password": PASSWORD}
        )
        paths = ("/", "/events/evt-1", "/cases", "/map", "/figures", "/cameras")
        rooms = ("rules", "people", "keys", "webhooks", "audit", "me")
        for path in (*paths, *(f"/office/{room}" for room in rooms)):
            page = browser.get(path)
            assert page.status_code == 200, path
            led_to |= set(re.findall(r'(?:href|src|action)="([^"]*)"', page.text))
        reached = {
            link: browser.get(host + link.replace("&amp;", "&")).status_code
            for link in led_to
            if link.startswith("/") and "logout" not in link
        }
        listed = browser.get("/api/v1/events", params={"limit": 1})
        described = browser.get("/openapi.json").json()

    assert entered.headers["location"] == f"{ROOT}/events/evt-1"
    assert f"Path={ROOT}/;" in entered.headers["set-cookie"]
    assert {link for link in led_to if not link.startswith((f"{ROOT}/", "#"))} == set()
    assert {link: status for link, status in reached.items() if status >= 400} == {}
    assert listed.headers["link"].startswith(f"<{ROOT}/api/v1/")
    assert described["servers"] == [{"url": ROOT}]


def test_evidence_in_pieces_goes_where_the_service_says(
    place: tuple[Live, str],
) -> None:
    live, host = place
    key = live.services.keys.create("engine", [Scope.INGEST])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=host + ROOT, headers=headers, timeout=20) as engine:
        posted = engine.post("/api/v1/events", json=message(Seen()))

    assert posted.status_code == 201
    assert posted.headers["location"] == f"{ROOT}/api/v1/events/evt-1"


class TestInABrowser:
    """A person at work under the path, in Chromium."""

    pytestmark = in_browser

    def test_pictures_the_stream_and_buttons_come_through(
        self, place: tuple[Live, str], tmp_path: Path
    ) -> None:
        live, host = place
        report(live)
        live.services.users.create("li", PASSWORD, Role.REVIEWER)
        with driven(tmp_path / "profile") as tab:
            tab.go(f"{host}{ROOT}/events/evt-1?lang=en")
            for name, value in (("name", "li"), ("password", PASSWORD)):
                tab.run(f"document.querySelector('[name={name}]').value = {value!r}")
            tab.press("form.login button")
            wide = tab.run("document.querySelector('.gallery img').naturalWidth")
            styled = tab.run("document.styleSheets.length")
            tab.run("document.querySelector('[name=note]').value = 'seen'")
            tab.press("button[value=register]")
            where = tab.run("location.pathname")
            done = tab.run("document.querySelector('.badge.registered') !== null")
            for _ in range(100):
                if live.services.broadcast.listeners:
                    break
                time.sleep(0.1)
            heard = live.services.broadcast.listeners

        assert wide > 0
        assert styled == 2
        assert (where, done) == (f"{ROOT}/events/evt-1", True)
        assert heard > 0


def test_what_people_write_is_no_link() -> None:
    html = '<a href="/cases">&lt;a href=&#34;/x&#34;&gt;</a> <img src="//elsewhere/">'

    assert under("/city", html) == html.replace('"/cases"', '"/city/cases"')
    assert under("", html) == html


@pytest.mark.parametrize(
    "url",
    [
        "https://h/a b",
        "https://h/a//b",
        'https://h/"x',
        "https://h/a/../b",
        "https://h/a?b",
    ],
)
def test_a_path_that_no_link_can_begin_with_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Settings(public_url=url)
