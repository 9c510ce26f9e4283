"""Where the pictures of a camera come from.

Nobody else asks of which type a source is, but for `bootstrap/sources.py`, which makes
it: what else is to be known, `_Source` says.
"""

import re
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field
from typing_extensions import override

from vision.config.base import Settings
from vision.core.address import is_live, local_path
from vision.core.shipped import shipped

_SCHEMES = frozenset(
    {"file", "ftp", "http", "https", "mms", "mmsh", "mmst", "rtp", "sftp", "srt"}
    | {"rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtsp", "rtsps", "rtspt", "rtspu"}
    | {"tcp", "tls", "udp"}
)
"""What FFmpeg connects to; a slip would be tried again for ever, as a dead camera."""

_EXAMPLE = "rtsp://192.0.2.17:554/stream1"
# What has no `://`: one slash, a Chinese colon, or a host and port without a scheme.
_NO_FILE = re.compile(r"[A-Za-z]{3,}[:：]|\S*[\w-]\.[\w-]+:\d+(?:/|$)")


def _stream_or_file(url: str) -> str:
    """Refuse an address that nothing opens; find a clip that ships from every folder.

    Raises:
        ValueError: nobody could connect to it.
    """
    if "://" not in url:
        if _NO_FILE.match(url) and not Path(url).exists():
            msg = f"it is no address and no file; expected one such as {_EXAMPLE}"
            raise ValueError(msg)
        return str(shipped(Path(url)))
    try:
        parts = urlsplit(url)
        complete = parts.scheme == "file" or bool(parts.hostname)
        _ = parts.port
    except ValueError:  # no number where the port belongs, or a broken IPv6 address
        complete = False
    if not complete:
        msg = (
            f"expected an address such as {_EXAMPLE}; in a password write # as %23, "
            "/ as %2F, ? as %3F, @ as %40, or take it from ${NAME}"
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


class _Source(Settings):
    """What every source says; `starts_at` is when a recording began."""

    starts_at: AwareDatetime | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it reads; two cameras that read the same see the same."""

    @property
    @abstractmethod
    def live(self) -> bool:
        """Whether it seems to have no end, so that its pictures are of now."""

    @property
    def video(self) -> Path | None:
        """The video file that it reads, or None."""
        return None


class _UrlSource(_Source):
    """A stream, a video file or a device."""

    url: str = Field(min_length=1)
    open_timeout_s: float = Field(default=10, gt=0, le=120)
    read_timeout_s: float = Field(default=10, gt=0, le=120)

    @property
    @override
    def address(self) -> str:
        """The URL, with its credentials."""
        return self.url

    @property
    @override
    def live(self) -> bool:
        """Whether it is no file."""
        return is_live(self.url)

    @property
    @override
    def video(self) -> Path | None:
        """The file, or None for streams and devices."""
        return local_path(self.url)


class PacketsSource(_UrlSource):
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


class OpenCVSource(_UrlSource):
    """OpenCV: whatever its FFmpeg opens; a bare number is a USB camera.

    It decodes every picture, in one thread: where the machine is too slow for that,
    pictures grow old, as none can be left out. Packets can fall back on key frames.
    Of bare JPEGs over HTTP or TCP it reads some fifty, or for `open_timeout_s`, before
    it shows the first; packets read a few.
    """

    type: Literal["opencv"]


class ImagesSource(_Source):
    """A folder of pictures in name order, `period_s` apart."""

    type: Literal["images"]
    path: Path

    @property
    @override
    def address(self) -> str:
        """The folder."""
        return str(self.path)

    @property
    @override
    def live(self) -> bool:
        """Never: it holds what it holds."""
        return False


SourceSettings = Annotated[
    PacketsSource | OpenCVSource | ImagesSource, Field(discriminator="type")
]
