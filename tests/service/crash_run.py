"""Watches a real clip and decides at fixed times; made to be killed.

`python -m tests.service.crash_run HOME URL CLIP` ends with status 0 when the clip is
over and the service has everything.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes import place, violation
from tests.unit.sinks.messages import CODE, PROVENANCE
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.events import ViolationEvent
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.scene import Scene
from vision.core.violations import Lifecycle, Violation
from vision.evidence.keys import KeyFolder
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore, StorePolicy
from vision.evidence.takes import ClipPolicy
from vision.sinks.http import HttpReceiver
from vision.sinks.outbox import Outbox
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

START = datetime(2026, 6, 1, 2, tzinfo=UTC)
KEY = "k" * 32
SCENE = Scene("gate", "东门")
EVENTS = 10
READY = "ready"  # appears when imports are done and the clip begins
_PERIOD_S = 1.0
_LASTS_S = 8.0


def decisions(before_s: float, now_s: float) -> list[tuple[int, Lifecycle]]:
    """Return what is decided in a span of media time: (event, step)."""
    found = []
    for number in range(EVENTS):
        opens_s = 4.0 + 4.5 * number
        if before_s < opens_s <= now_s:
            found.append((number, Lifecycle.OPENED))
        if before_s < opens_s + _LASTS_S <= now_s:
            found.append((number, Lifecycle.CLEARED))
    return found


def decided(at: Frame, number: int, lifecycle: Lifecycle) -> Violation:
    """Return a step, the same in every run."""
    sequence = 1 if lifecycle is Lifecycle.OPENED else 2
    still = replace(
        place(at),
        place_id=f"p{number}",
        xyxy=(60.0 * number, 100, 60.0 * number + 80, 200),
    )
    step = violation(at, sequence=sequence, lifecycle=lifecycle)
    return replace(step, event_id=f"event-{number}", place=still)


def watch(home: Path, url: str, clip: Path) -> None:
    """Run once from the clip's beginning to its end."""
    clock = SystemClock()
    root = home / "evidence"
    sealer = Sealer(root, clock=clock, signer=KeyFolder(home / "keys").signer())
    policy = StorePolicy(clips=ClipPolicy(pre_s=3, post_s=2))
    store = PackageStore(root, sealer=sealer, clock=clock, policy=policy)
    receiver = HttpReceiver(url, api_key=KEY, timeout_s=5, name="service")
    outbox = Outbox(home / "outbox.db", [receiver], clock=clock)
    store.deliver_late_to(outbox.attach)
    source = PacketSource(
        PacketOptions(
            camera_id="gate",
            url=str(clip),
            period_s=_PERIOD_S,
            starts_at=START,
            decode="full",
        ),
        clock=clock,
        on_packet=store.add_packet,
    )
    source.open()
    (home / READY).touch()
    before_s = -1.0
    while (at := source.read()) is not None:
        observation = Observation(
            frame=at,
            scene=SCENE,
            labels=("car",),
            detections=Detections.empty(),
            tracks=(),
            places=(),
            view=ViewState(),
            dt_s=_PERIOD_S,
        )
        store.observe(observation)
        for number, lifecycle in decisions(before_s, at.media_time_s):
            step = decided(at, number, lifecycle)
            evidence = store.keep(step, observation)
            outbox.put(ViolationEvent(step, SCENE, CODE, PROVENANCE, evidence))
        before_s = at.media_time_s
    source.close()
    store.close(60)
    outbox.close(60)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
