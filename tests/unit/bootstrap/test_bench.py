"""The bench: what it plays, what it compares, what it refuses."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.container import InputContainer
from typer.testing import CliRunner
from typing_extensions import override

from tests.footage import write_clip
from vision.bootstrap.bench.footage import transport_stream
from vision.bootstrap.bench.playing import Plan, Raw
from vision.bootstrap.bench.search import Search
from vision.bootstrap.bench.split import STAGES, cpu_split
from vision.bootstrap.bench.verdict import Outcome, differences, judge
from vision.cli.app import app
from vision.config.site import load_site
from vision.core.errors import SourceOpenError

ROOT = Path(__file__).parents[3]
SITE = ROOT / "configs" / "bench.yaml"


def test_a_looped_clip_is_one_stream_whose_time_goes_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, gop=25)
    chunks = transport_stream(clip, 7)

    due = [chunk.at_s for chunk in chunks]
    assert due == sorted(due)
    assert due[-1] == pytest.approx(7, abs=0.2)
    stream = io.BytesIO(b"".join(chunk.payload for chunk in chunks))
    with av.open(stream, format="mpegts") as container:
        assert isinstance(container, InputContainer)
        packets = [p for p in container.demux(video=0) if p.dts is not None]
        times = [float(p.pts * p.time_base) for p in packets if p.pts is not None]
    assert max(b - a for a, b in pairwise(sorted(times))) < 0.06
    assert sum(p.is_keyframe for p in packets) == 8  # at 0, 1 ... 7 s


def test_what_is_no_video_cannot_be_played(tmp_path: Path) -> None:
    text = tmp_path / "clip.mp4"
    text.write_text("no video")

    with pytest.raises(SourceOpenError, match="expected a video file"):
        transport_stream(text, 5)


def test_events_are_compared_camera_by_camera() -> None:
    reference = [("illegal_parking", 30.0), ("garbage_pile", 40.0)]
    seen = [
        ("cam-000", "illegal_parking", 31.0),
        ("cam-000", "garbage_pile", 40.0),
        ("cam-001", "illegal_parking", 55.0),  # another one, far too late
        ("cam-001", "garbage_pile", 41.0),
    ]

    assert differences(seen, reference, 2) == (1, 1)
    assert differences(seen[:2], reference, 1) == (0, 0)
    assert differences([], reference, 3) == (6, 0)


def test_an_event_that_nobody_heard_of_is_as_late_as_the_trial_is_long() -> None:
    plan = Plan(load_site(SITE).settings, Path("x"), 60, (0,))
    record: dict[str, object] = {
        "frames": [["cam-000", 30.0, 130.1]],
        "events": [
            ["cam-000", "illegal_parking", 30.0, 130.2, "a"],
            ["cam-000", "garbage_pile", 40.0, 140.2, "b"],
        ],
        "cpu_s": 1.0, "measured_s": 10.0, "rss_mib": 100.0, "threads": 4.0,
    }  # fmt: skip

    def outcome(heard_s: dict[str, float]) -> Outcome:
        raw = Raw(record, {"cam-000": 100.0}, heard_s, 0.0)
        return judge(plan, raw, 1, "auto", [])

    assert outcome({"a": 130.5, "b": 140.5}).api_p95_s == pytest.approx(0.5)
    late_s = outcome({"a": 130.5}).api_p95_s
    assert late_s is not None
    assert late_s > 50


class Machine(Search):
    """A search on a machine that carries a known number of cameras."""

    def __init__(self, carries: int, trials: int = 6) -> None:
        plan = Plan(load_site(SITE).settings, Path("x"), 60, (0, 1), trials)
        super().__init__(plan, lambda _: None)
        self.carries = carries

    @override
    def trial(self, cameras: int, decode: object = "auto") -> Outcome:
        del decode
        ok = cameras <= self.carries
        outcome = replace(BLANK, cameras=cameras, ok=ok)
        self.outcomes.append(outcome)
        return outcome


BLANK = Outcome(
    cameras=1, cores=2, decode="auto", cpu_per_camera=0.04, busy=0.5, age_p50_s=0.2,
    age_p95_s=0.5, event_p95_s=None, api_p95_s=None, rss_mib=100, threads=4,
    pictures=9, rate=1, events=(), missed=0, extra=0, feeder_cpu_s=1, ok=True,
)  # fmt: skip


@pytest.mark.parametrize("carries", [30, 45, 52, 70])
def test_the_search_ends_near_what_the_machine_carries(carries: int) -> None:
    machine = Machine(carries)
    best = machine.largest()

    assert best is not None
    assert 0.85 * carries <= best.cameras <= carries
    assert len(machine.outcomes) <= 7


def test_a_machine_that_carries_nothing_has_no_best() -> None:
    assert Machine(0).largest() is None


def test_the_cpu_of_a_camera_is_split_by_stage(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=6, gop=25, size=(640, 360))
    split = cpu_split(load_site(SITE).settings, clip, 6)

    assert tuple(split) == STAGES
    assert split["detect"] > split["demux"] > 0
    assert split["decode"] > 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_bench_runs_and_writes_what_it_measured(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=10, gop=50, size=(640, 360))
    done = CliRunner().invoke(
        app,
        f"bench --out {tmp_path}/out --clip {clip} --seconds 20 --cameras 2".split(),
    )

    record = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert [(one["cameras"], one["decode"]) for one in record["trials"]] == [
        (1, "full"),
        (2, "auto"),
    ]
    assert all(one["pictures"] > 0 for one in record["trials"])
    assert (tmp_path / "out" / "bench.svg").read_text().startswith("<svg")
    assert "cameras" in done.output


def test_more_cores_than_there_are_cannot_be_asked_for(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["bench", "--out", str(tmp_path), "--clip", "x", "--cores", "999"]
    )

    assert "expected at most" in str(done.exception)
