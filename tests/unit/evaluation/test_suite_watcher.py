import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.footage import write_clip
from tests.unit.evaluation.pictures import FPS, SECONDS, GreenDetector, film_heap
from vision.bootstrap.suite import SuiteWatcher
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.core.damage import Damage
from vision.core.errors import SourceError
from vision.core.verification import Outcome
from vision.core.violations import Slug
from vision.evaluation.about import About
from vision.evaluation.event_report import Scoring, event_report
from vision.evaluation.gallery import frame_at
from vision.evaluation.hands import one_by_one
from vision.evaluation.matching import MatchRule
from vision.evaluation.moving import clip_uri
from vision.evaluation.outcomes import ClipOutcome
from vision.evaluation.problems import Problems
from vision.evaluation.report import events_page
from vision.evaluation.runner import watch_all
from vision.evaluation.shots import Budget, event_shots
from vision.evaluation.truth import TruthClip, read_truth

LAID_S, TAKEN_S = 10.0, 40.0
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
HEAP = (120, 90, 170, 130)


def site(**rule: object) -> Loaded[SiteSettings]:
    settings = SiteSettings.model_validate(
        {
            "site": "judged",
            "model": {"type": "onnx", "path": "not-loaded"},
            "cameras": [
                {
                    "id": "any",
                    "source": {"type": "images", "path": "."},
                    "period_s": 0.5,
                }
            ],
            "rules": [{"type": "garbage_pile", "dwell_s": 8, "alone_s": 3, **rule}],
            "sinks": [{"type": "jsonl"}],
        }
    )
    return Loaded(settings, Path("site.yaml"), "0" * 64)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> TruthClip:
    folder = tmp_path_factory.mktemp("suite")
    digest = film_heap(folder / "heap.mp4", HEAP, (LAID_S, TAKEN_S))
    left, top, right, bottom = HEAP
    told = {
        "schema": 1,
        "clip": "heap.mp4",
        "sha256": digest,
        "synthetic": True,
        "width": 320,
        "height": 192,
        "fps": FPS,
        "conditions": ["day"],
        "zones": [{"id": "pavement", "kind": "clean", "polygon": WHOLE}],
        "events": [
            {
                "slug": "garbage_pile",
                "start_s": LAID_S,
                "end_s": TAKEN_S,
                "xyxy": [left / 320, top / 192, right / 320, bottom / 192],
            }
        ],
    }
    (folder / "heap.truth.json").write_text(json.dumps(told), encoding="utf-8")
    problems = Problems()
    read = read_truth(folder / "heap.truth.json", problems)
    assert read is not None
    assert not problems.items
    return read


def judge(
    truth: TruthClip, home: Path, loaded: Loaded[SiteSettings]
) -> tuple[list[ClipOutcome], dict[str, Any]]:
    problems = Problems()
    watcher = SuiteWatcher(loaded, GreenDetector(), Home(home))
    hands = one_by_one(watcher)
    outcomes = watch_all([truth], hands, MatchRule(), problems, lambda *_: None)
    report = event_report(
        [truth],
        outcomes,
        scoring=Scoring(MatchRule(), resamples=0),
        problems=problems,
        about=About(command="", made_at="", seed=0),
        link=lambda path: path.relative_to(home).as_posix(),
    )
    assert not problems.items
    return outcomes, report


def test_a_heap_that_is_laid_and_taken_is_found_and_its_end_is_seen(
    truth: TruthClip, tmp_path: Path
) -> None:
    (outcome,), report = judge(truth, tmp_path, site())

    assert report["figures"]["f1"]["value"] == 1
    assert report["figures"]["onset_rmse_s"]["value"] < 2
    (said,) = outcome.run.found
    assert said.slug is Slug.GARBAGE_PILE
    assert said.zone_id in {"pavement", None}
    assert said.facts
    assert said.ended_s == pytest.approx(TAKEN_S, abs=3)
    assert outcome.run.frames == FPS * SECONDS
    assert outcome.run.watched_s == pytest.approx(SECONDS - 1 / FPS)
    assert all(path.is_file() for path in said.evidence)
    assert any(path.suffix == ".jpg" for path in said.evidence)
    # Asked whether it was put right: while it lay there, and once it was gone.
    lying, gone = outcome.run.looks
    assert (lying.outcome, gone.outcome) == (Outcome.STILL_THERE, Outcome.CLEARED)
    assert lying.decided_s < TAKEN_S < gone.asked_s < gone.decided_s
    assert report["figures"]["fix_precision"]["value"] == 1
    assert report["figures"]["fix_recall"]["value"] == 1


def test_two_runs_decide_and_report_alike(truth: TruthClip, tmp_path: Path) -> None:
    reports = [judge(truth, tmp_path / name, site())[1] for name in ("a", "b")]

    assert reports[0] == reports[1]


def test_a_missed_heap_is_told_with_its_reason(
    truth: TruthClip, tmp_path: Path
) -> None:
    (outcome,), report = judge(truth, tmp_path, site(dwell_s=300))

    (missed,) = outcome.missed
    assert report["figures"]["recall"]["value"] == 0
    # Long gone by the clip's end: what counts is how it was last judged.
    assert missed.not_opened is not None
    assert any("300" in fact for fact in missed.not_opened.facts)


def test_a_time_in_which_nothing_was_seen_is_told(
    truth: TruthClip, tmp_path: Path
) -> None:
    film_heap(tmp_path / "black.mp4", HEAP, (LAID_S, TAKEN_S), black_s=(20.0, 30.0))

    _, report = judge(
        replace(truth, clip=tmp_path / "black.mp4", sha256=None), tmp_path, site()
    )

    ((spell,),) = [clip["unclear"] for clip in report["clips"]]
    assert (spell["view"], spell["reason"]) == ("blind", "black")
    assert 20 <= spell["start_s"] <= 23
    assert 28 <= spell["end_s"] <= 33
    assert "◌ blind" in events_page(report, [[]])


def test_time_without_pictures_is_not_watched_and_told(
    truth: TruthClip, tmp_path: Path
) -> None:
    times_s = [k / 2 for k in (*range(10), *range(48, 58))]
    write_clip(tmp_path / "gap.mkv", times_s=times_s, size=(320, 192))
    gap = replace(truth, clip=tmp_path / "gap.mkv", sha256=None, events=())

    (outcome,), report = judge(gap, tmp_path, site())

    assert outcome.run.last_s == 28.5
    assert report["counts"]["watched_s"] == 9.0
    assert report["counts"]["unwatched_s"] == 19.5
    hour = report["figures"]["false_per_camera_hour"]
    assert (hour["value"], hour["high"]) == (0, pytest.approx(-np.log(0.05) * 400))
    spells = [spell for clip in report["clips"] for spell in clip["unclear"]]
    (spell,) = [spell for spell in spells if spell["view"] == "gap"]
    assert (spell["start_s"], spell["end_s"]) == (4.5, 24.0)
    page = events_page(report, [[]])
    assert "◌ gap" in page
    assert "(0.3 min" in page


def test_a_gap_that_dwell_bridges_is_watched(truth: TruthClip, tmp_path: Path) -> None:
    times_s = [k / 2 for k in (*range(10), *range(28, 38))]
    write_clip(tmp_path / "gap.mkv", times_s=times_s, size=(320, 192))
    gap = replace(truth, clip=tmp_path / "gap.mkv", sha256=None, events=())

    _, report = judge(gap, tmp_path, site())

    assert report["counts"]["watched_s"] == 18.5
    assert report["counts"]["unwatched_s"] == 0
    assert "not watched" not in events_page(report, [[]]).partition("<h2>")[0]


def test_pictures_that_cannot_be_decoded_are_told(
    truth: TruthClip, tmp_path: Path
) -> None:
    clip = tmp_path / "spoilt.mkv"
    write_clip(clip, fps=2, seconds=20, size=(320, 192), codec="mjpeg")
    with av.open(str(clip)) as video:
        places = [(p.pos, p.size) for p in video.demux(video=0) if p.size]
    raw = bytearray(clip.read_bytes())
    for start, size in places[10:20]:
        assert start is not None
        raw[start + 4 : start + size] = b"\x55" * (size - 4)
    clip.write_bytes(raw)
    problems = Problems()
    watcher = SuiteWatcher(site(), GreenDetector(), Home(tmp_path))

    (outcome,) = watch_all(
        [replace(truth, clip=clip, sha256=None, events=())],
        one_by_one(watcher),
        MatchRule(),
        problems,
        lambda *_: None,
    )

    assert outcome.run.damage == Damage(10, 5.5)
    (problem,) = problems
    assert (problem.path, problem.lost) == (clip, 0)
    assert "10 damaged pictures could not be decoded" in problem.text
    assert "nothing was seen for 5.5 s" in problem.text


def test_a_mistake_is_shown_in_a_frame_of_its_clip(
    truth: TruthClip, tmp_path: Path
) -> None:
    _, report = judge(truth, tmp_path, site(dwell_s=300))

    ((shown,),) = event_shots(report, [truth.clip], budget=Budget(1, 1))
    ((listed,),) = event_shots(report, [truth.clip], budget=Budget(0, 0))

    assert shown["kind"] == "missed"
    assert str(shown["uri"]).startswith("data:image/jpeg;base64,")
    assert {**shown, "uri": "", "film": ""} == listed
    kind, _, code = str(shown["film"]).partition(",")
    assert kind == "data:video/mp4;base64"
    with av.open(io.BytesIO(base64.b64decode(code)), "r") as film:
        pictures = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    # Four seconds before and after the heap's thirty, in at most 24 pictures.
    excess = [picture[..., 1].astype(int) - picture[..., 2] for picture in pictures]
    green = [bool((channel > 80).sum() > 100) for channel in excess]
    assert 12 <= len(pictures) <= 24
    assert (green[0], green[len(green) // 2], green[-1]) == (False, True, False)


def test_a_right_report_is_shown_after_the_mistakes_have_their_pictures(
    truth: TruthClip, tmp_path: Path
) -> None:
    _, report = judge(truth, tmp_path, site())

    ((shown,),) = event_shots(report, [truth.clip], budget=Budget(1, 0))

    assert (shown["kind"], shown["film"]) == ("found", "")
    assert str(shown["uri"]).startswith("data:image/jpeg")
    assert shown["evidence"]


def test_a_clip_that_cannot_be_read_gives_no_film(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")

    assert clip_uri(tmp_path / "broken.mp4", (0.0, 1.0), ()) is None
    assert clip_uri(tmp_path / "gone.mp4", (0.0, 1.0), ()) is None


def test_a_frame_after_the_end_is_the_last_one(truth: TruthClip) -> None:
    last = frame_at(truth.clip, SECONDS + 100)

    assert last is not None
    assert last.shape == (192, 320, 3)


def test_no_video_gives_no_frame(tmp_path: Path) -> None:
    assert frame_at(tmp_path / "none.mp4", 1.0) is None


def test_a_clip_without_video_is_a_source_error(
    truth: TruthClip, tmp_path: Path
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "broken.truth.json").write_text("{}")
    watcher = SuiteWatcher(site(), GreenDetector(), Home(tmp_path))
    broken = TruthClip(
        path=tmp_path / "broken.truth.json",
        clip=tmp_path / "broken.mp4",
        camera="c",
        sha256=None,
        synthetic=False,
        size=truth.size,
        duration_s=None,
        conditions=(),
        zones=(),
        events=(),
    )

    with pytest.raises(SourceError):
        watcher.watch(broken)
