"""How long to wait before trying again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Capped exponential back-off with full jitter.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Attributes:
        first_s: longest wait before the first retry, seconds.
        cap_s: longest wait ever, seconds.
    """

    first_s: float = 1.0
    cap_s: float = 60.0

    def delay_s(self, failures: int, rng: random.Random) -> float:
        """Return the wait after `failures` failures in a row.

        Args:
            failures: at least 1.
            rng: where the jitter comes from.

        Returns:
            Seconds, between half and all of the capped exponential.
        """
        # 2**30 s is beyond any cap; the limit keeps the float finite for months.
        ceiling = min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return ceiling * (0.5 + rng.random() / 2)
