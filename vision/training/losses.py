"""The loss: what is not labelled is not punished, what was known is kept.

Two terms, for both heads of YOLO26:

* Ultralytics' detection loss on the boxes there are, with the weight of
  every "no box" taken from the label regions of the canvas;
* distillation: where a class is not labelled, the student's logits and boxes
  follow the teacher's (the COCO parent's, or those of the model that is
  continued) on the very same picture. A soft target at every anchor needs no
  threshold and therefore no band to ignore.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import nn
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.tal import make_anchors

from vision.training.labels import CLASSES, COCO_IDS
from vision.training.network import Pass

Batch = dict[str, torch.Tensor]
#: Above this score of the student "no box" is no longer believed in sets
#: that did not label the class.
DOUBT = 0.35
FIRST_ROAD_USER = 4
_LEAST_TEACHER = 0.05


@dataclass(frozen=True, slots=True)
class Gains:
    """Weights of the terms.

    Attributes:
        one_to_many: share of the one-to-many head at start and end; the
            one-to-one head, which ships, has the rest.
        distil_class: weight of following the parent's scores.
        distil_box: weight of following its boxes.
    """

    one_to_many: tuple[float, float] = (0.8, 0.3)
    distil_class: float = 1.0
    distil_box: float = 1.0


class _WeightedBce:
    """Binary cross-entropy with one weight per anchor and class."""

    def __init__(self) -> None:
        self.weight = torch.ones(1)

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return (B, A, C) losses; an assigned object always counts fully."""
        plain = nnf.binary_cross_entropy_with_logits(logits, target, reduction="none")
        believed = (self.weight >= 1.0) | (logits.detach().sigmoid() < DOUBT)
        weight = torch.where(believed, self.weight, 0.0)
        return plain * torch.where(target > 0, 1.0, weight)


class StreetLoss:
    """Both terms over both heads."""

    def __init__(self, student: nn.Module, gains: Gains) -> None:
        """Prepare the assigners.

        Args:
            student: the model; its ``args`` hold the box, cls and dfl gains.
            gains: weights of the terms.
        """
        self._gains = gains
        self._heads: dict[str, Any] = {
            "one2many": v8DetectionLoss(student, tal_topk=10),
            "one2one": v8DetectionLoss(student, tal_topk=7, tal_topk2=1),
        }
        self._bce = _WeightedBce()
        for head in self._heads.values():
            head.bce = self._bce

    def __call__(
        self, outputs: Pass, batch: Batch, progress: float
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss and its parts.

        Args:
            outputs: of ``Pair``.
            batch: ``batch_idx (N,)``, ``cls (N,)``, ``bboxes (N, 4)``
                normalised xywh, ``regions (R, 5 + C)``: row, xyxy pixels,
                weights.
            progress: share of the training that is done, in [0, 1].

        Returns:
            Scalar loss; the parts of the shipped head for the log.
        """
        first, last = self._gains.one_to_many
        share = first + (last - first) * progress
        anchors, stride = make_anchors(
            outputs.student["one2one"]["feats"], self._heads["one2one"].stride, 0.5
        )
        rows = outputs.student["one2one"]["scores"].shape[0]
        weight = region_weight(anchors * stride, batch["regions"], rows)
        total, parts = torch.zeros((), device=anchors.device), {}
        for name, part in (("one2many", share), ("one2one", 1 - share)):
            self._bce.weight = weight
            found, logged = self._heads[name].loss(outputs.student[name], batch)
            term = found.sum() / rows
            parts = {key: float(value) for key, value in logged.items()}
            if outputs.teacher is not None:
                kept, boxes = distil(
                    outputs.student[name], outputs.teacher[name], weight
                )
                term = term + kept * self._gains.distil_class
                term = term + boxes * self._gains.distil_box
                parts |= {
                    "distil": float(kept.detach()),
                    "distil_box": float(boxes.detach()),
                }
            total = total + part * term
        return total, parts


def region_weight(
    centres: torch.Tensor, regions: torch.Tensor, rows: int
) -> torch.Tensor:
    """Look up the weight of "no box" at every anchor.

    Args:
        centres: (A, 2) anchor centres in pixels.
        regions: (R, 5 + C): row of the batch, xyxy pixels, class weights.
        rows: B.

    Returns:
        (B, A, C); 1 outside all regions, the smallest weight inside.
    """
    weight = torch.ones(rows, len(centres), len(CLASSES), device=centres.device)
    low, high = regions[:, None, 1:3], regions[:, None, 3:5]
    inside = ((centres >= low) & (centres < high)).all(dim=2)
    found = torch.where(inside[:, :, None], regions[:, None, 5:], 1.0)
    # In one piece: a loop over regions makes a GPU wait at every one.
    row = regions[:, 0].long()[:, None, None].expand_as(found)
    return weight.scatter_reduce_(0, row, found, "amin")


def distil(
    student: dict[str, torch.Tensor],
    teacher: dict[str, torch.Tensor],
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Follow the teacher for classes that are not labelled.

    Args:
        student: ``scores (B, C, A)`` logits, ``boxes (B, 4, A)``.
        teacher: the same for its leading rows, with the 80 classes of COCO (it
            teaches road users) or with ours (it teaches all).
        weight: (B, A, C) of ``region_weight``; 0 means "follow".

    Returns:
        Mean divergence of scores and mean relative error of box sides, each
        normalised by the amount of objects the teacher sees.
    """
    rows, known = teacher["scores"].shape[:2]
    ids, first = (
        (list(range(known)), 0)
        if known == len(CLASSES)
        else (list(COCO_IDS), FIRST_ROAD_USER)
    )
    target = teacher["scores"][:, ids].sigmoid()
    logits = student["scores"][:rows, first:]
    follow = 1.0 - weight[:rows, :, first:].permute(0, 2, 1)
    entropy = nnf.binary_cross_entropy(target, target, reduction="none")
    cross = nnf.binary_cross_entropy_with_logits(logits, target, reduction="none")
    seen = (target * follow).sum().clamp(min=1.0)
    scores = ((cross - entropy) * follow).sum() / seen

    sure = (target * follow).amax(dim=1)
    sure = torch.where(sure > _LEAST_TEACHER, sure, 0.0)
    side = teacher["boxes"].abs().mean(dim=1) + 1.0
    error = (student["boxes"][:rows] - teacher["boxes"]).abs().mean(dim=1) / side
    boxes = (error * sure).sum() / sure.sum().clamp(min=1.0)
    return scores, boxes
