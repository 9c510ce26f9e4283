from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.evaluation.builders import clip, true
from vision.bootstrap.suite_camera import camera_of, doubts_of, template_of
from vision.config.site import SiteSettings
from vision.core.errors import ConfigError
from vision.core.scene import Zone
from vision.core.violations import Slug
from vision.evaluation.truth import TruthClip

KERB = {"id": "kerb", "kind": "no_parking", "polygon": [[0, 0], [1, 0], [1, 1]]}
CORNERS = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))


def site(*names: str, **rule: object) -> SiteSettings:
    cameras: list[dict[str, Any]] = [
        {
            "id": name,
            "source": {"type": "images", "path": "."},
            "period_s": 2,
            "zones": [KERB] if name == "kerb" else [],
        }
        for name in names
    ]
    return SiteSettings.model_validate(
        {
            "site": "judged",
            "model": {"type": "onnx", "path": "not-loaded"},
            "cameras": cameras,
            "rules": [{"type": "illegal_parking", "grace_s": 20, **rule}],
            "sinks": [{"type": "jsonl"}],
        }
    )


def labelled(camera: str, *zones: Zone) -> TruthClip:
    return replace(clip(true(3), camera=camera), zones=zones)


@pytest.mark.parametrize(
    ("cameras", "named"), [(("north", "kerb"), "kerb"), (("kerb",), "clip")]
)
def test_a_clip_without_zones_has_those_of_its_camera(
    cameras: tuple[str, ...], named: str
) -> None:
    settings = site(*cameras)
    truth = labelled(named)

    camera = camera_of(truth, template_of(settings, truth))

    assert [zone.id for zone in camera.zones] == ["kerb"]
    assert (camera.period_s, camera.source.type) == (2, "packets")
    assert doubts_of(settings, truth) == []


def test_zones_of_the_truth_come_first() -> None:
    settings = site("kerb")
    truth = labelled("kerb", Zone("own", "no_parking", CORNERS))

    camera = camera_of(truth, template_of(settings, truth))

    assert [zone.id for zone in camera.zones] == ["own"]


def test_nobody_guesses_whose_zones_count() -> None:
    with pytest.raises(ConfigError, match="expected zones, or one of: north, kerb"):
        template_of(site("north", "kerb"), labelled("kreb"))


def test_an_unknown_camera_is_told_where_there_are_several() -> None:
    truth = labelled("kreb", Zone("own", "no_parking", CORNERS))

    (doubt,) = doubts_of(site("north", "kerb"), truth)

    assert "rules of north are taken; expected one of: north, kerb" in doubt


def test_zones_by_the_hour_need_to_know_the_hour() -> None:
    by_hour = Zone("own", "no_parking", CORNERS, calendar="daytime")
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    told = [
        doubts_of(site("kerb"), replace(labelled("kerb", by_hour), starts_at=starts_at))
        for starts_at in (None, at)
    ]

    assert ["no starts_at" in doubt for doubt in told[0]] == [True]
    assert told[1] == []


@pytest.mark.parametrize(
    ("settings", "slug", "said"),
    [
        (site("north"), Slug.ILLEGAL_PARKING, "camera north of the site has no no_par"),
        (site("north"), Slug.GARBAGE_PILE, "no such rule for camera north"),
        (
            site("north", "kerb", cameras=["kerb"]),
            Slug.ILLEGAL_PARKING,
            "no such rule for camera north",
        ),
    ],
)
def test_what_can_never_be_found_is_said(
    settings: SiteSettings, slug: Slug, said: str
) -> None:
    doubtful = replace(clip(true(3, slug=slug), true(9, slug=slug, ignore=True)))

    (doubt,) = doubts_of(settings, replace(doubtful, camera="north"))

    assert doubt.startswith(f"1 of {slug} can never be found: ")
    assert said in doubt


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (Zone("a", "no_parkng", CORNERS), r"zones\.0\.kind"),
        (Zone("a", "clean", ((0, 0), (0.5, 0.5), (1, 1))), "in one line"),
    ],
)
def test_zones_that_no_camera_has_are_told_not_raised(zone: Zone, said: str) -> None:
    truth = labelled("kerb", zone)

    with pytest.raises(ConfigError, match=said):
        camera_of(truth, site("kerb").cameras[0])


def test_zones_may_be_named_in_any_script_and_alike() -> None:
    names = ("路东", "路西", "kerb", "kerb", "x" * 80, "x" * 80)
    truth = labelled("kerb", *(Zone(name, "clean", CORNERS) for name in names))

    camera = camera_of(truth, site("kerb").cameras[0])

    assert len({zone.id for zone in camera.zones}) == len(names)
    assert [zone.id for zone in camera.zones[:4]] == [
        "zone",
        "zone-2",
        "kerb",
        "kerb-4",
    ]
    assert Path(camera.source.model_dump()["url"]) == truth.clip


def test_a_clip_of_a_camera_that_moves_is_refused_in_words() -> None:
    standing = site("kerb").model_dump()
    moving = {
        "id": "patrol-7",
        "source": {"type": "images", "path": ".", "starts_at": "2026-11-27T01:00Z"},
        "mount": {"height_m": 2, "yaw_deg": 60, "pitch_deg": 12, "fov_deg": 90},
        "position": {"type": "csv", "path": "drive.csv"},
    }
    settings = SiteSettings.model_validate(standing | {"cameras": [moving]})
    truth = labelled("patrol-7", Zone("z", "no_parking", CORNERS))

    assert doubts_of(settings, truth) == []
    with pytest.raises(ConfigError, match="patrol-7 moves, and a truth says where"):
        template_of(settings, truth)
