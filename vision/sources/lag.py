"""How far reading lags behind a live camera, and when pictures have to be shed."""

_FORGET = 1e-3  # seconds per second: no camera's clock is worse
_LEAST_S = 1.0  # jitter of networks is no lag
_PERIODS = 1.5
_PATIENCE_S = 20.0  # for reading to catch up, which takes it a few seconds


class Lag:
    """Compares a live stream's time with the wall's.

    When the processor cannot decode all that its cameras send, packets wait in sockets
    and pictures get older and older, until cameras give up sending. Pictures that are
    late by more than one and a half periods are therefore not decoded: reading packets
    alone is cheap and catches up. The least distance seen counts as none; it is
    forgotten slowly, for clocks drift.

    A distance that stays although nothing is decoded is no lag of ours: the camera's
    clock is wrong, or its line is slow. It counts as none from then on, so that such
    a camera loses some pictures and never all of them.
    """

    def __init__(self, period_s: float) -> None:
        """Start without lag.

        Args:
            period_s: time between two wanted pictures, seconds.
        """
        self._most_s = max(_LEAST_S, _PERIODS * period_s)
        self._floor_s: float | None = None
        self._noted_s = 0.0
        self._far_since_s: float | None = None
        self.behind_s = 0.0

    def begin(self) -> None:
        """Begin a connection: its delay has nothing to do with that of the last."""
        self._floor_s = self._far_since_s = None
        self.behind_s = 0.0

    @property
    def too_far(self) -> bool:
        """Whether due pictures have to be left out."""
        return self.behind_s > self._most_s

    def note(self, media_time_s: float, wall_s: float) -> None:
        """Take one packet.

        Args:
            media_time_s: on the feed's clock, seconds.
            wall_s: when it was read, monotonic, seconds.
        """
        distance_s = wall_s - media_time_s
        if self._floor_s is None:
            self._floor_s = distance_s
        else:
            drift_s = _FORGET * max(0.0, wall_s - self._noted_s)
            self._floor_s = min(self._floor_s + drift_s, distance_s)
        self._noted_s = wall_s
        self.behind_s = distance_s - self._floor_s
        if not self.too_far:
            self._far_since_s = None
        elif self._far_since_s is None:
            self._far_since_s = wall_s
        elif wall_s - self._far_since_s > _PATIENCE_S:
            self.begin()
