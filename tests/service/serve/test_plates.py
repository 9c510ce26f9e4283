"""Plates are shown where a person made it a parking case, and to who works on it."""

import httpx
import pytest

from serve.people.audit import Search
from serve.people.roles import Role, Scope
from tests.service.serve.city import do
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from vision.core.violations import Slug

PICTURE = jpeg((40, 90, 200))
NAME = "001-close_up_plates.jpg"
URL = f"/api/v1/events/evt-1/evidence/{NAME}"


def report(engine: httpx.Client, slug: Slug = Slug.ILLEGAL_PARKING) -> None:
    files = (artifact(NAME, "close_up_plates", PICTURE),)
    sent = message(Seen(slug=slug, artifacts=files))
    engine.post("/api/v1/events", json=sent).raise_for_status()
    headers = {"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(PICTURE)}
    engine.put(URL, content=PICTURE, headers=headers).raise_for_status()


def number_of(client: httpx.Client) -> int:
    return int(client.get("/api/v1/cases").json()["items"][0]["number"])


def test_the_handler_of_a_registered_parking_case_sees_plates_and_it_is_audited(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    with live.client(Scope.READ, Scope.HANDLE) as desk, live.client(Scope.READ) as any_:
        before = desk.get(URL).status_code
        do(boss, number_of(boss), "register")
        shown, still = desk.get(URL), any_.get(URL).status_code

    assert (before, shown.status_code, still) == (403, 200, 403)
    assert shown.content == PICTURE
    line = live.services.audit.page(Search(), limit=1)[0]
    assert (line.action, line.subject) == ("plates.read", f"evt-1/{NAME}")


@pytest.mark.parametrize(
    ("slug", "action"),
    [
        (Slug.GARBAGE_PILE, "register"),
        (Slug.ILLEGAL_PARKING, "take"),
        (Slug.ILLEGAL_PARKING, "reject"),
    ],
)
def test_no_plate_is_shown_of(
    slug: Slug, action: str, live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine, slug)
    do(boss, number_of(boss), action)

    with live.client(Scope.READ, Scope.HANDLE, Scope.DISPATCH) as desk:
        assert desk.get(URL).status_code == 403


def test_the_page_shows_plates_after_the_review_and_to_no_viewer(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    with live.person("viewer", Role.VIEWER) as viewer:
        listed = viewer.get("/api/v1/events/evt-1").json()["evidence"]
        refused = viewer.get(URL).status_code

    assert [file["shared"] for file in listed] == [False]
    assert refused == 403
    with httpx.Client(base_url=live.url, follow_redirects=True) as browser:
        form = {"name": "boss", "password": "correct horse battery"}
        browser.post("/login", data=form)
        before = browser.get("/events/evt-1").text
        do(boss, number_of(boss), "register")
        after = browser.get("/events/evt-1").text
    image = f'<img src="{URL}"'
    assert (image in before, image in after) == (False, True)
