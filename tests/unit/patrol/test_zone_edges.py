"""What lies where the receiver's error reaches over the border of a zone."""

from dataclasses import replace

import pytest

from tests.unit.patrol.street import NOON, Drive
from tests.unit.patrol.test_rules import CAR, HEAP, LATER, Watch, area, told
from vision.core.scene import MapZone
from vision.core.violations import Lifecycle, Slug


def reasons(watch: Watch) -> list[str]:
    """Return the reasons of all that waits."""
    return [
        fact.text()
        for rule in watch.rules
        for candidate in rule.candidates()
        for fact in candidate.facts
    ]


def again(watch: Watch, zone: MapZone) -> Watch:
    """Return the same camera in a run of its own."""
    later = Watch(zone)
    later.patrol.places.restore(watch.patrol.places.state())
    for old, new in zip(watch.rules, later.rules, strict=True):
        new.restore(old.state())
    return later


@pytest.mark.parametrize("runs_apart", [False, True])
def test_what_later_passes_put_outside_its_zone_still_lies_there(
    *, runs_apart: bool
) -> None:
    """It did not move: the first pass put it on the border, later ones beyond."""
    zone = area("clean", east=(-40, 0))
    watch = Watch(zone)
    (opened,) = watch.drive(Drive(bias_m=(-5.0, 0.0)), HEAP)
    assert opened.lifecycle is Lifecycle.OPENED
    steps = []
    for k in range(1, 5):
        watch = again(watch, zone) if runs_apart else watch
        steps += watch.drive(
            Drive(start=NOON + k * LATER, seed=k, bias_m=(7.0, 0.0)), HEAP
        )
    assert steps == []

    gone = [Drive(start=NOON + k * LATER, seed=k) for k in (5, 6)]
    assert told([step for drive in gone for step in watch.drive(drive)]) == [
        ("garbage_pile", "cleared")
    ]


@pytest.mark.parametrize("border_m", [0, -4])
def test_what_may_lie_in_a_zone_says_that_it_is_at_its_edge(border_m: float) -> None:
    """A quarter of the circle in which it lies, or a few hundredths."""
    zone = area("no_parking", east=(-40, border_m))
    watch = Watch(zone)
    assert watch.drive(Drive(), CAR) == []
    edge = {"in_zone at its edge yes", "zone street"}
    assert edge <= set(reasons(watch))
    assert any(text.startswith("overlap 0.") for text in reasons(watch))

    later = again(watch, zone)
    later.drive(Drive(start=NOON + LATER, north_m=(-40, -20)), CAR)
    assert edge <= set(reasons(later))


def test_what_lies_well_outside_a_zone_is_no_concern_of_its_rule() -> None:
    watch = Watch(area("no_parking", east=(-40, -12)))
    assert watch.drive(Drive(), CAR) == []
    assert reasons(watch) == []


def test_what_passes_for_an_exempt_vehicle_once_has_not_driven_off() -> None:
    """It is not known which pass erred: the event stays, and says what was seen."""
    watch = Watch(area("no_parking"), exempt=frozenset({"bus"}))
    van, bus = CAR, replace(CAR, label="bus")
    watch.drive(Drive(), van)
    (opened,) = watch.drive(Drive(start=NOON + LATER, seed=1), van)
    assert opened.slug is Slug.ILLEGAL_PARKING
    assert watch.drive(Drive(start=NOON + 2 * LATER, seed=2), bus) == []

    other = Watch(area("no_parking"), exempt=frozenset({"bus"}))
    for k in (0, 1):
        assert other.drive(Drive(start=NOON + k * LATER, seed=k), bus) == []
    assert "class bus not exempt" in reasons(other)
