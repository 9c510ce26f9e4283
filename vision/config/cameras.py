"""Cameras: where the pictures come from and what their parts mean."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    field_validator,
    model_validator,
)

from vision.config.base import Settings
from vision.core.shipped import shipped

Identifier = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length=64)
]
Fraction01 = Annotated[float, Field(ge=0, le=1)]
ZoneKind = Literal[
    "no_parking",
    "no_vending",
    "clean",
    "bin",
    "ignore",
    "lane",  # where traffic runs: sharpens the queue test, is never needed
    "parking",  # bays within a no_parking zone
    "loading",  # bays for a limited time
    "market",  # permitted vending
]


_LEAST_GROUND = 1e-5  # of the picture: twice the triangle of three corners
_SCHEMES = frozenset(
    {"file", "ftp", "http", "https", "mms", "mmsh", "mmst", "rtp", "sftp", "srt"}
    | {"rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtsp", "rtsps", "rtspt", "rtspu"}
    | {"tcp", "tls", "udp"}
)
"""What FFmpeg connects to; a slip would be tried again for ever, as a dead camera."""


def _stream_or_file(url: str) -> str:
    """Refuse an address that nothing opens; find a clip that ships from every folder.

    Raises:
        ValueError: nobody could connect to it.
    """
    if "://" not in url:
        return str(shipped(Path(url)))
    try:
        parts = urlsplit(url)
        complete = parts.scheme == "file" or bool(parts.hostname)
        _ = parts.port
    except ValueError:  # no number where the port belongs, or a broken IPv6 address
        complete = False
    if not complete:
        msg = (
            "expected an address such as rtsp://192.0.2.17:554/stream1; in a password "
            "write # as %23, / as %2F, ? as %3F, @ as %40, or take it from ${NAME}"
        )
        raise ValueError(msg)
    scheme = url.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        msg = (
            f"{scheme}:// is no kind of stream known here; expected one of "
            f"{', '.join(sorted(_SCHEMES))}"
        )
        raise ValueError(msg)
    return url


StreamUrl = Annotated[str, Field(min_length=1), AfterValidator(_stream_or_file)]


class PacketsSource(Settings):
    """PyAV, for RTSP/RTMP/HTTP streams and files (recommended).

    `decode` auto takes as few pictures as `period_s` needs: key frames only where
    they come often enough. Whatever it says, a live stream that the machine cannot
    decode in time is read by its key frames until it can. `sub_url` is the camera's
    smaller stream, preferred when it is given. `longest_side_px` scales pictures down
    while they are converted. `hardware` names the graphics device that decodes;
    without it, or where it is not there and `hardware_fallback` is true, the processor
    does.
    """

    type: Literal["packets"]
    url: StreamUrl
    sub_url: StreamUrl | None = None
    decode: Literal["auto", "full", "nonref", "key"] = "auto"
    longest_side_px: int | None = Field(default=None, ge=160, le=7680)
    hardware: Literal["cuda", "vaapi", "qsv"] | None = None
    hardware_fallback: bool = False
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: float = Field(default=10, gt=0, le=120)
    read_timeout_s: float = Field(default=10, gt=0, le=120)
    starts_at: AwareDatetime | None = None


class OpenCVSource(Settings):
    """OpenCV: whatever its FFmpeg opens; a bare number is a USB camera.

    It decodes every picture, in one thread: where the machine is too slow for that,
    pictures grow old, as none can be left out. Packets can fall back on key frames.
    """

    type: Literal["opencv"]
    url: str = Field(min_length=1)
    open_timeout_s: float = Field(default=10, gt=0, le=120)
    read_timeout_s: float = Field(default=10, gt=0, le=120)
    starts_at: AwareDatetime | None = None


class ImagesSource(Settings):
    """A folder of pictures in name order, `period_s` apart."""

    type: Literal["images"]
    path: Path
    starts_at: AwareDatetime | None = None


SourceSettings = Annotated[
    PacketsSource | OpenCVSource | ImagesSource, Field(discriminator="type")
]


class GeoSettings(Settings):
    """Where the camera stands, degrees in `crs`.

    `gcj02` is what 高德 and Tencent maps show, `bd09` what Baidu shows: some hundred
    metres off; the event service converts them. CGCS2000 equals WGS-84 to centimetres.
    """

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    address: str | None = None


class GroundPoint(Settings):
    """A mark on the ground: where in the picture, and where on a plan in metres."""

    picture: tuple[Fraction01, Fraction01]
    metres: tuple[float, float]


class KnownHeight(Settings):
    """Something upright on the ground: its box in the picture and how tall it is."""

    box: tuple[Fraction01, Fraction01, Fraction01, Fraction01]
    height_m: float = Field(ge=0.2, le=30)


class GroundSettings(Settings):
    """Marks or known heights, so that distances are metres instead of box sizes.

    Either four `points` or more on any flat plan, e.g. paces from a lamp post, no three
    of them in a line; or three `sizes` or more of upright things, near and far, with
    the horizontal field of view `fov_deg` from the camera's data sheet.
    """

    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    points: tuple[GroundPoint, ...] = Field(default=(), max_length=32)
    sizes: tuple[KnownHeight, ...] = Field(default=(), max_length=64)
    fov_deg: float | None = Field(default=None, ge=5, le=150)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_points, by_sizes = len(self.points) >= 4, len(self.sizes) >= 3  # noqa: PLR2004 as homography and ground_from_heights need
        if (by_points and not self.sizes and self.fov_deg is None) or (
            by_sizes and not self.points and self.fov_deg is not None
        ):
            return self
        msg = (
            f"got {len(self.points)} points, {len(self.sizes)} sizes and fov_deg "
            f"{self.fov_deg}; expected either at least 4 points, or at least 3 sizes "
            "together with fov_deg"
        )
        raise ValueError(msg)


class ZoneSettings(Settings):
    """A polygon in shares of the picture: (0, 0) top left, (1, 1) bottom right.

    `calendar` names one of the site's calendars; without one the zone is always in
    force. `preset` names the PTZ preset in whose picture it is drawn; each zone of a
    camera with `presets` must have one.
    """

    id: Identifier
    kind: ZoneKind
    polygon: list[tuple[Fraction01, Fraction01]] = Field(min_length=3, max_length=64)
    street_class: Literal["forbidden", "controlled", "regulated"] | None = None
    calendar: str | None = None
    preset: str | None = None

    @field_validator("polygon")
    @classmethod
    def _has_ground(
        cls, polygon: list[tuple[float, float]]
    ) -> list[tuple[float, float]]:
        """Refuse corners in one line: nothing ever stands there."""
        (x, y), *others = polygon
        widest = max(
            abs((ax - x) * (by - y) - (ay - y) * (bx - x))
            for ax, ay in others
            for bx, by in others
        )
        if widest < _LEAST_GROUND:
            msg = "its corners lie in one line; expected corners of an area"
            raise ValueError(msg)
        return polygon


class CameraSettings(Settings):
    """One camera.

    `period_s` is the time between analysed pictures, in seconds; without it, as often
    as the rules need that concern the camera. While nothing changes in the picture the
    detector need not look at each: `still_period_s` is the longest time between two of
    its looks; without it, five periods, at most 30 s; `period_s` itself: every picture.
    `presets` gives a picture of each preset of a PTZ camera, by the name in its zones;
    `preset_grounds` the `ground` of each of them, where it was measured.
    """

    id: Identifier
    name: str = ""
    source: SourceSettings
    period_s: float = Field(default=1.0, ge=0.02, le=60)
    still_period_s: float | None = Field(default=None, ge=0.02, le=600)
    gb_id: str | None = Field(default=None, pattern=r"^\d{20}$")
    geo: GeoSettings | None = None
    ground: GroundSettings | None = None
    presets: dict[Identifier, Path] = Field(default_factory=dict)
    preset_grounds: dict[Identifier, GroundSettings] = Field(default_factory=dict)
    zones: tuple[ZoneSettings, ...] = ()

    @field_validator("zones")
    @classmethod
    def _unique_zones(cls, zones: tuple[ZoneSettings, ...]) -> tuple[ZoneSettings, ...]:
        ids = [zone.id for zone in zones]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            msg = f"zone ids used twice: {', '.join(twice)}; expected unique ids"
            raise ValueError(msg)
        return zones

    @model_validator(mode="after")
    def _presets_are_known(self) -> Self:
        strange = sorted(set(self.preset_grounds) - set(self.presets))
        if strange:
            known = ", ".join(sorted(self.presets)) or "none is given"
            msg = (
                f"preset_grounds names {', '.join(strange)}; expected presets of this "
                f"camera: {known}"
            )
            raise ValueError(msg)
        # A camera with presets shows nothing else: a zone of none is never asked.
        views: set[str | None] = {*self.presets} or {None}
        for zone in self.zones:
            if zone.preset not in views:
                known = ", ".join(sorted(self.presets)) or "none is given"
                got = (
                    "no preset" if zone.preset is None else f"the preset {zone.preset}"
                )
                msg = f"zone {zone.id} names {got}; expected one of: {known}"
                raise ValueError(msg)
        return self
