"""A page in which a person draws a camera's zones, and takes the YAML along."""

import base64
import json
from collections.abc import Sequence
from importlib.resources import files

import cv2

from vision.config.zones import ZoneSettings
from vision.core.frame import Frame

_GIVEN = "/*GIVEN*/null"
_QUALITY = 88


def zone_page(
    frame: Frame,
    zones: Sequence[ZoneSettings],
    *,
    calendars: Sequence[str],
    presets: Sequence[str] = (),
) -> str:
    """Return the page as HTML that asks for no other file.

    Args:
        frame: the camera's picture, on which it is drawn.
        zones: as the site file has them, to be moved or deleted.
        calendars: names that a zone may have.
        presets: in whose pictures zones are drawn, of a camera that has them.
    """
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, jpeg = cv2.imencode(".jpg", frame.image, settings)
    picture = base64.b64encode(jpeg.tobytes()).decode()
    given = {
        "camera": frame.camera_id,
        "width": frame.width,
        "height": frame.height,
        "picture": f"data:image/jpeg;base64,{picture}",
        "zones": [zone.model_dump(mode="json", exclude_none=True) for zone in zones],
        "calendars": list(calendars),
        "presets": list(presets),
    }
    page = files("vision.cli").joinpath("zone_page.html").read_text(encoding="utf-8")
    # "</" would end the script, whatever stands around it.
    return page.replace(_GIVEN, json.dumps(given).replace("</", "<\\/"))
