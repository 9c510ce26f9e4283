"""Tells people when a camera goes blind or is moved, and when it sees again."""

from datetime import datetime, timedelta

from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import View, ViewState
from vision.core.ports import HealthListener

_KIND = {View.BLIND: HealthKind.VIEW_BLIND, View.MOVED: HealthKind.CAMERA_MOVED}
_ADVICE = {
    View.BLIND: "no dwell is counted; clean the lens or check the camera",
    View.MOVED: "no dwell is counted; turn it back or draw its zones anew",
}
_ADVICE_FOR = {
    "hidden": "no dwell is counted; objects cover the picture, look what stands at the "
    "camera",
    "no_position": "nothing is judged; nobody knows where the vehicle was: check its "
    "receiver (sky in sight, cable, clock), or the times of its position file",
}
_SOON = timedelta(minutes=1)  # the view check takes some pictures to be sure


class ViewWatch:
    """One camera's view, told on change only."""

    def __init__(self, camera_id: str, on_health: HealthListener) -> None:
        self._camera_id = camera_id
        self._on_health = on_health
        self._view = View.CLEAR
        self._size: tuple[int, int] | None = None
        self._resized: tuple[tuple[int, int], datetime] | None = None  # from, when

    def note(self, state: ViewState, at: datetime, size: tuple[int, int]) -> None:
        """Take the verdict on the latest picture.

        Args:
            state: the verdict.
            at: when the picture was taken.
            size: its (width, height), pixels.
        """
        if self._size is not None and self._size != size:
            self._resized = self._size, at
        self._size = size
        if state.view is self._view:
            return
        if self._view is not View.CLEAR:
            self._tell(self._view, ok=True, at=at, detail="the view is clear again")
        self._view = state.view
        if state.view is not View.CLEAR:
            why = state.reason or state.view.value
            advice = _ADVICE_FOR.get(why) or self._advice(state.view, at, size)
            detail = f"view {state.view} ({why}): {advice}"
            self._tell(state.view, ok=False, at=at, detail=detail)

    def _advice(self, view: View, at: datetime, size: tuple[int, int]) -> str:
        """Return what to do; a stream of another shape is no fault of the mounting."""
        if view is not View.MOVED or self._resized is None:
            return _ADVICE[view]
        before, resized_at = self._resized
        if at - resized_at > _SOON:
            return _ADVICE[view]
        return (
            f"no dwell is counted; the picture's size had just changed from "
            f"{before[0]}x{before[1]} to {size[0]}x{size[1]}, so another stream or "
            "setting shows another part of the street; set url and sub_url to streams "
            "that show the same, or leave sub_url out. If the camera was turned too, "
            "turn it back"
        )

    def _tell(self, view: View, *, ok: bool, at: datetime, detail: str) -> None:
        self._on_health(
            HealthEvent(_KIND[view], ok, at, detail, camera_id=self._camera_id)
        )
