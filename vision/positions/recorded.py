"""Positions of a drive that is over."""

from datetime import UTC, datetime, timedelta

from vision.core.frame import Frame
from vision.core.position import Fix
from vision.positions.recording import Recording, TimeBase
from vision.positions.track import Track

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedPositions:
    """A `PositionSource` over a file; read once, before it is made."""

    def __init__(
        self, recording: Recording, *, offset_s: float = 0.0, max_gap_s: float = 3.0
    ) -> None:
        """Take a recording.

        Args:
            recording: what the file holds.
            offset_s: added to its times: positive where its clock is behind that of
                the pictures.
            max_gap_s: between positions further apart nothing is known, seconds.
        """
        self._path = recording.path
        self._base = recording.base
        self._skipped = recording.skipped
        self._offset_s = offset_s
        self._max_gap_s = max_gap_s
        self._track = Track(max_gap_s=max_gap_s)
        self._track.extend(recording.readings)

    def start(self) -> None:
        """Do nothing: the file has been read."""

    def stop(self, timeout_s: float) -> None:
        """Do nothing: nothing runs."""

    def at(self, frame: Frame) -> Fix | None:
        """Return where the vehicle was when a picture was taken, or None."""
        return self._track.at(self._time_of(frame))

    def describe(self) -> str:
        """Return how many positions there are, of when, and how far it was."""
        track = self._track
        first_s, last_s = track.span_s or (0.0, 0.0)
        count = _count(len(track), "position")
        long = f"{last_s - first_s:.1f} s, {track.driven_m:.0f} m driven"
        parts = [f"{self._path}: {count}, {self._when()}, {long}"]
        if track.gaps:
            gaps = _count(track.gaps, "gap")
            parts.append(f"{gaps} of more than {self._max_gap_s:g} s")
        if self._skipped:
            parts.append(f"{_count(self._skipped, 'line')} skipped")
        return "; ".join(parts)

    def why_not(self, frame: Frame) -> str:
        """Return why there is no position for a picture; "" where there is one."""
        at_s = self._time_of(frame)
        if self._track.at(at_s) is not None:
            return ""
        shown = self._shown(at_s)
        first_s, last_s = self._track.span_s or (0.0, 0.0)
        if first_s <= at_s <= last_s:
            return (
                f"{self._path}: a gap of more than {self._max_gap_s:g} s between "
                f"positions around {shown}"
            )
        return (
            f"{self._path}: holds nothing for {shown}, the time of the picture; its "
            f"positions are {self._when()}; "
            + (
                "expected a recording that begins with the video, or offset_s"
                if self._base is TimeBase.START
                else "set starts_at of the camera's source to when the video began, or "
                "offset_s where the clocks differ"
            )
        )

    def _time_of(self, frame: Frame) -> float:
        """Return when a picture was taken, on the recording's own clock, seconds."""
        if self._base is TimeBase.START:
            return frame.media_time_s - self._offset_s
        return frame.captured_at.timestamp() - self._offset_s

    def _when(self) -> str:
        first_s, last_s = self._track.span_s or (0.0, 0.0)
        if self._base is TimeBase.START:
            return f"from {first_s + self._offset_s:.1f} s to {self._shown(last_s)}"
        return f"from {self._shown(first_s)} to {self._shown(last_s)}"

    def _shown(self, at_s: float) -> str:
        """Return a time on the recording's clock as the pictures' clock shows it."""
        shown_s = at_s + self._offset_s
        if self._base is TimeBase.START:
            return f"{shown_s:.1f} s after the start of the video"
        shown = _1970 + timedelta(seconds=shown_s)
        return f"{shown:%Y-%m-%d %H:%M:%S} UTC"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
