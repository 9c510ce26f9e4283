"""Photograph one thing alone: its colours, its outline and its shadow."""

import json
import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.cutouts.bins import BINS
from datasets.cutouts.furniture import FURNITURE
from datasets.cutouts.heaps import heap, overfill, spill
from datasets.cutouts.lookalikes import LOOKALIKES
from datasets.cutouts.paints import Rng, between, chance, pick
from datasets.street_scene import lighting
from datasets.street_scene.blender import Object, bpy, wipe
from datasets.street_scene.shapes import Builder

_LOG = logging.getLogger(__name__)
_SIDE_PX = 256
_SAMPLES = 8
_SKY_MAP_PX = 256
_FILLS = 0.72  # of the picture, by the thing; the rest is for its shadow
_SENSOR_MM = 36.0
#: Label to its share; None is none of our classes.
_KINDS: tuple[tuple[str | None, float], ...] = (
    ("bin", 0.28),
    ("overflowing_bin", 0.12),
    ("garbage", 0.24),
    (None, 0.36),
)


def make_cutouts(out: Path, seeds: Iterable[int], *, threads: int) -> int:
    """Render one cutout per seed: ``NAME.png`` with alpha, and ``NAME.json``.

    The notes are ``[{"label", "xyxy"}]``: class (``ignore`` for what lies beside
    a bin, None for what is no class of ours) and box without shadow, in pixels.

    Args:
        out: folder; pictures that are there already are kept.
        seeds: one thing each.
        threads: processor threads.

    Returns:
        How many were made now.
    """
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for seed in seeds:
        notes = out / f"cutout_{seed:05d}.json"
        if notes.exists():
            continue
        shown = _photograph(seed, notes.with_suffix(".png"), threads)
        notes.write_text(json.dumps(shown) + "\n", encoding="utf-8")
        count += 1
        _LOG.info("%s: %s", notes.stem, shown[0]["label"] or "nothing of ours")
    return count


def _photograph(seed: int, path: Path, threads: int) -> list[dict[str, Any]]:
    wipe()
    rng = np.random.default_rng(seed)
    shares = np.array([share for _, share in _KINDS])
    label = _KINDS[int(rng.choice(len(_KINDS), p=shares))][0]
    things = _things(label, seed)
    _ground()
    _light(rng)
    boxes = _aim([_points(thing) for _, thing in things], rng)
    _expose(seed, threads)
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return [
        {"label": name, "xyxy": box}
        for (name, _), box in zip(things, boxes, strict=True)
    ]


def _things(label: str | None, seed: int) -> list[tuple[str | None, Object]]:
    """Build the thing, and what lies beside it."""
    b, beside = Builder(seed + 1), Builder(seed + 2)
    if label is None:
        pick(b.rng, (*FURNITURE, *LOOKALIKES))(b)
    elif label == "garbage":
        heap(b)
    else:
        mouth = pick(b.rng, BINS)(b)
        if label == "overflowing_bin":
            overfill(b, mouth)
            spill(beside, mouth)
    made: list[tuple[str | None, Object]] = [(label, _build(b))]
    if not beside.empty:
        made.append(("ignore", _build(beside)))
    return made


def _build(b: Builder) -> Object:
    return b.build("thing", bevel_m=0.006, smooth_deg=75.0)


def _ground() -> None:
    """Lay a floor that shows nothing but the shadow on it."""
    bpy.ops.mesh.primitive_plane_add(size=40.0)
    bpy.context.active_object.is_shadow_catcher = True


def _light(rng: Rng) -> None:
    turn = between(rng, 0, 360)
    if chance(rng, 0.55):
        lighting.clear_sky(between(rng, 12, 70), turn, between(rng, 0.4, 1.1))
        exposure = -1.8
    else:
        tint = tuple(float(v) for v in rng.uniform(0.8, 1.0, 3))
        lighting.plain_sky((tint[0], tint[1], tint[2]), 0.9)
        exposure = 0.2
    world = bpy.context.scene.world.cycles
    world.sampling_method, world.sample_map_resolution = "MANUAL", _SKY_MAP_PX
    view = bpy.context.scene.view_settings
    filmic = chance(rng, 0.7)
    view.view_transform = "AgX" if filmic else "Standard"
    view.exposure = exposure + between(rng, -0.5, 0.5) - (0.0 if filmic else 0.6)


def _aim(clouds: list[NDArray[np.float64]], rng: Rng) -> list[list[float]]:
    """Look from street or pole height at points; return their boxes in pixels."""
    points = np.concatenate(clouds)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    up = math.radians(between(rng, 3, 18) if chance(rng, 0.6) else between(rng, 15, 50))
    turn = (
        between(rng, -1.1, 1.1) if chance(rng, 0.75) else between(rng, 0, 2 * math.pi)
    )
    lens = between(rng, 35, 110)
    away = radius / math.sin(math.atan(_SENSOR_MM / 2 / lens) * _FILLS)
    back = np.array(
        [math.cos(up) * math.cos(turn), math.cos(up) * math.sin(turn), math.sin(up)]
    )
    data = bpy.data.cameras.new("camera")
    data.sensor_width, data.lens, data.clip_end = _SENSOR_MM, lens, 300.0
    camera = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    eye = middle + away * back
    camera.location = eye.tolist()
    lighting.aim(camera, (float(-back[0]), float(-back[1]), float(-back[2])))
    right = np.array([-math.sin(turn), math.cos(turn), 0.0])
    axes = np.stack([right, -np.cross(back, right), -back], axis=1)
    boxes = []
    for cloud in clouds:
        seen = (cloud - eye) @ axes
        flat = _SIDE_PX * (0.5 + lens / _SENSOR_MM * seen[:, :2] / seen[:, 2:])
        corners = np.concatenate([flat.min(axis=0), flat.max(axis=0)])
        boxes.append([round(float(v), 1) for v in corners.clip(0, _SIDE_PX)])
    return boxes


def _points(thing: Object) -> NDArray[np.float64]:
    mesh = thing.data
    flat = np.empty(len(mesh.vertices) * 3)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _expose(seed: int, threads: int) -> None:
    scene: Any = bpy.context.scene
    lighting.path_trace(scene, (_SIDE_PX, _SIDE_PX), _SAMPLES, threads)
    scene.render.film_transparent = True
    scene.render.image_settings.color_mode = "RGBA"
    scene.cycles.seed = seed
