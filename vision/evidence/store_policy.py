"""What the evidence store may use."""

from dataclasses import dataclass, field
from datetime import tzinfo

from vision.evidence.passed import PassedPolicy
from vision.evidence.retention import RetentionPolicy
from vision.evidence.takes import ClipPolicy


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """What the store may use, and how it writes.

    Attributes:
        first_sight_bytes: memory for first pictures, all cameras together.
        min_free_bytes: below this much free disk nothing is written, so that
            events themselves can still be kept.
        zone: time zone on overlays; None: this machine's.
        clips: how long clips are, and what they may cost.
        retention: how long files stay, and how much room they may take.
        passed: where first pictures of cameras that move outlive a run; None: nowhere.
    """

    first_sight_bytes: int = 64 << 20
    min_free_bytes: int = 64 << 20
    zone: tzinfo | None = None
    clips: ClipPolicy = field(default_factory=ClipPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    passed: PassedPolicy | None = None
