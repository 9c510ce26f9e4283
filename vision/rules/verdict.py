"""What a rule makes of one place in one picture."""

from dataclasses import dataclass

from vision.core.places import Place
from vision.core.violations import Confidence, Fact


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of one place in one picture.

    It opens when every compared fact holds.

    Attributes:
        facts: the reasons, for or against.
        zone_id: the zone that forbids it, or None.
        severity: 1 to 3.
        confidence: how sure.
        over: the violation has demonstrably ended although the object stands.
        lasted_s: how long it has been one, seconds; None: since the object came.
    """

    facts: tuple[Fact, ...]
    zone_id: str | None = None
    severity: int = 1
    confidence: Confidence = Confidence.HIGH
    over: bool = False
    lasted_s: float | None = None

    @property
    def opens(self) -> bool:
        """Whether nothing speaks against it."""
        return all(fact.holds is not False for fact in self.facts)

    def later_s(self, place: Place) -> float:
        """Return how long after its object the violation began, seconds."""
        if self.lasted_s is None:
            return 0.0
        return max(0.0, place.elapsed_s - self.lasted_s)
