"""`streetwarden evaluate events`: the whole engine on labelled clips."""

import os
import shutil
from collections.abc import Iterable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from vision.bootstrap.suite import SuiteWatcher, build_suite_watcher
from vision.bootstrap.suite_camera import doubts_of
from vision.cli.evaluate_output import (
    Language,
    Out,
    Seed,
    about,
    finish,
    make_folder,
    progress,
    tell,
    tell_figures,
    truth_files,
    unusable,
)
from vision.cli.numbers import finite
from vision.evaluation import runner
from vision.evaluation.clip_store import ClipStore, Watched
from vision.evaluation.event_report import (
    Scoring,
    event_report,
    in_order,
    write_event_csv,
)
from vision.evaluation.hands import Hands, in_processes, one_by_one
from vision.evaluation.matching import MatchRule
from vision.evaluation.problems import Problems
from vision.evaluation.report import events_page
from vision.evaluation.shots import Budget, event_shots
from vision.evaluation.spread import Spread, on_ray
from vision.evaluation.truth import TruthClip, read_truth
from vision.evaluation.truth_checks import tell_of_twins
from vision.evaluation.values import write_json, write_problems_csv

_TOLD = ("f1", "s4", "precision", "recall", "onset_rmse_s", "false_per_camera_hour")
_DEFAULT = MatchRule()


def events(
    config: Annotated[
        Path,
        typer.Option(
            help="The site file (YAML); its zones count where a truth has none."
        ),
    ],
    truth: Annotated[
        list[Path],
        typer.Option(
            help="Truth file, or folder of *truth.json files (datasets/truth.md)."
        ),
    ],
    out: Out,
    *,
    onset_s: Annotated[
        float,
        typer.Option(
            min=0, max=3600, callback=finite, help="Largest onset difference, s."
        ),
    ] = _DEFAULT.onset_s,
    min_iou: Annotated[
        float,
        typer.Option(min=0.01, max=1, callback=finite, help="Least overlap of places."),
    ] = _DEFAULT.min_iou,
    clear_within_s: Annotated[
        float,
        typer.Option(
            min=0, max=86400, callback=finite, help="An end is due this long after, s."
        ),
    ] = _DEFAULT.clear_within_s,
    workers: Annotated[
        int, typer.Option(min=1, help="Clips watched at the same time.")
    ] = 1,
    ray: Annotated[
        str | None, typer.Option(help="Spread over a Ray cluster: address or `local`.")
    ] = None,
    shots: Annotated[
        int, typer.Option(min=0, help="Most pictures in the report.")
    ] = 48,
    films: Annotated[
        int, typer.Option(min=0, help="Most short clips in the report.")
    ] = 24,
    resamples: Annotated[int, typer.Option(min=0, help="Bootstrap size.")] = 1000,
    seed: Seed = 0,
    lang: Language = "en",
) -> None:
    """Score what the engine reports on clips whose truth is known."""
    problems = Problems()
    clips = _clips(truth, problems)
    watcher = build_suite_watcher(config, out)
    for clip in clips:
        tell_of_twins(clip, problems)
        for doubt in doubts_of(watcher.loaded.settings, clip):
            problems.add(clip.path, None, doubt, lost=0)
    detector, sha256 = watcher.detector, watcher.loaded.sha256
    make_folder(out)
    told = tell(problems)  # before hours of watching, not after them
    store = ClipStore(
        out, Watched(sha256, detector.model_sha256, version("streetwarden"))
    )
    if len(store):
        print(f"going on after {len(store)} clips of an interrupted run")
    else:
        # Evidence of an earlier run would be handed out again as this run's.
        shutil.rmtree(out / "evidence", ignore_errors=True)
    rule = MatchRule(onset_s, min_iou, _DEFAULT.clear_early_s, clear_within_s)
    with progress("clips") as advance:
        hands = _hands(watcher, config, out, (workers, ray))
        outcomes = runner.watch_all(clips, hands, rule, problems, advance, store=store)
    store.finish()
    report = event_report(
        clips,
        outcomes,
        scoring=Scoring(rule, resamples, seed),
        problems=problems,
        about=about(detector, seed, (config, sha256)),
        link=lambda path: Path(os.path.relpath(path, out)).as_posix(),
    )
    write_json(out / "report.json", report)
    write_event_csv(out / "events.csv", outcomes)
    write_problems_csv(out / "problems.csv", problems)
    videos = [one.truth.clip for one in in_order(outcomes)]
    pictures = event_shots(report, videos, budget=Budget(shots, films))
    page = events_page(report, pictures, lang)
    (out / "report.html").write_text(page, encoding="utf-8")
    tell_figures(report["figures"], _TOLD)
    finish(problems, out, told=told)


def _hands(
    watcher: SuiteWatcher, config: Path, out: Path, spread: tuple[int, str | None]
) -> Hands:
    workers, address = spread
    if address is None and workers == 1:
        return one_by_one(watcher)
    build = partial(build_suite_watcher, config.resolve(), out.resolve(), workers)
    if address is None:
        return in_processes(build, workers)
    return on_ray(build, Spread(address, workers))


def _clips(places: Iterable[Path], problems: Problems) -> list[TruthClip]:
    files = truth_files(places, problems)
    clips = [clip for clip in (read_truth(f, problems) for f in files) if clip]
    problems.unread = len(files) - len(clips)
    if not clips:
        raise unusable(problems)
    return clips
