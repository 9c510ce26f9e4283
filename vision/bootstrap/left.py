"""Tell of open events for which nobody here watches any more.

Whoever takes a rule or a camera out of a site leaves its open events as they are: no
step will ever follow for them, and the receiver waits.
"""

import json
import logging
from collections.abc import Container

from vision.config.home import Home
from vision.pipeline.candidates import OpenedPlaces
from vision.pipeline.memory_disk import pictures_of
from vision.rules.place_rule import PlaceRule

logger = logging.getLogger(__name__)

_ADVICE = (
    "No step will follow for them; close their cases, or bring it back: it goes on "
    "with those whose place is still there"
)


def warn_of_rules(opened: OpenedPlaces, rules: Container[str], camera_id: str) -> None:
    """Tell which rules of a camera are gone while events of theirs are open.

    Args:
        opened: as restored from the camera's memory.
        rules: names of those that watch it now.
        camera_id: the camera.
    """
    for name, count in opened.left_by(rules).items():
        logger.warning(
            "%s: rule %s no longer watches here, but events of it are open: %d. %s",
            camera_id,
            name,
            count,
            _ADVICE,
        )


def warn_of_ended(rule: PlaceRule, place_ids: Container[str], camera_id: str) -> None:
    """Tell which open events of a rule have lost their place while it was away.

    Args:
        rule: as restored from the camera's memory.
        place_ids: all places that the camera knows.
        camera_id: the camera.
    """
    if events := rule.without_place(place_ids):
        logger.warning(
            "%s: rule %s was away, and the place of open events of it ended meanwhile: "
            "no step will follow for them; close their cases: %s",
            camera_id,
            rule.name,
            ", ".join(events),
        )


def warn_of_cameras(home: Home, cameras: Container[str]) -> None:
    """Tell which cameras of earlier runs are gone while events of theirs are open.

    Args:
        home: holds one memory per camera that ever watched live.
        cameras: ids of those of the site.
    """
    for path in sorted(home.places.glob("*.json")):
        if path.stem in cameras:
            continue
        opened = OpenedPlaces()
        try:
            opened.restore(json.loads(path.read_bytes())["parts"]["opened"])
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            logger.debug("%s says nothing of open events: %r", path, error)
            continue
        if count := len(opened.state()):
            logger.warning(
                "camera %s is not in the site, but events of it are open: %d. %s. "
                "Then delete %s and %s",
                path.stem,
                count,
                _ADVICE,
                path,
                pictures_of(path),
            )
