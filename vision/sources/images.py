"""A folder of pictures as a video: pictures in name order, a period apart."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.health import HealthKind
from vision.core.ports import Clock, HealthListener
from vision.sources import address
from vision.sources.options import StreamOptions
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
"""Which files of a folder are pictures."""


class ImageSource(StreamSource):
    """Frames from picture files; a broken one is told and skipped."""

    def __init__(
        self,
        options: StreamOptions,
        *,
        clock: Clock,
        on_health: HealthListener | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            options: `url` is the folder, `period_s` the time between two pictures.
            clock: wall time.
            on_health: told of broken pictures and changes of size.
        """
        self._broken: list[Path] = []
        super().__init__(options, self._connected, clock=clock, on_health=on_health)

    @property
    def broken(self) -> tuple[Path, ...]:
        """The pictures that could not be read; with the frames they make the whole."""
        return tuple(self._broken)

    def _connected(self) -> "_Folder":
        return _Folder(self._options, self._note_broken)

    def _note_broken(self, path: Path) -> None:
        self._broken.append(path)
        # Its time passes without a picture: a gap, over with the next one.
        self._report.tell(
            HealthKind.STREAM_GAP,
            f"{path}: not a readable picture, skipped; copy it again or remove it",
            ok=True,
        )


class _Folder:
    """The pictures of one folder, from the first."""

    def __init__(
        self, options: StreamOptions, note_broken: Callable[[Path], None]
    ) -> None:
        folder = Path(options.url)
        if not folder.is_dir():
            msg = f"{folder}: no such folder; expected a folder of pictures"
            raise SourceOpenError(msg)
        self._paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES
        )
        if not self._paths:
            known = ", ".join(sorted(SUFFIXES))
            msg = f"{folder}: holds no picture; expected files ending in {known}"
            raise SourceOpenError(msg)
        self._period_s = options.period_s
        self._note_broken = note_broken
        self._next = 0
        self._read = 0

    @property
    def facts(self) -> Facts:
        return Facts(
            live=False,
            nominal_s=self._period_s,
            origin_s=0.0,
            written_at=address.modified_at(self._paths[0]),
        )

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float] | None:
        while self._next < len(self._paths):
            path = self._paths[self._next]
            image = _decoded(path)
            # A broken picture keeps its place in time, so that the rest stay right.
            media_time_s = timeline.at(Stamp(None, self._next * self._period_s))
            self._next += 1
            if image is not None:
                self._read += 1
                return image, media_time_s
            self._note_broken(path)
        if not self._read:
            msg = (
                f"{self._paths[0].parent}: none of {len(self._paths)} pictures could "
                "be read; check that they are pictures"
            )
            raise SourceReadError(msg)
        return None

    def close(self) -> None:
        self._next = len(self._paths)


def _decoded(path: Path) -> ImageU8 | None:
    """Return a picture, (H, W, 3) uint8 BGR, or None if it is broken."""
    try:
        raw = np.fromfile(path, dtype=np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)
