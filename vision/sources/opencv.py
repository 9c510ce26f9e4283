"""Pictures through OpenCV: files, network streams, USB cameras."""

import os
import time
from pathlib import Path

import cv2
import numpy as np

from vision.core.address import device_index, local_path
from vision.core.arrays import ImageU8
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.ports import Clock, HealthListener
from vision.sources import address
from vision.sources.options import StreamOptions
from vision.sources.pace import nominal_s
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline
from vision.sources.waiting import Waiting

_MADE_UP_FPS = 25.0  # what FFmpeg stamps pictures with that bear no time
_MOST_FRAMES = 2**40  # beyond: FFmpeg's way of saying "no idea"
_MOST_UNREADABLE = 50


class OpenCVSource(StreamSource):
    """Grabs every picture, converts to BGR only those that are due.

    OpenCV scales pictures whose size changes midway back to the first size, and cannot
    tell damage or a cut from the end: the packet source tells more.
    """

    def __init__(
        self,
        options: StreamOptions,
        *,
        clock: Clock,
        on_health: HealthListener | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            options: where and how; `url` may be the number of a USB camera.
            clock: wall time.
            on_health: told of gaps, jumps and changes of size.
        """
        super().__init__(
            options, lambda: _Capture(options), clock=clock, on_health=on_health
        )


class _Capture:
    """One open `cv2.VideoCapture`."""

    def __init__(self, options: StreamOptions) -> None:
        self._url = options.url
        self._label = address.label(options.url)
        self._path = local_path(options.url)
        if self._path is not None:
            address.require_readable(self._path)
        self._capture = _opened(options, self._path)
        if not self._capture.isOpened():
            msg = (
                f"{self._label}: OpenCV cannot open it, expected a reachable video; "
                "check the address, the credentials and the codec"
            )
            raise SourceOpenError(msg)
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        served = address.may_end(options.url) and 0 < frames < _MOST_FRAMES
        self._ends = served or self._path is not None
        self._read_timeout_s = options.read_timeout_s
        self._waiting = Waiting(decodes=True)
        self._grabbed = 0
        self._unreadable = 0

    @property
    def facts(self) -> Facts:
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        file = self._path is not None
        return Facts(
            live=not self._ends,
            nominal_s=nominal_s(fps),
            origin_s=0.0 if file else None,
            written_at=address.modified_at(self._path) if self._path else None,
            stamped=not (fps == _MADE_UP_FPS and self._pictures_alone()),
        )

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float] | None:
        while self._grab():
            self._grabbed += 1
            stamp = Stamp(None, self._stamp_s())
            media_time_s = timeline.at(stamp, waited=self._waiting.share())
            if timeline.due(media_time_s):
                ok, image = self._capture.retrieve()
                if ok and image.size:
                    self._unreadable = 0
                    timeline.damage.decoded(media_time_s)
                    return np.asarray(image, dtype=np.uint8), media_time_s
                timeline.damage.fed(media_time_s, owed=False, torn=False)
                timeline.damage.broken()
                self._note_unreadable()
        timeline.damage.ended()
        self._explain_end()
        return None

    def close(self) -> None:
        self._capture.release()

    def _pictures_alone(self) -> bool:
        """Return whether a camera sends JPEGs over HTTP, which bear no time.

        OpenCV does not tell the container. One that does stamp live JPEGs is rare; at
        exactly 25 a second, arrival times it as well.
        """
        codec = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        return (
            not self._ends
            and address.may_end(self._url)
            and codec == cv2.VideoWriter.fourcc(*"MJPG")
        )

    def _grab(self) -> bool:
        """Advance to the next picture; False at the end or on trouble."""
        asked_s = time.monotonic()
        with self._waiting:
            grabbed = self._capture.grab()
        # On a time-out FFmpeg first hands out what its parser still held, and would
        # then wait as long again.
        if time.monotonic() - asked_s < self._read_timeout_s:
            return bool(grabbed)
        msg = (
            f"{self._label}: silent for {self._read_timeout_s:g} s, expected pictures; "
            "check the camera and the network"
        )
        raise SourceReadError(msg)

    def _stamp_s(self) -> float | None:
        """Return the picture's time stamp; OpenCV says 0 when there is none."""
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        return stamp_ms / 1000 if stamp_ms > 0 or self._grabbed == 1 else None

    def _note_unreadable(self) -> None:
        self._unreadable += 1
        if self._unreadable >= _MOST_UNREADABLE:
            msg = (
                f"{self._label}: {self._unreadable} pictures in a row could not be "
                "decoded; check the codec and the connection"
            )
            raise SourceReadError(msg)

    def _explain_end(self) -> None:
        """Tell the end of a file from trouble: OpenCV says the same of both.

        Its frame count is an estimate, so a file that is cut short looks complete
        here; the packet source notices.
        """
        if not self._ends:
            msg = (
                f"{self._label}: the stream ended or broke after {self._grabbed} "
                "pictures, expected it to go on; check the camera and the network"
            )
            raise SourceReadError(msg)
        if self._grabbed == 0:
            msg = f"{self._label}: no picture could be decoded; is it really a video?"
            raise SourceReadError(msg)


def _opened(options: StreamOptions, path: Path | None) -> cv2.VideoCapture:
    # Its FFmpeg would print URLs, passwords included, to stderr.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture()
    device = device_index(options.url)
    if device is not None:
        capture.open(device)
        return capture
    settings = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        round(options.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        round(options.read_timeout_s * 1000),
    ]
    if path is None:
        # In the reader's own thread, which thus knows whether it decodes or waits.
        settings += [cv2.CAP_PROP_N_THREADS, 1]
    where = options.url if path is None else str(path)
    capture.open(where, cv2.CAP_FFMPEG, settings)
    return capture
