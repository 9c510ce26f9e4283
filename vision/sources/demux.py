"""Open a container with PyAV and explain what goes wrong."""

import contextlib
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import av
from av.codec.context import CodecContext
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from vision.core.errors import SourceOpenError
from vision.core.packets import SQUARE, EncodedPacket, PacketListener, StreamFormat
from vision.sources import address, hardware
from vision.sources.options import PacketOptions
from vision.sources.position import Stamp

_TIME_BASE = Fraction(1, 90_000)  # of streams that do not tell theirs
_ANALYSE_US = 2_000_000  # FFmpeg's default of 5 s would be 5 s of blindness
_BARE = frozenset({"http", "https", "tcp", "tls"})  # may bring JPEGs and nothing else
_MOST_ASPECT = 3  # 2.2 has half of the columns of a picture that is shown as 4:3
_FEW_BYTES = 16 << 10  # tell most kinds of stream; a megabyte takes small JPEGs long


def opened(options: PacketOptions, path: Path | None) -> InputContainer:
    """Return an open container.

    Args:
        options: where and how.
        path: the local file that `options.url` names, or None.

    Raises:
        SourceOpenError: with the reason in words, credentials masked.
    """
    if path is not None:
        address.require_readable(path)
    device = hardware.accelerator(options)
    if device is None:
        return _connected(options, path)
    try:
        return _open(options, path, device)
    except (av.error.FFmpegError, ValueError, RuntimeError) as error:
        # Is it the device or the camera? Only one of them is needed without a device.
        container = _connected(options, path)
        try:
            hardware.give_up(options, f"{options.hardware}: {error.args[-1]}")
        except SourceOpenError:
            container.close()
            raise
        return container


def _connected(options: PacketOptions, path: Path | None) -> InputContainer:
    try:
        if path is None and urlsplit(options.url).scheme.lower() in _BARE:
            with contextlib.suppress(av.error.InvalidDataError):
                return _open(options, path, None, probed_bytes=_FEW_BYTES)
        return _open(options, path, None)
    except (av.error.FFmpegError, ValueError) as error:
        why = reason(error, options.open_timeout_s, file=path is not None)
        msg = f"{address.label(options.url)}: {why}"
        raise SourceOpenError(msg) from None


def _open(
    options: PacketOptions,
    path: Path | None,
    device: HWAccel | None,
    *,
    probed_bytes: int | None = None,
) -> InputContainer:
    # FFmpeg's own messages hold URLs, passwords included.
    av.logging.set_level(None)
    settings: dict[str, str] = {}
    if path is None:
        settings["analyzeduration"] = str(_ANALYSE_US)
        # Of JPEGs with nothing between them FFmpeg reads so many as it takes for 25 a
        # second to last that long: ten seconds of an encoder that sends five.
        settings["framerate"] = "1"
    if probed_bytes is not None:
        settings["formatprobesize"] = str(probed_bytes)
    if options.url.lower().startswith(("rtsp://", "rtsps://")):
        settings["rtsp_transport"] = options.rtsp_transport
        settings["allowed_media_types"] = "video"
    return av.open(
        # Spelt out, a colon in a file's name is no protocol.
        options.url if path is None else f"file:{path}",
        mode="r",
        options=settings,
        timeout=(options.open_timeout_s, options.read_timeout_s),
        hwaccel=device,
    )


def video_of(container: InputContainer, label: str) -> VideoStream:
    """Return a container's video and tell FFmpeg to drop all else.

    Dropped streams do not count as signs of life: a camera whose video is dead while
    its sound goes on is dead.

    Raises:
        SourceOpenError: no video, or no decoder for it.
    """
    pictures = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic  # a song's cover
    ]
    if not pictures:
        kinds = ", ".join(sorted(s.type for s in container.streams)) or "none"
        msg = f"{label}: holds no video (streams: {kinds}); expected a video stream"
        raise SourceOpenError(msg)
    video = pictures[0]
    # PyAV's types promise a context; a codec without decoder has none.
    context: CodecContext | None = video.codec_context
    if context is None:
        msg = f"{label}: no decoder for its video; expected H.264, H.265 or MJPEG"
        raise SourceOpenError(msg)
    for stream in container.streams:
        if stream.index != video.index:
            stream.discard = Discard.all
    return video


def tick_s_of(stream: VideoStream) -> float:
    """Return the unit of a stream's time stamps, seconds.

    As a float: exact fractions would cost more than all else done with a packet, and
    a day in ticks is still exact to a nanosecond.
    """
    return float(stream.time_base or _TIME_BASE)


def pixel_aspect_of(stream: VideoStream) -> Fraction:
    """Return the width of a stream's pixels over their height.

    One that nobody builds cameras for is a slip of the encoder.
    """
    coded = stream.codec_context.sample_aspect_ratio
    aspect = coded or stream.sample_aspect_ratio or SQUARE
    return aspect if 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else SQUARE


def stamp_of(packet: "Packet[VideoStream]", tick_s: float) -> Stamp:
    """Return a packet's time stamps in seconds."""
    dts, pts = packet.dts, packet.pts
    return Stamp(
        decoded_s=None if dts is None else dts * tick_s,
        shown_s=None if pts is None else pts * tick_s,
    )


def reason(error: Exception, timeout_s: float, *, file: bool) -> str:
    """Return why FFmpeg failed, in words, without the URL that it repeats."""
    todo = "check the file" if file else "check the address and that the camera is on"
    if isinstance(error, av.error.ExitError):
        return f"no answer within {timeout_s:g} s; {todo}"
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "the camera refused the credentials; check user and password"
    if isinstance(error, av.error.InvalidDataError):
        what = "not a video that FFmpeg understands" if file else "no valid answer"
        return f"{what}; {todo}"
    if isinstance(error, av.error.FFmpegError) and error.strerror:
        return f"{error.strerror}; {todo}"
    return f"{type(error).__name__}; {todo}"


class PacketTap:
    """Gives every packet to a listener, with the format it needs to be muxed."""

    def __init__(
        self, camera_id: str, stream: VideoStream, listener: PacketListener
    ) -> None:
        """Listen to one open stream."""
        self._camera_id = camera_id
        self._stream = stream
        self._listener = listener
        self._rotation_deg = 0
        self._format = self._format_now()

    def turned(self, rotation_deg: int) -> None:
        """Take note of how decoded pictures are turned, degrees: only they tell."""
        self._rotation_deg = rotation_deg

    def tell(self, packet: "Packet[VideoStream]", media_time_s: float) -> None:
        """Hand one packet on, after it was decoded or skipped."""
        context, known = self._stream.codec_context, self._format
        before = known.width, known.height, known.rotation_deg
        if (context.width, context.height, self._rotation_deg) != before:
            self._format = self._format_now()
        self._listener(
            EncodedPacket(
                camera_id=self._camera_id,
                stream=self._format,
                payload=bytes(packet),
                pts=packet.pts,
                dts=packet.dts,
                is_keyframe=packet.is_keyframe,
                media_time_s=media_time_s,
            )
        )

    def _format_now(self) -> StreamFormat:
        context = self._stream.codec_context
        return StreamFormat(
            codec=context.codec.canonical_name,
            width=context.width,
            height=context.height,
            time_base=self._stream.time_base or _TIME_BASE,
            extradata=context.extradata,
            rotation_deg=self._rotation_deg,
            pixel_aspect=pixel_aspect_of(self._stream),
        )
