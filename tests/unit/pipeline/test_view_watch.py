from datetime import timedelta

import pytest

from tests.fakes import START
from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import View, ViewState
from vision.pipeline.view_watch import ViewWatch

SIZE = (704, 576)
MOVED = ViewState(View.MOVED, reason="unknown_view")


def test_a_blind_camera_is_told_once_and_once_more_when_it_sees_again() -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    for view in (View.CLEAR, View.BLIND, View.BLIND, View.CLEAR, View.CLEAR):
        watch.note(ViewState(view, reason="black"), START, SIZE)

    assert [(event.kind, event.ok) for event in heard] == [
        (HealthKind.VIEW_BLIND, False),
        (HealthKind.VIEW_BLIND, True),
    ]
    assert "black" in heard[0].detail
    assert heard[0].camera_id == "gate"


def test_a_view_hidden_by_objects_is_not_blamed_on_the_lens() -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    watch.note(ViewState(View.CLEAR, reason="hidden"), START, SIZE)
    watch.note(ViewState(View.BLIND, reason="hidden"), START, SIZE)

    (event,) = heard
    assert "(hidden): no dwell is counted; objects cover the picture" in event.detail
    assert "lens" not in event.detail


def test_a_blind_camera_that_turns_out_to_be_moved_ends_one_trouble_for_the_other() -> (
    None
):
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    watch.note(ViewState(View.BLIND, reason="blocked"), START, SIZE)
    watch.note(ViewState(View.MOVED), START, SIZE)

    assert [(event.kind, event.ok) for event in heard] == [
        (HealthKind.VIEW_BLIND, False),
        (HealthKind.VIEW_BLIND, True),
        (HealthKind.CAMERA_MOVED, False),
    ]


def test_a_view_lost_with_a_change_of_size_is_blamed_on_the_stream() -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)
    main = (1920, 1080)

    watch.note(ViewState(), START, SIZE)
    watch.note(ViewState(), START + timedelta(seconds=1), main)  # not sure yet
    watch.note(MOVED, START + timedelta(seconds=6), main)

    (event,) = heard
    assert event.kind is HealthKind.CAMERA_MOVED
    assert "704x576 to 1920x1080" in event.detail
    assert "sub_url" in event.detail
    assert "draw its zones anew" not in event.detail


@pytest.mark.parametrize("resized", [True, False])
def test_a_view_lost_without_a_recent_change_of_size_is_blamed_on_the_mounting(
    *, resized: bool
) -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    if resized:
        watch.note(ViewState(), START - timedelta(hours=1), (1920, 1080))
    watch.note(ViewState(), START, SIZE)
    watch.note(MOVED, START + timedelta(minutes=5), SIZE)

    assert "turn it back" in heard[0].detail
    assert "sub_url" not in heard[0].detail


def test_who_does_not_know_where_it_is_is_told_to_look_at_its_receiver() -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("p7", heard.append)

    watch.note(ViewState(View.BLIND, reason="no_position"), START, SIZE)

    assert "(no_position): nothing is judged; nobody knows where" in heard[0].detail
