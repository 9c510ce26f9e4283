"""Pages that a dispatcher understands."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest

from serve.console.words import Language, choose, duration
from serve.people.roles import Role
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from vision.core.violations import Confidence, Lifecycle

PICTURE = jpeg()
PASSWORD = "correct horse battery"  # noqa: S105 a test's own
LOGIN = {"name": "li", "password": PASSWORD}


@pytest.fixture
def visited(live: Live, engine: httpx.Client) -> Iterator[httpx.Client]:
    """Give a browser that has logged in, after one event with two pictures."""
    artifacts = (
        artifact("overlay.jpg", "overlay", PICTURE),
        artifact("wide_first.jpg", "wide_first", PICTURE),
    )
    _bring(engine, Seen(artifacts=artifacts, confidence=Confidence.LOW))
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    with httpx.Client(base_url=live.url, follow_redirects=True) as browser:
        assert browser.post("/login", data=LOGIN).status_code == 200
        yield browser


def _bring(engine: httpx.Client, seen: Seen) -> None:
    """Send an event and its pictures."""
    engine.post("/api/v1/events", json=message(seen)).raise_for_status()
    for file in seen.artifacts:
        engine.put(
            f"/api/v1/events/{seen.event_id}/evidence/{file.name}",
            content=PICTURE,
            headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(PICTURE)},
        ).raise_for_status()


def test_the_page_says_what_where_and_why_in_both_languages(
    visited: httpx.Client,
) -> None:
    english = visited.get("/?lang=en").text
    chinese = visited.get("/?lang=zh").text

    for part in (
        "Illegal parking",
        "武珞路 12 号",
        "Seen standing still: 3 min 7 s (needed ≥ 3 min)",
        "unsure",
        "/api/v1/events/evt-1/evidence/overlay.jpg",
    ):
        assert part in english
    for part in ("机动车违停", "静止观察时长: 3 分 7 秒 (要求 ≥ 3 分)", "待核实"):
        assert part in chinese
    assert "wide_first.jpg" not in english


def test_a_card_shows_the_object_where_its_picture_holds_more_than_it(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    """Several events of one picture, or a portrait one cut to a card, look alike."""
    near = artifact("001-close_up_redacted.jpg", "close_up_redacted", PICTURE)
    wide = artifact("001-overlay.jpg", "overlay", PICTURE)
    sealed = artifact("001-close_up.jpg", "close_up", PICTURE)
    later = artifact("002-close_up_redacted.jpg", "close_up_redacted", PICTURE)
    _bring(engine, Seen(event_id="evt-2", artifacts=(wide, sealed, later, near)))

    files = "/api/v1/events/evt-2/evidence/"
    for page in ("/", "/cases"):
        shown = re.findall(rf'<img src="{files}([^"]+)"', visited.get(page).text)
        assert shown == ["001-close_up_redacted.jpg"], page
    assert f'src="{files}001-overlay.jpg"' in visited.get("/events/evt-2").text


def test_the_page_claims_of_cameras_only_what_they_said_and_when(
    visited: httpx.Client, live: Live
) -> None:
    (camera,) = live.services.cameras.cameras()
    said = camera.camera.last_seen.isoformat()

    page = visited.get("/?lang=en").text

    assert "Cameras: 1 · no trouble reported · Last word" in page
    assert f'Last word <time datetime="{said}">' in page


def test_one_event_shows_its_reasons_life_and_files(visited: httpx.Client) -> None:
    page = visited.get("/events/evt-1?lang=en").text

    for part in (
        "Vehicles that passed by meanwhile: 6 (needed ≥ 3)",
        "Opened",
        "GB/T 47678.5-2026",
        "original, protected",
        "street-n/1",
    ):
        assert part in page


def test_what_was_driven_past_is_said_to_have_been_in_view_and_not_to_have_stood(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    """A second pass after ten minutes saw it for seconds each time."""
    seen = Seen(event_id="evt-9", camera="patrol-7", observed_s=4.0, accuracy_m=6.0)
    engine.post("/api/v1/events", json=message(seen)).raise_for_status()

    english = visited.get("/events/evt-9?lang=en").text
    latest = visited.get("/?lang=zh&camera=patrol-7").text

    assert "in view for 4 s" in english
    assert "stood" not in english
    assert "累计入镜 4 秒" in latest


def test_a_visitor_without_login_sees_the_login_and_nothing_else(
    live: Live, visited: httpx.Client
) -> None:
    assert visited.get("/").status_code == 200
    with live.client() as stranger:
        for path in ("/", "/events/evt-1"):
            page = stranger.get(path)

            assert page.status_code == 401
            assert "Illegal parking" not in page.text
            assert "overlay.jpg" not in page.text
            assert 'name="password"' in page.text


def test_a_login_from_another_site_or_with_a_wrong_key_fails(live: Live) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    with live.client() as browser:
        wrong = browser.post("/login", data=LOGIN | {"password": "guess"})
        foreign = browser.post(
            "/login", data=LOGIN, headers={"Origin": "https://evil.example"}
        )

    assert (wrong.status_code, foreign.status_code) == (403, 403)
    assert "set-cookie" not in foreign.headers
    assert "is wrong" in wrong.text
    assert "is wrong" not in foreign.text
    assert "must pass on the header Host" in foreign.text


def test_the_cookie_cannot_be_read_by_scripts_or_sent_from_elsewhere(
    live: Live,
) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER)
    with live.client() as browser:
        cookie = browser.post("/login", data=LOGIN).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_an_unchanged_page_costs_one_line(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    first = visited.get("/")
    again = visited.get("/", headers={"If-None-Match": first.headers["etag"]})
    engine.post("/api/v1/events", json=message(Seen().later(Lifecycle.CLEARED, 2)))
    changed = visited.get("/", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, changed.status_code) == (304, 200)
    assert "Cleared" in changed.text


def test_what_engines_send_cannot_become_markup(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    sent = message(Seen(event_id="evt-x"))
    sent["data"]["camera"]["name"] = "<script>alert(1)</script>"
    sent["data"]["location"]["address"] = '"><img src=x onerror=alert(1)>'
    engine.post("/api/v1/events", json=sent)

    for path in ("/", "/events/evt-x"):
        page = visited.get(path).text

        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_an_unknown_event_is_a_page_that_says_so(visited: httpx.Client) -> None:
    page = visited.get("/events/nothing?lang=zh")

    assert page.status_code == 404
    assert "没有该事件或页面" in page.text


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        (None, "zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        (None, "fr,de;q=0.5", Language.EN),
        ("zh", "en", Language.ZH),
        ("xx", "zh", Language.ZH),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers(
    asked: str | None, accepted: str, expected: Language
) -> None:
    assert choose(asked, accepted) is expected


@pytest.mark.parametrize(
    ("seconds", "english"),
    [
        (0.4, "0 s"),
        (41, "41 s"),
        (180, "3 min"),
        (187, "3 min 7 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_lengths_of_time_are_said_as_people_do(seconds: float, english: str) -> None:
    assert duration(seconds, Language.EN) == english


def test_a_cleared_event_says_why_it_opened_and_why_it_is_over(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    cleared = message(Seen().later(Lifecycle.CLEARED, 2))
    cleared["data"]["reasons"] = [{"name": "place", "value": "exposed"}]
    engine.post("/api/v1/events", json=cleared).raise_for_status()

    card = visited.get("/?lang=en").text
    page = visited.get("/events/evt-1?lang=en").text

    assert "The place: the ground was seen again" in card
    # The reviewer still needs to know why it was reported.
    assert "The place: the ground was seen again" in page
    assert "Vehicles that passed by meanwhile: 6 (needed ≥ 3)" in page


def test_the_events_of_a_day_are_found_and_taken_along_as_a_table(
    visited: httpx.Client, engine: httpx.Client
) -> None:
    for name, hour in (("evt-late", 15), ("evt-next", 16)):  # midnight in Shanghai
        seen = Seen(event_id=name, at=datetime(2026, 11, 5, hour, 30, tzinfo=UTC))
        engine.post("/api/v1/events", json=message(seen)).raise_for_status()

    days = {
        day: visited.get("/", params={"day": day}).text
        for day in ("2026-11-05", "2026-11-06", "2026-11-07", "")
    }
    link = re.findall(r'href="([^"]*events\.csv[^"]*)"', days["2026-11-05"])[0]
    table = visited.get(unescape(link))
    wrong = visited.get("/", params={"day": "9999-12-31"})

    def shown(page: str) -> set[str]:
        return set(re.findall(r'href="/events/([\w-]+)"', page))

    assert {day: shown(page) for day, page in days.items()} == {
        "2026-11-05": {"evt-late"},
        "2026-11-06": {"evt-next"},
        "2026-11-07": set(),
        "": {"evt-1", "evt-late", "evt-next"},
    }
    assert "No event fits." in days["2026-11-07"]
    assert [line.split(",")[0] for line in table.text.splitlines()[1:]] == ["evt-late"]
    assert wrong.status_code == 422
