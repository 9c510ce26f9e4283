"""The zones as somebody drew them, and whether they are the ones of before."""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime

from vision.core.ports import Clock
from vision.core.scene import Scene

logger = logging.getLogger(__name__)


class Drawing:
    """Remembers how the zones lay.

    Zones are drawn in a picture of today. Who draws them anew has mended a zone, or has
    turned the camera: only its picture tells, or that of each preset, which is given.
    Until it has, the zones of before are the ones remembered, so that a start that saw
    no picture decides nothing.

    Attributes:
        since: wall time from which on they lie in another view than before; None: no
            start is known that found one.
    """

    def __init__(self, scene: Scene, clock: Clock) -> None:
        """Look at the zones of this start.

        Args:
            scene: with the zones.
            clock: wall time.
        """
        drawn = sorted(
            (zone.zone_id, zone.preset or "", zone.polygon) for zone in scene.zones
        )
        self._drawn = hashlib.sha256(json.dumps(drawn).encode()).hexdigest()
        self._remembered = self._drawn
        self._camera_id = scene.camera_id
        self._clock = clock
        self.since: datetime | None = None

    @property
    def anew(self) -> bool:
        """Whether they are not those of before, and nobody has said what follows."""
        return self._remembered != self._drawn

    def keep_view(self) -> None:
        """Take them for zones in the view of before: the camera did not move."""
        self._remembered = self._drawn
        self._tell("the camera shows what it showed: what stands there goes on")

    def change_view(self) -> None:
        """Take them for zones in another view, be it that of one preset alone."""
        self._remembered = self._drawn
        self.since = self._clock.now()
        self._tell(
            "the camera (or a preset of it) shows something else, or nobody can tell: "
            "its next picture is the reference view (or the preset's own), and none of "
            "its open events can be verified"
        )

    def state(self) -> dict[str, str | None]:
        """Return what tells these zones from others, and since when they lie so."""
        since = None if self.since is None else self.since.isoformat()
        return {"zones": self._remembered, "since": since}

    def restore(self, record: object) -> None:
        """Compare with an earlier start.

        Raises:
            KeyError: a field is missing.
            ValueError: a field cannot be read.
        """
        # Earlier versions told the zones alone.
        known = record if isinstance(record, Mapping) else {"zones": record}
        since = known.get("since")
        self.since = None if since is None else datetime.fromisoformat(str(since))
        self._remembered = str(known["zones"])

    def _tell(self, what: str) -> None:
        logger.info(
            "the zones were drawn anew: %s", what, extra={"camera": self._camera_id}
        )
