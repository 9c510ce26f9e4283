"""A soak's result: one JSON file with every figure, one picture."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from tests.benchmarks.soak_figures import (
    Opened,
    Slope,
    Tally,
    Trouble,
    passes_of,
    slope,
    tally,
)
from tests.benchmarks.soak_rig import Pulse, age_p95_s
from tests.benchmarks.soak_street import Truth

_WARM_SHARE = 0.25  # caches, rings and connections fill up
_MEANS_S = 30.0
_WIDTH, _ROW, _LEFT = 900, 150, 70


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a soak has seen."""

    settings: dict[str, object]
    active_s: float
    paused_s: float
    pulses: Sequence[Pulse]
    faults: Sequence[dict[str, object]]
    metrics: dict[str, float]
    messages: dict[str, int]
    twice: Sequence[str]
    died: int | None
    status: int | None
    server_cpu_s: float
    begun: Sequence[tuple[str, datetime]]
    opened: Sequence[Opened]
    troubles: Sequence[Trouble]
    until: datetime
    truth: Truth


def write_report(out: Path, seen: Evidence) -> bool:
    """Write `soak.json` and `soak.svg`, print the figures.

    Returns:
        Whether nothing grew, was missed or was doubled, and the engine ended well.
    """
    events = tally(
        passes_of(seen.begun, seen.until, seen.truth.length_s),
        seen.opened,
        seen.troubles,
        seen.truth,
    )
    slopes = {
        "rss_mb": _slope(seen.pulses, lambda one: one.rss_mb),
        "fds": _slope(seen.pulses, lambda one: float(one.fds)),
        "threads": _slope(seen.pulses, lambda one: float(one.threads)),
    }
    faults = _verdict(seen, events, slopes)
    record = {
        "settings": seen.settings,
        "active_s": round(seen.active_s, 1),
        "paused_s": round(seen.paused_s, 1),
        "failures": faults,
        "engine": _engine(seen),
        "slopes_per_hour": {
            name: None if one is None else asdict(one) for name, one in slopes.items()
        },
        "events": asdict(events) | {"ids_twice": list(seen.twice)},
        "messages": dict(sorted(seen.messages.items())),
        "faults_begun": _by_kind(seen),
        "pulses": [asdict(one) for one in seen.pulses],
    }
    (out / "soak.json").write_text(
        json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (out / "soak.svg").write_text(_picture(seen.pulses), encoding="utf-8")
    shown = {key: value for key, value in record.items() if key != "pulses"}
    print(json.dumps(shown, indent=1, ensure_ascii=False))
    return not faults


def _engine(seen: Evidence) -> dict[str, object]:
    """Return what the engine did and took."""
    cpu_s = seen.pulses[-1].cpu_s if seen.pulses else 0.0
    sums = seen.metrics
    cameras = int(str(seen.settings["cameras"]))
    rss_mb = max((one.rss_mb for one in seen.pulses), default=0.0)
    return {
        "died": seen.died,
        "exit_status": seen.status,
        "cpu_cores": round(cpu_s / max(seen.active_s, 1), 3),
        "server_cpu_cores": round(seen.server_cpu_s / max(seen.active_s, 1), 3),
        "frames_analysed": sums.get("streetwarden_frames_analysed_total"),
        "frames_dropped": sums.get("streetwarden_camera_frames_dropped_total"),
        "reconnects": sums.get("streetwarden_camera_reconnects_total"),
        "frame_age_p95_at_most_s": age_p95_s(sums) if sums else None,
        "rss_most_mb": rss_mb,
        "rss_most_mb_per_camera": round(rss_mb / cameras, 1),
        "fds_most": max((one.fds for one in seen.pulses), default=0),
        "threads_most": max((one.threads for one in seen.pulses), default=0),
    }


def _verdict(
    seen: Evidence, events: Tally, slopes: dict[str, Slope | None]
) -> list[str]:
    wrong = []
    if seen.died is not None:
        wrong.append(f"the engine ended by itself with status {seen.died}")
    if seen.died is None and seen.status not in {0, 130}:
        wrong.append(f"the engine ended with status {seen.status} after Ctrl-C")
    wrong += [f"missing: {name}" for name in events.missing]
    wrong += [f"doubled: {name}" for name in events.doubled]
    wrong += [f"sent twice: {name}" for name in seen.twice]
    wrong += [
        f"{name} grows by {one.per_hour:.1f} per hour ({one.low:.1f} to {one.high:.1f})"
        for name, one in slopes.items()
        if one is not None and one.low > 0
    ]
    return wrong


def _by_kind(seen: Evidence) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for fault in seen.faults:
        if float(str(fault["at_s"])) <= seen.active_s:
            kinds[str(fault["kind"])] = kinds.get(str(fault["kind"]), 0) + 1
    return kinds


def _slope(pulses: Sequence[Pulse], of: Callable[[Pulse], float]) -> Slope | None:
    """Fit a line to half-minute means, the first quarter of the run left out."""
    if not pulses:
        return None
    warm_s = pulses[-1].at_s * _WARM_SHARE
    bins: dict[int, list[Pulse]] = {}
    for one in pulses:
        if one.at_s >= warm_s:
            bins.setdefault(int(one.at_s // _MEANS_S), []).append(one)
    return slope(
        [sum(one.at_s for one in group) / len(group) for group in bins.values()],
        [sum(of(one) for one in group) / len(group) for group in bins.values()],
    )


def _picture(pulses: Sequence[Pulse]) -> str:
    """Return three curves over the run, one below the other."""
    rows: list[tuple[str, list[float]]] = [
        ("memory, MB", [one.rss_mb for one in pulses]),
        ("descriptors", [float(one.fds) for one in pulses]),
        ("threads", [float(one.threads) for one in pulses]),
    ]
    end_s = pulses[-1].at_s if pulses else 1.0
    height = _ROW * len(rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" ',
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for row, (name, values) in enumerate(rows):
        top, bottom = row * _ROW + 24, (row + 1) * _ROW
        most = max(values, default=1.0) * 1.1 or 1.0
        points = " ".join(
            f"{_LEFT + (_WIDTH - _LEFT - 10) * one.at_s / end_s:.1f},"
            f"{bottom - (bottom - top) * value / most:.1f}"
            for one, value in zip(pulses, values, strict=True)
        )
        parts.append(
            f'<text x="{_LEFT}" y="{top - 6}">{escape(name)}</text>'
            f'<path d="M{_LEFT} {top}V{bottom}H{_WIDTH - 10}" fill="none" '
            'stroke="#888"/>'
            f'<text x="{_LEFT - 6}" y="{top + 6}" text-anchor="end">{most:.0f}</text>'
            f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
            f'<polyline points="{points}" fill="none" stroke="#0072b2" '
            'stroke-width="1.6"/>'
        )
    parts.append(
        f'<text x="{_WIDTH - 10}" y="{_ROW * len(rows) + 20}" text-anchor="end">'
        f"{end_s / 60:.0f} min</text></svg>"
    )
    return "".join(parts)
