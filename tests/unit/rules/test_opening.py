"""What stood there when watching began is told from what came."""

from dataclasses import replace

from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.observation import ViewState
from vision.core.places import Place
from vision.rules.places import PlaceMemory

CAR = Actor("car", still(160, 120, 0, 1e4), size=(80, 40), look=3)


def run(
    memory: PlaceMemory, world: World, start: int, end: int, preset: str | None = None
) -> tuple[Place, ...]:
    places: tuple[Place, ...] = ()
    for t in range(start, end):
        view = ViewState(preset=preset)
        places = memory.update(world.frame(float(t), t), world.detect(float(t)), view)
    return places


def test_a_car_that_the_detector_misses_at_first_was_there_before() -> None:
    missed = replace(CAR, detected=lambda t: t > 20)

    (place,) = run(PlaceMemory("c1", LABELS), World([missed]), 0, 40)
    assert place.baseline


def test_a_car_that_comes_soon_after_the_start_was_not() -> None:
    comes = replace(CAR, path=still(160, 120, 20, 1e4))

    (place,) = run(PlaceMemory("c1", LABELS), World([comes]), 0, 40)
    assert not place.baseline


def test_who_is_missed_for_longer_than_a_minute_counts_as_new() -> None:
    missed = replace(CAR, detected=lambda t: t > 90)

    (place,) = run(PlaceMemory("c1", LABELS), World([missed]), 0, 110)
    assert not place.baseline


def test_each_preset_begins_when_it_is_first_shown() -> None:
    memory = PlaceMemory("c1", LABELS)
    run(memory, World([]), 0, 100, preset="gate")

    (there,) = run(memory, World([CAR]), 100, 120, preset="yard")
    assert there.baseline

    run(memory, World([]), 120, 220, preset="gate")
    later = Actor("car", still(60, 120, 0, 1e4), size=(60, 40), look=9)
    places = run(memory, World([CAR, later]), 220, 240, preset="yard")
    assert [place.baseline for place in places] == [True, False]
