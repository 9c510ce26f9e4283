"""Whether the positions of a recorded drive are those of its video."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from shapely import Point, Polygon, make_valid

from vision.bootstrap.positions import build_positions
from vision.bootstrap.scene import build_scene
from vision.bootstrap.sight import read_one
from vision.config.cameras import CameraSettings
from vision.config.positions import (
    GpsdPosition,
    NmeaStreamPosition,
    PositionSettings,
)
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.errors import SourceError
from vision.core.frame import Frame
from vision.core.position import Fix, LocalPlane
from vision.core.scene import MapZone
from vision.positions.described import DescribedPositions
from vision.sources.length import length_s

_PARTED = (
    "of its pictures and its positions one is recorded and the other is of now; "
    "nothing is judged without both of the same time"
)
_INSTANTS = 200
_ENOUGH = 0.95
_NEAR_M = 50.0  # how far from the vehicle something is judged, and its receiver errs


@dataclass(frozen=True, slots=True)
class Drive:
    """What is known of a camera that moves before it drives.

    Attributes:
        told: what its positions are, in words.
        doubts: why they hardly fit its video, or the zones of the map.
    """

    told: str
    doubts: tuple[str, ...] = ()


def drive_of(camera: CameraSettings, site: SiteSettings) -> Drive | None:
    """Return what the positions of a camera are and whether they fit its video.

    None where the camera stands. The video is judged where both are files.

    Args:
        camera: one of the site.
        site: has zones on the map and a timezone.

    Raises:
        ConfigError: its positions cannot be read.
    """
    if camera.position is None:
        return None
    video, recorded = camera.source.video, not camera.source.live
    if tells_of_now(camera.position):
        told = f"its receiver ({camera.position.type}) is asked by doctor"
        return Drive(told, (_PARTED,) if recorded else ())
    positions = build_positions(camera.position, clock=SystemClock())
    if video is not None:
        doubts = tuple(_doubts(camera, site, video, positions))
    else:
        doubts = () if recorded else (_PARTED,)
    return Drive(positions.describe(), doubts)


def _doubts(
    camera: CameraSettings,
    site: SiteSettings,
    video: Path,
    positions: DescribedPositions,
) -> Iterator[str]:
    """Yield why positions hardly are those of a video, or of the map's zones."""
    try:
        first = read_one(camera)
    except SourceError as error:
        yield f"its video was not compared with its positions: {error}"
        return
    step_s = (length_s(video) or 0.0) / _INSTANTS
    frames = [_later(first, i * step_s) for i in range(_INSTANTS)]
    fixes = [fix for one in frames if (fix := positions.at(one)) is not None]
    known = len(fixes) / _INSTANTS
    if known < _ENOUGH:
        lacking = next(one for one in frames if positions.at(one) is None)
        yield (
            f"its place is known for {known:.0%} of its video, and nothing is judged "
            f"where it is not: {positions.why_not(lacking)}"
            f"{_local_times(frames, positions, site.timezone)}"
        )
    yield from _elsewhere(fixes, build_scene(camera, site.map_zones).map_zones)


def _local_times(
    frames: Sequence[Frame], positions: DescribedPositions, timezone: str | None
) -> str:
    """Return how positions would fit whose times are local ones, or ""."""
    zone = None if timezone is None else ZoneInfo(timezone)
    ahead = frames[0].captured_at.astimezone(zone).utcoffset() or timedelta(0)
    for offset_s in (-ahead.total_seconds(), ahead.total_seconds()):
        moved = [positions.at(_later(frame, -offset_s)) for frame in frames]
        if offset_s and None not in moved:
            return (
                f"; one of the two seems to be local time and not UTC: with offset_s: "
                f"{offset_s:g} its place is known all the time"
            )
    return ""


def _elsewhere(fixes: Sequence[Fix], zones: Sequence[MapZone]) -> Iterator[str]:
    """Yield that a drive comes near none of the zones of the map."""
    away = [(_away_m(zone, fixes), zone.zone_id) for zone in zones if fixes]
    nearest_m, name = min(away, default=(0.0, ""))
    if nearest_m > _NEAR_M:
        yield (
            f"its drive comes near no zone of the map: the nearest, {name}, is "
            f"{nearest_m:.0f} m away; look at the zones' crs (what Chinese maps show "
            "is some 500 m off) and at the order of lat and lon, of zones and positions"
        )


def _away_m(zone: MapZone, fixes: Sequence[Fix]) -> float:
    """Return how far from a zone a drive stays, metres."""
    plane = LocalPlane(fixes[0].lat, fixes[0].lon)
    area = make_valid(Polygon([plane.metres(*corner) for corner in zone.polygon]))
    return min(
        float(area.distance(Point(plane.metres(fix.lat, fix.lon)))) for fix in fixes
    )


def _later(frame: Frame, seconds: float) -> Frame:
    return replace(
        frame,
        media_time_s=frame.media_time_s + seconds,
        captured_at=frame.captured_at + timedelta(seconds=seconds),
    )


def tells_of_now(position: PositionSettings) -> bool:
    """Return whether positions come as the vehicle drives, from a receiver."""
    return isinstance(position, NmeaStreamPosition | GpsdPosition)
