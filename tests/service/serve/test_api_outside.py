"""Other programs: Open311 and exports."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from serve.people.roles import Scope
from serve.settings import Settings
from tests.service.serve.city import HandClock, report
from tests.service.serve.conftest import Start
from tests.service.serve.street import NOON, Seen, message
from vision.core.violations import Lifecycle, Slug

OPEN311 = "/open311/v2"


@pytest.fixture
def street(engine: httpx.Client) -> httpx.Client:
    """Report two events, one of them cleared."""
    report(engine, event_id="evt-1")
    seen = Seen(event_id="evt-2", slug=Slug.GARBAGE_PILE)
    engine.post("/api/v1/events", json=message(seen))
    cleared = seen.later(Lifecycle.CLEARED, 2)
    engine.post("/api/v1/events", json=message(cleared))
    return engine


def test_services_are_the_four_violations(reader: httpx.Client) -> None:
    services = reader.get(f"{OPEN311}/services.json").json()

    assert [one["service_code"] for one in services] == [slug.value for slug in Slug]
    assert services[3]["description"] == "机动车违停"


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["evt-2", "evt-1"]),
        ({"status": "open"}, ["evt-1"]),
        ({"status": "closed"}, ["evt-2"]),
        ({"status": "open,closed"}, ["evt-2", "evt-1"]),
        ({"service_code": "garbage_pile"}, ["evt-2"]),
        ({"service_code": "illegal_parking,garbage_pile"}, ["evt-2", "evt-1"]),
        ({"service_request_id": "evt-1,evt-9"}, ["evt-1"]),
        ({"start_date": "2026-11-21T00:00:00Z"}, []),
    ],
)
def test_requests_are_the_same_in_json_and_xml(
    reader: httpx.Client, query: dict[str, str], expected: list[str]
) -> None:
    query = {"end_date": "2026-11-30T00:00:00Z", **query}

    in_json = reader.get(f"{OPEN311}/requests.json", params=query).json()
    in_xml = reader.get(f"{OPEN311}/requests.xml", params=query)

    assert [one["service_request_id"] for one in in_json] == expected
    tree = ET.fromstring(in_xml.content)  # noqa: S314 our own answer
    assert in_xml.headers["content-type"].startswith("application/xml")
    assert [one.findtext("service_request_id") for one in tree] == expected
    for row, node in zip(in_json, tree, strict=True):
        assert {one.tag for one in node} == set(row)
        assert node.findtext("long") == str(row["long"])


@pytest.mark.parametrize(
    "query",
    [
        {"status": "new"},
        {"service_code": "open,"},
        {"service_request_id": ",".join(map(str, range(200)))},
    ],
)
def test_lists_that_name_nothing_known_are_refused(
    reader: httpx.Client, query: dict[str, str]
) -> None:
    assert reader.get(f"{OPEN311}/requests.json", params=query).status_code == 422


@pytest.mark.usefixtures("street")
def test_one_request_tells_place_time_and_reasons(reader: httpx.Client) -> None:
    one = reader.get(f"{OPEN311}/requests/evt-1.json").json()[0]

    assert one["status"] == "open"
    assert one["requested_datetime"] == NOON.isoformat(timespec="seconds")
    assert "Seen standing still: 3 min 7 s" in one["description"]
    assert (one["lat"], one["long"]) == (30.5, 114.3)
    missing = reader.get(f"{OPEN311}/requests/evt-9.xml")
    assert missing.status_code == 404


def test_control_characters_do_not_break_the_xml(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["location"]["address"] = "a\u0001b\uffff<c>&"
    engine.post("/api/v1/events", json=sent).raise_for_status()

    answer = reader.get(f"{OPEN311}/requests/evt-1.xml")

    tree = ET.fromstring(answer.content)  # noqa: S314 our own answer
    assert tree[0].findtext("address") == "ab<c>&"


@pytest.mark.usefixtures("street")
def test_exports_hold_every_event_in_three_forms(reader: httpx.Client) -> None:
    base = "/api/v1/export/events"

    table = list(csv.DictReader(io.StringIO(reader.get(f"{base}.csv").text[1:])))
    lines = [json.loads(line) for line in reader.get(f"{base}.jsonl").text.splitlines()]
    layer = reader.get(f"{base}.geojson").json()

    assert [row["event_id"] for row in table] == ["evt-2", "evt-1"]
    assert table[1]["code"] == "09009"
    assert [one["event_id"] for one in lines] == ["evt-2", "evt-1"]
    assert [one["id"] for one in layer["features"]] == ["evt-2", "evt-1"]
    filtered = reader.get(f"{base}.csv", params={"state": "open"}).text
    assert "evt-2" not in filtered


@pytest.mark.usefixtures("street")
def test_cases_are_exported_too(reader: httpx.Client) -> None:
    text = reader.get("/api/v1/export/cases.csv").text
    lines = reader.get("/api/v1/export/cases.jsonl?slug=garbage_pile").text.splitlines()

    assert [row["number"] for row in csv.DictReader(io.StringIO(text[1:]))] == [
        "2",
        "1",
    ]
    assert [json.loads(line)["event_id"] for line in lines] == ["evt-2"]


def test_a_case_is_exported_with_its_code_and_place(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["location"]["address"] = "=武珞路 12"
    engine.post("/api/v1/events", json=sent).raise_for_status()
    nowhere = message(Seen(event_id="evt-2"))
    nowhere["data"]["location"] = None
    engine.post("/api/v1/events", json=nowhere).raise_for_status()

    text = reader.get("/api/v1/export/cases.csv").text
    lines = reader.get("/api/v1/export/cases.jsonl").text.splitlines()

    assert text.splitlines()[0].endswith(
        ",due_at,overdue,scheme,code,code_name,camera,lat,lon,address,accuracy_m"
    )
    without_place, row = csv.DictReader(io.StringIO(text[1:]))
    assert (row["scheme"], row["code"]) == ("GB/T 47678.5-2026", "09009")
    assert (row["code_name"], row["camera"]) == ("机动车乱停放", "kerb-east")
    assert (row["lat"], row["lon"], row["address"]) == ("30.5", "114.3", "'=武珞路 12")
    assert (without_place["code"], without_place["lat"]) == ("09009", "")
    assert json.loads(lines[1])["address"] == "=武珞路 12"


def test_an_empty_export_is_empty_and_well_formed(reader: httpx.Client) -> None:
    events = reader.get("/api/v1/export/events.csv").text
    cases = reader.get("/api/v1/export/cases.csv").text
    assert events.startswith("\ufeffevent_id,state,slug,")
    assert cases.startswith("\ufeffnumber,version,state,")
    assert events.count("\n") == cases.count("\n") == 1
    assert reader.get("/api/v1/export/events.geojson").json()["features"] == []


def test_a_text_that_a_spreadsheet_would_run_is_defused(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = message(Seen())
    sent["data"]["location"]["address"] = '=HYPERLINK("http://evil")'
    engine.post("/api/v1/events", json=sent).raise_for_status()

    text = reader.get("/api/v1/export/events.csv").text

    row = next(csv.DictReader(io.StringIO(text[1:])))
    assert row["address"].startswith("'=")


def test_the_cases_of_a_month_are_listed_and_exported_alone(
    start: Start, tmp_path: Path
) -> None:
    clock = HandClock()
    live = start(Settings(home=tmp_path / "home"), clock)
    with live.client(Scope.INGEST) as engine, live.client(Scope.READ) as reader:
        for number in range(3):
            report(engine, event_id=f"evt-{number}")
            clock.forward(days=1)
        day = "since=2026-11-24T09:00:00+08:00&until=2026-11-25T09:00:00+08:00"
        listed = reader.get(f"/api/v1/cases?{day}").json()["items"]
        exported = reader.get(f"/api/v1/export/cases.jsonl?{day}").text.splitlines()

    assert [case["number"] for case in listed] == [2]
    assert [json.loads(line)["number"] for line in exported] == [2]
