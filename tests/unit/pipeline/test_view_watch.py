from tests.fakes import START
from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import View, ViewState
from vision.pipeline.view_watch import ViewWatch


def test_a_blind_camera_is_told_once_and_once_more_when_it_sees_again() -> None:
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    for view in (View.CLEAR, View.BLIND, View.BLIND, View.CLEAR, View.CLEAR):
        watch.note(ViewState(view, reason="black"), START)

    assert [(event.kind, event.ok) for event in heard] == [
        (HealthKind.VIEW_BLIND, False),
        (HealthKind.VIEW_BLIND, True),
    ]
    assert "black" in heard[0].detail
    assert heard[0].camera_id == "gate"


def test_a_blind_camera_that_turns_out_to_be_moved_ends_one_trouble_for_the_other() -> (
    None
):
    heard: list[HealthEvent] = []
    watch = ViewWatch("gate", heard.append)

    watch.note(ViewState(View.BLIND, reason="blocked"), START)
    watch.note(ViewState(View.MOVED), START)

    assert [(event.kind, event.ok) for event in heard] == [
        (HealthKind.VIEW_BLIND, False),
        (HealthKind.VIEW_BLIND, True),
        (HealthKind.CAMERA_MOVED, False),
    ]
