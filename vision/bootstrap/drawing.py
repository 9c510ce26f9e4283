"""The zones as somebody drew them: drawn anew, they lie in a new view."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence

from vision.core.scene import Scene
from vision.rules.illegal_parking import IllegalParking
from vision.rules.place_rule import PlaceRule
from vision.view.check import CameraView

logger = logging.getLogger(__name__)


class Drawing:
    """Remembers how the zones lay; whoever draws them anew confirms the view.

    Zones are drawn in a picture of today. What was learned of the old view (reference
    pictures, lanes) would lay them over a picture of then: a camera that was turned
    would stay `moved` for ever.
    """

    def __init__(self, scene: Scene, forget: Callable[[], None]) -> None:
        """Look at the zones of this start.

        Args:
            scene: with the zones.
            forget: called when an earlier start had others.
        """
        drawn = sorted(
            (zone.zone_id, zone.preset or "", zone.polygon) for zone in scene.zones
        )
        self._drawn = hashlib.sha256(json.dumps(drawn).encode()).hexdigest()
        self._camera_id = scene.camera_id
        self._forget = forget

    def state(self) -> str:
        """Return what tells these zones from others."""
        return self._drawn

    def restore(self, record: object) -> None:
        """Compare with an earlier start; parts that may forget come before this one."""
        if record != self._drawn:
            logger.info(
                "the zones were drawn anew: the next picture is the reference view",
                extra={"camera": self._camera_id},
            )
            self._forget()


def drawing_of(scene: Scene, view: CameraView, rules: Sequence[PlaceRule]) -> Drawing:
    """Return a camera's drawing; its view and its lanes are forgotten with it."""

    def forget() -> None:
        view.confirm()
        for rule in rules:
            if isinstance(rule, IllegalParking):
                rule.forget_view()

    return Drawing(scene, forget)
