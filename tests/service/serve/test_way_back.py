"""Who had to sign in first goes on where they were, with what they had typed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import httpx
import pytest
from fastapi.routing import APIRoute, APIRouter

from serve import console
from serve.people.roles import Role
from serve.throttle import SESSION_COOKIE
from tests.service.browser import Tab, driven, in_browser
from tests.service.serve.city import report
from tests.service.serve.conftest import Live

PASSWORD = "correct horse battery"  # noqa: S105 a test's own
LOGIN = {"name": "li", "password": PASSWORD}
CASE = "form.act:not(details *)"


def way_on(page: str) -> str:
    """Return where the form of a login page sends name and password."""
    return str(re.findall(r'action="(/login[^"]*)"', page)[0]).replace("&amp;", "&")


@contextmanager
def stranger(live: Live) -> Iterator[httpx.Client]:
    """Give a browser that nobody has logged in with; li may."""
    live.services.users.create("li", PASSWORD, Role.REVIEWER)
    with httpx.Client(base_url=live.url, timeout=20) as client:
        yield client


def test_the_login_leads_to_the_page_that_was_asked_for(live: Live) -> None:
    expected = {
        "/": "/",
        "/events/evt-1?lang=zh": "/events/evt-1",
        "/?slug=garbage_pile&lang=en&camera=a%26b": "/?slug=garbage_pile&camera=a%26b",
        "/office/audit?text=%E6%9D%8E": "/office/audit?text=%E6%9D%8E",
        "/login": "/",
        "/login?to=/cases": "/cases",
    }
    led_to = {}
    with stranger(live) as browser:
        for asked in expected:
            browser.cookies.clear()
            login = browser.get(asked).text
            answer = browser.post(way_on(login), data=LOGIN)
            led_to[asked] = answer.headers["location"]
        browser.cookies.clear()
        wrong = {**LOGIN, "password": "guess"}
        again = browser.post("/login?to=/cases", data=wrong).text

    assert led_to == expected
    assert way_on(again).endswith("to=/cases")


def test_the_login_leads_nowhere_else(live: Live) -> None:
    hostile = (
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "https://evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "/cases\r\nSet-Cookie: a=b",
        "/" + "a" * 5000,
        "",
    )
    with stranger(live) as browser:
        pages = [browser.get("/login", params={"to": to}).text for to in hostile]
        answer = browser.post("/login", params={"to": hostile[0]}, data=LOGIN)
        slashes = browser.get("/events/%2F%2Fevil.example").text

    assert {way_on(page).partition("to=")[2] for page in pages} == {"/"}
    assert answer.headers["location"] == "/"
    assert "to=//" not in slashes


def test_each_address_that_a_form_is_sent_to_leads_to_a_page() -> None:
    names = [one.name for one in walk_packages(console.__path__, "serve.console.")]
    parts = [getattr(import_module(name), "router", APIRouter()) for name in names]
    own = [one for part in parts for one in part.routes if isinstance(one, APIRoute)]
    pages = {one.path for one in own if "GET" in (one.methods or ())}
    forms = {one.path for one in own if "POST" in (one.methods or ())}

    assert len(forms) > 5
    assert forms - pages == {"/logout"}


def sign_in(tab: Tab, name: str) -> None:
    """Fill the login in that is shown, and send it."""
    for field, value in (("name", name), ("password", PASSWORD)):
        tab.run(f"document.querySelector('[name={field}]').value = {value!r}")
    tab.press("form.login button")


def forget(tab: Tab) -> None:
    """Let the session end, as it does after a while."""
    tab.call("Network.deleteCookies", name=SESSION_COOKIE, url=tab.run("location.href"))


def write(tab: Tab, form: str, text: str) -> None:
    """Type a remark."""
    tab.run(f"document.querySelector('{form} [name=note]').value = {text!r}")


class TestInABrowser:
    """What was typed, in Chromium."""

    pytestmark = in_browser

    @pytest.fixture
    def tab(self, live: Live, engine: httpx.Client, tmp_path: Path) -> Iterator[Tab]:
        """Give a tab in which li looks at a case."""
        report(engine)
        for name in ("li", "wang"):
            live.services.users.create(name, PASSWORD, Role.REVIEWER)
        with driven(tmp_path / "profile") as tab:
            tab.go(f"{live.url}/events/evt-1?lang=en")
            sign_in(tab, "li")
            yield tab

    def test_a_remark_that_came_too_late_is_there_again_and_not_done(
        self, tab: Tab, live: Live
    ) -> None:
        write(tab, CASE, "licensed stall, see permit 17")
        forget(tab)
        tab.press("button[value=reject]")
        asked = tab.run("document.querySelector('form.login') !== null")
        sign_in(tab, "li")

        assert asked
        assert tab.run("location.pathname") == "/events/evt-1"
        said = tab.run(f"document.querySelector('{CASE}').textContent")
        assert "this was not done" in said
        note = tab.run(f"document.querySelector('{CASE} [name=note]').value")
        assert note == "licensed stall, see permit 17"
        case = live.services.find_cases.of_event("evt-1")
        assert case is not None
        assert case.state == "reported"

        tab.press("button[value=reject]")
        assert tab.run("document.querySelector('.badge.rejected') !== null")
        assert tab.run("sessionStorage.length") == 0

    def test_a_form_that_was_folded_away_is_open_again(self, tab: Tab) -> None:
        special = "details form:has([value=note])"
        write(tab, special, "asked the owner")
        forget(tab)
        tab.press(f"{special} button")
        sign_in(tab, "li")

        assert tab.run(f"document.querySelector('{special} [name=note]').value") == (
            "asked the owner"
        )
        assert tab.run("document.querySelector('details.more').open")
        assert tab.run("document.querySelectorAll('[role=alert]').length") == 1

    def test_nobody_else_is_shown_what_was_typed(self, tab: Tab) -> None:
        write(tab, CASE, "between us")
        forget(tab)
        tab.press("button[value=reject]")
        sign_in(tab, "wang")

        assert tab.run(f"document.querySelector('{CASE} [name=note]').value") == ""
        assert tab.run("document.querySelector('[role=alert]')") is None
        assert tab.run("sessionStorage.length") == 0

    def test_what_was_done_is_not_kept(self, tab: Tab) -> None:
        write(tab, CASE, "clear")
        tab.press("button[value=register]")

        assert tab.run("sessionStorage.length") == 0
        assert tab.run("document.querySelector('[role=alert]')") is None

    @pytest.mark.parametrize("wide", [True, False])
    def test_after_a_button_the_case_is_in_sight_and_on_a_desk_the_next_one_too(
        self, tab: Tab, engine: httpx.Client, *, wide: bool
    ) -> None:
        report(engine, event_id="evt-2")
        size = (1280, 800) if wide else (390, 844)
        metrics = {"deviceScaleFactor": 1, "mobile": not wide}
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": size[0], "height": size[1], **metrics},
        )
        tab.press("button[value=register]")

        top = "document.querySelector('{}').getBoundingClientRect().top"
        below = tab.run("document.querySelector('.top').getBoundingClientRect().bottom")
        for one in ("#case h2", "a.next") if wide else ("#case h2",):
            assert below <= tab.run(top.format(one)) < size[1]
