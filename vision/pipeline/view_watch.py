"""Tells people when a camera goes blind or is moved, and when it sees again."""

from datetime import datetime

from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import View, ViewState
from vision.core.ports import HealthListener

_KIND = {View.BLIND: HealthKind.VIEW_BLIND, View.MOVED: HealthKind.CAMERA_MOVED}
_ADVICE = {
    View.BLIND: "no dwell is counted; clean the lens or check the camera",
    View.MOVED: "no dwell is counted; turn it back or draw its zones anew",
}


class ViewWatch:
    """One camera's view, told on change only."""

    def __init__(self, camera_id: str, on_health: HealthListener) -> None:
        self._camera_id = camera_id
        self._on_health = on_health
        self._view = View.CLEAR

    def note(self, state: ViewState, at: datetime) -> None:
        """Take the verdict on the latest picture.

        Args:
            state: the verdict.
            at: when the picture was taken.
        """
        if state.view is self._view:
            return
        if self._view is not View.CLEAR:
            self._tell(self._view, ok=True, at=at, detail="the view is clear again")
        self._view = state.view
        if state.view is not View.CLEAR:
            why = state.reason or state.view.value
            detail = f"view {state.view} ({why}): {_ADVICE[state.view]}"
            self._tell(state.view, ok=False, at=at, detail=detail)

    def _tell(self, view: View, *, ok: bool, at: datetime, detail: str) -> None:
        self._on_health(
            HealthEvent(_KIND[view], ok, at, detail, camera_id=self._camera_id)
        )
