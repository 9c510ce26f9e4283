"""The zones as somebody drew them: drawn anew, they lie in a new view."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from vision.core.ports import Clock
from vision.core.scene import Scene
from vision.rules.illegal_parking import IllegalParking
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.view.check import CameraView

logger = logging.getLogger(__name__)


class Drawing:
    """Remembers how the zones lay; whoever draws them anew confirms the view.

    Zones are drawn in a picture of today. What was learned of the old view (reference
    pictures, lanes, places) would lay them over a picture of then: a camera that was
    turned would stay `moved` for ever, and where a heap lay in the old view the new one
    shows bare ground, which is no proof. The price: where only a zone was mended, what
    stands there begins anew, too.

    Attributes:
        anew: they were drawn anew for this start.
        since: wall time of the start that first saw them so; None: no start is known
            that had others.
    """

    def __init__(self, scene: Scene, forget: Callable[[], None], clock: Clock) -> None:
        """Look at the zones of this start.

        Args:
            scene: with the zones.
            forget: called when an earlier start had others.
            clock: wall time.
        """
        drawn = sorted(
            (zone.zone_id, zone.preset or "", zone.polygon) for zone in scene.zones
        )
        self._drawn = hashlib.sha256(json.dumps(drawn).encode()).hexdigest()
        self._camera_id = scene.camera_id
        self._forget = forget
        self._clock = clock
        self.anew = False
        self.since: datetime | None = None

    def state(self) -> dict[str, str | None]:
        """Return what tells these zones from others, and since when they lie so."""
        since = None if self.since is None else self.since.isoformat()
        return {"zones": self._drawn, "since": since}

    def restore(self, record: object) -> None:
        """Compare with an earlier start; parts that may forget come before this one.

        Raises:
            KeyError: a field is missing.
            ValueError: a field cannot be read.
        """
        # Earlier versions told the zones alone.
        known = record if isinstance(record, Mapping) else {"zones": record}
        since = known.get("since")
        self.since = None if since is None else datetime.fromisoformat(str(since))
        self.anew = known["zones"] != self._drawn
        if self.anew:
            self.since = self._clock.now()
            logger.info(
                "the zones were drawn anew: the next picture is the reference view, "
                "and no open event can be verified",
                extra={"camera": self._camera_id},
            )
            self._forget()


def drawing_of(
    scene: Scene,
    view: CameraView,
    places: PlaceMemory,
    rules: Sequence[PlaceRule],
    *,
    clock: Clock,
) -> Drawing:
    """Return a camera's drawing; its view, places and lanes are forgotten with it."""

    def forget() -> None:
        view.confirm()
        places.forget_view()
        for rule in rules:
            if isinstance(rule, IllegalParking):
                rule.forget_view()

    return Drawing(scene, forget, clock)
