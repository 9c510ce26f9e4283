"""Pictures and encoded packets through PyAV: decode only what is needed."""

import logging
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vision.core.address import local_path
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.packets import PacketListener
from vision.core.ports import Clock, HealthListener
from vision.sources import address, demux
from vision.sources.choice import ModeChoice
from vision.sources.converted import BgrConverter, DecodedPicture
from vision.sources.decode import Picture, PictureDecoder
from vision.sources.options import PacketOptions
from vision.sources.pace import nominal_s
from vision.sources.slices import whole_pictures
from vision.sources.stream import Facts, StreamSource, Timeline
from vision.sources.waiting import Waiting

_log = logging.getLogger(__name__)

_MOST_ERRORS_IN_ROW = 50
_SLICED = frozenset({"h264", "hevc"})  # codecs whose pictures may come in parts
# Pictures and no time: FFmpeg makes up stamps and a rate.
_STAMPLESS = frozenset({"mpjpeg", "jpeg_pipe", "mjpeg", "h264", "hevc"})
_CUT_SHORT = 0.05  # share of the promised length that may be missing at the end


class PacketSource(StreamSource):
    """Hands out due pictures and, to a listener, every encoded packet."""

    def __init__(
        self,
        options: PacketOptions,
        *,
        clock: Clock,
        on_health: HealthListener | None = None,
        on_packet: PacketListener | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            options: where and how.
            clock: wall time.
            on_health: told of gaps, jumps and changes of size.
            on_packet: given every video packet, sampled or not.
        """
        super().__init__(
            options,
            lambda: _preferred(options, on_packet),
            clock=clock,
            on_health=on_health,
            ways=1 if options.sub_url is None else 2,
        )


def _preferred(
    options: PacketOptions, on_packet: PacketListener | None
) -> "_Reception":
    """Connect to the smaller stream if there is one and it answers."""
    if options.sub_url is not None:
        try:
            return _Reception(replace(options, url=options.sub_url), on_packet)
        except SourceOpenError as error:
            _log.warning(
                "sub-stream not usable, reading the main stream: %s",
                error,
                extra={"camera": options.camera_id},
            )
    return _Reception(options, on_packet)


class _Reception:
    """One open container: packets in, due pictures out."""

    def __init__(
        self, options: PacketOptions, on_packet: PacketListener | None
    ) -> None:
        self._options = options
        self._label = address.label(options.url)
        self._path = local_path(options.url)
        self._container: InputContainer = demux.opened(options, self._path)
        try:
            self._stream = demux.video_of(self._container, self._label)
        except BaseException:
            self._container.close()
            raise
        self._tick_s = demux.tick_s_of(self._stream)
        self._decoder = PictureDecoder(
            self._stream.codec_context,
            choice=ModeChoice(
                options.decode,
                period_s=options.period_s,
                nominal_s=self.facts.nominal_s,
            ),
            threads=options.threads,
        )
        self._converter = BgrConverter(options.longest_side_px, options.reduced_px)
        self._tap = (
            None
            if on_packet is None
            else demux.PacketTap(options.camera_id, self._stream, on_packet)
        )
        self._packets = self._demuxed()
        self._waiting = Waiting()
        self._ready: deque[Picture] = deque()
        self._errors = 0
        self._errors_in_row = 0
        self._pictures = 0
        self._alive_s = time.monotonic()
        self._end_s = 0.0

    @property
    def facts(self) -> Facts:
        stream = self._stream
        file = self._path is not None
        stamped = file or self._container.format.name not in _STAMPLESS
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        finite = bool(self._container.duration) and address.may_end(self._options.url)
        start = stream.start_time if file else None
        return Facts(
            live=not file and not finite,
            nominal_s=nominal_s(fps if stamped else 0),
            origin_s=None if start is None else start * self._tick_s,
            written_at=address.modified_at(self._path) if self._path else None,
            stamped=stamped,
        )

    def next_picture(self, timeline: Timeline) -> tuple[DecodedPicture, float] | None:
        while True:
            while self._ready:
                frame, media_time_s = self._ready.popleft()
                if timeline.due(media_time_s):
                    aspect = demux.pixel_aspect_of(self._stream)
                    return self._converter.convert(frame, aspect), media_time_s
            packet = self._next_packet(timeline)
            if packet is None:
                timeline.damage.ended()
                self._explain_end()
                return None
            self._receive(packet, timeline)

    def close(self) -> None:
        if self._errors:
            _log.info(
                "%s: %d damaged packets survived",
                self._label,
                self._errors,
                extra={"camera": self._options.camera_id},
            )
        self._container.close()

    def _demuxed(self) -> "Iterator[Packet[VideoStream]]":
        packets = self._container.demux(self._stream)
        sliced = self._stream.codec_context.name in _SLICED and self._path is None
        return whole_pictures(packets) if sliced else packets

    def _next_packet(self, timeline: Timeline) -> "Packet[VideoStream] | None":
        """Return the next packet, an empty one to flush, then None."""
        bound_s = self._options.read_timeout_s
        while True:
            asked_s = time.monotonic()
            try:
                with self._waiting:
                    packet = next(self._packets, None)
            except av.error.InvalidDataError as error:
                # Damaged bytes end PyAV's iterator, not the stream.
                self._survive(error, timeline)
                self._packets = self._demuxed()
            except av.error.FFmpegError as error:
                why = demux.reason(error, bound_s, file=self._path is not None)
                msg = f"{self._label}: {why}"
                raise SourceReadError(msg) from None
            else:
                # On a time-out FFmpeg first hands out what its parser still held, and
                # would then wait as long again.
                if time.monotonic() - asked_s < bound_s or packet is None:
                    return packet
                msg = f"{self._label}: silent for {bound_s:g} s; check the camera"
                raise SourceReadError(msg)

    def _receive(self, packet: "Packet[VideoStream]", timeline: Timeline) -> None:
        """Decode a packet if need be, queue what comes out, tell the listener."""
        try:
            if packet.size == 0 and packet.dts is None:
                self._queue(self._decoder.rest(), timeline)
                return
            stamp = demux.stamp_of(packet, self._tick_s)
            waited = self._waiting.share()
            media_time_s = timeline.at(stamp, waited=waited)
            alone = self._decoder.key_frames_only
            timeline.damage.fed(media_time_s, owed=not alone, torn=packet.is_corrupt)
            hurried = timeline.hurried(waited=waited, whole=not alone)
            # In the other modes all must be decoded for what follows.
            needed = timeline.due(media_time_s) and not (
                packet.is_keyframe
                and (alone or hurried)
                and timeline.spare(media_time_s)
            )
            pictures = self._decoder.decode(
                packet, media_time_s=media_time_s, needed=needed, hurried=hurried
            )
        except av.error.FFmpegError as error:
            self._survive(error, timeline)
            return
        if stamp.shown_s is not None:
            end_s = stamp.shown_s + (packet.duration or 0) * self._tick_s
            self._end_s = max(self._end_s, end_s)
        self._queue(pictures, timeline)
        # A key frame that was left out could have been had.
        self._note_life(len(pictures) or int(packet.is_keyframe and not needed))
        if self._tap is not None:
            self._tap.tell(packet, media_time_s)

    def _queue(self, pictures: list[Picture], timeline: Timeline) -> None:
        timeline.damage.broken(self._decoder.take_broken())
        for frame, media_time_s in pictures:
            timeline.damage.decoded(media_time_s)
            if self._tap is not None:
                self._tap.turned(frame.rotation)
        self._ready.extend(pictures)

    def _note_life(self, pictures: int) -> None:
        """Give up on a live stream whose packets never become pictures."""
        now_s = time.monotonic()
        if pictures:
            self._errors_in_row = 0
            self._pictures += pictures
            self._alive_s = now_s
        elif self._path is None and now_s - self._alive_s > self._options.no_picture_s:
            msg = (
                f"{self._label}: packets but no picture for "
                f"{self._options.no_picture_s:g} s; shorten the camera's key frame "
                "interval or decode more than key frames"
            )
            raise SourceReadError(msg)

    def _survive(self, error: av.error.FFmpegError, timeline: Timeline) -> None:
        """Count a damaged packet; too many in a row are no accident."""
        timeline.damage.broken()
        self._errors += 1
        self._errors_in_row += 1
        if self._errors_in_row >= _MOST_ERRORS_IN_ROW:
            msg = (
                f"{self._label}: {self._errors_in_row} packets in a row are damaged "
                f"({error.strerror}); check the codec and the connection"
            )
            raise SourceReadError(msg) from None

    def _explain_end(self) -> None:
        """Tell the end of a file from trouble.

        Raises:
            SourceReadError: it is no proper end.
        """
        if self.facts.live:
            msg = f"{self._label}: the camera ended the stream; expected it to go on"
            raise SourceReadError(msg)
        if not self._pictures:
            msg = f"{self._label}: no picture could be decoded; is it really a video?"
            raise SourceReadError(msg)
        stream = self._stream
        if stream.duration is None:
            return
        promised_s = stream.duration * self._tick_s
        got_s = self._end_s - (stream.start_time or 0) * self._tick_s
        if promised_s - got_s > max(1.0, _CUT_SHORT * promised_s):
            msg = (
                f"{self._label}: ends after {got_s:.1f} of {promised_s:.1f} s; "
                "the file is cut short"
            )
            raise SourceReadError(msg)
