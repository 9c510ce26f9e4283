"""The training loop: resumable, seeded, averaged, on a CPU or a GPU."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vision.training.batches import Mixture, Pools, to_network
from vision.training.losses import Gains, StreetLoss
from vision.training.machine import Machine, Spent
from vision.training.network import Pair
from vision.training.stream import stream
from vision.training.watch import Watch

OnStep = Callable[[int, dict[str, float]], None]
_CLIP = 10.0
_LAST_BACKBONE = 10  # layer number in YOLO26


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, how fast.

    The rate rises, holds, and falls in a straight line at the end, so that
    the length can still change while the run is under way.

    Attributes:
        steps: optimiser steps in all.
        warmup_steps: steps of rising rate.
        decay_steps: steps of falling rate, at the end.
        rate: AdamW learning rate of neck and head.
        backbone_factor: share of it for the backbone.
        weight_decay: AdamW decay.
        average: decay of the running average of weights, per step.
        seed: of pictures and initial weights.
        checkpoint_steps: how often the state is written.
    """

    steps: int
    warmup_steps: int
    decay_steps: int
    rate: float
    backbone_factor: float
    weight_decay: float
    average: float
    seed: int
    checkpoint_steps: int

    def factor(self, step: int, spent: float = 0.0) -> float:
        """Return the share of the full rate.

        Args:
            step: the present one.
            spent: share of the time budget that is gone, in [0, 1].

        Returns:
            In [0, 1]. Time that runs out lets the rate fall as steps do: a
            run cut off at its full rate is worth little.
        """
        rise = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        left = min(self.steps - step, self.steps * (1 - spent))
        return rise * min(1.0, max(left / max(self.decay_steps, 1), 0.02))


class Trainer:
    """Trains one student; its state can be written and read back."""

    def __init__(
        self,
        pair: Pair,
        schedule: Schedule,
        gains: Gains,
        machine: Machine | None = None,
        spent: Spent = lambda: 0.0,
    ) -> None:
        """Prepare optimiser and average.

        Args:
            pair: student and teacher, on the machine's device.
            schedule: length and rates.
            gains: weights of the loss terms.
            machine: what the run may use; None is a CPU that also draws.
            spent: tells the share of the time budget that is gone; training
                ends at 1, however many steps that were.
        """
        self._pair = pair
        self._spent = spent
        self._schedule = schedule
        self._machine = machine or Machine()
        self._loss = StreetLoss(pair.student, gains)
        self._optimiser = torch.optim.AdamW(
            _groups(pair.student, schedule),
            lr=schedule.rate,
            betas=(0.9, 0.99),
            fused=self._machine.device != "cpu",
        )
        self._base = [group["lr"] for group in self._optimiser.param_groups]
        self.average: nn.Module = copy.deepcopy(pair.student).eval()
        self.step = 0

    def run(
        self,
        pools: Pools,
        mixture: Mixture,
        folder: Path,
        on_step: OnStep,
        watch: Watch | None = None,
    ) -> None:
        """Train from the present step to the last.

        Args:
            pools: pictures by pool.
            mixture: how batches are mixed.
            folder: receives ``state.pt``.
            on_step: told the step and the parts of the loss.
            watch: judges the average on the way, ends the training when
                nothing gets better and gives the best weights back.
        """
        # The stream of pictures depends on the step only: a resumed run sees
        # what the uninterrupted one would have seen.
        steps = range(self.step, self._schedule.steps)
        drawn = stream(pools, mixture, self._schedule.seed, steps, self._machine)
        while self._goes_on(watch):
            pictures, batch = next(drawn)
            parts = self._learn(pictures, batch, mixture.teacher_rows)
            self.step += 1
            if watch is not None:
                parts |= watch.look(self.step, self.average)
            if self.step % self._schedule.checkpoint_steps == 0:
                self.save(folder / "state.pt")
            on_step(self.step, parts)
        self.save(folder / "state.pt")
        if watch is not None:
            watch.keep_best(self.step, self.average)

    def _goes_on(self, watch: Watch | None) -> bool:
        if watch is not None and watch.tired:
            return False
        return self.step < self._schedule.steps and self._spent() < 1

    def _learn(
        self, pictures: torch.Tensor, batch: Any, teacher_rows: int
    ) -> dict[str, float]:
        spent = self._spent()
        factor = self._schedule.factor(self.step, spent)
        for group, base in zip(self._optimiser.param_groups, self._base, strict=True):
            group["lr"] = base * factor
        device = self._machine.device
        batch = {k: v.to(device, non_blocking=True) for k, v in batch.items()}
        outputs = self._pair(to_network(pictures, device), teacher_rows)
        loss, parts = self._loss(
            outputs, batch, max(self.step / self._schedule.steps, spent)
        )
        parts["loss"] = float(loss.detach())
        if not math.isfinite(parts["loss"]):
            self._optimiser.zero_grad(set_to_none=True)
            return parts
        loss.backward()
        nn.utils.clip_grad_norm_(self._pair.student.parameters(), _CLIP)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._blend()
        return parts

    def _blend(self) -> None:
        # A young average would remember the untrained weights for long.
        keep = self._schedule.average * (1 - math.exp(-(self.step + 1) / 100))
        slow, fresh = (
            [v for v in m.state_dict().values() if v.dtype.is_floating_point]
            for m in (self.average, self._pair.student)
        )
        with torch.no_grad():
            # In one piece: a GPU is told of each tensor's change by itself.
            torch._foreach_lerp_(slow, fresh, 1 - keep)

    def save(self, path: Path) -> None:
        """Write the whole state so that a crash never leaves half a file."""
        state = {
            "step": self.step,
            "student": self._pair.student.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a written state."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self._pair.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def _groups(student: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """Split weights by rate (backbone, rest) and by decay (matrices, rest)."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            backbone = int(name.split(".")[1]) <= _LAST_BACKBONE
            groups.setdefault((backbone, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": schedule.rate * (schedule.backbone_factor if backbone else 1.0),
            "weight_decay": schedule.weight_decay if decay else 0.0,
        }
        for (backbone, decay), parameters in groups.items()
    ]
