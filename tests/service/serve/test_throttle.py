"""Callers who come too often, and addresses that guess, are held back."""

from pathlib import Path

import httpx
import pytest

from serve import throttle
from serve.people.roles import Role, Scope
from serve.settings import Settings
from serve.throttle import MOST_CALLERS, WRONG_BURST, Buckets
from tests.service.serve.city import HandClock
from tests.service.serve.conftest import Live, Start

PASSWORD = "correct horse battery"  # noqa: S105 a test's own


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def burst(monkeypatch: pytest.MonkeyPatch) -> int:
    """Allow few guesses: a password takes long to try, on purpose."""
    monkeypatch.setattr(throttle, "WRONG_BURST", 4.0)
    return 4


def wrong(live: Live, times: int) -> list[int]:
    """Guess keys; return the statuses."""
    with httpx.Client(base_url=live.url) as guesser:
        return [
            guesser.get(
                "/api/v1/events", headers={"Authorization": f"Bearer guess-{i}"}
            ).status_code
            for i in range(times)
        ]


def test_a_key_that_comes_too_often_waits_and_others_do_not(
    start: Start, tmp_path: Path, clock: HandClock
) -> None:
    live = start(Settings(home=tmp_path, requests_per_s=2), clock)
    with live.client(Scope.READ) as eager, live.client(Scope.READ) as other:
        answers = [eager.get("/api/v1/me") for _ in range(6)]
        meanwhile = other.get("/api/v1/me")
        clock.forward(seconds=1)
        later = [eager.get("/api/v1/me").status_code for _ in range(3)]

    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json()["type"].endswith("/too-many-requests")
    assert meanwhile.status_code == 200
    assert later == [200, 200, 429]


def test_an_address_that_guesses_is_held_back_but_not_those_known_there(
    start: Start, tmp_path: Path, clock: HandClock
) -> None:
    live = start(Settings(home=tmp_path), clock)
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    login = {"name": "li", "password": PASSWORD}
    with live.client(Scope.READ) as known, live.client() as stranger:
        known.get("/api/v1/me").raise_for_status()
        guesses = wrong(live, int(WRONG_BURST) + 3)
        stopped = stranger.post("/login", data=login)
        known_still = known.get("/api/v1/me")
        clock.forward(seconds=5)
        back = stranger.post("/login", data=login)

    assert guesses == [401] * int(WRONG_BURST) + [429] * 3
    assert stopped.status_code == 429
    assert known_still.status_code == 200
    assert back.status_code == 303


@pytest.mark.parametrize(
    "made_up",
    [
        {},
        {"Cookie": "streetwarden_session=made-up"},
        {"Authorization": "Bearer made-up"},
    ],
)
def test_wrong_passwords_for_many_names_count_against_the_address(
    start: Start, tmp_path: Path, clock: HandClock, burst: int, made_up: dict[str, str]
) -> None:
    live = start(Settings(home=tmp_path), clock)
    with live.client() as sprayer:
        tries = [
            sprayer.post(
                "/login", data={"name": f"n{i}", "password": "guess"}, headers=made_up
            )
            for i in range(burst + 1)
        ]

    assert {one.status_code for one in tries[:-1]} == {403}
    assert tries[-1].status_code == 429


def test_somebody_logged_in_may_not_guess_either(
    start: Start, tmp_path: Path, clock: HandClock, burst: int
) -> None:
    live = start(Settings(home=tmp_path), clock)
    with live.person("li", Role.VIEWER) as li:
        tries = []
        for i in range(burst + 1):
            li.get("/api/v1/me").raise_for_status()
            guess = {"name": f"n{i}", "password": "guess"}
            tries.append(li.post("/login", data=guess).status_code)

        li.get("/api/v1/me").raise_for_status()
    assert tries == [403] * burst + [429]


def test_a_missing_right_is_no_guess(
    start: Start, tmp_path: Path, clock: HandClock
) -> None:
    live = start(Settings(home=tmp_path), clock)
    with live.client(Scope.READ) as reader:
        refused = [
            reader.get("/api/v1/subscriptions").status_code
            for _ in range(int(WRONG_BURST) + 5)
        ]

    assert set(refused) == {403}


def test_buckets_forget_who_was_silent_for_longest(clock: HandClock) -> None:
    buckets = Buckets(1.0, 1.0, clock)
    buckets.take("first")
    for caller in range(MOST_CALLERS):
        buckets.take(caller)

    assert buckets.take("first") == 0.0
    assert buckets.take(MOST_CALLERS - 1) > 0


def test_a_proxy_that_is_trusted_tells_scheme_and_caller(
    start: Start, tmp_path: Path
) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    login = {"name": "li", "password": PASSWORD}
    cookies = {}
    for name, proxies in (("trusted", "127.0.0.1"), ("direct", "")):
        live = start(Settings(home=tmp_path / name, trusted_proxies=proxies))
        live.services.users.create("li", PASSWORD, Role.VIEWER)
        with live.client() as browser:
            answer = browser.post("/login", data=login, headers=said)
        cookies[name] = answer.headers["set-cookie"]
        hsts = answer.headers.get("strict-transport-security")
        assert (hsts is not None) == (name == "trusted")

    assert "Secure" in cookies["trusted"]
    assert "Secure" not in cookies["direct"]
