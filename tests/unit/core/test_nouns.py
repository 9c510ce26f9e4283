from datetime import UTC, datetime

import numpy as np
import pytest

from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.places import Place, PlaceState
from vision.core.scene import Scene, Zone
from vision.core.violations import Fact

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


def test_a_frames_picture_cannot_be_written_through() -> None:
    frame = Frame("c", 0, 0.0, NOON, np.zeros((4, 6, 3), np.uint8))

    assert (frame.width, frame.height) == (6, 4)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1


def test_a_grey_picture_is_refused_with_its_shape() -> None:
    with pytest.raises(ValueError, match=r"got shape \(4, 6\), expected \(H, W, 3\)"):
        Frame("c", 0, 0.0, NOON, np.zeros((4, 6), np.uint8))


def test_a_naive_capture_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        Frame("c", 0, 0.0, NOON.replace(tzinfo=None), np.zeros((4, 6, 3), np.uint8))


def test_columns_of_different_length_are_refused_with_their_shapes() -> None:
    with pytest.raises(ValueError, match=r"expected \(\(N, 4\), \(N,\), \(N,\)\)"):
        Detections(
            np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64)
        )


def test_detections_are_chosen_by_mask_and_by_class() -> None:
    detections = Detections(
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.array([0.2, 0.5, 0.9], np.float32),
        np.array([1, 2, 1]),
    )

    assert len(Detections.empty()) == 0
    assert detections.where(detections.score > 0.4).class_id.tolist() == [2, 1]
    assert detections.of_classes({1}).score.tolist() == pytest.approx([0.2, 0.9])
    with pytest.raises(ValueError, match="read-only"):
        detections.score[0] = 1


def test_a_scene_finds_its_zones_by_kind() -> None:
    kerb = Zone("kerb", "no_parking", SQUARE)
    scene = Scene("c", "Gate", zones=(kerb, Zone("yard", "clean", SQUARE)))

    assert scene.zones_of("no_parking") == (kerb,)
    assert scene.zones_of("no_vending") == ()


def test_a_place_tells_elapsed_from_observed() -> None:
    place = Place(
        place_id="p",
        camera_id="c",
        kind="bin",
        label="bin",
        xyxy=(0, 0, 1, 1),
        state=PlaceState.STANDING,
        first_seen_s=10.0,
        last_seen_s=100.0,
        observed_s=60.0,
        first_seen_at=NOON,
        last_seen_at=NOON,
        score=0.5,
        baseline=False,
        label_share=(("bin", 0.75), ("overflowing_bin", 0.25)),
    )

    assert place.elapsed_s == 90.0
    assert place.share_of("overflowing_bin") == 0.25
    assert place.share_of("car") == 0.0


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (
            Fact("observed_s", 187.0, "s", ">= 180", holds=True),
            "observed_s 187 s >= 180 s",
        ),
        (Fact("passed_vehicles", 6, "1", ">= 3", holds=True), "passed_vehicles 6 >= 3"),
        (Fact("zone", "kerb-east"), "zone kerb-east"),
    ],
)
def test_a_fact_reads_as_a_sentence_with_its_unit(fact: Fact, text: str) -> None:
    assert fact.text() == text


def test_the_system_clock_is_aware_and_its_counter_does_not_run_back() -> None:
    clock = SystemClock()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic_s() <= clock.monotonic_s()
