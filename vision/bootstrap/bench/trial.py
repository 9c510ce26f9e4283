"""One trial: the whole engine on so many cameras, in a process of its own.

python -m vision.bootstrap.bench.trial < spec.json > result.json
"""

import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from vision.bootstrap.site import Watch, watch_site
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.core.detections import Detections
from vision.core.events import ViolationEvent
from vision.core.frame import Frame
from vision.core.violations import Lifecycle

_FIRST_PICTURE_S = 90.0  # longest wait for models to load and cameras to answer


@dataclass
class Log:
    """What happened, on the machine's monotonic clock.

    Attributes:
        begun: set with the first picture.
        frames: (camera, media time, when its analysis ended), seconds.
        events: (camera, violation, media time of the decision, when it was kept, id).
    """

    begun: threading.Event = field(default_factory=threading.Event)
    frames: list[tuple[str, float, float]] = field(default_factory=list)
    events: list[tuple[str, str, float, float, str]] = field(default_factory=list)

    def on_frame(self, frame: Frame, detections: Detections) -> None:
        """Note one analysed picture."""
        del detections
        self.begun.set()
        self.frames.append((frame.camera_id, frame.media_time_s, time.monotonic()))

    def on_event(self, event: ViolationEvent) -> None:
        """Note one event that was opened."""
        step = event.violation
        if step.lifecycle is Lifecycle.OPENED:
            seen = (event.scene.camera_id, step.slug.value, step.decided_s)
            self.events.append((*seen, time.monotonic(), step.event_id))


def main() -> None:
    """Run what standard input says and print what came of it."""
    spec = json.load(sys.stdin)
    os.sched_setaffinity(0, spec["cores"])
    site = SiteSettings.model_validate(spec["site"])
    log, stop = Log(), threading.Event()
    meter = _Meter(log, spec["warm_s"], spec["seconds"], stop)
    # Proof that is still being written may keep the folder busy at the end.
    with tempfile.TemporaryDirectory(
        prefix="streetwarden-bench-", ignore_cleanup_errors=True
    ) as folder:
        home = Home(Path(folder))
        home.prepare()
        meter.start()
        watch_site(
            Loaded(site, Path("bench"), "0" * 64),
            home,
            stop=stop,
            watch=Watch(on_event=log.on_event, on_frame=log.on_frame),
        )
    meter.join()
    json.dump(
        {"frames": log.frames, "events": log.events, **meter.measured}, sys.stdout
    )
    sys.stdout.flush()
    # Libraries' threads that still encode or hang would abort an orderly exit.
    os._exit(0)


class _Meter(threading.Thread):
    """Measures the process between warm and stop, then stops it."""

    def __init__(
        self, log: Log, warm_s: float, seconds: float, stop: threading.Event
    ) -> None:
        super().__init__(name="meter", daemon=True)
        self._log = log
        self._warm_s = warm_s
        self._seconds = seconds
        self._stop_run = stop
        self.measured: dict[str, float] = {}

    @override
    def run(self) -> None:
        self._log.begun.wait(_FIRST_PICTURE_S)
        time.sleep(self._warm_s)
        began_s, cpu_s = time.monotonic(), time.process_time()
        time.sleep(self._seconds - self._warm_s)
        self.measured = {
            "measured_s": time.monotonic() - began_s,
            "cpu_s": time.process_time() - cpu_s,
            "rss_mib": _rss_mib(),
            "threads": float(threading.active_count()),
        }
        self._stop_run.set()


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


if __name__ == "__main__":
    main()
