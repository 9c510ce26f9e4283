"""One picture's boxes, drawn and detected, in the same classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.core.detections import Detections
from vision.evaluation.pictures import LabelledPicture, PictureSet
from vision.evaluation.problems import Problems


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One scored picture.

    Attributes:
        key: the picture's key.
        xyxy: (N, 4) float32 true boxes, pixels.
        class_id: (N,) int64, index into the scored names.
        ignore: (N,) bool ignore regions.
        said: detections, `class_id` in the same names.
    """

    key: str
    xyxy: FloatArray
    class_id: IntArray
    ignore: BoolArray
    said: Detections


@dataclass(frozen=True, slots=True)
class ClassMap:
    """How the data set's and the model's classes meet.

    Attributes:
        names: scored classes: labelled in the set and known to the model.
        truth: data set class id to index into `names`; None: not scored.
        ignored: data set class ids that are ignore regions for every class.
        said: model class id to index into `names`; None: not labelled in the set.
    """

    names: tuple[str, ...]
    truth: tuple[int | None, ...]
    ignored: frozenset[int]
    said: tuple[int | None, ...]


def map_classes(
    pictures: PictureSet,
    model_labels: Sequence[str],
    *,
    rename: Mapping[str, str],
    ignore: Iterable[str],
    problems: Problems,
) -> ClassMap:
    """Bring the data set's names and the model's together.

    Args:
        pictures: the labelled set.
        model_labels: the detector's classes.
        rename: data set name to model name, where they differ; several may share one.
        ignore: data set names whose boxes are ignore regions for all classes.
        problems: told of classes that the model lacks and of unknown names.

    Returns:
        The map; a class that the model lacks is not scored, and that is said with the
        number of its boxes.
    """
    regions = set(ignore)
    for name in sorted((set(rename) | regions) - set(pictures.labels)):
        known = ", ".join(pictures.labels)
        text = f"no class {name!r} to rename or ignore; the set has {known}"
        problems.add(pictures.path, None, text, lost=0)
    ignored = frozenset(k for k, n in enumerate(pictures.labels) if n in regions)
    wanted = [rename.get(name, name) for name in pictures.labels]
    kept = {n for k, n in enumerate(wanted) if k not in ignored}
    names = tuple(name for name in model_labels if name in kept)
    index = {name: k for k, name in enumerate(names)}
    boxes = _boxes_per_class(pictures)
    for k, name in enumerate(wanted):
        if k not in ignored and name not in index:
            text = (
                f"the model lacks class {name!r}: {boxes[k]} boxes are not scored; "
                f"it knows {', '.join(model_labels)}"
            )
            problems.add(pictures.path, None, text, lost=int(boxes[k]))
    return ClassMap(
        names=names,
        truth=tuple(
            None if k in ignored else index.get(n) for k, n in enumerate(wanted)
        ),
        ignored=ignored,
        said=tuple(index.get(name) for name in model_labels),
    )


def case_of(picture: LabelledPicture, said: Detections, classes: ClassMap) -> Case:
    """Return one picture in scored classes.

    Args:
        picture: as labelled.
        said: as detected, in the model's class ids.
        classes: the map of both.

    Returns:
        Boxes of unscored classes are left out; a region that is ignored for every
        class appears once per class.
    """
    rows = [
        (box, index, bool(ignore))
        for box, class_id, ignore in zip(
            picture.xyxy, picture.class_id.tolist(), picture.ignore, strict=True
        )
        for index in [classes.truth[class_id]]
        if index is not None
    ]
    rows += [
        (box, index, True)
        for box, class_id in zip(picture.xyxy, picture.class_id.tolist(), strict=True)
        if class_id in classes.ignored
        for index in range(len(classes.names))
    ]
    scored = np.array([k is not None for k in classes.said], np.bool_)
    target = np.array([k or 0 for k in classes.said], np.int64)
    mapped = target[said.class_id]
    known = scored[said.class_id]
    return Case(
        key=picture.key,
        xyxy=np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        class_id=np.array([index for _, index, _ in rows], np.int64),
        ignore=np.array([region for _, _, region in rows], np.bool_),
        said=Detections(said.xyxy[known], said.score[known], mapped[known]),
    )


def _boxes_per_class(pictures: PictureSet) -> IntArray:
    count = np.zeros(len(pictures.labels), np.int64)
    for picture in pictures.pictures:
        np.add.at(count, picture.class_id, 1)
    return count
