"""`streetwarden check`: is this site file right?"""

from pathlib import Path
from typing import Annotated

import typer

from vision.bootstrap.drive import drive_of
from vision.bootstrap.site import check_site
from vision.config.doubts import doubts
from vision.config.rules import RuleSettings, concerns
from vision.config.site import SiteSettings, load_site

SiteFile = Annotated[Path, typer.Argument(help="The site file (YAML).")]


def check(site: SiteFile) -> None:
    """Check a site file: all mistakes at once, then whether the model fits it.

    Of cameras that move, whether the recorded positions are those of the video and
    come near the zones of the map, too.
    """
    loaded = load_site(site)
    check_site(loaded)
    settings = loaded.settings
    drives = [(camera.id, drive_of(camera, settings)) for camera in settings.cameras]
    zones = sum(len(camera.zones) for camera in settings.cameras)
    zones += len(settings.map_zones)
    print(
        f"{site}: right. {len(settings.cameras)} camera(s), {zones} zone(s), "
        f"{len(settings.rules)} rule(s), {len(settings.sinks)} receiver(s)."
    )
    for camera_id, drive in drives:
        if drive is not None:
            print(f"camera {camera_id} moves: {drive.told}")
            for doubt in drive.doubts:
                print(f"note: camera {camera_id}: {doubt}")
    for doubt in doubts(settings):
        print(f"note: {doubt}")
    for rule in settings.rules:
        if not _watches(rule, settings):
            print(
                f"note: rule {rule.type} watches no camera: none of its cameras has a "
                f"{rule.needs} zone"
            )


def _watches(rule: RuleSettings, settings: SiteSettings) -> bool:
    """Return whether any camera has something for a rule to judge."""
    return any(
        concerns(rule, camera.id, settings.zone_kinds(camera))
        for camera in settings.cameras
    )
