"""From the model's classes to ours: names, thresholds, what is off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vision.core.arrays import FloatArray, IntArray
from vision.core.errors import ModelError
from vision.detectors.model_file import ModelFile

DEFAULT_THRESHOLD = 0.25


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """What a site may choose about any detector.

    Attributes:
        class_map: the model's class names to ours; unnamed ones keep their name and
            two may become one.
        thresholds: least score by our class names, (0, 1); goes before the model's.
        enable_preview: classes, by the model's name or ours, that the model offers as
            a preview only and that are wanted all the same.
        imgsz: side or (height, width) of the model's input, pixels, or None for
            the size that it was exported for.
        tight: leave out padding that a picture does not need, where the graph takes
            any size; pictures of one shape then share a batch. Faster by the padding
            (16:9 in a square: 35 to 37 %).
        batch_max: most pictures in one run of the model.
        iou_threshold: a box that overlaps a better one of its class by more is
            the same object. High, since parked cars stand close together; 1 never.
        class_agnostic: compare boxes of different classes as well.
        max_detections: most boxes per picture; the best stay.
    """

    class_map: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    enable_preview: tuple[str, ...] = ()
    imgsz: int | tuple[int, int] | None = None
    tight: bool = True
    batch_max: int = 8
    iou_threshold: float = 0.7
    class_agnostic: bool = False
    max_detections: int = 300


@dataclass(frozen=True, eq=False, slots=True)
class LabelTable:
    """One row per class of the model.

    Attributes:
        labels: our class names; preview classes that are off are not among them.
        class_id: (C,) int64 index into `labels`; 0 where the class is off.
        threshold: (C,) float32 least score; infinite where the class is off.
    """

    labels: tuple[str, ...]
    class_id: IntArray
    threshold: FloatArray

    @classmethod
    def build(cls, model: ModelFile, options: DetectorOptions) -> "LabelTable":
        """Return the table for a model and a site's choice.

        Raises:
            ModelError: the choice names classes that the model does not have.
        """
        where = f"model {model.path}"
        _check_known(where, "class_map", options.class_map, model.names)
        ours = [options.class_map.get(name, name) for name in model.names]
        _check_known(where, "thresholds", options.thresholds, ours)
        # A class that is no preview any more may still be asked for.
        either = dict.fromkeys((*model.names, *ours))
        _check_known(where, "enable_preview", options.enable_preview, either)
        wanted = set(options.enable_preview)
        on = [
            name not in model.preview or bool({name, our} & wanted)
            for name, our in zip(model.names, ours, strict=True)
        ]
        kept = [our for our, is_on in zip(ours, on, strict=True) if is_on]
        labels = tuple(dict.fromkeys(kept))
        threshold = [
            _threshold(name, our, model, options) if is_on else np.inf
            for name, our, is_on in zip(model.names, ours, on, strict=True)
        ]
        class_id = [
            labels.index(our) if is_on else 0
            for our, is_on in zip(ours, on, strict=True)
        ]
        return cls(
            labels=labels,
            class_id=np.array(class_id, np.int64),
            threshold=np.array(threshold, np.float32),
        )


def _threshold(
    name: str, our: str, model: ModelFile, options: DetectorOptions
) -> float:
    own = model.thresholds.get(name, DEFAULT_THRESHOLD)
    return options.thresholds.get(our, own)


def _check_known(
    where: str, key: str, used: Iterable[str], known: Iterable[str]
) -> None:
    have = list(known)
    unknown = sorted(set(used) - set(have))
    if unknown:
        msg = (
            f"{where}: {key} speaks of {unknown}, expected some of {have}; "
            f"correct {key} in the configuration"
        )
        raise ModelError(msg)
