"""People, their keys, and what is written down about them."""

from pathlib import Path

import httpx
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import HandClock, report
from tests.service.serve.conftest import Live, Start, sqlite_only

PASSWORD = "correct horse battery"  # noqa: S105 a test's own


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def live(start: Start, tmp_path: Path, clock: HandClock) -> Live:
    """Start a service whose time stands still."""
    return start(Settings(home=tmp_path / "home"), clock)


def login(browser: httpx.Client, password: str = PASSWORD) -> httpx.Response:
    return browser.post("/login", data={"name": "li", "password": password})


def test_the_one_time_token_makes_one_administrator_and_is_used_up(live: Live) -> None:
    new = {"name": "root", "password": PASSWORD}
    with live.client(Scope.SETUP) as first:
        made = first.post("/api/v1/setup", json=new)
        again = first.post("/api/v1/setup", json={**new, "name": "second"})
    with live.client(Scope.ADMIN) as other:
        wrong = other.post("/api/v1/setup", json={**new, "name": "third"})

    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert (again.status_code, wrong.status_code) == (401, 401)


def test_the_setup_page_does_the_same_for_a_browser(live: Live) -> None:
    token = live.services.keys.create("setup", [Scope.SETUP])
    form = {"token": token, "name": "li", "password": PASSWORD}
    with live.client() as browser:
        short = browser.post("/setup", data=form | {"password": "short"})
        wrong = browser.post("/setup", data=form | {"token": "guess"})
        done = browser.post("/setup", data=form)
        used = browser.post("/setup", data=form | {"name": "second"})

        assert [a.status_code for a in (short, wrong, done, used)] == [
            403,
            403,
            303,
            403,
        ]
        assert login(browser).status_code == 303


def test_guessing_is_slowed_down_and_the_owner_gets_back_in(
    live: Live, clock: HandClock
) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    with live.client() as browser:
        for _ in range(5):
            assert login(browser, "guess").status_code == 403
        locked = login(browser)
        clock.forward(seconds=31)
        after = login(browser)

    assert (locked.status_code, after.status_code) == (403, 303)


def test_a_session_ends_with_logout_time_and_dismissal(
    live: Live, clock: HandClock
) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    with live.client() as browser:
        login(browser)
        assert browser.get("/").status_code == 200
        browser.post("/logout")
        assert browser.get("/").status_code == 401
        login(browser)
        clock.forward(hours=13)
        assert browser.get("/").status_code == 401
        login(browser)
        live.services.users.disable("li")
        assert browser.get("/").status_code == 401
        assert login(browser).status_code == 403


def test_a_browsers_change_needs_the_token_of_its_page(
    live: Live, engine: httpx.Client
) -> None:
    live.services.users.create("li", PASSWORD, Role.REVIEWER)
    report(engine)
    act = {"json": {"action": "take"}, "headers": {"If-Match": '"1"'}}
    with live.client() as browser:
        login(browser)
        csrf = browser.get("/api/v1/me").json()["csrf"]
        without = browser.post("/api/v1/cases/1/actions", **act)  # type: ignore[arg-type]  # keywords for the fields
        headers = {"If-Match": '"1"', "X-CSRF-Token": csrf}
        good = browser.post(
            "/api/v1/cases/1/actions", json={"action": "take"}, headers=headers
        )

    assert (without.status_code, good.status_code) == (403, 200)


def test_a_button_on_the_page_moves_the_case(live: Live, engine: httpx.Client) -> None:
    live.services.users.create("li", PASSWORD, Role.REVIEWER)
    report(engine)
    with live.client() as browser:
        login(browser)
        csrf = browser.get("/api/v1/me").json()["csrf"]
        page = browser.get("/events/evt-1?lang=en").text
        form = {"action": "register", "version": 1, "csrf": csrf}
        forged = browser.post("/events/evt-1/case", data=form | {"csrf": "guess"})
        pressed = browser.post("/events/evt-1/case", data=form)
        late = browser.post("/events/evt-1/case", data=form)

    assert 'value="register"' in page
    assert 'value="dispatch"' not in page
    assert (forged.status_code, pressed.status_code) == (403, 303)
    assert pressed.headers["location"] == "/events/evt-1"
    assert late.headers["location"] == "/events/evt-1?trouble=stale-version"


def test_an_administrator_adds_and_ends_people_and_keys(live: Live) -> None:
    with live.person("root", Role.ADMIN) as root:
        new = {"name": "li", "password": PASSWORD, "role": "viewer", "districts": ["a"]}
        made = root.post("/api/v1/users", json=new)
        taken = root.post("/api/v1/users", json=new)
        own = root.post("/api/v1/keys", json={"name": "laptop", "user": "li"})
        key = {"Authorization": f"Bearer {own.json()['key']}"}
        me = root.get("/api/v1/me", headers=key).json()
        people = root.get("/api/v1/users").json()
        gone = root.delete("/api/v1/users/li")
        refused = root.get("/api/v1/me", headers=key)
        nobody = root.delete("/api/v1/users/nobody")

    assert (made.status_code, taken.status_code) == (201, 409)
    assert me == {
        "name": "user:li",
        "person": True,
        "scopes": ["read"],
        "districts": ["a"],
        "csrf": None,
    }
    assert [one["name"] for one in people] == ["root", "li"]
    assert (gone.status_code, refused.status_code, nobody.status_code) == (
        204,
        401,
        404,
    )


def test_machine_keys_get_machine_scopes_only_and_can_be_revoked(live: Live) -> None:
    with live.person("root", Role.ADMIN) as root:
        desk = {"name": "desk", "scopes": ["read", "handle"], "days": 30}
        made = root.post("/api/v1/keys", json=desk)
        human = root.post("/api/v1/keys", json={"name": "x", "scopes": ["review"]})
        both = root.post("/api/v1/keys", json={"name": "x"})
        key = {"Authorization": f"Bearer {made.json()['key']}"}
        listed = root.get("/api/v1/keys").json()[-1]
        root.delete(f"/api/v1/keys/{listed['key_id']}").raise_for_status()
        refused = root.get("/api/v1/me", headers=key)
        unknown = root.delete("/api/v1/keys/nothing")

    assert (human.status_code, both.status_code) == (403, 422)
    assert (listed["name"], listed["scopes"]) == ("desk", ["handle", "read"])
    assert (refused.status_code, unknown.status_code) == (401, 404)


def test_every_change_of_people_is_in_the_audit_log_for_auditors(live: Live) -> None:
    with live.person("root", Role.ADMIN) as root:
        for name in ("a1", "a2", "a3"):
            new = {"name": name, "password": PASSWORD, "role": "viewer"}
            root.post(
                "/api/v1/users", json=new, headers={"X-Request-ID": f"req-{name}-x"}
            )
        assert root.get("/api/v1/audit").status_code == 200
    with live.person("eye", Role.AUDITOR) as auditor:
        first = auditor.get("/api/v1/audit?limit=2").json()
        second = auditor.get(first["next"]).json()
    with live.person("li", Role.SUPERVISOR) as other:
        refused = other.get("/api/v1/audit")

    lines = first["items"] + second["items"]
    assert [line["subject"] for line in lines] == [
        "a3 as viewer",
        "a2 as viewer",
        "a1 as viewer",
    ]
    assert lines[0]["actor"] == "user:root"
    assert lines[0]["request_id"] == "req-a3-x"
    assert refused.status_code == 403


@sqlite_only
def test_a_password_is_not_in_the_database(live: Live) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER)

    home = live.services.settings.home
    stored = b"".join(path.read_bytes() for path in home.glob("serve.db*"))

    assert b"scrypt$" in stored
    assert PASSWORD.encode() not in stored
