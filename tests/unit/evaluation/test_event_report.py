import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.evaluation.builders import BOX, ELSEWHERE, clip, found, queue, run, true
from tests.unit.evaluation.pictures import green_picture
from vision.core.damage import Damage
from vision.core.errors import ConfigError, SourceReadError
from vision.core.verification import Outcome
from vision.core.violations import Slug
from vision.evaluation.about import About
from vision.evaluation.clip_store import ClipStore, Watched
from vision.evaluation.compare import compare
from vision.evaluation.event_report import (
    Scoring,
    event_report,
    in_order,
    write_event_csv,
)
from vision.evaluation.found import ClipRun, Look, NotOpened, Unclear
from vision.evaluation.gallery import RIGHT, Drawn, picture_uri
from vision.evaluation.gate import Bound, judge, read_gate
from vision.evaluation.hands import one_by_one
from vision.evaluation.matching import MatchRule
from vision.evaluation.outcomes import ClipOutcome, settle
from vision.evaluation.problems import Problems
from vision.evaluation.report import compare_page, events_page, show
from vision.evaluation.runner import watch_all
from vision.evaluation.runs import CompareError, read_run
from vision.evaluation.shots import Budget, event_shots
from vision.evaluation.truth import TruthClip
from vision.evaluation.values import write_json

RULE = MatchRule()
NO_VIDEO = [Path(f"{k}.mp4") for k in range(4)]
ABOUT = About(command="streetwarden evaluate events", made_at="2026-11-02", seed=0)


def outcomes(*, onset_s: float = 0.0, cameras: int = 4) -> list[ClipOutcome]:
    settled = []
    for k in range(cameras):
        truth = clip(
            true(100, 300),
            true(50, slug=Slug.GARBAGE_PILE, xyxy=ELSEWHERE),
            camera=f"cam-{k}",
            name=f"{k}.mp4",
            decoys=(queue(350, 400),),
            conditions=("night", "<odd>"),
        )
        said = run(found(100 + onset_s, 305), found(360) if k == 0 else found(102, 305))
        why = NotOpened(Slug.GARBAGE_PILE, ELSEWHERE, 50.0, ("41 s of 60 s",))
        settled.append(settle(truth, replace(said, not_opened=(why,)), RULE))
    return settled


def report_of(settled: list[ClipOutcome], *, listed: int = 0) -> dict[str, Any]:
    clips = [one.truth for one in settled] + [clip(true(1), name="gone.mp4")] * listed
    return event_report(
        clips,
        settled,
        scoring=Scoring(RULE, resamples=200, seed=3),
        problems=Problems(),
        about=ABOUT,
        link=lambda path: path.name,
    )


def test_counts_add_up_even_for_clips_that_could_not_be_watched() -> None:
    counts = report_of(outcomes(), listed=2)["counts"]

    assert counts["clips_listed"] == counts["clips_scored"] + counts["clips_left_out"]
    assert counts["clips_left_out"] == 2
    total = counts["events_scored"] + counts["events_ignored"]
    assert counts["events_listed"] == total + counts["events_left_out"]


def test_each_violation_and_condition_has_figures_of_its_own() -> None:
    report = report_of(outcomes())

    assert set(report["violations"]) == {"garbage_pile", "illegal_parking"}
    assert report["violations"]["garbage_pile"]["figures"]["recall"]["value"] == 0
    assert report["violations"]["illegal_parking"]["figures"]["recall"]["value"] == 1
    assert set(report["conditions"]) == {"night", "<odd>"}
    assert report["figures"]["queue_as_parked"]["value"] == 0.25


def test_shuffled_clips_give_the_same_report() -> None:
    settled = outcomes()

    assert report_of(settled) == report_of(settled[::-1])


def test_the_page_tells_why_an_event_was_missed_and_escapes_names() -> None:
    report = report_of(outcomes())
    shots = event_shots(report, NO_VIDEO, budget=Budget(0, 0))

    page = events_page(report, shots)

    assert "41 s of 60 s" in page
    assert "queue called parked" in page
    assert "<odd>" not in page
    assert "&lt;odd&gt;" in page
    assert "https://" not in page


def test_a_missed_event_leads_to_what_was_said_in_its_stead() -> None:
    said = replace(found(130), facts=("observed_s 20 s",), evidence=(Path("e/x.jpg"),))
    elsewhere = found(100, xyxy=ELSEWHERE)
    settled = [settle(clip(true(100)), run(elsewhere, said), RULE)]
    report = report_of(settled)

    (row,) = [
        row
        for row in event_shots(report, [Path("clip.mp4")], budget=Budget(0, 0))[0]
        if row["kind"] == "missed"
    ]

    assert row["verdict"] == "wrong_time"
    assert (row["facts_are"], row["facts"]) == ("instead", ["observed_s 20 s"])
    assert row["evidence"] == ["x.jpg"]


def test_clips_of_one_name_keep_their_own_pictures() -> None:
    settled = [
        settle(
            replace(clip(true(start_s), name="0800.mp4"), clip=Path(folder) / "0800"),
            run(),
            RULE,
        )
        for folder, start_s in (("west", 7.0), ("east", 3.0))
    ]
    videos = [one.truth.clip for one in in_order(settled)]

    shots = event_shots(report_of(settled), videos, budget=Budget(0, 0))

    assert [video.parent.name for video in videos] == ["east", "west"]
    assert [[row["start_s"] for row in rows] for rows in shots] == [[3.0], [7.0]]


def test_a_neighbour_is_no_reason_for_what_was_missed() -> None:
    # Overlaps a little, and stood there long before.
    beside = (BOX[0] + 0.15, BOX[1], BOX[2] + 0.15, BOX[3])
    other = NotOpened(Slug.ILLEGAL_PARKING, beside, 1.0, ("41 s of 60 s",))
    same = replace(other, xyxy=BOX)
    told = [
        settle(clip(true(300)), replace(run(), not_opened=(one,)), RULE).missed[0]
        for one in (other, same, replace(other, started_s=295.0))
    ]

    assert [one.not_opened is None for one in told] == [True, False, False]


def test_what_could_not_be_read_counts_as_listed() -> None:
    settled = [settle(replace(clip(true(3)), faulty=2), run(found(3)), RULE)]

    report: Any = event_report(
        [settled[0].truth],
        settled,
        scoring=Scoring(RULE, resamples=0),
        problems=Problems(unread=1),
        about=ABOUT,
    )

    counts = report["counts"]
    assert (counts["clips_listed"], counts["clips_left_out"]) == (2, 1)
    assert (counts["events_listed"], counts["events_left_out"]) == (3, 2)


@pytest.mark.parametrize(
    ("start_s", "end_s", "scored", "said"),
    [
        (3_000, 90_000, 0, "no frames or milliseconds"),
        (3, 90_000, 1, "null where it outlasts the clip"),
        (3, 601, 1, None),
    ],
)
def test_labels_in_another_unit_are_told(
    tmp_path: Path, start_s: float, end_s: float, scored: int, said: str | None
) -> None:
    labelled = replace(clip(true(start_s, end_s)), clip=tmp_path / "good.mp4")
    labelled.clip.write_bytes(b"x")
    problems = Problems()

    settled = watch_all(
        [labelled], one_by_one(HalfBroken()), RULE, problems, lambda *_: None
    )

    assert len(settled) == scored
    texts = [problem.text for problem in problems]
    assert len(texts) == (said is not None)
    assert all(str(said) in text for text in texts)


def test_the_table_holds_one_row_per_event(tmp_path: Path) -> None:
    settled = outcomes(cameras=1)

    write_event_csv(tmp_path / "events.csv", settled)

    rows = (tmp_path / "events.csv").read_text().splitlines()[1:]
    assert [row.split(",")[3] for row in rows] == ["true", "queue", "missed"]


class HalfBroken:
    """Reports nothing, and cannot read one of the clips."""

    def watch(self, truth: TruthClip) -> ClipRun:
        if truth.name == "bad.mp4":
            msg = f"{truth.clip}: no video stream"
            raise SourceReadError(msg)
        return run()


def test_a_clip_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    clips = []
    for name in ("good.mp4", "bad.mp4", "gone.mp4", "fine.mp4"):
        clips.append(replace(clip(true(3), name=name), clip=tmp_path / name))
        if name != "gone.mp4":
            (tmp_path / name).write_bytes(b"x")
    problems = Problems()
    told: list[tuple[int, int]] = []

    settled = watch_all(
        clips,
        one_by_one(HalfBroken()),
        RULE,
        problems,
        lambda a, b: told.append((a, b)),
    )

    assert [one.truth.name for one in settled] == ["good.mp4", "fine.mp4"]
    assert [problem.path.name for problem in problems] == ["gone.mp4.json", "bad.mp4"]
    assert told[-1] == (4, 4)


class Interrupted:
    """Watches as it is told and falls to Ctrl-C at one clip, once."""

    def __init__(self, at: str | None) -> None:
        self.seen: list[str] = []
        self._at = at

    def watch(self, truth: TruthClip) -> ClipRun:
        if truth.name == self._at:
            raise KeyboardInterrupt
        self.seen.append(truth.name)
        why = NotOpened(Slug.GARBAGE_PILE, ELSEWHERE, 5.0, ("1 s of 9 s",))
        said = replace(found(3, 50.5), facts=("a",), evidence=(Path("e/x.jpg"),))
        look = Look(said.event_id, 60.0, 70.5, Outcome.CLEARED)
        blind = Unclear("blind", 20.0, 25.5, "black")
        return replace(
            run(said),
            not_opened=(why,),
            looks=(look,),
            unclear=(blind,),
            damage=Damage(2, 1.5),
        )


def suite(tmp_path: Path) -> list[TruthClip]:
    clips = []
    for name in ("1.mp4", "2.mp4", "3.mp4"):
        (tmp_path / name).write_bytes(b"x")
        (tmp_path / f"{name}.json").write_text(name)
        one = clip(true(3), name=name, camera=name)
        clips.append(replace(one, clip=tmp_path / name, path=tmp_path / f"{name}.json"))
    return clips


def watch(clips: list[TruthClip], watcher: Interrupted, store: ClipStore) -> Any:
    outcomes = watch_all(
        clips, one_by_one(watcher), RULE, Problems(), lambda *_: None, store=store
    )
    return report_of(outcomes)


def test_an_interrupted_suite_goes_on_and_ends_with_the_same_report(
    tmp_path: Path,
) -> None:
    clips, who = suite(tmp_path), Watched("c", "m", "1")
    with pytest.raises(KeyboardInterrupt):
        watch(clips, Interrupted("3.mp4"), ClipStore(tmp_path, who))
    with (tmp_path / "interrupted.jsonl").open("a") as stream:
        stream.write('{"clip": "torn by the cra')
    rest, whole = Interrupted(None), Interrupted(None)
    (tmp_path / "whole").mkdir()

    resumed = watch(clips, rest, ClipStore(tmp_path, who))
    anew = watch(clips, whole, ClipStore(tmp_path / "whole", who))

    assert rest.seen == ["3.mp4"]
    assert whole.seen == ["1.mp4", "2.mp4", "3.mp4"]
    assert resumed == anew


def test_a_changed_truth_another_model_or_a_finished_run_is_watched_anew(
    tmp_path: Path,
) -> None:
    clips, who = suite(tmp_path), Watched("c", "m", "1")
    watch(clips, Interrupted(None), ClipStore(tmp_path, who))
    (tmp_path / "2.mp4.json").write_text("other zones")
    (tmp_path / "1.mp4").write_bytes(b"other pictures")

    changed = Interrupted(None)
    watch(clips, changed, ClipStore(tmp_path, who))
    other = ClipStore(tmp_path, Watched("c", "other", "1"))
    other.finish()

    assert changed.seen == ["1.mp4", "2.mp4"]
    assert len(other) == 0
    assert len(ClipStore(tmp_path, who)) == 0


def runs(
    tmp_path: Path, a: list[ClipOutcome], b: list[ClipOutcome]
) -> tuple[Path, Path]:
    for name, settled in (("a", a), ("b", b)):
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / "report.json", report_of(settled))
    return tmp_path / "a", tmp_path / "b"


def test_a_run_compared_with_itself_differs_in_nothing(tmp_path: Path) -> None:
    a, b = runs(tmp_path, outcomes(), outcomes())

    report = compare(read_run(a), read_run(b), {}, resamples=100, seed=0)

    rows: Any = report["rows"]
    assert {row["difference"] for row in rows} <= {0.0, None}
    assert {row["p"] for row in rows} <= {1.0, None}
    assert report["passed"]
    assert report["warnings"] == []


def test_a_change_for_the_worse_breaks_the_gate(tmp_path: Path) -> None:
    a, b = runs(tmp_path, outcomes(), outcomes(onset_s=6.0))
    gate = {
        "onset_rmse_s": Bound(max_loss=1.0),
        "f1": Bound(max_loss=0.0),
        "no_such_figure": Bound(at_least=1.0),
        "recall night": Bound(at_least=0.5),
        "queue_as_parked night": Bound(at_most=0.0),
    }

    report = compare(read_run(a), read_run(b), gate, resamples=100, seed=0)

    failed: Any = report["failed"]
    assert [text.split(":")[0] for text in failed] == [
        "onset_rmse_s",
        "queue_as_parked night",
        "no_such_figure",
    ]
    assert not report["passed"]
    assert "worse by" in compare_page(report)


def test_only_what_both_runs_measured_is_compared(tmp_path: Path) -> None:
    a, b = runs(tmp_path, outcomes(cameras=4), outcomes(cameras=3))

    report = compare(read_run(a), read_run(b), {}, resamples=10, seed=0)

    assert report["shared"] == 3
    assert report["warnings"] == ["cameras: 1 only in A and 0 only in B are left out"]


def test_other_footage_and_other_truth_are_told(tmp_path: Path) -> None:
    first, second = outcomes(cameras=2)
    more = settle(clip(camera="cam-0", name="more.mp4"), run(), RULE)
    moved = settle(
        replace(
            second.truth,
            events=(true(100, 300, xyxy=ELSEWHERE), second.truth.events[1]),
        ),
        second.run,
        RULE,
    )
    a, b = runs(tmp_path, [first, second], [first, more, moved])

    warnings: Any = compare(read_run(a), read_run(b), {}, resamples=10, seed=0)

    assert warnings["warnings"] == [
        (
            "clips: 0 only in A and 1 only in B, at cameras of both: the figures are "
            "not of the same footage"
        ),
        "other true events at cam-1: the truth changed",
    ]


def test_one_camera_that_differs_is_no_significant_change(tmp_path: Path) -> None:
    good, silent = (
        [
            settle(clip(true(100), camera="cam-0"), run(*said), RULE),
            settle(clip(camera="cam-1", name="quiet.mp4"), run(), RULE),
        ]
        for said in ([found(100)], [])
    )
    a, b = runs(tmp_path, silent, good)

    report: Any = compare(read_run(a), read_run(b), {}, resamples=1000, seed=0)

    (f1,) = [row for row in report["rows"] if (row["key"], row["of"]) == ("f1", "")]
    assert (f1["difference"], f1["p"]) == (1.0, 1.0)
    assert (f1["low"], f1["high"]) == (None, None)


def test_a_run_of_another_version_is_refused_in_words(tmp_path: Path) -> None:
    a, b = runs(tmp_path, outcomes(), outcomes())
    report = json.loads((b / "report.json").read_text("utf-8"))
    report["sums"] = report["sums"][:-1]
    write_json(b / "report.json", report)

    with pytest.raises(CompareError, match="made by another version"):
        compare(read_run(a), read_run(b), {}, resamples=10, seed=0)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompareError, match="expected the folder of an"):
        read_run(tmp_path)
    (tmp_path / "report.json").write_text(json.dumps({"kind": "poem"}))
    with pytest.raises(CompareError, match="no report of detections, events or drives"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("key", "a", "b", "bound", "passed"),
    [
        ("f1", 0.9, 0.89, Bound(max_loss=0.01), True),
        ("f1", 0.9, 0.88, Bound(max_loss=0.01), False),
        ("f1", 0.1, 0.95, Bound(at_least=0.9), True),
        ("f1", 0.9, 0.8, Bound(at_least=0.9), False),
        ("onset_rmse_s", 2.0, 1.0, Bound(max_loss=0.0), True),
        ("onset_rmse_s", 2.0, 2.5, Bound(max_loss=0.1), False),
        ("onset_bias_s", -5.0, 0.5, Bound(max_loss=0.0), True),
        ("onset_bias_s", 0.0, -9.0, Bound(max_loss=1.0), False),
        ("false_per_camera_hour", None, 0.4, Bound(at_most=0.5), True),
        ("false_per_camera_hour", None, 0.4, Bound(max_loss=0.5), False),
        ("f1", 0.9, None, Bound(at_least=0.1), False),
    ],
)
def test_a_gate_knows_which_way_is_worse(
    *, key: str, a: float | None, b: float | None, bound: Bound, passed: bool
) -> None:
    assert judge(key, a, b, bound).passed is passed


@pytest.mark.parametrize(
    "text",
    ["", "[figures.f1]\nmax_los = 1", "figures = 3", "[figures.f1]\nmax_loss = -1"],
)
def test_a_gate_file_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"gate\.toml"):
        read_gate(path)


def test_a_gate_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        '[figures.f1]\nat_least = 0.9\n[figures."ap50 bin"]\nmax_loss = 0.01\n'
    )

    assert read_gate(path) == {
        "f1": Bound(at_least=0.9),
        "ap50 bin": Bound(max_loss=0.01),
    }


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("f1", 0.91234, "0.912"),
        ("onset_rmse_s", 1.5, "1.50 s"),
        ("false_per_camera_day", 0.456, "0.46"),
        ("f1", None, "–"),
    ],
)
def test_figures_are_shown_with_unit_and_digits(
    key: str, value: float | None, text: str
) -> None:
    assert show(key, value) == text


def test_a_drawn_picture_is_small_and_the_original_is_untouched() -> None:
    image = green_picture([], size=(1600, 1200))
    before = image.copy()

    uri = picture_uri(image, [Drawn((0.1, 0.1, 0.5, 0.5), RIGHT, "bin")], shares=True)

    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 80_000
    assert (image == before).all()


def test_detectors_that_share_no_class_are_not_compared(tmp_path: Path) -> None:
    for name in ("car", "stall"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text('{"kind": "detections"}')
        one = {f"{column}_0": np.zeros(1) for column in ("score", "hit", "picture")}
        np.savez(
            tmp_path / name / "flags.npz",
            allow_pickle=False,
            keys=np.array(["picture-1"]),
            names=np.array([name]),
            true_0=np.zeros(1),
            **one,
        )
    a, b = read_run(tmp_path / "car"), read_run(tmp_path / "stall")

    with pytest.raises(CompareError, match=r"classes car, .* stall; expected one in"):
        compare(a, b, {}, resamples=10, seed=0)


def test_another_matching_is_named(tmp_path: Path) -> None:
    a, b = runs(tmp_path, outcomes(), outcomes())
    report = json.loads((b / "report.json").read_text("utf-8"))
    report["rule"]["min_iou"] = 0.5
    write_json(b / "report.json", report)

    told: Any = compare(read_run(a), read_run(b), {}, resamples=10, seed=0)

    assert told["warnings"] == [
        "the runs were matched with another min_iou: give both the same"
    ]
