"""Cameras on vehicles, and the zones on the map that they judge by."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from vision.config.doubts import doubts
from vision.config.site import SiteSettings, load_site

EXAMPLE = Path(__file__).parents[3] / "configs" / "site.example.yaml"
MOUNT = {"height_m": 2.1, "yaw_deg": 60, "pitch_deg": 12, "fov_deg": 90}
POSITION = {"type": "csv", "path": "drive.csv"}
KERB = [[30.5931, 114.3054], [30.5931, 114.3064], [30.5935, 114.3064]]


def patrol(**keys: object) -> dict[str, object]:
    source = {"type": "packets", "url": "drive.mp4", "starts_at": "2026-11-27T01:00Z"}
    camera: dict[str, object] = {"id": "patrol-7", "source": source}
    return camera | {"mount": MOUNT, "position": POSITION} | keys


def site(camera: dict[str, object] | None = None, **keys: object) -> SiteSettings:
    return SiteSettings.model_validate(
        {
            "site": "demo",
            "model": {"type": "onnx", "path": "models/street-n"},
            "cameras": [camera or patrol()],
            "rules": [{"type": "illegal_parking"}, {"type": "garbage_pile"}],
            "sinks": [{"type": "jsonl"}],
        }
        | keys
    )


def zone(**keys: object) -> dict[str, object]:
    return {"id": "north", "kind": "no_parking", "polygon": KERB} | keys


def refusal(camera: dict[str, object] | None = None, **keys: object) -> str:
    with pytest.raises(ValidationError) as caught:
        site(camera, **keys)
    error, *_ = caught.value.errors()  # beside it, that no camera is left
    return str(error["msg"])


def test_a_mount_and_a_position_make_a_camera_that_moves() -> None:
    camera = site(map_zones=[zone()]).cameras[0]

    assert camera.moving
    assert camera.period_s == 0.2


@pytest.mark.parametrize(
    "source",
    [
        {"type": "packets", "url": "drive.mp4"},
        {"type": "packets", "url": "file:///srv/drive.mp4"},
        {"type": "opencv", "url": "drive.mp4"},
        {"type": "images", "path": "pictures"},
    ],
)
def test_a_recording_of_a_drive_says_when_it_began(source: dict[str, str]) -> None:
    """Its file tells when it was copied; two passes would be as far apart as copies."""
    assert "has no starts_at" in refusal(patrol(source=source))


@pytest.mark.parametrize(
    "source",
    [
        {"type": "packets", "url": "rtsp://192.0.2.31/1"},
        {"type": "opencv", "url": "0"},
    ],
)
def test_a_stream_begins_when_it_is_read(source: dict[str, str]) -> None:
    assert site(patrol(source=source)).cameras[0].moving


@pytest.mark.parametrize("lacking", ["mount", "position"])
def test_neither_goes_without_the_other(lacking: str) -> None:
    camera = patrol()
    del camera[lacking]

    assert f"no {lacking}; a camera that moves needs both" in refusal(camera)


@pytest.mark.parametrize(
    ("keys", "advice"),
    [
        (
            {
                "zones": [
                    {"id": "z", "kind": "bin", "polygon": [[0, 0], [1, 0], [1, 1]]}
                ]
            },
            "map_zones",
        ),
        ({"geo": {"lat": 30, "lon": 114}}, "position tells where it is"),
        ({"presets": {"gate": "gate.png"}}, "presets: leave them out"),
        ({"still_period_s": 5}, "its picture never stands still"),
        (
            {
                "ground": {
                    "width_px": 100,
                    "height_px": 100,
                    "fov_deg": 70,
                    "sizes": [{"box": [0.1, 0.1, 0.2, 0.2], "height_m": 1.7}] * 3,
                }
            },
            "mount tells where its ground lies",
        ),
    ],
)
def test_what_only_a_camera_that_stands_can_have_is_refused_with_advice(
    keys: dict[str, object], advice: str
) -> None:
    told = refusal(patrol(**keys))

    assert "a camera that moves (mount) takes none of these" in told
    assert advice in told


def test_a_period_in_which_the_car_is_past_is_refused_and_a_long_one_doubted() -> None:
    assert "it is past a thing after a second" in refusal(patrol(period_s=2))
    (told,) = doubts(site(patrol(period_s=1), map_zones=[zone()]))
    assert told.startswith("camera patrol-7 moves and gives a picture every 1 s")
    assert not list(doubts(site(patrol(period_s=0.5), map_zones=[zone()])))


@pytest.mark.parametrize(
    ("key", "value"),
    [("height_m", 0.2), ("height_m", 9), ("pitch_deg", -20), ("fov_deg", 170)],
)
def test_a_mount_that_no_car_has_is_refused(key: str, value: float) -> None:
    assert "equal to" in refusal(patrol(mount=MOUNT | {key: value}))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"polygon": [[114.3, 30.59], [114.4, 30.59], [114.3, 30.6]]}, "swapped?"),
        ({"polygon": [[30, 200], [30.1, 114], [30, 114]]}, "swapped?"),
        # In the tropics both are small: one corner swapped lies far from the others.
        ({"polygon": [[10.8, 76.9], [76.9, 10.8], [10.9, 76.9]]}, "km from [10.8, 76"),
        ({"polygon": [[30, 114], [30.1, 114], [30.2, 114]]}, "in one line"),
        ({"polygon": KERB[:2]}, "at least 3 items"),
        ({"kind": "lane"}, "should be 'no_parking', 'no_vending', 'clean', 'bin'"),
        ({"calendar": "nights"}, "map zone north names the calendar nights"),
    ],
)
def test_a_map_zone_that_is_no_area_of_a_street_is_refused(
    keys: dict[str, object], told: str
) -> None:
    assert told in refusal(map_zones=[zone(**keys)])


def test_map_zones_have_ids_of_their_own() -> None:
    assert "zone ids used twice: north" in refusal(map_zones=[zone(), zone()])


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"kind": "market"}, "map zone north (market) is asked about by no rule"),
        ({"polygon": [KERB[0], [30.60, 114.31], KERB[1], [30.60, 114.3054]]}, "cross"),
        ({"kind": "ignore"}, None),
    ],
)
def test_a_map_zone_that_hardly_means_what_it_says_is_doubted(
    keys: dict[str, object], told: str | None
) -> None:
    said = list(doubts(site(map_zones=[zone(**keys)])))

    assert (told is None) == (not said)
    assert told is None or told in said[0]


def test_map_zones_without_a_camera_that_moves_are_doubted(tmp_path: Path) -> None:
    source = {"type": "images", "path": str(tmp_path)}

    (told,) = doubts(site({"id": "gate", "source": source}, map_zones=[zone()]))

    assert "nobody asks about them" in told


def test_the_patrol_car_of_the_example_is_right_when_it_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "geheim")
    lines, taken = [], False
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        begins = line.startswith(("  # - id: patrol", "# map_zones:"))
        taken = line.lstrip().startswith("#") and (taken or begins)
        lines.append(line.replace("# ", "", 1) if taken else line)
    file = tmp_path / "site.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")

    settings = load_site(file).settings

    assert [camera.moving for camera in settings.cameras] == [False, True]
    assert [zone.crs for zone in settings.map_zones] == ["gcj02"]
