"""Who may do what."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from serve.people.keys import KeyStore
from serve.people.roles import Role, Scope
from serve.services import assemble
from serve.settings import Settings, SettingsError, load_settings
from tests.service.serve.city import act, report
from tests.service.serve.conftest import DatabaseFor, Live, Start, sqlite_only
from tests.service.serve.street import Seen, message

EVENTS = "/api/v1/events"
ANYONE = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/schemas/violation-event.v1.json"),
    ("GET", "/schemas/case-event.v1.json"),
    ("GET", "/schemas/evidence-event.v1.json"),
    ("GET", "/login"),
    ("GET", "/static/console.css"),
]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", EVENTS),
        ("GET", EVENTS),
        ("GET", f"{EVENTS}/evt-1"),
        ("PUT", f"{EVENTS}/evt-1/evidence/a.jpg"),
        ("GET", f"{EVENTS}/evt-1/evidence/a.jpg"),
        ("GET", "/events.geojson"),
        ("POST", "/api/v1/health-events"),
        ("GET", "/api/v1/cameras"),
    ],
)
def test_without_a_key_the_answer_is_401_problem_json(
    live: Live, method: str, path: str
) -> None:
    with live.client() as nobody:
        bare = nobody.request(method, path)
        wrong = nobody.request(
            method, path, headers={"Authorization": "Bearer sw_guessed"}
        )

    for answer in (bare, wrong):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"].endswith("/problems/unauthenticated")


@pytest.mark.parametrize(("method", "path"), ANYONE)
def test_what_tells_nothing_about_people_is_open(
    live: Live, method: str, path: str
) -> None:
    with live.client() as nobody:
        assert nobody.request(method, path).status_code == 200


def test_a_key_does_only_what_its_scope_says(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    assert engine.get(EVENTS).status_code == 403
    assert reader.post(EVENTS, json=message(Seen())).status_code == 403
    assert engine.post(EVENTS, json=message(Seen())).status_code == 201
    assert reader.get(EVENTS).status_code == 200


class FixedClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands until it is moved."""
    return FixedClock()


@pytest.fixture
def keys(
    tmp_path: Path, clock: FixedClock, database_for: DatabaseFor
) -> Iterator[KeyStore]:
    """Return a key store in a new database."""
    url = database_for(tmp_path)
    services = assemble(Settings(home=tmp_path, database_url=url), clock)
    yield services.keys
    services.database.close()


def test_a_key_ends_when_its_time_is_over(keys: KeyStore, clock: FixedClock) -> None:
    key = keys.create("guest", [Scope.READ], lifetime=timedelta(days=1))

    before = keys.check(key)
    clock.at += timedelta(days=1)

    assert before is not None
    assert keys.check(key) is None


def test_a_revoked_key_ends_at_once(keys: KeyStore) -> None:
    key = keys.create("guest", [Scope.READ])
    keys.check(key)

    assert keys.revoke(keys.all()[0].key_id)
    assert not keys.revoke("unknown")
    assert keys.check(key) is None


@sqlite_only
def test_a_key_is_not_in_the_database(keys: KeyStore, tmp_path: Path) -> None:
    key = keys.create("guest", [Scope.READ])

    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"guest" in stored
    assert key.encode() not in stored
    assert key[3:].encode() not in stored


def test_a_preseeded_key_works_after_every_start(start: Start, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, api_key=SecretStr("k" * 40))
    headers = {"Authorization": f"Bearer {'k' * 40}"}

    for status in (201, 200):
        url = start(settings).url + EVENTS
        answer = httpx.post(url, json=message(Seen()), headers=headers)

        assert answer.status_code == status


def test_open_reads_let_this_machine_look_but_not_write(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path, open_reads=True))
    with live.client() as here:
        assert here.get(EVENTS).status_code == 200
        assert here.post(EVENTS, json=message(Seen())).status_code == 401
        # A page elsewhere that got a browser to ask under its own name.
        assert here.get(EVENTS, headers={"Host": "evil.example"}).status_code == 401
        proxied = {"X-Forwarded-For": "203.0.113.9"}
        assert here.get(EVENTS, headers=proxied).status_code == 401


def test_open_reads_leave_no_note_on_a_case(start: Start, tmp_path: Path) -> None:
    live = start(Settings(home=tmp_path, open_reads=True))
    with live.client(Scope.INGEST) as engine, live.client() as here:
        report(engine)
        pressed = {"action": "note", "version": "1", "note": "hello"}

        noted = act(here, 1, "note", note="hello")
        here.post("/events/evt-1/case", data=pressed)

        assert noted.status_code == 403
        assert here.get("/api/v1/cases/1").json()["version"] == 1
        assert here.get("/api/v1/cases/1").json()["possible"] == []


@pytest.mark.parametrize("street", ["", "a\nb", "a\x00"])
def test_a_street_without_a_name_opens_not_the_whole_city(
    live: Live, street: str
) -> None:
    key = {"name": "desk", "scopes": ["read"], "districts": [street]}
    user = {"name": "li", "password": "correct horse", "role": "viewer"}
    with live.person("root", Role.ADMIN) as root:
        made = root.post("/api/v1/keys", json=key)
        added = root.post("/api/v1/users", json={**user, "districts": [street]})

    assert (made.status_code, added.status_code) == (422, 422)


def test_a_text_with_nul_is_refused_and_never_a_fault(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    nul, key = "a\x00b", {"name": "desk\x00", "scopes": ["read"]}
    with live.person("root", Role.ADMIN) as root:
        answers = [
            root.post("/api/v1/keys", json=key),
            root.delete("/api/v1/keys/%00"),
            root.post(f"{EVENTS}/evt-1/hold", json={"reason": nul}),
            act(root, 1, "forward", department=nul),
            root.get(f"{EVENTS}/evt-1/evidence/a.jpg?reason=%00"),
            root.get("/open311/v2/requests/%00.json"),
        ]

    assert [answer.status_code for answer in answers] == [422] * 6


def test_a_long_body_is_refused_where_no_evidence_is_expected(live: Live) -> None:
    with live.client() as stranger:
        answer = stranger.put("/api/v1/users/li/role", content=b"x" * 2 * 1024 * 1024)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("environment", "given", "told"),
    [
        ({}, {"open_reads": True, "host": "0.0.0.0"}, "loopback"),  # noqa: S104 the address that must be refused
        ({"STREETWARDEN_API_KEY": "short"}, {}, "32 characters"),
        ({"STREETWARDEN_API_KEY_FILE": "/nowhere/key"}, {}, "/nowhere/key"),
        ({"STREETWARDEN_PORT": "eighty"}, {}, "port"),
        ({"STREETWARDEN_TIMEZONE": "Wuhan"}, {}, "IANA"),
    ],
)
def test_settings_that_cannot_work_are_named(
    environment: dict[str, str], given: dict[str, object], told: str
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        load_settings(environment, **given)

    assert "short" not in str(caught.value)


def test_settings_come_from_arguments_then_environment_then_defaults(
    tmp_path: Path,
) -> None:
    key = tmp_path / "key"
    key.write_text("f" * 40 + "\n")
    environment = {
        "STREETWARDEN_HOME": str(tmp_path),
        "STREETWARDEN_PORT": "9000",
        "STREETWARDEN_API_KEY_FILE": str(key),
    }

    settings = load_settings(environment, port=9001, host=None)

    assert settings.home == tmp_path
    assert (settings.host, settings.port) == ("127.0.0.1", 9001)
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "f" * 40
    assert "f" * 40 not in repr(settings)
