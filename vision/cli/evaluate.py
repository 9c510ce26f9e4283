"""`streetwarden evaluate ...`: is it right, how often, how late, how sure."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from vision.bootstrap.judged import JudgedModel, Runtime, build_judged_detector
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError
from vision.core.ports import Detector
from vision.evaluation import runner
from vision.evaluation.about import About, command_line, machine, packages, timestamp
from vision.evaluation.cases import map_classes
from vision.evaluation.detection import (
    DetectionResult,
    save_flags,
    score_detections,
)
from vision.evaluation.detection_report import (
    detection_report,
    worst_gallery,
    write_class_csv,
)
from vision.evaluation.layouts import read_pictures
from vision.evaluation.pictures import PictureSet
from vision.evaluation.predictions import Header, PredictionStore
from vision.evaluation.problems import Problems
from vision.evaluation.report import detections_page, show
from vision.evaluation.values import write_json, write_problems_csv

BAD_INPUT = 7
"""Exit status: finished, but some of the input could not be used as it is."""

app = typer.Typer(
    no_args_is_help=True,
    help="Score a detector or the engine; exit status 7: some input was left out.",
)

Out = Annotated[Path, typer.Option(help="Folder that gets the report.")]
Seed = Annotated[int, typer.Option(help="Of the bootstrap.")]
Language = Annotated[Literal["en", "zh"], typer.Option(help="Shown first.")]


@app.command("detections")
def detections(
    model: Annotated[Path, typer.Option(help="Model folder or file.")],
    data: Annotated[
        Path, typer.Option(help="YOLO data.yaml, COCO .json or Pascal VOC folder.")
    ],
    out: Out,
    *,
    split: Annotated[str, typer.Option(help="YOLO, VOC: which split.")] = "val",
    images: Annotated[
        Path | None, typer.Option(help="Pictures, if not in the usual place.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--map", help="Set's class to model's: garbage_bin=bin."),
    ] = None,
    ignore_class: Annotated[
        list[str] | None, typer.Option(help="Set's class that marks ignore regions.")
    ] = None,
    runtime: Annotated[Runtime, typer.Option(help="What runs the model.")] = "onnx",
    min_score: Annotated[float, typer.Option(help="Least score kept.")] = 0.01,
    imgsz: Annotated[int | None, typer.Option(help="Input side, pixels.")] = None,
    threads: Annotated[int, typer.Option(help="Of the model; 0: all cores.")] = 0,
    workers: Annotated[int, typer.Option(help="Threads that decode.")] = 2,
    batch: Annotated[int, typer.Option(help="Pictures per run.")] = 8,
    worst: Annotated[int, typer.Option(help="Pictures in the gallery.")] = 24,
    resamples: Annotated[int, typer.Option(help="Bootstrap size.")] = 200,
    seed: Seed = 0,
    lang: Language = "en",
) -> None:
    """Score a detector on labelled pictures; an interrupted run goes on."""
    problems = Problems()
    pictures = read_pictures(data, split=split, problems=problems, images=images)
    judged = JudgedModel(model, runtime, min_score, imgsz, threads, batch)
    detector = build_judged_detector(judged)
    classes = map_classes(
        pictures,
        detector.labels,
        rename=_renames(rename or []),
        ignore=ignore_class or [],
        problems=problems,
    )
    if not classes.names:
        msg = (
            f"{data}: its classes {', '.join(pictures.labels)} and the model's "
            f"{', '.join(detector.labels)} have none in common; use --map SET=MODEL"
        )
        raise ConfigError(msg)
    out.mkdir(parents=True, exist_ok=True)
    header = Header(
        detector.model_id, detector.model_sha256, detector.labels, str(data), min_score
    )
    run = runner.DetectRun(detector, SystemClock(), batch, workers)
    with PredictionStore(out, header) as store, progress("pictures") as advance:
        runner.detect_all(pictures.pictures, run, store, advance)
    result = score_detections(
        pictures, store.done, classes, problems, resamples=resamples, seed=seed
    )
    _write(out, result, (pictures, problems), _about(detector, seed), (worst, lang))
    for one in result.classes:
        print(f"{one.name:16} AP50 {show('ap50', one.ap50.value)}")
    print(f"{'all':16} mAP50 {show('map50', result.map50.value)}")
    finish(problems, out)


@contextmanager
def progress(what: str) -> Iterator[runner.Progress]:
    """Yield a callback that draws a bar on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def finish(problems: Problems, out: Path) -> None:
    """Say where the report is and leave with the status that the input deserves."""
    for problem in problems.items[:10]:
        print(problem.located, file=sys.stderr)
    if len(problems):
        print(f"{len(problems)} problems, see {out / 'problems.csv'}", file=sys.stderr)
    print(out / "report.html")
    if len(problems):
        raise typer.Exit(BAD_INPUT)


def _write(
    out: Path,
    result: DetectionResult,
    read: tuple[PictureSet, Problems],
    about: About,
    shown: tuple[int, str],
) -> None:
    pictures, problems = read
    worst, lang = shown
    report = detection_report(result, pictures, problems, about)
    gallery = worst_gallery(result, pictures, runner.decode, worst)
    write_json(out / "report.json", report)
    write_class_csv(out / "classes.csv", result)
    write_problems_csv(out / "problems.csv", problems)
    save_flags(out / "flags.npz", result)
    page = detections_page(report, gallery, lang)
    (out / "report.html").write_text(page, encoding="utf-8")


def _about(detector: Detector, seed: int) -> About:
    return About(
        command=command_line(sys.argv),
        made_at=timestamp(SystemClock().now()),
        seed=seed,
        model_id=detector.model_id,
        model_sha256=detector.model_sha256,
        machine=machine(),
        packages=packages(),
    )


def _renames(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if pair.count("=") != 1]
    if wrong:
        msg = f"--map: got {', '.join(wrong)}; expected SET=MODEL, e.g. overflow=bin"
        raise ConfigError(msg)
    return dict(pair.split("=") for pair in pairs)
