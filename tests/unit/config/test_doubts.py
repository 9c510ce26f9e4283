from pathlib import Path

import pytest

from vision.config.doubts import doubts
from vision.config.site import SiteSettings

SQUARE = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]


def _camera(camera_id: str, url: str, polygon: object = SQUARE) -> dict[str, object]:
    return {
        "id": camera_id,
        "source": {"type": "packets", "url": url},
        "zones": [{"id": "kerb", "kind": "no_parking", "polygon": polygon}],
    }


def _doubts(*cameras: dict[str, object]) -> list[str]:
    site = {
        "site": "demo",
        "model": {"type": "onnx", "path": "models/street-n"},
        "cameras": cameras,
        "rules": [{"type": "illegal_parking"}],
        "sinks": [{"type": "jsonl"}],
    }
    return list(doubts(SiteSettings.model_validate(site)))


@pytest.mark.parametrize(
    ("polygon", "doubted"),
    [
        (SQUARE, []),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], ["kerb"]),
        # An L, and a corner named twice.
        ([(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)], []),
        ([*SQUARE, SQUARE[0]], []),
    ],
)
def test_a_zone_whose_edges_cross_is_doubted(
    polygon: object, doubted: list[str]
) -> None:
    told = _doubts(_camera("gate", "rtsp://camera/1", polygon))

    assert [one.split()[1] for one in told] == doubted


def test_a_file_that_is_not_there_is_doubted(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    (told,) = _doubts(_camera("gate", str(clip)))
    assert told == f"camera gate: {clip} is not there; check the path or address"

    clip.touch()
    assert not _doubts(_camera("gate", str(clip)))


def test_one_source_under_two_ids_is_doubted_without_its_password() -> None:
    url = "rtsp://viewer:geheim@camera/1"

    (told,) = _doubts(
        _camera("gate", url), _camera("yard", "rtsp://camera/2"), _camera("again", url)
    )

    assert "cameras gate and again" in told
    assert "geheim" not in told
