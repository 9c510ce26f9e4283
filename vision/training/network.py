"""The network: YOLO26n with the parent's knowledge of road users kept.

The new head starts with the parent's own rows for road users, so at step 0
it *is* the parent for them; only the four city classes start from nothing.
The stem (stride 4) stays frozen and is shared with the teacher, whose pass
over the same pictures then costs little.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import torch
from torch import nn

from vision.training.arithmetic import bf16_pays
from vision.training.labels import CLASSES, COCO_IDS, ROAD_USERS

Outputs = dict[str, dict[str, torch.Tensor]]
Alone = Literal["one2one", "one2many"]
SHARED_LAYERS = 3
HEAD = "model.23."  # of YOLO26
_NEW_BIAS = -6.0


def load_checkpoint(path: Path) -> nn.Module:
    """Load an Ultralytics checkpoint as a float32 model.

    Args:
        path: a `.pt` file. It is unpickled: load only files you trust.

    Returns:
        The model.
    """
    stored = torch.load(path, map_location="cpu", weights_only=False)
    model: nn.Module = stored["model"].float()
    return model


def adapt(parent: nn.Module) -> nn.Module:
    """Give a copy of a COCO model our classes.

    Args:
        parent: YOLO26 with the 80 COCO classes.

    Returns:
        A model with ``CLASSES``; road-user rows are the parent's.
    """
    model = copy.deepcopy(parent)
    head: Any = model.model[-1]
    first_road_user = len(CLASSES) - len(ROAD_USERS)
    for branch in (*head.cv3, *head.one2one_cv3):
        old = branch[2]
        new = nn.Conv2d(old.in_channels, len(CLASSES), 1)
        nn.init.normal_(new.weight, std=0.01)
        nn.init.constant_(new.bias, _NEW_BIAS)
        with torch.no_grad():
            for row, coco_id in enumerate(COCO_IDS, start=first_road_user):
                new.weight[row] = old.weight[coco_id]
                new.bias[row] = old.bias[coco_id]
        branch[2] = new
    head.nc = len(CLASSES)
    head.no = head.nc + 4 * head.reg_max
    model.names = dict(enumerate(CLASSES))
    model.yaml["nc"] = len(CLASSES)
    model.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5, epochs=1)
    model.criterion = None
    return model


@dataclass(frozen=True, slots=True)
class Pass:
    """What one step of training needs from the networks.

    Attributes:
        student: raw head outputs of the student, both heads.
        teacher: those of the teacher for its rows of the batch, or None.
    """

    student: Outputs
    teacher: Outputs | None


class Pair:
    """Student and teacher on a shared, frozen stem."""

    def __init__(
        self, student: nn.Module, teacher: nn.Module, alone: Alone | None = None
    ) -> None:
        """Freeze the teacher and the stem.

        Args:
            student: the model to train; its stem equals the teacher's.
            teacher: the COCO parent.
            alone: train one head and freeze the rest, at a fraction of the
                cost. The one-to-one head never shapes the rest (its features
                are detached), so it may lag behind and be brought up last. A
                one-to-many head that is new to its network must find its
                feet first, or its mistakes would shape all that is before it.
        """
        self.student = student
        self.teacher = teacher
        self.teacher.requires_grad_(requires_grad=False)
        # A student may come from a stage that froze other parts.
        for name, weight in student.named_parameters():
            trained = alone is None or of_head(name, alone)
            weight.requires_grad_(requires_grad=trained)
        for layer in self._layers(student)[:SHARED_LAYERS]:
            layer.requires_grad_(requires_grad=False)
        self.set_training()

    def set_training(self) -> None:
        """Put every part in the mode that training needs."""
        for model in (self.student, self.teacher):
            # Batch norms keep the parent's statistics: batches of mosaics
            # and grey pictures would drift away from what cameras show, and
            # step 0 would no longer be the parent.
            model.eval()
            # Only the head itself trains: it then hands out raw logits of
            # both branches.
            self._layers(model)[-1].training = True

    def __call__(self, pictures: torch.Tensor, teacher_rows: int) -> Pass:
        """Run both networks.

        Args:
            pictures: (B, 3, S, S) in [0, 1].
            teacher_rows: how many leading rows the teacher looks at.

        Returns:
            Raw outputs in float32.
        """
        device = pictures.device.type
        with torch.autocast(device, torch.bfloat16, enabled=bf16_pays(device)):
            with torch.no_grad():
                stem, saved = _run(self.student, pictures, (0, SHARED_LAYERS), [])
            last = len(self._layers(self.student))
            student, _ = _run(self.student, stem, (SHARED_LAYERS, last), saved)
            teacher: Outputs | None = None
            if teacher_rows:
                with torch.no_grad():
                    part = [None if s is None else s[:teacher_rows] for s in saved]
                    span = (SHARED_LAYERS, last)
                    out, _ = _run(self.teacher, stem[:teacher_rows], span, part)
                teacher = _float(out)
        return Pass(student=_float(student), teacher=teacher)

    @staticmethod
    def _layers(model: nn.Module) -> Any:
        return model.model


def of_head(name: str, head: Alone) -> bool:
    """Say whether a parameter belongs to one of the two heads.

    Args:
        name: as in ``named_parameters``.
        head: which.

    Returns:
        Whether it does.
    """
    single = "one2one" in name
    many = not single and (".cv2." in name or ".cv3." in name)
    return single if head == "one2one" else many and name.startswith(HEAD)


def _run(
    model: Any, value: Any, span: tuple[int, int], saved: list[Any]
) -> tuple[Any, list[Any]]:
    """Run a span of an Ultralytics layer list; the routing is theirs."""
    outputs = list(saved)
    for layer in model.model[span[0] : span[1]]:
        if layer.f != -1:
            value = (
                outputs[layer.f]
                if isinstance(layer.f, int)
                else [value if j == -1 else outputs[j] for j in layer.f]
            )
        value = layer(value)
        outputs.append(value if layer.i in model.save else None)
    return value, outputs


def _float(outputs: Any) -> Outputs:
    # The loss is computed in float32: bf16 has 8 bits for a box of 640 px.
    return {
        head: {
            key: [t.float() for t in v] if isinstance(v, list) else v.float()
            for key, v in part.items()
        }
        for head, part in outputs.items()
    }
