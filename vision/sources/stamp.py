"""Turn a sampled picture into a frame: number, times, and whether its size changed."""

from datetime import datetime, timedelta

from vision.core.arrays import ImageU8
from vision.core.frame import Frame, Picture, TimeSource
from vision.core.health import HealthKind
from vision.core.ports import Clock
from vision.sources.report import CameraReport


class FrameStamper:
    """Numbers the sampled frames of one camera over all its connections."""

    def __init__(self, *, camera_id: str, clock: Clock, report: CameraReport) -> None:
        """Start at frame 0.

        Args:
            camera_id: written on every frame.
            clock: when a live picture was captured.
            report: told when the picture's size changes.
        """
        self._camera_id = camera_id
        self._clock = clock
        self._report = report
        self._index = 0
        self._size: tuple[int, int] | None = None

    def frame(
        self,
        picture: ImageU8 | Picture,
        *,
        media_time_s: float,
        starts_at: datetime | None,
        time_source: TimeSource = TimeSource.HOST,
    ) -> Frame:
        """Return the next frame.

        Args:
            picture: (H, W, 3) uint8 BGR, or what converts it when asked.
            media_time_s: on the feed's clock, seconds.
            starts_at: wall time of media time 0; None: captured now.
            time_source: what `starts_at` comes from.
        """
        if starts_at is None:
            captured_at = self._clock.now()
        else:
            captured_at = starts_at + timedelta(seconds=media_time_s)
        frame = Frame(
            camera_id=self._camera_id,
            index=self._index,
            media_time_s=media_time_s,
            captured_at=captured_at,
            picture=picture,
            time_source=TimeSource.HOST if starts_at is None else time_source,
        )
        self._index += 1
        self._notice_size(frame)
        return frame

    def _notice_size(self, frame: Frame) -> None:
        before, self._size = self._size, (frame.width, frame.height)
        if before is not None and before != self._size:
            self._report.tell(
                HealthKind.RESOLUTION_CHANGED,
                f"picture size changed from {before[0]}x{before[1]} to "
                f"{frame.width}x{frame.height} at media time {frame.media_time_s:.1f} "
                "s; check that the view is the same",
                ok=True,
            )
