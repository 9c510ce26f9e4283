"""`streetwarden train|export|report|parity`: pictures in, a proven model out."""

import math
from pathlib import Path
from typing import Annotated

import typer

from vision.cli.average import average
from vision.cli.data import app as data
from vision.cli.folds import crossval
from vision.cli.levers import levers
from vision.cli.numbers import finite, limit
from vision.cli.sets import (
    DATASETS,
    SIZE_PX,
    Device,
    Root,
    SetName,
    Threads,
    Workers,
    data_root,
    manifest_of,
    need_training,
    spread,
)
from vision.core.errors import ConfigError, ModelError
from vision.training import footage, weigh
from vision.training import parity as gate
from vision.training import quantise as eight_bit
from vision.training.collect import list_split, load
from vision.training.forms import predictor
from vision.training.judge import conditions_table
from vision.training.labels import CLASSES
from vision.training.sheet import note_proven, note_thresholds, read_thresholds

OWN = DATASETS / "demo"
_PARITY_PICTURES = 100
_THRESHOLD = dict.fromkeys(CLASSES, 0.25)  # of a model without a sheet
_BARS = ("plain", "grey", "half size")  # what a model must hold under

app = typer.Typer(no_args_is_help=True, help="Data, training, export, parity.")
app.add_typer(data, name="data")
app.command("average")(average)
app.command("crossval")(crossval)
app.command("levers")(levers)


@app.command("train")
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe.toml.")],
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    *,
    root: Root = None,
    device: Device = "auto",
    workers: Workers = None,
    threads: Threads = 1,
    own: Annotated[str, typer.Option(help="Set of your own, for pool `own`.")] = "",
    minutes: Annotated[
        float,
        typer.Option(min=1, callback=limit, help="Wall time to make the best of."),
    ] = math.inf,
) -> None:
    """Train from a recipe; a stopped run continues where it was.

    A finished run stays as it is. The data root holds the sets, and beside them
    clips/, renders/, weights/.
    """
    need_training()
    from vision.training import figures, fit, machine  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.progress import Progress  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.recipe import read_recipe  # noqa: PLC0415 torch is installed only where models are trained

    read = read_recipe(recipe)
    if own:
        manifest_of(own)
        read = fit.with_own(read, own)
    machine.use_threads(threads)
    means = machine.find(device, workers, minutes)
    places = fit.Places(DATASETS, data_root(root), run)
    if places.result(read).is_file():
        print(f"{places.result(read)}: was finished; name another folder to train anew")
        return
    with Progress(read.steps, run / "log.jsonl") as progress:
        checkpoint = fit.train(read, places, means, progress.on_step)
    log = run / "log.jsonl"
    if log.is_file():
        figures.draw_learning(log, run / "learning.png")
    print(f"{checkpoint}: trained; export it with `streetwarden export`")


@app.command("export")
def export(
    checkpoint: Annotated[Path, typer.Argument(help="A trained .pt file.")],
    sheet: Annotated[Path, typer.Argument(help="papers.toml of the model.")],
    folder: Annotated[Path, typer.Argument(help="Receives model.onnx, model.toml.")],
    *,
    own: Annotated[
        str, typer.Option(help="Set of your own it went on with: goes into the papers.")
    ] = "",
) -> None:
    """Write NMS-free ONNX with its papers, and what further training needs.

    Thresholds that a model.toml in the folder has stay; a new one gets the papers'.
    """
    need_training()
    from vision.training import export as exporting  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training import restore as restoring  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.network import load_checkpoint  # noqa: PLC0415 torch is installed only where models are trained

    papers = exporting.read_papers(sheet)
    if own:
        papers = exporting.went_on(papers, manifest_of(own))
    again = (folder / "model.toml").is_file()
    folder.mkdir(parents=True, exist_ok=True)
    exporting.export_onnx(checkpoint, folder / "model.onnx", papers)
    restoring.write_head(load_checkpoint(checkpoint), folder)
    kept = ": thresholds stay as they stood there" if again else ""
    print(f"{exporting.write_sheet(folder, papers)}{kept}")


@app.command("report")
def report(
    model: Annotated[str, typer.Argument(help=".pt, .onnx or openvino:bf16:FILE.")],
    recipe: Annotated[Path, typer.Argument(help="Recipe: says what is kept aside.")],
    folder: Annotated[Path, typer.Argument(help="Receives figures and pictures.")],
    *,
    root: Root = None,
    own: Annotated[Path, typer.Option(help="Footage of our own to show.")] = OWN,
    size: Annotated[int, typer.Option(help="Side of the square, pixels.")] = SIZE_PX,
    choose: Annotated[
        bool,
        typer.Option(
            "--choose",
            help="Choose thresholds and write them into model.toml; without, the "
            "model's own are judged, if it has any.",
        ),
    ] = False,
) -> None:
    """Measure a model on what training never saw; write tables and pictures."""
    need_training()
    from vision.training import fit, machine  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training import report as reports  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.forms import teacher  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.recipe import need_pools, read_recipe  # noqa: PLC0415 torch is installed only where models are trained

    read = read_recipe(recipe)
    if read.parent is None:
        msg = (
            f"{recipe}: no parent to judge against; use `streetwarden final MODEL SET`"
        )
        raise ConfigError(msg)
    need_pools(read, ("refuse", "vend", "vehicles"), recipe)
    frames = footage.read_footage(own, 2.0)
    machine.use_threads(1)
    places = fit.Places(DATASETS, data_root(root), folder)
    shelf = fit.gather(read, places)
    predict = predictor(model, size)
    weights = Path(model.split(":")[-1])
    beside = weights.with_name("model.toml").is_file()
    own_thresholds = read_thresholds(weights) if choose or beside else {}
    parent = teacher(places.pictures, read.parent)
    kept = {} if choose else own_thresholds
    defaults = _THRESHOLD | own_thresholds
    made = reports.make(parent, predict, shelf, defaults, kept)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(reports.as_json(made), encoding="utf-8")
    reports.draw_all(predict, shelf.aside["refuse"], made.thresholds, folder)
    footage.draw_misses(predict, frames, made.thresholds, folder / "misses.jpg")
    print(reports.as_text(made))
    for label, (good, total) in footage.hits(predict, frames, made.thresholds).items():
        print(f"own footage: {label} seen in {good} of {total} frames")
    print(f"thresholds {made.thresholds}; pictures in {folder}")
    if choose:
        print(f"{note_thresholds(weights, made.thresholds)}: thresholds noted")


@app.command("final")
def final(
    model: Annotated[str, typer.Argument(help=".pt, .onnx or openvino:bf16:FILE.")],
    name: SetName = "garbage_cn",
    *,
    root: Root = None,
    size: Annotated[int, typer.Option(help="Side of the square, pixels.")] = SIZE_PX,
) -> None:
    """Score the test split of a set. Look once, at the end: never choose by it."""
    manifest = manifest_of(name)
    samples = list(
        load(manifest, list_split(manifest, data_root(root), "val"), SIZE_PX)
    )
    names = [c for c in CLASSES if c in manifest.exhaustive]
    table = conditions_table(predictor(model, size), samples, names, _BARS)
    for condition, scores in table.items():
        cells = ", ".join(f"{k} {v.ap50:.3f}/{v.ap:.3f}" for k, v in scores.items())
        print(f"{condition:10} AP50/AP50-95: {cells}")


@app.command("quantise")
def quantise(
    model: Annotated[Path, typer.Argument(help="A float32 .onnx.")],
    target: Annotated[Path, typer.Argument(help="The .xml to write.")],
    *,
    names: Annotated[str, typer.Option(help="Sets to calibrate on, commas.")] = (
        "garbage_cn,streets_unlabelled,vend_scenes"
    ),
    root: Root = None,
    size: Annotated[int, typer.Option(help="Side of the square, pixels.")] = 448,
) -> None:
    """Write an 8-bit candidate; `parity` says whether it may be installed."""
    pictures = [s.image for name in names.split(",") for s in spread(name, root, 30)]
    eight_bit.quantise(model, target, pictures, size)
    print(f"{target}: calibrated on {len(pictures)} pictures; now ask `parity`")


@app.command("parity")
def parity(
    origin: Annotated[str, typer.Argument(help="Reference: .pt or .onnx.")],
    variant: Annotated[
        str, typer.Argument(help=".onnx, or openvino:bf16:FILE (.onnx, .xml).")
    ],
    name: Annotated[str, typer.Option(help="Set to compare on.")] = "garbage_cn",
    *,
    root: Root = None,
    points: Annotated[
        float, typer.Option(callback=finite, help="Allowed loss, mAP points.")
    ] = 0.2,
    faster: Annotated[
        float, typer.Option(callback=finite, help="Needed speed-up.")
    ] = 0.0,
    prove: Annotated[
        str, typer.Option(help="Form to note in model.toml, `openvino-bf16`.")
    ] = "",
) -> None:
    """Compare two forms of a model; refuse one that breaks a bound."""
    samples = spread(name, root, _PARITY_PICTURES)
    pair = predictor(origin, SIZE_PX), predictor(variant, SIZE_PX)
    found, pace = gate.compare(*pair, samples), gate.race(*pair, samples)
    for line in gate.describe(found, pace):
        print(line)
    heavy = [weigh.peak_mib(form, SIZE_PX) for form in (origin, variant)]
    print(f"memory     {heavy[0]:.0f} -> {heavy[1]:.0f} MiB of a process")
    broken = gate.failures(found, pace, gate.Bounds(points, faster))
    if broken:
        msg = f"{variant} must not be installed: " + "; ".join(broken)
        raise ModelError(msg)
    if prove:
        print(f"{note_proven(Path(variant.split(':')[-1]), prove)}: {prove} proven")


if __name__ == "__main__":
    app()
