"""How to reach a camera or file, as one frozen record per kind of source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

DecodeMode = Literal["full", "nonref", "key", "auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """What every source must know.

    Attributes:
        camera_id: which camera; written on every frame.
        url: stream URL, path of a video file or of a folder of pictures, or the
            number of a USB camera.
        period_s: media time between two sampled frames, seconds, > 0; between two
            pictures of a folder.
        open_timeout_s: longest wait for a connection, seconds, > 0.
        read_timeout_s: longest silence on an open connection, seconds, > 0.
        starts_at: aware wall time of a file's first picture; None: when the file (a
            folder's first picture) was last written. Live streams use the wall clock.
        live: whether the newest frame matters more than every frame; None: told
            from the URL, and corrected when a served file turns out to be finite.
    """

    camera_id: str
    url: str
    period_s: float = 1.0
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    starts_at: datetime | None = None
    live: bool | None = None

    def __post_init__(self) -> None:
        """Refuse values that could never work."""
        _require_positive(self.camera_id, "period_s", self.period_s)
        _require_positive(self.camera_id, "open_timeout_s", self.open_timeout_s)
        _require_positive(self.camera_id, "read_timeout_s", self.read_timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketOptions(StreamOptions):
    """What the packet source must know besides.

    Attributes:
        decode: which pictures are decoded: all, those that others refer to, key
            frames only, or as few as give one per `period_s`.
        sub_url: the camera's smaller stream; read instead of `url` whenever it can be
            opened. None: there is none.
        longest_side_px: pictures are scaled down to this in the conversion; None: as
            they come.
        reduced_px: the analysis reads pictures no longer than this, made in the
            conversion; full ones are converted only for evidence. None: full ones.
        rtsp_transport: how RTP travels.
        threads: decoder threads; one per camera is best with many cameras.
        hardware: FFmpeg's name of the device that decodes (`cuda`, `vaapi`, `qsv`);
            None: the processor.
        hardware_fallback: whether the processor may stand in for it, with a warning.
        no_picture_s: a live stream whose packets arrive but yield no picture for so
            long is given up, seconds; must exceed the distance of key frames.
    """

    decode: DecodeMode = "key"
    sub_url: str | None = None
    longest_side_px: int | None = None
    reduced_px: int | None = None
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    threads: int = 1
    hardware: str | None = None
    hardware_fallback: bool = False
    no_picture_s: float = 60.0


def _require_positive(camera_id: str, key: str, seconds: float) -> None:
    if not seconds > 0:
        msg = f"camera {camera_id}: {key}: got {seconds}, expected seconds > 0"
        raise ValueError(msg)
