"""People, their keys, and what is written down about them."""

import re
from pathlib import Path

import httpx
import pytest

from serve.people.passwords import SHORTEST
from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import GRID, HandClock, act, report
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


def test_the_setup_page_says_which_name_will_do(live: Live) -> None:
    token = live.services.keys.create("setup", [Scope.SETUP])
    form = {"token": token, "name": "Li Jing", "password": PASSWORD}
    with live.client() as browser:
        blank = browser.post("/setup", data=form)
        chinese = browser.post("/setup", data=form | {"name": "李静"})

    assert (blank.status_code, chinese.status_code) == (403, 303)
    assert "no blanks" in blank.text


@pytest.mark.parametrize("page", ["/setup", "/office/people", "/office/me"])
def test_every_form_asks_for_as_long_a_password_as_is_taken(
    live: Live, page: str
) -> None:
    live.services.users.create("li", PASSWORD, Role.ADMIN)
    with live.client() as browser:
        login(browser)
        text = browser.get(page).text

    assert set(re.findall(r'minlength="(\d+)"', text)) == {str(SHORTEST)}
    assert not re.search("[Tt]welve|12 char", text)


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
    assert pressed.headers["location"] == "/events/evt-1#case"
    assert late.status_code == 412


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
    assert "may have dispatch, handle, ingest," in human.json()["detail"]
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


def test_a_machines_key_sees_and_moves_only_its_streets(
    live: Live, engine: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
        report(engine, lon=114.3)
        report(engine, event_id="evt-2", lon=114.31, camera="far")
        made = root.post(
            "/api/v1/keys",
            json={"name": "d", "scopes": ["read", "handle"], "districts": ["民主路"]},
        )
        refused = root.post(
            "/api/v1/keys",
            json={"name": "e", "scopes": ["ingest"], "districts": ["民主路"]},
        )
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    with httpx.Client(base_url=live.url, headers=headers) as desk:
        events = desk.get("/api/v1/events").json()["items"]
        cases = desk.get("/api/v1/cases").json()["items"]
        csv = desk.get("/api/v1/export/events.csv").text
        others = [
            desk.get("/api/v1/events/evt-1").status_code,
            desk.get("/api/v1/cases/1").status_code,
            desk.get("/open311/v2/requests/evt-1.json").status_code,
            act(desk, 1, "note", version=1, note="hello").status_code,
            desk.get("/api/v1/events/evt-1/evidence/overlay.jpg").status_code,
        ]
        cameras = desk.get("/api/v1/cameras").json()["items"]

    assert [one["event_id"] for one in events] == ["evt-2"]
    assert [one["number"] for one in cases] == [2]
    assert "evt-1" not in csv
    assert others == [404] * 5
    assert refused.status_code == 422
    assert [one["id"] for one in cameras] == ["far"]


def test_those_whose_work_is_the_whole_service_have_no_districts(live: Live) -> None:
    new = {"name": "wang", "password": PASSWORD, "districts": ["民主路"]}
    with live.person("root", Role.ADMIN) as root:
        refused = [
            root.post("/api/v1/users", json=new | {"role": role}).status_code
            for role in ("admin", "auditor")
        ]
        made = root.post("/api/v1/users", json=new | {"role": "reviewer"})

    assert refused == [422, 422]
    assert made.json()["districts"] == ["民主路"]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"role": "supervisor"}, ["民主路"]),
        ({"role": "supervisor", "districts": None}, ["民主路"]),
        ({"role": "supervisor", "districts": ["武珞路"]}, ["武珞路"]),
        ({"role": "supervisor", "districts": []}, []),
        ({"role": "auditor"}, []),
    ],
)
def test_another_role_widens_nobodys_streets_unasked(
    live: Live, wanted: dict[str, object], kept: list[str]
) -> None:
    live.services.users.create("li", PASSWORD, Role.REVIEWER, ["民主路"])
    with live.person("root", Role.ADMIN) as root:
        changed = root.put("/api/v1/users/li/role", json=wanted)
        line = root.get("/api/v1/audit").json()["items"][0]

    assert changed.json()["role"] == wanted["role"]
    assert changed.json()["districts"] == kept
    assert line["subject"] == " ".join(["li as", str(wanted["role"]), *kept])


def test_every_change_of_a_case_is_in_the_audit_log_with_its_request(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    with live.person("boss", Role.SUPERVISOR) as boss:
        boss.headers["X-Request-Id"] = "decided-at-nine"
        act(boss, 1, "reject", note="licensed stall").raise_for_status()
    with live.person("eve", Role.AUDITOR) as auditor:
        line = auditor.get("/api/v1/audit").json()["items"][0]

    assert (line["actor"], line["action"], line["subject"], line["reason"]) == (
        "user:boss",
        "case.reject",
        "cases/1",
        "licensed stall",
    )
    assert line["request_id"] == "decided-at-nine"


def test_people_change_their_password_and_administrators_reset_it(live: Live) -> None:
    live.services.users.create("li", PASSWORD, Role.REVIEWER)
    new = "staple battery correct"
    with live.client() as browser, live.person("root", Role.ADMIN) as root:
        login(browser)
        token = {"X-CSRF-Token": browser.get("/api/v1/me").json()["csrf"]}
        url = "/api/v1/me/password"
        wrong = browser.post(url, json={"old": "guess", "password": new}, headers=token)
        done = browser.post(url, json={"old": PASSWORD, "password": new}, headers=token)
        ended = browser.get("/api/v1/me")
        again = login(browser, new)
        reset = root.post("/api/v1/users/li/password", json={"password": PASSWORD})
        other = root.post("/api/v1/users/nobody/password", json={"password": PASSWORD})
        ended_too = browser.get("/api/v1/me")
        back = login(browser)

    assert [one.status_code for one in (wrong, done, ended)] == [403, 204, 401]
    assert (again.status_code, back.status_code) == (303, 303)
    assert (reset.status_code, other.status_code) == (204, 404)
    assert ended_too.status_code == 401
