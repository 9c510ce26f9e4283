"""Look at pictures kept aside while training, keep the best, know when to stop."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from vision.training.judge import class_scores, mark, mean_ap
from vision.training.labels import CLASSES, Sample
from vision.training.predict import torch_predictor


@dataclass(frozen=True, slots=True)
class Stop:
    """When training has gone on for long enough.

    Attributes:
        every_steps: between two looks.
        patience: looks without a better figure after which training ends.
        pictures: of those kept aside; a look costs as many inferences.
        size_px: side of the square.
    """

    every_steps: int
    patience: int
    pictures: int
    size_px: int


class Watch:
    """Judges the averaged weights now and then; its memory lies in the folder."""

    def __init__(self, stop: Stop, aside: Sequence[Sample], folder: Path) -> None:
        """Choose the pictures and read what an interrupted run saw.

        Args:
            stop: when to look and when to end.
            aside: labelled pictures that training never sees.
            folder: receives ``best.pt`` and ``watch.json``.
        """
        self._stop = stop
        step = max(1, len(aside) // stop.pictures)
        self._samples = aside[::step][: stop.pictures]
        self._weights = folder / "best.pt"
        self._memory = folder / "watch.json"
        self._best, self._waited, self._step = 0.0, 0, -1
        if self._memory.is_file():
            seen = json.loads(self._memory.read_text(encoding="utf-8"))
            self._best, self._waited = seen["best"], seen["waited"]
            self._step = seen["step"]

    @property
    def tired(self) -> bool:
        """Whether nothing got better for long."""
        return self._waited >= self._stop.patience

    def look(self, step: int, model: nn.Module) -> dict[str, float]:
        """Judge a model when it is time to.

        Args:
            step: of the training.
            model: the averaged weights.

        Returns:
            Mean AP50-95 of the labelled classes as ``aside``; empty between looks,
            and at a step that was looked at before the run was interrupted.
        """
        due = step % self._stop.every_steps == 0 and step > self._step
        if not due or not self._samples:
            return {}
        self._waited += 1
        return self._judge(step, model)

    def keep_best(self, step: int, model: nn.Module) -> None:
        """Judge the last weights, too, and put the best of all looks into a model.

        This look comes whenever a session ends, so it does not count as waiting.

        Args:
            step: the last.
            model: the averaged weights; receives the best.
        """
        if self._samples and step != self._step:
            self._judge(step, model)
        if self._weights.is_file():
            stored = torch.load(self._weights, map_location="cpu", weights_only=True)
            model.load_state_dict(stored)

    def _judge(self, step: int, model: nn.Module) -> dict[str, float]:
        judged = copy.deepcopy(model)
        predict = torch_predictor(judged, self._stop.size_px, rough=True)
        scores = class_scores(mark(predict, self._samples), CLASSES)
        # Over ten overlaps luck counts for less than over one.
        score = mean_ap(scores) if scores else 0.0
        better = score > self._best
        if better:
            self._best, self._waited = score, 0
            torch.save(model.state_dict(), self._weights)
        self._step = step
        memory = {"best": self._best, "waited": self._waited, "step": step}
        self._memory.write_text(json.dumps(memory) + "\n", encoding="utf-8")
        return {"aside": score}
