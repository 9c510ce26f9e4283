"""`streetwarden data`: bring in, check, count and show training pictures."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer

from vision.cli.numbers import finite
from vision.cli.sets import SIZE_PX, Root, SetName, data_root, manifest_of
from vision.training import checks, contact, layouts, scenes
from vision.training.collect import list_split, load

Layout = Literal["yolo", "coco", "voc"]
_SHEET_PICTURES = 24
_FATAL = {"broken", "missing", "empty", "label", "leak"}  # kinds of faults

app = typer.Typer(no_args_is_help=True, help="Training pictures.")


@app.command("import")
def import_set(
    source: Annotated[Path, typer.Argument(help="Set folder or annotations.")],
    target: Annotated[Path, typer.Argument(help="New folder.")],
    *,
    layout: Annotated[Layout, typer.Option(help="Layout of the source.")] = "yolo",
    pictures: Annotated[
        Path | None, typer.Option(help="Pictures of COCO or VOC files.")
    ] = None,
    names: Annotated[str, typer.Option(help="YOLO: class names, commas.")] = "",
    judge: Annotated[
        float,
        typer.Option(
            callback=finite, help="Share of whole scenes to keep for judging."
        ),
    ] = 0.0,
) -> None:
    """Bring your own pictures into the layout that training reads."""
    beside = pictures if pictures is not None else source.parent / "images"
    if layout == "coco":
        found = layouts.read_coco(source, beside)
    elif layout == "voc":
        found = layouts.read_voc(source, beside)
    else:
        found = layouts.read_yolo_set(source, tuple(names.split(",")))
    count = layouts.write_set(found, target)
    if judge > 0:
        kept = scenes.part_scenes(target, judge)
        print(f"{target / 'val.txt'}: {kept} pictures of scenes kept for judging")
    print(f"{target}: {count} pictures. Complete {target / 'manifest.toml'}.")


@app.command("check")
def check_set(name: SetName, *, root: Root = None) -> None:
    """Find broken pictures, wrong boxes, and look-alikes across splits."""
    faults = list(checks.check(manifest_of(name), data_root(root)))
    for fault in faults:
        print(f"{fault.kind:9} {fault.where}: {fault.text}")
    kinds = ", ".join(f"{n} {k}" for k, n in Counter(f.kind for f in faults).items())
    print(f"{name}: {kinds or 'no fault found'}")
    if any(f.kind in _FATAL for f in faults):
        raise typer.Exit(1)


@app.command("stats")
def stats(name: SetName, *, root: Root = None) -> None:
    """Count pictures and boxes per split."""
    manifest = manifest_of(name)
    for split in (s for s in manifest.splits if s != "drop"):
        counted = checks.tally(manifest, data_root(root), split)
        print(f"{split}: {counted.pictures} pictures, {counted.empty} without a box")
        for label, count in counted.boxes.items():
            small = counted.small[label]
            print(f"  {label:16} {count:6} boxes, {small} under 1 % of the picture")


@app.command("preview")
def preview(
    name: SetName, target: Path, *, split: str = "train", root: Root = None
) -> None:
    """Write a contact sheet with the boxes drawn."""
    manifest = manifest_of(name)
    paths = list_split(manifest, data_root(root), split)
    step = max(1, len(paths) // _SHEET_PICTURES)
    spread = islice(paths, 0, None, step)
    drawn = [contact.labelled(s) for s in load(manifest, spread, SIZE_PX)]
    contact.write(target, contact.sheet(drawn[:_SHEET_PICTURES], 6, 256))
    print(f"{target}: {min(len(drawn), _SHEET_PICTURES)} of {len(paths)} pictures")
