"""People log in with the city's own accounts, and with nothing less."""

import logging
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

pytest.importorskip("joserfc", reason="needs the extra `oidc`")

from joserfc.jwk import RSAKey

from serve.people.roles import Role
from serve.settings import Settings, SettingsError, load_settings
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.identity import CLIENT, SECRET, Provider, identity_provider

LI = {"sub": "4711", "preferred_username": "li.jing", "roles": ["staff", "city-review"]}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Give a provider at which Li logs in next."""
    with identity_provider() as one:
        one.person = dict(LI)
        yield one


@pytest.fixture
def live(start: Start, tmp_path: Path, provider: Provider) -> Live:
    """Start a service that trusts the provider."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(
        home=tmp_path / "home",
        config_dir=CONFIGS,
        public_url=f"http://127.0.0.1:{port}",
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SecretStr(SECRET),
        oidc_roles="city-boss=supervisor, city-review=reviewer",
    )
    return start(settings, port=port)


def log_in(live: Live) -> tuple[httpx.Response, httpx.Response]:
    """Go the whole way with a fresh browser; return the page and who one is then."""
    with httpx.Client(base_url=live.url, follow_redirects=True, timeout=20) as browser:
        return browser.get("/login/oidc"), browser.get("/api/v1/me")


def test_a_person_comes_back_from_the_provider_with_the_role_it_tells(
    live: Live,
) -> None:
    answer, said = log_in(live)

    me = said.json()
    assert answer.status_code == 200
    assert (me["name"], me["person"]) == ("user:li.jing", True)
    assert "review" in me["scopes"]
    assert "supervise" not in me["scopes"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_role_and_streets_are_taken_anew_at_every_login(
    live: Live, provider: Provider
) -> None:
    log_in(live)
    provider.person |= {"roles": "city-boss", "districts": ["武珞路"]}

    me = log_in(live)[1].json()

    assert "supervise" in me["scopes"]
    assert me["districts"] == ["武珞路"]
    assert len(live.services.users.all()) == 1


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [("/events/evt-1?lang=zh", "/events/evt-1"), ("//evil.example", "/"), ("", "/")],
)
def test_the_way_over_the_provider_leads_to_the_page_that_was_asked_for(
    asked: str, leads_to: str, live: Live
) -> None:
    with httpx.Client(base_url=live.url, follow_redirects=True, timeout=20) as browser:
        login = browser.get("/login", params={"to": asked}).text
        if asked.startswith("/events"):
            login = browser.get(asked).text
        on = re.findall(r'href="(/login/oidc[^"]*)"', login)[0]
        welcome = browser.get(on).text

    assert f'content="0; url={leads_to}"' in welcome


@pytest.mark.parametrize(
    "spoil",
    [
        {"aud": "another-service"},
        {"iss": "https://evil.example"},
        {"nonce": "another-login"},
        {"exp": 1_000_000_000},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_login_lets_nobody_in(
    live: Live, provider: Provider, spoil: dict[str, Any]
) -> None:
    provider.spoil = spoil

    answer, said = log_in(live)

    assert (answer.status_code, said.status_code) == (403, 401)
    assert live.services.users.all() == []


def test_a_token_signed_by_somebody_else_lets_nobody_in(
    live: Live, provider: Provider
) -> None:
    provider.signing = RSAKey.generate_key(2048)

    answer, _ = log_in(live)

    assert answer.status_code == 403


def test_new_keys_of_the_provider_are_fetched_when_they_are_needed(
    live: Live, provider: Provider
) -> None:
    log_in(live)
    provider.rotate("2")

    me = log_in(live)[1].json()

    assert me["name"] == "user:li.jing"


def test_an_answer_to_another_browsers_login_is_refused(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx.Client(base_url=live.url) as mine, caplog.at_level(logging.INFO):
        begun = mine.get("/login/oidc")
        returned = httpx.get(begun.headers["location"]).headers["location"]
        with httpx.Client() as victim:
            stolen = victim.get(returned)
        wrong = mine.get(re.sub(r"state=[^&]*", "state=guess", returned))

    assert (stolen.status_code, wrong.status_code) == (403, 403)
    ours = "".join(
        line.getMessage() for line in caplog.records if line.name.startswith("serve")
    )
    assert SECRET not in ours
    assert "code-0" not in ours


def test_somebody_without_a_role_here_is_told_so(
    live: Live, provider: Provider
) -> None:
    provider.person["roles"] = ["staff"]

    answer, _ = log_in(live)

    assert answer.status_code == 403
    assert "no role here" in answer.text
    # The provider's answer is good once: the other language asks for nothing again.
    assert 'href="/login?to=%2F&amp;lang=zh"' in answer.text


def test_a_try_that_failed_still_leads_to_the_page_that_was_asked_for(
    live: Live, provider: Provider
) -> None:
    role = provider.person["roles"]
    with httpx.Client(base_url=live.url, follow_redirects=True, timeout=20) as browser:

        def other_login(page: str) -> str:
            (on,) = re.findall(r'href="(/login/oidc\?[^"]*)"', page)
            return browser.get(on).text

        provider.person["roles"] = ["staff"]
        page = other_login(browser.get("/events/evt-1").text)
        page = other_login(page)
        provider.person["roles"] = role
        welcome = other_login(page)

    assert "to=/events/evt-1" in page
    assert 'content="0; url=/events/evt-1"' in welcome


def test_somebody_dismissed_here_stays_out_and_no_password_opens_the_account(
    live: Live,
) -> None:
    log_in(live)
    with live.client() as browser:
        form = {"name": "li.jing", "password": "oidc"}
        by_password = browser.post("/login", data=form)
    live.services.users.disable("li.jing")

    answer, _ = log_in(live)

    assert by_password.status_code == 403
    assert answer.status_code == 403


def test_a_name_that_a_local_account_has_is_not_taken_over(live: Live) -> None:
    live.services.users.create("li.jing", "correct horse battery", Role.ADMIN)

    answer, _ = log_in(live)

    assert answer.status_code == 403


def test_settings_of_a_provider_are_whole_or_refused() -> None:
    base = {"STREETWARDEN_OIDC_ISSUER": "https://id.city.example"}
    with pytest.raises(SettingsError, match="oidc_client_secret"):
        load_settings(base)
    whole = base | {
        "STREETWARDEN_PUBLIC_URL": "http://desk.city.example",
        "STREETWARDEN_OIDC_CLIENT_ID": "x",
        "STREETWARDEN_OIDC_CLIENT_SECRET": "y" * 20,
        "STREETWARDEN_OIDC_ROLES": "a=reviewer",
    }
    with pytest.raises(SettingsError, match="public_url"):
        load_settings(whole)
    with pytest.raises(SettingsError, match="oidc_roles"):
        load_settings(
            whole
            | {
                "STREETWARDEN_PUBLIC_URL": "https://desk.city.example",
                "STREETWARDEN_OIDC_ROLES": "a=king",
            }
        )


@pytest.mark.parametrize("begun_before", [False, True])
def test_while_the_provider_is_away_a_browser_gets_the_login_with_the_way_out(
    live: Live, provider: Provider, *, begun_before: bool
) -> None:
    path = "/login/oidc"
    with httpx.Client(base_url=live.url, cookies={"lang": "zh"}, timeout=20) as browser:
        if begun_before:
            begun = browser.get(path)
            state = httpx.URL(begun.headers["location"]).params["state"]
            path += f"/done?code=c&state={state}"
        provider.away = True
        answer = browser.get(path)

    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "5"
    assert "统一登录暂时无法访问" in answer.text
    assert 'name="password"' in answer.text
