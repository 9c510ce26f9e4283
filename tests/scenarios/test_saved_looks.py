"""A detector that looks only when something changed decides the same."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.scenarios import suite
from tests.scenarios.stage import Stage
from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.violations import Violation
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.kinds import PlaceParams
from vision.rules.places import PlaceMemory
from vision.view.still import StillGate, StillParams

REST_S = 10.0
Film = Iterable[tuple[Frame, Detections]]


class Saver:
    """Plays a film through a gate and counts what it saves."""

    def __init__(self, rest_s: float = REST_S) -> None:
        self._gate = StillGate(StillParams(rest_s=rest_s))
        self.looks: list[float] = []
        self.pictures = 0

    def play(self, film: Film) -> Iterator[tuple[Frame, Detections]]:
        for frame, detections in film:
            self.pictures += 1
            known = self._gate.recall(frame)
            if known is None:
                self._gate.looked(frame, detections)
                self.looks.append(frame.media_time_s)
            yield frame, detections if known is None else known


def stage(period_s: float) -> Stage:
    return Stage(
        [
            IllegalParking(ParkingParams(grace_s=15, undecided_factor=1)),
            GarbagePile(GarbageParams(dwell_s=15, alone_s=4)),
        ],
        memory=PlaceMemory("c1", LABELS, params=PlaceParams.for_period(period_s)),
    )


def lives(steps: list[Violation]) -> list[tuple[str, str]]:
    return [(step.slug.value, step.lifecycle.value) for step in steps]


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a film is slow to shrink
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    period_s=st.sampled_from([0.5, 1.0, 2.0]),
    stay_s=st.floats(4, 60),
    bag_s=st.floats(2, 80),
    passer_s=st.floats(2, 80),
    drop=st.sampled_from([0.0, 0.1, 0.3]),
    seed=st.integers(0, 999),
)
# Four misses in a row by chance, taken for an empty kerb: the parking never opened.
@example(period_s=0.5, stay_s=35.0, bag_s=28.5, passer_s=66.2, drop=0.3, seed=17)
def test_events_are_the_same_with_and_without_saved_looks(
    period_s: float,
    stay_s: float,
    bag_s: float,
    passer_s: float,
    drop: float,
    seed: int,
) -> None:
    here = [(8, 160, 120), (8 + stay_s, 160, 120)]
    actors = [
        Actor("car", [(4, -40, 120), *here, (12 + stay_s, 380, 120)], look=3),
        Actor("garbage", still(60, 90, bag_s, 110), size=(14, 12), look=9),
        Actor("car", [(passer_s, -40, 170), (passer_s + 5, 380, 170)], look=5),
    ]
    if abs(stay_s - 15) < 2 * period_s + 1:
        return  # at the limit itself either verdict is right

    def film() -> Film:
        world = World(actors, seed=seed, jitter_px=0.5, drop=drop)
        return world.film(140, period_s=period_s)

    every = stage(period_s).play(film())
    saver = Saver()
    saving = stage(period_s).play(saver.play(film()))

    assert sorted(lives(saving.steps)) == sorted(lives(every.steps))
    for slug in {step.slug for step in every.steps}:
        for one, other in zip(
            [step for step in saving.steps if step.slug is slug],
            [step for step in every.steps if step.slug is slug],
            strict=True,
        ):
            assert one.decided_s == pytest.approx(other.decided_s, abs=REST_S + 4)
            # What was not seen standing is not counted as seen.
            assert one.place.observed_s <= one.place.elapsed_s + 1e-6


def test_a_street_where_nothing_happens_is_looked_at_at_the_guaranteed_rate() -> None:
    parked = Actor("car", still(160, 120, 0, 999), look=3)
    saver = Saver()
    played = stage(1.0).play(saver.play(World([parked]).film(300)))

    assert lives(played.steps) == [("illegal_parking", "opened")]
    assert len(saver.looks) <= 2 + 300 / REST_S + 1
    gaps = [b - a for a, b in zip(saver.looks, saver.looks[1:], strict=False)]
    assert max(gaps) <= REST_S + 1.0
    (place,) = played.places
    assert place.observed_s == pytest.approx(300, abs=4)  # unchanged is observed


def test_whatever_moves_is_looked_at_in_every_picture() -> None:
    lap = [(t, 40 + 20.0 * (t % 12), 120) for t in range(0, 100, 2)]
    saver = Saver()
    list(saver.play(World([Actor("car", lap, look=3)]).film(90)))

    assert len(saver.looks) == saver.pictures


def test_a_detector_that_wavers_is_asked_again_and_again() -> None:
    bag = Actor("garbage", still(160, 120, 0, 99), detected=lambda t: int(t) % 2 == 0)
    saver = Saver()
    list(saver.play(World([bag]).film(90)))

    assert len(saver.looks) == saver.pictures


def test_a_light_that_fades_slowly_is_noticed_when_it_adds_up() -> None:
    parked = Actor("car", still(160, 120, 0, 999), look=3)
    dusk = World([parked], light=lambda t: max(0.3, 1 - t / 100))
    saver = Saver(rest_s=1000.0)
    list(saver.play(dusk.film(90)))

    assert 5 < len(saver.looks) < saver.pictures


def test_a_clock_that_starts_anew_brings_a_look() -> None:
    saver = Saver(rest_s=1000.0)
    parked = World([Actor("car", still(160, 120, 0, 999), look=3)])
    list(saver.play([*parked.film(9), *parked.film(3)]))

    assert 0.0 in saver.looks[2:]


def test_the_same_view_in_another_size_is_looked_at() -> None:
    """A camera that comes back with its sub-stream: boxes would be in old pixels."""
    parked = World([Actor("car", still(160, 120, 0, 999), look=3)], scale=3, noise=0)
    film = list(parked.film(9))
    large, boxes = film[-1]
    size = large.width // 3, large.height // 3
    picture = cv2.resize(large.image, size, interpolation=cv2.INTER_AREA)
    small = replace(large, picture=np.asarray(picture, np.uint8))
    saver = Saver(rest_s=1000.0)
    list(saver.play([*film, (small, boxes)]))

    assert saver.looks[-2:] == [3.0, 9.0]


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_busy_streets_score_the_same_with_saved_looks(seed: int) -> None:
    world, visits = suite.street(seed)
    saver = Saver()
    rule = IllegalParking(ParkingParams(grace_s=suite.GRACE_S))
    played = Stage([rule]).play(saver.play(world.film(suite.LENGTH_S)))

    every = suite.run(seed)
    assert suite.score(played.opened, visits) == every
    assert len(saver.looks) < saver.pictures
