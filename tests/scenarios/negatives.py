"""False events per camera-hour on long streams where nothing should open.

`python -m tests.scenarios.negatives OUT --hours 6` films them from the rendered
scenario clips, runs the engine's real parts on them with default limits, and prints
count, hours and the 95 % upper limit. `--clips FILE...` adds filmed clips, `--pictures
FOLDER` single pictures as cameras that stand still, each for less than the parking
grace: whoever is parked in them is no violation yet; `--hours 0` leaves the rendered
ones out. `--preview` judges street vending, too, whose class sites must switch on.

In the rendered clips the violations of the suite are none by the default limits: a car
stands 52 s of 180 s, bags lie 48 s of 60 s, a vendor sells 54 s of 120 s and is away
for longer than a stall is waited for. Queues are stretched to jams of four minutes.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import chi2

from tests.scenarios.negative_film import Hold, Reel, fitted, read, write
from tests.scenarios.negative_weather import Weather
from vision.core.arrays import ImageU8

SCENARIOS = Path("datasets/scenarios")
PERIOD_S = 2  # as often as the parking rule asks for pictures by default
STREAM_S = 1200.0
HELD_S = 150.0  # of a filmed clip or picture: below the parking grace
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
# Who is back within a minute, the patience with stalls, never left: his times add up.
AWAY = Hold(76, 400, share=1.0)
LOOPED: dict[str, tuple[Hold, ...]] = {
    "bags_carried_through": (),
    "bin_filled_emptied": (),
    "closed_bins_dusk": (Hold(30, 300),),
    "crew_collects_bags": (),
    "empty_street_night": (Hold(25, 90), Hold(50, 300)),
    "infrared_switch": (Hold(60, 60),),
    "loading_within_grace": (Hold(18, 120),),
    "parked_at_start": (Hold(20, 90),),
    "parked_behind_bus": (Hold(28, 60), Hold(45, 40)),
    "parked_night": (Hold(30, 90),),
    "passing_traffic": (Hold(20, 30), Hold(40, 30)),
    "permitted_market": (Hold(30, 600),),
    "queue_discharges": (Hold(30, 240),),
    "rain_queue": (Hold(30, 240),),
    "same_bay_twice": (Hold(20, 60), Hold(70, 60)),
    "shaking_queue": (Hold(30, 120),),
    "shaking_stall": (AWAY,),
    "vending_dusk": (Hold(72, 400, share=1.0),),
    "vendor_moves_3m": (AWAY,),
}
SITE = """
site: negatives
timezone: Asia/Shanghai
model: {type: onnx, path: MODEL, threads: 1}
cameras:
  - id: any
    source: {type: images, path: .}
    period_s: 2
rules:
  - type: illegal_parking
  - type: garbage_pile
  - type: overflowing_bin
sinks: [{type: jsonl}]
"""
PREVIEW = {
    "threads: 1}": "threads: 1, enable_preview: [street_vendor]}",
    "rules:": "rules:\n  - type: street_vending",
}


@dataclass(frozen=True, eq=False, slots=True)
class Stream:
    """One camera on which nothing should open."""

    name: str
    pictures: Iterator[ImageU8]
    length_s: float
    weather: Weather
    zones: list[dict[str, object]]
    synthetic: bool

    def film(self, folder: Path) -> None:
        """Write the stream and its truth."""
        clip = folder / f"{self.name}.mp4"
        shown = self.weather.film(self.pictures, PERIOD_S)
        width, height = write(clip, shown, length_s=self.length_s, period_s=PERIOD_S)
        truth = {
            "schema": 1,
            "clip": clip.name,
            "synthetic": self.synthetic,
            "width": width,
            "height": height,
            "fps": 1 / PERIOD_S,
            "duration_s": self.length_s,
            "camera": self.name,
            "about": f"negative: {self.weather}",
            "conditions": ["negative", "rendered" if self.synthetic else "real"],
            "zones": [self._laid(zone) for zone in self.zones],
            "events": [],
            "decoys": [],
        }
        (folder / f"{self.name}.truth.json").write_text(json.dumps(truth))

    def _laid(self, zone: dict[str, object]) -> dict[str, object]:
        polygon = np.array(zone["polygon"], np.float64)
        if self.weather.mirrored:
            polygon[:, 0] = 1 - polygon[:, 0]
        return {**zone, "polygon": polygon.tolist()}


def rendered(hours: float, seed: int) -> Iterator[Stream]:
    """Yield streams of twenty minutes from the scenario clips, in turn."""
    names = sorted(LOOPED)
    for i in range(round(hours * 3600 / STREAM_S)):
        name = names[i % len(names)]
        rng = np.random.default_rng((seed, i))
        reel = read(SCENARIOS / f"{name}.mp4")
        truth = json.loads((SCENARIOS / f"{name}.truth.json").read_text())
        yield Stream(
            f"r{i:03}-{name}",
            reel.looped(LOOPED[name], rng, PERIOD_S),
            STREAM_S,
            Weather.drawn(rng),
            truth["zones"],
            synthetic=True,
        )


def filmed(clips: Sequence[Path], seed: int) -> Iterator[Stream]:
    """Yield each filmed clip, to and fro, with everything forbidden everywhere."""
    for i, path in enumerate(sorted(clips)):
        reel = read(path, 0.5)
        yield _held(f"c{i:03}-{path.stem}", reel, np.random.default_rng((seed, i)))


def pictured(pictures: Sequence[Path], seed: int) -> Iterator[Stream]:
    """Yield each picture as a camera that stands still."""
    for i, path in enumerate(sorted(pictures)):
        picture = cv2.imread(str(path))
        if picture is None:
            continue
        reel = Reel([fitted(np.asarray(picture, np.uint8))] * 2, 1.0)
        yield _held(f"p{i:03}-{path.stem}", reel, np.random.default_rng((seed, i)))


def _held(name: str, reel: Reel, rng: np.random.Generator) -> Stream:
    kinds = ("no_parking", "clean", "bin", "no_vending")
    zones: list[dict[str, object]] = [
        {"id": kind, "kind": kind, "polygon": WHOLE} for kind in kinds
    ]
    weather = Weather.drawn(rng)
    return Stream(name, reel.swung(), HELD_S, weather, zones, synthetic=False)


def site_for(model: Path, *, preview: bool) -> str:
    """Return the site file."""
    site = SITE.replace("MODEL", str(model.resolve()))
    for old, new in PREVIEW.items() if preview else ():
        site = site.replace(old, new)
    return site


def judge(folder: Path, text: str, workers: int) -> tuple[int, float]:
    """Run `streetwarden evaluate events`; return false events and hours watched."""
    site = folder / "site.yaml"
    site.write_text(text)
    command = [str(Path(sys.executable).parent / "streetwarden"), "evaluate", "events"]
    command += ["--config", str(site), "--truth", str(folder)]
    command += ["--out", str(folder / "report"), "--workers", str(workers)]
    subprocess.run([*command, "--films", "0"], check=True)
    report = json.loads((folder / "report" / "report.json").read_text())
    hours = report["counts"]["watched_s"] / 3600
    return round(report["figures"]["false_per_camera_hour"]["value"] * hours), hours


def upper_limit(false: int, hours: float) -> float:
    """Return the 95 % upper limit of a Poisson rate, per hour."""
    return float(chi2.ppf(0.95, 2 * (false + 1))) / 2 / hours


def main() -> int:
    """Film, judge, print; 0 where the upper limit is at most 0.5 per hour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=6.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--model", type=Path, default=Path("models/street-n"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--preview", action="store_true")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    streams = list[Iterator[Stream]]([rendered(told.hours, told.seed)])
    streams.append(filmed(told.clips, told.seed))
    if told.pictures is not None:
        streams.append(pictured([*told.pictures.rglob("*.jpg")], told.seed))
    for stream in (one for some in streams for one in some):
        stream.film(told.out)
        sys.stdout.write(f"filmed {stream.name}\n")
        sys.stdout.flush()
    site = site_for(told.model, preview=told.preview)
    false, hours = judge(told.out, site, told.workers)
    limit = upper_limit(false, hours)
    sys.stdout.write(
        f"{false} false events in {hours:.2f} camera-hours: "
        f"{false / hours:.2f} per hour, 95 % upper limit {limit:.2f}\n"
    )
    return 0 if limit <= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
