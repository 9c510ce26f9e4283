"""Wall time: read here, injected everywhere else."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 the one place that reads it

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards, from an arbitrary origin."""
        return time.monotonic()
