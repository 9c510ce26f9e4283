"""What a trial was worth: ages, load, and the events against those that must come."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.bootstrap.bench.playing import Decode, Plan, Raw, name_of

Seen = tuple[str, str, float]
"""Camera, violation, media time of its opening."""

_FIRST_S = 5.0  # a stream's first seconds wait while it is being opened
_SAME_EVENT_S = 8.0
_FEWEST_SHARE = 0.85  # of the pictures that a period promises


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trial gave; ages and delays after true capture, seconds.

    Attributes:
        cameras: how many.
        cores: how many.
        decode: mode of the packet source.
        cpu_per_camera: CPU seconds of the engine per second of one camera.
        busy: share of its cores that the engine used.
        age_p50_s: from capture to the end of a picture's analysis, median.
        age_p95_s: and 95th percentile.
        event_p95_s: from the capture of the deciding picture to the event in the
            outbox, 95th percentile, or None without events.
        api_p95_s: and to who follows the event service.
        rss_mib: memory of the whole engine, model and all.
        threads: of Python in the engine.
        pictures: analysed after the warm-up.
        rate: pictures analysed of those that the period promises.
        events: (camera, violation, media time of its opening).
        missed: events of the reference that a camera lacked.
        extra: events that the reference lacks.
        feeder_cpu_s: CPU of the process that plays the cameras.
        ok: whether the machine kept up and lost nothing.
    """

    cameras: int
    cores: int
    decode: str
    cpu_per_camera: float
    busy: float
    age_p50_s: float
    age_p95_s: float
    event_p95_s: float | None
    api_p95_s: float | None
    rss_mib: float
    threads: int
    pictures: int
    rate: float
    events: tuple[Seen, ...]
    missed: int
    extra: int
    feeder_cpu_s: float
    ok: bool


def events_of(raw: Raw) -> list[Seen]:
    """Return what all cameras of a trial opened."""
    rows = raw.record["events"]
    assert isinstance(rows, list)  # noqa: S101 the trial's own form
    return [(camera, slug, at_s) for camera, slug, at_s, *_ in rows]


def judge(
    plan: Plan,
    raw: Raw,
    cameras: int,
    decode: Decode,
    reference: Sequence[tuple[str, float]],
) -> Outcome:
    """Return a trial's figures, and whether the machine kept up and lost nothing.

    Args:
        plan: what was asked.
        raw: the trial's own account.
        cameras: how many it watched.
        decode: mode of the packet source.
        reference: (violation, media time) that each camera must open, within seconds.
    """
    record, began_s = raw.record, raw.began_s
    frames, events = record["frames"], record["events"]
    assert isinstance(frames, list)  # noqa: S101 the trial's own form
    assert isinstance(events, list)  # noqa: S101 the trial's own form
    ages = [done - began_s[c] - at_s for c, at_s, done in frames if at_s >= _FIRST_S]
    late = [done - began_s[c] - at_s for c, _, at_s, done, _ in events]
    # An event that nobody heard of is as late as a trial is long.
    never_s = plan.seconds
    heard = [
        raw.heard_s[key] - began_s[c] - at_s if key in raw.heard_s else never_s
        for c, _, at_s, _, key in events
        if at_s <= plan.seconds
    ]
    numbers = {
        key: float(value)
        for key, value in record.items()
        if isinstance(value, int | float)
    }
    period_s = plan.site.cameras[0].period_s
    promised = cameras * (plan.seconds - _FIRST_S) / period_s
    seen = sum(_FIRST_S <= at_s <= plan.seconds for _, at_s, _ in frames)
    within = [one for one in events_of(raw) if one[2] <= plan.seconds]
    # What one camera opens near the end, another may open just after it.
    sure = [one for one in reference if one[1] <= plan.seconds - _SAME_EVENT_S]
    missed, _ = differences(within, sure, cameras)
    _, extra = differences(within, reference, cameras)
    # Nothing seen at all is as late as a trial is long.
    age_p95_s = float(np.percentile(ages, 95)) if ages else plan.seconds
    cpu = numbers["cpu_s"] / numbers["measured_s"]
    return Outcome(
        cameras=cameras,
        cores=len(plan.cores),
        decode=decode,
        cpu_per_camera=cpu / cameras,
        busy=cpu / len(plan.cores),
        age_p50_s=float(np.median(ages)) if ages else plan.seconds,
        age_p95_s=age_p95_s,
        event_p95_s=_p95(late),
        api_p95_s=_p95(heard),
        rss_mib=numbers["rss_mib"],
        threads=int(numbers["threads"]),
        pictures=len(ages),
        rate=seen / promised,
        events=tuple(events_of(raw)),
        missed=missed,
        extra=extra,
        feeder_cpu_s=raw.feeder_cpu_s,
        ok=age_p95_s <= period_s and missed == 0 and seen >= _FEWEST_SHARE * promised,
    )


def _p95(values: Sequence[float]) -> float | None:
    return float(np.percentile(values, 95)) if values else None


def differences(
    events: Sequence[Seen], reference: Sequence[tuple[str, float]], cameras: int
) -> tuple[int, int]:
    """Return how many events cameras lacked, and how many nobody expected.

    Args:
        events: of all cameras.
        reference: (violation, media time) that each camera must open, within seconds.
        cameras: how many.
    """
    missed, matched = 0, Counter[int]()
    for number in range(cameras):
        left = [
            (index, slug, at_s)
            for index, (camera, slug, at_s) in enumerate(events)
            if camera == name_of(number)
        ]
        for slug, at_s in reference:
            near = [
                one
                for one in left
                if one[1] == slug and abs(one[2] - at_s) <= _SAME_EVENT_S
            ]
            if near:
                left.remove(near[0])
                matched[number] += 1
            else:
                missed += 1
    return missed, len(events) - matched.total()
