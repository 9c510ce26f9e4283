"""`streetwarden evaluate detections`: a detector on labelled pictures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from vision.bootstrap.judged import JudgedModel, Runtime, build_judged_detector
from vision.cli.evaluate_output import (
    Language,
    Out,
    Seed,
    about,
    finish,
    make_folder,
    progress,
)
from vision.cli.numbers import finite
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError
from vision.evaluation import runner
from vision.evaluation.about import About
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
from vision.evaluation.predictions import Header, PredictionStore, stamp_of
from vision.evaluation.problems import Problems
from vision.evaluation.report import detections_page, show
from vision.evaluation.spread import Spread, detect_spread
from vision.evaluation.values import write_json, write_problems_csv


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
    min_score: Annotated[
        float, typer.Option(callback=finite, help="Least score kept.")
    ] = 0.01,
    imgsz: Annotated[int | None, typer.Option(help="Input side, pixels.")] = None,
    threads: Annotated[int, typer.Option(help="Of the model; 0: all cores.")] = 0,
    workers: Annotated[
        int, typer.Option(help="Threads that decode; with --ray: detectors.")
    ] = 2,
    ray: Annotated[
        str | None, typer.Option(help="Spread over a Ray cluster: address or `local`.")
    ] = None,
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
    make_folder(out)
    header = Header(
        detector.model_id,
        detector.model_sha256,
        detector.labels,
        pictures=f"{data} {split}",
        min_score=min_score,
        how=f"{runtime} imgsz={imgsz}",
    )
    stamps = {one.key: stamp_of(one.path) for one in pictures.pictures}
    with PredictionStore(out, header, stamps) as store, progress("pictures") as advance:
        if ray is None:
            run = runner.DetectRun(detector, SystemClock(), batch, workers)
            runner.detect_all(pictures.pictures, run, store, advance)
        else:
            build = partial(build_judged_detector, judged)
            spread = Spread(ray, workers, batch)
            detect_spread(pictures.pictures, build, spread, store, advance)
    result = score_detections(
        pictures, store.done, classes, problems, resamples=resamples, seed=seed
    )
    _write(
        out, result, (pictures, problems), about(detector, seed, None), (worst, lang)
    )
    for one in result.classes:
        print(f"{one.name:16} AP50 {show('ap50', one.ap50.value)}")
    print(f"{'all':16} mAP50 {show('map50', result.map50.value)}")
    finish(problems, out)


def _write(
    out: Path,
    result: DetectionResult,
    read: tuple[PictureSet, Problems],
    made: About,
    shown: tuple[int, str],
) -> None:
    pictures, problems = read
    worst, lang = shown
    report = detection_report(result, pictures, problems, made)
    gallery = worst_gallery(result, pictures, runner.decode, worst)
    write_json(out / "report.json", report)
    write_class_csv(out / "classes.csv", result)
    write_problems_csv(out / "problems.csv", problems)
    save_flags(out / "flags.npz", result)
    page = detections_page(report, gallery, lang)
    (out / "report.html").write_text(page, encoding="utf-8")


def _renames(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if pair.count("=") != 1]
    if wrong:
        msg = f"--map: got {', '.join(wrong)}; expected SET=MODEL, e.g. overflow=bin"
        raise ConfigError(msg)
    return dict(pair.split("=") for pair in pairs)
