"""`streetwarden snapshot`: what does a camera see, and where are its zones?"""

from pathlib import Path
from typing import Annotated

import cv2
import typer

from vision.bootstrap.model import build_detector
from vision.bootstrap.sight import Sight, look
from vision.cli.sight import draw_sight, where
from vision.cli.zone_page import zone_page
from vision.config.site import SiteSettings, load_site
from vision.core.errors import EvidenceError

SiteFile = Annotated[Path, typer.Argument(help="The site file (YAML).")]
CameraId = Annotated[str, typer.Argument(help="A camera's id in that file.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="JPEG or PNG to write, or an .html page to draw zones in; default "
        "CAMERA.jpg."
    ),
]


def snapshot(site: SiteFile, camera: CameraId, out: Out = None) -> None:
    """Write a picture of a camera with its zones drawn and the boxes seen.

    Of a camera that stands, `--out NAME.html` is a page in which zones are drawn,
    moved and named; it gives the YAML for the site file.

    Of a camera that moves: with the horizon, metres on the road, and lines that run as
    the vehicle drives, as its mount says. They lie right when the kerb runs along them.
    """
    settings = load_site(site).settings
    target = out or Path(f"{camera}.jpg")
    draws = target.suffix.lower() == ".html"
    if draws and any(one.id == camera and one.mount for one in settings.cameras):
        msg = f"--out: {camera} moves, its zones are map_zones; expected .jpg or .png"
        raise EvidenceError(msg)
    sight = look(settings, camera, build_detector(settings.model))
    if draws:
        _store(target, _zone_page(settings, sight).encode())
        print(f"{target}: open it in a browser to draw the zones of {camera}")
        return
    _write(target, draw_sight(sight))
    seen = ", ".join(
        f"{sight.labels[class_id]} {score:.2f}"
        for class_id, score in zip(
            sight.detections.class_id, sight.detections.score, strict=True
        )
    )
    print(f"{target}: {sight.frame.width} x {sight.frame.height}; {seen or 'nothing'}")
    if sight.whereabouts is not None:
        print(f"{camera}: {where(sight.whereabouts)}")


def _write(target: Path, image: cv2.typing.MatLike) -> None:
    suffix = target.suffix.lower()
    if suffix not in {".jpg", ".jpeg", ".png"}:
        msg = f"--out: got {target}, expected a name ending in .jpg, .png or .html"
        raise EvidenceError(msg)
    _, encoded = cv2.imencode(suffix, image)
    _store(target, encoded.tobytes())


def _zone_page(settings: SiteSettings, sight: Sight) -> str:
    (camera,) = (one for one in settings.cameras if one.id == sight.frame.camera_id)
    return zone_page(
        sight.frame,
        camera.zones,
        calendars=list(settings.calendars),
        presets=list(camera.presets),
    )


def _store(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        msg = f"--out: {target} cannot be written ({error.strerror}); name another"
        raise EvidenceError(msg) from error
