"""Events go in once and come out as they stand."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import httpx
import jsonschema
import pytest

from tests.service.serve.city import report
from tests.service.serve.street import NOON, Seen, message
from vision.core.violations import Lifecycle, Slug

EVENTS = "/api/v1/events"


def test_a_new_event_is_created_and_can_be_read(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    answer = engine.post(EVENTS, json=message(Seen()))

    assert answer.status_code == 201
    event = reader.get(answer.headers["location"]).json()
    assert event["slug"] == "illegal_parking"
    assert event["code"] == "09009"
    assert event["state"] == "open"
    assert event["location"]["address"] == "武珞路 12 号"
    assert [reason["name"] for reason in event["reasons"]][2] == "observed_s"
    assert [step["lifecycle"] for step in event["history"]] == ["opened"]


def test_the_same_event_again_changes_nothing_and_answers_200(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    engine.post(EVENTS, json=sent, headers={"Idempotency-Key": sent["id"]})
    turned = dict(reversed(sent.items()))

    again = engine.post(EVENTS, json=turned)

    assert again.status_code == 200
    assert again.json()["result"] == "repeated"
    assert len(reader.get(f"{EVENTS}/evt-1").json()["history"]) == 1


def test_the_same_id_with_other_content_is_refused(engine: httpx.Client) -> None:
    sent = message(Seen())
    engine.post(EVENTS, json=sent)
    sent["data"]["severity"] = 3

    answer = engine.post(EVENTS, json=sent)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/id-conflict")


def test_an_idempotency_key_that_is_not_the_id_is_refused(
    engine: httpx.Client,
) -> None:
    answer = engine.post(
        EVENTS, json=message(Seen()), headers={"Idempotency-Key": "another"}
    )

    assert answer.status_code == 409


def test_every_order_of_arrival_ends_the_same(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    ends = []
    for number, order in enumerate(permutations(range(3))):
        first = Seen(event_id=f"evt-{number}")
        steps = [
            first,
            first.later(Lifecycle.UPDATED, 2),
            first.later(Lifecycle.CLEARED, 3, 4),
        ]
        for index in order:
            assert engine.post(EVENTS, json=message(steps[index])).status_code == 201
        event = reader.get(f"{EVENTS}/evt-{number}").json()
        ends.append(
            (
                event["state"],
                event["sequence"],
                event["opened_at"],
                event["ended"],
                [step["lifecycle"] for step in event["history"]],
            )
        )

    assert len({str(end) for end in ends}) == 1
    assert ends[0][0] == "cleared"
    assert ends[0][4] == ["opened", "updated", "cleared"]


def test_members_that_this_version_does_not_know_are_let_through(
    engine: httpx.Client,
) -> None:
    sent = message(Seen())
    sent["data"]["future"] = {"x": 1}
    sent["traceparent"] = "00-abc"

    assert engine.post(EVENTS, json=sent).status_code == 201


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("specversion", "0.3"),
        ("type", "org.streetwarden.violation.cleared.v1"),
        ("time", "2026-11-20T12:00:00"),
        ("time", 1),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("data.slug", "littering"),
        ("data.sequence", 0),
        ("data.sequence", 2**31),
        ("data.event_id", "../../etc/passwd"),
        ("data.event_id", ""),
        ("data.severity", 4),
        ("data.observed_s", -1),
        ("data.location.lat", 91),
        ("data.location.accuracy_m", 0),
        ("data.location.accuracy_m", -3),
        ("data.location.accuracy_m", 1e9),
        ("data.camera.id", "x\u0000y"),
        ("data.future", "\u0000"),
        ("data.reasons", [{"name": "x"}]),
    ],
)
def test_what_the_schema_forbids_is_a_422_that_names_the_place(
    engine: httpx.Client, where: str, value: Any
) -> None:
    sent = message(Seen())
    at = sent
    *path, last = where.split(".")
    for key in path:
        at = at[key]
    at[last] = value

    answer = engine.post(EVENTS, json=sent)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/problems/invalid-content")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"nul", b"\xff", b"[" * 100_000, b'{"a": NaN}']
)
def test_a_body_that_is_no_event_is_refused_without_a_fault(
    engine: httpx.Client, body: bytes
) -> None:
    answer = engine.post(
        EVENTS, content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_number_that_json_does_not_know_is_refused(engine: httpx.Client) -> None:
    text = str(message(Seen())).replace("'", '"').replace("None", "null")
    text = text.replace("False", "false").replace("True", "true")
    sent = text.replace('"data": {', '"data": {"future": NaN, ')

    answer = engine.post(
        EVENTS, content=sent.encode(), headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422


@pytest.fixture
def street(engine: httpx.Client) -> httpx.Client:
    """Return a client after twelve events of four kinds on three cameras."""
    for number in range(12):
        seen = Seen(
            event_id=f"evt-{number}",
            slug=list(Slug)[number % 4],
            camera=f"cam-{number % 3}",
            at=NOON + timedelta(minutes=number // 2),
            lat=30.5 + number / 100,
        )
        engine.post(EVENTS, json=message(seen)).raise_for_status()
        if number % 2:
            cleared = seen.later(Lifecycle.CLEARED, 2)
            engine.post(EVENTS, json=message(cleared)).raise_for_status()
    return engine


def ids(answer: httpx.Response) -> list[str]:
    return [item["event_id"] for item in answer.json()["items"]]


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"slug": "garbage_pile"}, [8, 4, 0]),
        ({"camera": "cam-2"}, [11, 8, 5, 2]),
        ({"state": "cleared"}, [11, 9, 7, 5, 3, 1]),
        ({"state": "open", "slug": "overflowing_bin"}, []),
        ({"since": "2026-11-20T12:05:00Z"}, [11, 10]),
        ({"until": "2026-11-20T20:01:00+08:00"}, [1, 0]),
        ({"bbox": "114.2,30.595,114.4,30.705"}, [11, 10]),
        ({"camera": "' OR 1=1 --"}, []),
    ],
)
def test_filters_choose_newest_first(
    reader: httpx.Client, query: dict[str, str], expected: list[int]
) -> None:
    answer = reader.get(EVENTS, params=query)

    assert ids(answer) == [f"evt-{number}" for number in expected]


@pytest.mark.usefixtures("street")
def test_pages_show_every_event_once_although_times_are_equal(
    reader: httpx.Client,
) -> None:
    seen: list[str] = []
    url = f"{EVENTS}?limit=5"
    pages = 0
    while url:
        answer = reader.get(url)
        seen += ids(answer)
        pages += 1
        following = answer.links.get("next", {}).get("url", "")
        assert (answer.json()["next"] or "") == following
        url = following

    assert seen == [f"evt-{number}" for number in range(11, -1, -1)]
    assert pages == 3


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cursor": "x"}, 400),
        ({"cursor": "WyIyMDI2Il0"}, 400),
        ({"cursor": "é"}, 400),
        ({"limit": "0"}, 422),
        ({"bbox": "1,2,3"}, 422),
        ({"bbox": "nan,nan,nan,nan"}, 422),
        ({"bbox": "114.4,30,114.3,31"}, 422),
        ({"since": "yesterday"}, 422),
        ({"slug": "littering"}, 422),
    ],
)
def test_a_query_that_means_nothing_is_a_problem(
    reader: httpx.Client, query: dict[str, str], status: int
) -> None:
    answer = reader.get(EVENTS, params=query)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("offset", ["+08:00", " 08:00", "%2B08:00", "%2B0800"])
def test_an_offset_may_stand_in_an_address_as_it_is(
    engine: httpx.Client, reader: httpx.Client, offset: str
) -> None:
    for event_id, minute in (("evt-1", 59), ("evt-2", 0)):
        at = NOON.replace(hour=3 if minute else 4, minute=minute)
        report(engine, event_id=event_id, at=at)
    noon = f"2026-11-20T12:00:00{offset}"
    for path in (
        f"{EVENTS}?since={noon}",
        f"/open311/v2/requests.json?start_date={noon}",
    ):
        found = reader.get(path)
        assert found.status_code == 200, found.text
        assert "evt-2" in found.text
        assert "evt-1" not in found.text


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize("path", ["/events.geojson", "/api/v1/events.geojson"])
def test_the_map_layer_is_geojson_with_longitude_first(
    reader: httpx.Client, path: str
) -> None:
    answer = reader.get(path, params={"slug": "garbage_pile", "limit": 2})

    assert answer.headers["content-type"] == "application/geo+json"
    layer = answer.json()
    assert layer["type"] == "FeatureCollection"
    assert [one["id"] for one in layer["features"]] == ["evt-8", "evt-4"]
    assert layer["features"][0]["geometry"]["coordinates"] == [114.3, 30.58]


def test_chinese_map_coordinates_are_stored_as_wgs84(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["location"] |= {"lat": 30.54, "lon": 114.31, "crs": "gcj02"}
    engine.post(EVENTS, json=sent)

    stored = reader.get(f"{EVENTS}/evt-1").json()["location"]

    assert stored["crs"] == "wgs84"
    assert stored["lat"] == pytest.approx(30.54, abs=0.005)
    assert abs(stored["lat"] - 30.54) > 0.001
    assert abs(stored["lon"] - 114.31) > 0.003


def test_an_event_without_a_place_is_on_the_list_and_a_null_on_the_map(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["location"] = None
    engine.post(EVENTS, json=sent)

    feature = reader.get("/events.geojson").json()["features"][0]

    assert feature["geometry"] is None


def test_what_a_moving_camera_saw_says_how_well_its_place_is_known(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    first = Seen(camera="patrol-7", accuracy_m=11.6)
    report(engine, camera="patrol-7", accuracy_m=11.6)
    told = reader.get(f"{EVENTS}/evt-1").json()["location"]
    later = first.later(Lifecycle.UPDATED, 2)
    nearer = replace(later, lat=30.50001, accuracy_m=4.25)
    engine.post(EVENTS, json=message(nearer)).raise_for_status()
    report(engine, event_id="evt-2")

    (fixed, moved) = reader.get(EVENTS).json()["items"]
    spots = reader.get("/events.geojson").json()["features"]
    table = reader.get("/api/v1/export/events.csv").text.splitlines()

    assert (told["accuracy_m"], told["address"]) == (11.6, None)
    assert fixed["location"]["accuracy_m"] is None
    assert moved["location"]["accuracy_m"] == 4.25
    assert moved["location"]["lat"] == 30.50001
    found = {one["id"]: one["properties"]["accuracy_m"] for one in spots}
    assert found == {"evt-1": 4.25, "evt-2": None}
    assert table[0].endswith(",accuracy_m")
    assert [line.rpartition(",")[2] for line in table[1:]] == ["", "4.25"]


@pytest.mark.parametrize("accuracy_m", [None, 11.6])
def test_the_engines_messages_satisfy_the_published_schema(
    reader: httpx.Client, accuracy_m: float | None
) -> None:
    schema = reader.get("/schemas/violation-event.v1.json").json()
    sent = message(Seen(accuracy_m=accuracy_m))
    assert ("accuracy_m" in sent["data"]["location"]) is (accuracy_m is not None)
    wrong = message(replace(Seen(), observed_s=1.0))
    wrong["data"]["slug"] = "littering"

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(sent, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_an_unknown_event_is_a_404_problem(reader: httpx.Client) -> None:
    answer = reader.get(f"{EVENTS}/nothing")

    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/problems/unknown-event")


def test_what_an_engine_adds_of_its_own_never_breaks_reading(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    odd = message(Seen(event_id="evt-odd"))
    odd["data"]["provenance"] = {"model_id": {"nested": 1}, "engine_version": 7}
    halved = message(Seen(event_id="evt-half"))
    halved["data"]["provenance"] = {"model_id": "\ud800"}
    taken = engine.post("/api/v1/events", json=odd)
    refused = engine.post("/api/v1/events", content=json.dumps(halved))
    read = reader.get("/api/v1/events/evt-odd")

    assert (taken.status_code, refused.status_code) == (201, 422)
    assert "surrogate" in refused.json()["detail"]
    assert read.json()["provenance"]["model_id"] is None


def test_a_very_long_camera_name_is_taken(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["camera"]["name"] = "街" * 512
    taken = engine.post("/api/v1/events", json=sent)
    (camera,) = reader.get("/api/v1/cameras").json()["items"]

    assert taken.status_code == 201
    assert camera["name"] == "街" * 256
