import json
from datetime import timedelta

import numpy as np
import pytest

from tests.scenarios.world import START, street
from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.core.position import Fix
from vision.view.moving import MovingView

DRIVES = Fix(30.59, 114.3, heading_deg=90.0, speed_mps=8.0)
STANDS = Fix(30.59, 114.3, heading_deg=90.0, speed_mps=0.2)


def look(view: MovingView, at_s: float, image: ImageU8) -> ViewState:
    at = START + timedelta(seconds=at_s)
    return view.check(Frame("p7", 0, at_s, at, image), Detections.empty())


def test_a_street_that_goes_by_is_a_clear_view() -> None:
    view = MovingView(lambda _: DRIVES)

    states = [look(view, i / 5, street(i)) for i in range(30)]

    assert {(one.view, one.reason, one.in_place) for one in states} == {
        (View.CLEAR, None, True)
    }
    assert states[-1].light == "colour"


@pytest.mark.parametrize(
    ("colour", "reason"),
    [((0, 0, 0), "black"), ((128, 128, 128), "grey"), ((90, 90, 91), "blocked")],
)
def test_a_useless_picture_is_blind_and_says_why(
    colour: tuple[int, int, int], reason: str
) -> None:
    view = MovingView(lambda _: DRIVES)

    state = look(view, 0, np.full((360, 640, 3), colour, np.uint8))

    assert (state.view, state.reason) == (View.BLIND, reason)


def test_without_a_position_a_picture_tells_nothing_of_the_street() -> None:
    fixes = {0: DRIVES, 1: None, 2: DRIVES}
    view = MovingView(lambda frame: fixes[round(frame.media_time_s)])

    states = [look(view, i, street(i)) for i in range(3)]

    assert [one.reason for one in states] == [None, "no_position", None]
    assert states[1].view is View.BLIND


@pytest.mark.parametrize(("fix", "frozen"), [(DRIVES, True), (STANDS, False)])
def test_one_picture_again_and_again_is_frozen_while_it_drives(
    fix: Fix, *, frozen: bool
) -> None:
    view = MovingView(lambda _: fix)

    states = [look(view, i / 5, street(0)) for i in range(50)]

    assert {one.reason for one in states[:15]} == {None}
    assert {one.reason for one in states[15:]} == {"frozen" if frozen else None}


def test_who_stood_for_long_is_not_frozen_when_it_sets_off() -> None:
    fixes = [STANDS] * 50 + [DRIVES] * 10
    view = MovingView(lambda frame: fixes[round(frame.media_time_s * 5)])

    states = [look(view, i / 5, street(0)) for i in range(60)]

    assert {one.reason for one in states} == {None}


def test_how_long_it_could_see_outlives_a_restart() -> None:
    before, after = MovingView(lambda _: DRIVES), MovingView(lambda _: DRIVES)
    for i in range(11):
        look(before, i / 5, street(i))

    after.restore(json.loads(json.dumps(before.state())))

    (day,) = after.coverage()
    assert day.clear_s == pytest.approx(2.0)
    with pytest.raises(ConfigError, match="begin its coverage anew"):
        after.restore({"version": 7})
