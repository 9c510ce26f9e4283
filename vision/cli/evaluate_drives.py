"""`streetwarden evaluate drives`: the whole engine on a car's labelled drives."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vision.bootstrap.model import build_detector
from vision.bootstrap.tour import (
    TourWatcher,
    camera_of_tour,
    check_positions,
    doubts_of_tour,
)
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
from vision.cli.stopping import stop_on_signals
from vision.config.site import SiteSettings, load_site
from vision.core.errors import ConfigError, ModelError, VisionError
from vision.evaluation.event_report import Scoring
from vision.evaluation.problems import Problems
from vision.evaluation.report import drives_page
from vision.evaluation.tour_outcome import MapRule, TourOutcome, settle_tour
from vision.evaluation.tour_report import tour_report, write_tour_csv
from vision.evaluation.tour_truth import Tour, check_drives, read_tour
from vision.evaluation.values import write_json, write_problems_csv

_TOLD = (
    *("f1", "precision", "recall", "error_median_m", "error_p95_m"),
    *("within_accuracy", "clear_precision", "false_per_camera_hour"),
)
_DEFAULT = MapRule()


def drives(
    config: Annotated[
        Path, typer.Option(help="The site file (YAML), with a camera that moves.")
    ],
    truth: Annotated[
        list[Path],
        typer.Option(
            help="Truth file, or folder of *truth.json files (datasets/truth.md)."
        ),
    ],
    out: Out,
    *,
    within_m: Annotated[
        float,
        typer.Option(
            min=0, max=200, callback=finite, help="Largest distance from a thing, m."
        ),
    ] = _DEFAULT.within_m,
    resamples: Annotated[int, typer.Option(min=0, help="Bootstrap size.")] = 1000,
    seed: Seed = 0,
    lang: Language = "en",
) -> None:
    """Score what the engine reports on drives along which the truth is known.

    Each truth file is watched from nothing known to its last drive, in a home of its
    own below --out; STREETWARDEN_HOME is left alone.
    """
    problems = Problems()
    loaded = load_site(config)
    tours = _tours(truth, loaded.settings, problems)
    detector = build_detector(loaded.settings.model)
    make_folder(out)
    told = tell(problems)  # before hours of watching, not after them
    scoring = Scoring(MapRule(within_m), resamples, seed)
    outcomes: list[TourOutcome] = []
    with stop_on_signals() as stop, progress("tours") as advance:
        watcher = TourWatcher(loaded, out, stop)
        for number, tour in enumerate(tours):
            advance(number, len(tours))
            try:
                run = watcher.watch(tour)
            except ModelError:
                raise
            except VisionError as error:
                lost = max(1, len(tour.things))
                problems.add(tour.path, None, f"{error}; left out", lost=lost)
                continue
            outcomes.append(settle_tour(tour, run, scoring.rule))
    report = tour_report(
        tours,
        outcomes,
        scoring=scoring,
        problems=problems,
        about=about(detector, seed, (config, loaded.sha256)),
        link=lambda path: Path(os.path.relpath(path, out)).as_posix(),
    )
    write_json(out / "report.json", report)
    write_tour_csv(out / "events.csv", report)
    write_problems_csv(out / "problems.csv", problems)
    page = drives_page(report, lang)
    (out / "report.html").write_text(page, encoding="utf-8")
    tell_figures(report["figures"], _TOLD)
    finish(problems, out, told=told)


def _tours(
    places: Sequence[Path], site: SiteSettings, problems: Problems
) -> list[Tour]:
    """Return what can be watched; each fault is told of."""
    files = truth_files(places, problems)
    tours = []
    for tour in filter(None, (read_tour(file, problems) for file in files)):
        if not check_drives(tour, problems):
            continue
        try:
            check_positions(site, tour)
        except ConfigError as error:
            lost = max(1, len(tour.things))
            problems.add(tour.path, None, f"{error}; the file is left out", lost=lost)
            continue
        for doubt in doubts_of_tour(site, tour):
            problems.add(tour.path, None, doubt, lost=0)
        tours.append(replace(tour, camera=camera_of_tour(site, tour).id))
    problems.unread = len(files) - len(tours)
    if not tours:
        raise unusable(problems)
    return tours
