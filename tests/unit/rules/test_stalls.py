import json

import pytest

from tests.scenarios.stage import number
from tests.unit.rules.builders import observation, place, zone
from vision.core.scene import Zone
from vision.core.violations import Lifecycle, Violation
from vision.rules.street_vending import StreetVending

NIGHT_S = 8 * 3600.0


class Pavement:
    """A stall in a zone, with a seller some of the time."""

    def __init__(self) -> None:
        self.rule = StreetVending()
        self.now_s = 0.0

    def watch(
        self, for_s: float, *, tended_every: int | None, period_s: float = 5.0
    ) -> list[Violation]:
        """Return the steps; somebody is there in every so many-th picture, or never."""
        steps = []
        for picture in range(1, round(for_s / period_s) + 1):
            self.now_s += period_s
            there = tended_every is not None and picture % tended_every == 0
            stall = place("vendor", "street_vendor", self.now_s)
            people = [100.0] if there else []
            shown = observation(self.now_s, [stall], zone("no_vending"), people=people)
            steps += self.rule.observe(shown)
        return steps

    def restart(self, **memos: object) -> None:
        """Go on with what the rule wrote down, or with other memos."""
        record = json.loads(json.dumps(self.rule.state()))
        record["memos"] |= memos
        self.rule = StreetVending()
        self.rule.restore(record)


@pytest.mark.parametrize("passers", [None, 10])
@pytest.mark.parametrize("period_s", [2.0, 30.0])
def test_a_stall_left_alone_overnight_opens_minutes_after_its_seller_comes(
    passers: int | None, period_s: float
) -> None:
    street = Pavement()
    assert street.watch(NIGHT_S, tended_every=passers, period_s=30) == []

    (opened,) = street.watch(1200, tended_every=1, period_s=period_s)

    assert 120 <= opened.decided_s - NIGHT_S <= 300
    assert 0 <= opened.started_s - NIGHT_S <= 180
    assert 120 <= number(opened, "observed_s") <= 180


def test_who_rests_beside_a_closed_stall_does_not_tend_it() -> None:
    street = Pavement()
    street.watch(3600, tended_every=None)

    assert street.watch(120, tended_every=1) == []
    assert street.watch(3600, tended_every=None) == []


def test_a_stall_whose_seller_has_gone_is_not_tended_any_more() -> None:
    market, street = zone("market"), zone("no_vending")
    rule = StreetVending()

    def see(t: float, *zones: Zone, people: list[float]) -> list[Violation]:
        stall = place("vendor", "street_vendor", t)
        return rule.observe(observation(t, [stall], *zones, people=people))

    for t in range(0, 4 * 3600, 30):
        assert see(t, street, market, people=[100.0]) == []
    for t in range(4 * 3600, 5 * 3600, 30):
        assert see(t, street, market, people=[]) == []
    for t in range(5 * 3600, 6 * 3600, 30):
        assert see(t, street, people=[]) == []
    (candidate,) = rule.candidates()
    against = {fact.name for fact in candidate.facts if fact.holds is False}
    assert against == {"tended_share", "observed_s"}


def test_the_share_of_a_new_stall_is_of_all_its_time() -> None:
    street = Pavement()
    street.watch(90, tended_every=None)

    (opened,) = street.watch(60, tended_every=1)
    assert opened.decided_s == pytest.approx(125, abs=5)
    assert opened.started_s == 0


def test_who_tended_a_stall_is_remembered_over_a_restart() -> None:
    street, unbroken = Pavement(), Pavement()
    for pavement in (street, unbroken):
        pavement.watch(NIGHT_S, tended_every=None, period_s=60)
        pavement.watch(100, tended_every=1)
    street.restart()

    (there,) = street.watch(600, tended_every=1)
    (here,) = unbroken.watch(600, tended_every=1)
    assert there == here


@pytest.mark.parametrize(("tended_s", "opens"), [(20_000.0, True), (0.0, False)])
def test_what_an_earlier_version_stored_of_a_stall_is_read(
    tended_s: float, *, opens: bool
) -> None:
    """It stored sums over the place's whole life."""
    street = Pavement()
    street.watch(NIGHT_S, tended_every=None, period_s=60)
    street.restart(tended={"p1": [NIGHT_S, tended_s]}, forbidden={"p1": [NIGHT_S, 0]})

    steps = street.watch(130, tended_every=2)
    assert bool(steps) is opens
    (later,) = steps or street.watch(600, tended_every=1)
    assert later.lifecycle is Lifecycle.OPENED
