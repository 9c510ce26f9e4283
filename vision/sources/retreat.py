"""When a live stream is too much to decode: its key frames alone, for a while."""

from vision.core.health import HealthKind
from vision.sources.pace import LEAST_WAITED
from vision.sources.report import CameraReport

_NEAR_S = 1.0  # jitter of networks is no lag
_PATIENCE_S = 3.0  # for reading to make up by itself for having been held up
_FIRST_S = 60.0
_LONGEST_S = 600.0


class Retreat:
    """Says when only key frames are to be decoded, because all is more than can be.

    Between key frames no picture can be left out, as the next is made from it: who
    decodes too slowly has ever older pictures, until the camera drops some and the
    stream's time jumps. To read packets alone is cheap: within a second or so reading
    has caught up, and key frames keep it there. After a minute all is decoded again.
    Each time that this is too much, the next trial comes twice as late, and has to go
    well for as long before the retreat counts as over.

    A delay during which the reader waits for packets is not ours, see `Pace`: the line
    is slow, or the camera's clock.
    """

    def __init__(self, report: CameraReport) -> None:
        """Start with decoding as asked for.

        Args:
            report: told once when the retreat begins and once when it proved to be
                over.
        """
        self._report = report
        self._told = False
        self._hold_s = _FIRST_S
        self._until_s = 0.0  # of the retreat
        self._since_s: float | None = None  # all is decoded again, after a retreat
        self.on = False
        self.begin()

    def begin(self) -> None:
        """Begin a connection: its delay has nothing to do with that of the last."""
        self._far_since_s: float | None = None  # reading lags
        self._waited_s = 0.0  # since then
        self._noted_s = 0.0

    def note(
        self, behind_s: float, wall_s: float, *, waited: float, whole: bool
    ) -> bool:
        """Take one packet and return whether only key frames are to be decoded.

        Args:
            behind_s: how far reading lags behind the camera, seconds.
            wall_s: when the packet was read, monotonic, seconds.
            waited: share of the time since the last packet that the reader did
                nothing but wait, 0 to 1.
            whole: whether more than key frames is decoded now.
        """
        if behind_s <= _NEAR_S:
            self._far_since_s = None
            self._keep_up(wall_s)
        elif self._far_since_s is None:
            self._far_since_s, self._waited_s = wall_s, 0.0
        else:
            self._waited_s += waited * (wall_s - self._noted_s)
            far_s = wall_s - self._far_since_s
            ours = self._waited_s < LEAST_WAITED * far_s
            if whole and ours and far_s > _PATIENCE_S and not self.on:
                self._give_in(behind_s, wall_s)
        self._noted_s = wall_s
        return self.on

    def _give_in(self, behind_s: float, wall_s: float) -> None:
        again = self._since_s is not None and wall_s - self._since_s < _LONGEST_S
        self._hold_s = min(2 * self._hold_s, _LONGEST_S) if again else _FIRST_S
        self._until_s = wall_s + self._hold_s
        self.on = True
        if not self._told:
            self._told = True
            self._report.tell(
                HealthKind.OVERLOAD,
                f"reading is {behind_s:.1f} s behind the camera: this machine cannot "
                "decode all that it sends, so only its key frames are looked at for "
                "now and pictures come more seldom; give sub_url or hardware, have "
                "the camera send key frames as often as period_s, or take cameras away",
                ok=False,
            )

    def _keep_up(self, wall_s: float) -> None:
        if self.on:
            if wall_s >= self._until_s:
                self.on, self._since_s = False, wall_s
        elif self._told and wall_s - (self._since_s or 0.0) >= self._hold_s:
            self._told = False
            self._report.tell(
                HealthKind.OVERLOAD,
                "the camera's pictures are decoded in time again, not its key frames "
                "alone",
                ok=True,
            )
