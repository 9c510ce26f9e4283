"""What the posts of a cluster run measure, told as one engine tells it."""

import threading
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from vision.core.ports import Clock

_FRESH_S = 60.0
# Of the whole run they say how it is where it is worst; all others add up.
_WORST = frozenset({"streetwarden_period_stretch", "streetwarden_overloaded"})


class FleetFigures:
    """The latest metrics of each group of cameras; may be asked from any thread.

    A group that moves begins counting at nothing, as an engine that is started again
    does; of one that nobody watches nothing is told.
    """

    def __init__(self, clock: Clock, *, apart: AbstractSet[str]) -> None:
        """Begin with nothing measured.

        Args:
            clock: monotonic time.
            apart: names of metrics that are counted elsewhere.
        """
        self._clock = clock
        self._apart = apart
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[Sequence[Metric], float]] = {}

    def take(self, group: str, figures: Sequence[Metric]) -> None:
        """Replace what a group measured before."""
        with self._lock:
            self._latest[group] = figures, self._clock.monotonic_s()

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, over all groups that are watched."""
        oldest_s = self._clock.monotonic_s() - _FRESH_S
        with self._lock:
            fresh = [told for told, at_s in self._latest.values() if at_s >= oldest_s]
        together: dict[str, list[Metric]] = {}
        for one in (metric for told in fresh for metric in told):
            if one.name not in self._apart:
                together.setdefault(one.name, []).append(one)
        for parts in together.values():
            yield _joined(parts)


def _joined(parts: Sequence[Metric]) -> Metric:
    whole = Metric(parts[0].name, parts[0].documentation, parts[0].type)
    worst = whole.name in _WORST
    values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for sample in (one for part in parts for one in part.samples):
        key = sample.name, tuple(sample.labels.items())
        before = values.get(key)
        if before is None or sample.name.endswith("_created"):
            values[key] = sample.value
        else:
            values[key] = max(before, sample.value) if worst else before + sample.value
    whole.samples = [
        Sample(name, dict(labels), value) for (name, labels), value in values.items()
    ]
    return whole
