"""Finds the largest number of cameras that a machine carries in good order."""

from collections.abc import Callable

from vision.bootstrap.bench.playing import Decode, Plan, Raw, play
from vision.bootstrap.bench.verdict import Outcome, events_of, judge

_STEP = 1.12


class Search:
    """Trials on one machine, each compared with the same clip decoded in full."""

    def __init__(self, plan: Plan, tell: Callable[[Outcome], None]) -> None:
        """Prepare.

        Args:
            plan: what is asked.
            tell: called with every outcome.
        """
        self._plan = plan
        self._tell = tell
        self._reference: list[tuple[str, float]] | None = None
        self.outcomes: list[Outcome] = []

    def reference(self) -> Outcome:
        """Watch one camera with every picture decoded: the events that must come."""
        raw = play(self._plan, 1, "full")
        self._reference = [(slug, at_s) for _, slug, at_s in events_of(raw)]
        return self._note(raw, 1, "full")

    def trial(self, cameras: int, decode: Decode = "auto") -> Outcome:
        """Watch so many cameras."""
        return self._note(play(self._plan, cameras, decode), cameras, decode)

    def largest(self) -> Outcome | None:
        """Return the best outcome in good order, or None if even one is too many."""
        first = self.trial(4)
        count = max(1, int(0.9 * len(self._plan.cores) / first.cpu_per_camera))
        best = first if first.ok else None
        worst: int | None = None
        for _ in range(self._plan.trials):
            if worst is not None and best is not None and count <= best.cameras:
                break
            outcome = self.trial(count)
            if outcome.ok:
                best = (
                    outcome
                    if best is None
                    else max(best, outcome, key=lambda one: one.cameras)
                )
                count = int(count * _STEP) + 1
            else:
                worst = count
                count = max(1, int(count / _STEP))
            if worst is not None and count >= worst:
                count = (worst + (best.cameras if best else 0)) // 2
        return best

    def _note(self, raw: Raw, cameras: int, decode: Decode) -> Outcome:
        outcome = judge(self._plan, raw, cameras, decode, self._reference or [])
        self.outcomes.append(outcome)
        self._tell(outcome)
        return outcome
