"""Put the sets of a recipe into memory, with what is kept aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.errors import ConfigError
from vision.training.clips import sample_clip
from vision.training.collect import (
    bounded,
    is_picture,
    list_split,
    load,
    read_manifest,
    read_picture,
    read_yolo,
)
from vision.training.labels import (
    CLASSES,
    IGNORE,
    ROAD_USERS,
    Sample,
    label_weight,
    shows_refuse,
)
from vision.training.listing import Origins
from vision.training.scenes import describe, group, hold_out

#: Pool of pictures from elsewhere than the refuse set, on which we drew refuse.
ELSEWHERE = "elsewhere"
#: Pool of things cut out, which are set into pictures and are none themselves.
CUTOUTS = "cutouts"
#: Pool of a city's own pictures, named when training starts.
OWN = "own"
#: Pools beside the sets of a recipe: what has folders of its own, and the same
#: pictures in other rows.
BESIDE = ("clips", "renders", ELSEWHERE, "refuse_kept", "heaps", "stalls")
STALL = CLASSES.index("street_vendor")
_CLIP_PX = 640
_CITY = tuple(name for name in CLASSES if name not in ROAD_USERS)


@dataclass(frozen=True, slots=True)
class Aside:
    """What training never sees.

    Attributes:
        scene_share: share of refuse pictures, by whole scenes.
        scene_alike: cosine from which two pictures are one scene.
        vend_origins: beginnings of origins of vending pictures.
        vehicles_share: share of vehicle pictures.
        clips: file names.
        elsewhere_share: share of the pictures of other sets that show refuse
            which we drew, and of all where a set keeps nothing aside. Pictures
            with a stall stay: there are too few.
    """

    scene_share: float
    scene_alike: float
    vend_origins: tuple[str, ...]
    vehicles_share: float
    clips: tuple[str, ...]
    elsewhere_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Pictures to train on and pictures kept aside, by pool."""

    train: dict[str, list[Sample]] = field(default_factory=dict)
    aside: dict[str, list[Sample]] = field(default_factory=dict)


def read_sets(
    roots: tuple[Path, Path], sets: Mapping[str, str], aside: Aside, largest_px: int
) -> Shelf:
    """Read the picture sets of a recipe.

    Args:
        roots: folder of `<name>/manifest.toml`, and the data root.
        sets: pool to set name.
        aside: what to keep aside.
        largest_px: bound of the longer side.

    Returns:
        The pools. Pool ``elsewhere`` is those pictures of the others on which
        we drew refuse: to train on, such as show some; aside, all.
    """
    shelf = Shelf(train={ELSEWHERE: []}, aside={ELSEWHERE: []})
    datasets, root = roots
    for pool, name in sets.items():
        manifest = read_manifest(datasets / name / "manifest.toml")
        samples = list(load(manifest, list_split(manifest, root, "train"), largest_px))
        kept = set(_kept_aside(pool, samples, root / name, aside))
        held = set(kept)
        if manifest.drawn is not None:
            held |= _held_elsewhere(samples, aside.elsewhere_share, whole=not kept)
        shelf.train[pool] = [s for s in samples if s.key not in held]
        shelf.aside[pool] = [s for s in samples if s.key in kept]
        if manifest.drawn is not None:
            shown = (s for s in shelf.train[pool] if shows_refuse(s.class_id))
            shelf.train[ELSEWHERE] += shown
            shelf.aside[ELSEWHERE] += (s for s in samples if s.key in held)
    return shelf


def read_clips(folder: Path, aside: Aside, period_s: float) -> Shelf:
    """Sample frames of clips, unlabelled, for the teacher.

    Args:
        folder: of ``.mp4`` files; may be absent where none is kept aside.
        aside: clips to keep aside.
        period_s: time between two frames.

    Returns:
        Pool ``clips``, the longer side at most 640 px.

    Raises:
        ConfigError: a clip to keep aside is not there, or one cannot be decoded.
    """
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() == ".mp4")
    missing = sorted(set(aside.clips) - {path.name for path in paths})
    if missing:
        msg = (
            f"{folder} holds no {', '.join(missing)}, which the recipe's [aside] clips "
            "names: bring them, or take them out of the recipe"
        )
        raise ConfigError(msg)
    shelf = Shelf(train={"clips": []}, aside={"clips": []})
    weight = label_weight((), _CITY)
    for path in paths:
        side = shelf.aside if path.name in aside.clips else shelf.train
        for index, (_, image) in enumerate(sample_clip(path, period_s)):
            small = bounded(image, _CLIP_PX)
            side["clips"].append(_bare(f"clips/{path.stem}/{index}", small, weight))
    return shelf


def read_renders(folder: Path, largest_px: int) -> list[Sample]:
    """Read rendered stills: YOLO layout, our own class numbers, all labelled.

    Args:
        folder: with ``images/`` and ``labels/``; may be absent.
        largest_px: bound of the longer side.

    Returns:
        Samples; empty when there are none yet.

    Raises:
        ConfigError: labels without their picture, or a line is no label.
    """
    weight = label_weight(CLASSES, ())
    pictures = {p.stem: p for p in (folder / "images").glob("*") if is_picture(p)}
    samples = []
    for label in sorted((folder / "labels").glob("*.txt")):
        if label.stem not in pictures:
            msg = f"{label}: {folder / 'images'} holds no such picture; render it anew"
            raise ConfigError(msg)
        image = read_picture(pictures[label.stem], largest_px)
        xyxy, class_id = read_yolo(label, image.shape[:2], len(CLASSES))
        samples.append(Sample(f"renders/{label.stem}", image, xyxy, class_id, weight))
    return samples


def read_cutouts(folder: Path) -> list[Sample]:
    """Read things that were rendered alone: pictures with alpha, and their boxes.

    Args:
        folder: of ``NAME.png`` and ``NAME.json``; may be absent.

    Returns:
        Samples with ``alpha``, cut to what shows; empty when there are none yet.

    Raises:
        ConfigError: a picture lacks or has no alpha, or its notes are none.
    """
    return [_cutout(path) for path in sorted(folder.glob("*.json"))]


def _cutout(path: Path) -> Sample:
    picture = path.with_suffix(".png")
    pixels = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[2:] != (4,):
        msg = f"{picture}: expected a picture with alpha; render it anew"
        raise ConfigError(msg)
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        shown = [note for note in notes if note["label"] is not None]
        class_id = [
            IGNORE if note["label"] == "ignore" else CLASSES.index(note["label"])
            for note in shown
        ]
        boxes = [[float(v) for v in note["xyxy"]] for note in shown]
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path}: expected [{{label, xyxy}}] ({error}); render it anew"
        raise ConfigError(msg) from error
    y, x = (np.flatnonzero(pixels[..., 3].any(axis=axis)) for axis in (1, 0))
    if not len(x):
        msg = f"{picture}: shows nothing; render it anew"
        raise ConfigError(msg)
    cut = pixels[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    return Sample(
        key=f"cutouts/{path.stem}",
        image=(cut[..., :3] * (cut[..., 3:] / 255.0)).astype(np.uint8),
        xyxy=xyxy - np.array((x[0], y[0]) * 2, np.float32),
        class_id=np.array(class_id, np.int64),
        weight=label_weight(CLASSES, ()),
        alpha=np.ascontiguousarray(cut[..., 3]),
    )


def _kept_aside(
    pool: str, samples: Sequence[Sample], folder: Path, aside: Aside
) -> list[str]:
    keys = [s.key for s in samples]
    if pool == "refuse":
        looks = np.stack([describe(s.image) for s in samples])
        return hold_out(keys, group(looks, aside.scene_alike), aside.scene_share)
    if pool == "vend":
        origins = Origins(folder)
        return [
            key
            for key in keys
            if origins.of(key.split("/")[1]).startswith(aside.vend_origins)
        ]
    if pool == "vehicles":
        return [key for key in keys if _chance(key) < aside.vehicles_share]
    return []


def _held_elsewhere(
    samples: Sequence[Sample], share: float, *, whole: bool
) -> set[str]:
    """Choose pictures with drawn refuse to judge by; ``whole``: others as well."""
    return {
        s.key
        for s in samples
        if _chance(s.key) < share
        and STALL not in s.class_id
        and (whole or shows_refuse(s.class_id))
    }


def _chance(key: str) -> float:
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32


def _bare(key: str, image: ImageU8, weight: np.ndarray) -> Sample:
    none = np.zeros((0, 4), np.float32)
    return Sample(key, image, none, np.zeros(0, np.int64), weight)
