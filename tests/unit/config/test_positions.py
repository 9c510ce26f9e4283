import pytest
from pydantic import TypeAdapter, ValidationError

from vision.config.positions import (
    CsvPosition,
    Endpoint,
    GpsdPosition,
    GpxPosition,
    NmeaPosition,
    NmeaStreamPosition,
    PositionSettings,
    endpoint,
)

SETTINGS: TypeAdapter[PositionSettings] = TypeAdapter(PositionSettings)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ({"type": "csv", "path": "drive.csv"}, CsvPosition),
        ({"type": "gpx", "path": "drive.gpx", "offset_s": -28800}, GpxPosition),
        ({"type": "nmea", "path": "drive.nmea", "max_gap_s": 5}, NmeaPosition),
        ({"type": "nmea_stream", "url": "udp://0.0.0.0:10110"}, NmeaStreamPosition),
        ({"type": "gpsd"}, GpsdPosition),
        ({"type": "gpsd", "host": "gps.local", "port": 2948}, GpsdPosition),
    ],
)
def test_every_kind_is_known_by_its_type(
    written: dict[str, object], kind: type[PositionSettings]
) -> None:
    assert isinstance(SETTINGS.validate_python(written), kind)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("tcp://gps.local:10110", Endpoint("tcp", "gps.local", 10110)),
        ("tcp://[::1]:10110/", Endpoint("tcp", "::1", 10110)),
        ("udp://192.0.2.7:10110", Endpoint("udp", "192.0.2.7", 10110)),
        ("udp://:10110", Endpoint("udp", "", 10110)),
        ("serial:/dev/ttyUSB0", Endpoint("serial", device="/dev/ttyUSB0")),
        (
            "serial:///dev/ttyUSB0?baud=4800",
            Endpoint("serial", device="/dev/ttyUSB0", baud=4800),
        ),
    ],
)
def test_an_address_means_one_thing(url: str, expected: Endpoint) -> None:
    assert endpoint(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gps.local:10110",
        "http://gps.local:10110",
        "tcp://gps.local",
        "tcp://:10110",
        "tcp://gps.local:0",
        "tcp://gps.local:port",
        "tcp://gps.local:99999",
        "tcp://user:secret@gps.local:10110",
        "udp://0.0.0.0",
        "serial:ttyUSB0",
        "serial:/dev/ttyUSB0?baud=1",
        "serial:/dev/ttyUSB0?baud=fast",
        "serial:/dev/ttyUSB0?9600",
    ],
)
def test_an_address_that_nothing_can_be_read_from_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        SETTINGS.validate_python({"type": "nmea_stream", "url": url})
    assert "secret" not in str(error.value.errors(include_input=False))


@pytest.mark.parametrize(
    "written",
    [
        {"type": "kml", "path": "drive.kml"},
        {"type": "csv"},
        {"type": "csv", "path": "a", "crs": "mercator"},
        {"type": "gpsd", "crs": "gcj02"},
        {"type": "csv", "path": "a", "max_gap_s": 0},
        {"type": "gpsd", "port": 0},
        {"type": "gpsd", "offset_s": float("nan")},
    ],
)
def test_what_is_not_known_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SETTINGS.validate_python(written)
