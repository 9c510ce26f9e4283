"""A built scene: put it at a time, take its picture, read its boxes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.street_scene import lighting
from datasets.street_scene.blender import Object, bpy, wipe
from datasets.street_scene.labels import Box
from datasets.street_scene.pinhole import Pinhole
from datasets.street_scene.props import Prop, make_props
from datasets.street_scene.regions import Print, Rect
from datasets.street_scene.schema import Scenario
from datasets.street_scene.street import make_street

_HIDDEN_BELOW_M = -20.0
_NEAR_M = 0.3
_RAYS = 240


def _corners(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


class Stage:
    """A scenario in Blender."""

    def __init__(self, scenario: Scenario, *, threads: int = 1) -> None:
        """Build everything once.

        Args:
            scenario: what to build.
            threads: processor threads for rendering.
        """
        wipe()
        self.scenario = scenario
        lighting.set_camera(scenario)
        lighting.set_light(scenario)
        lighting.set_render(scenario, threads)
        make_street(scenario)
        self.props: list[Prop] = []
        for actor in scenario.actors:
            self.props += make_props(actor, scenario)
        self._pinhole = Pinhole.from_view(
            scenario.view, scenario.width, scenario.height
        )
        self._local: dict[str, NDArray[np.float64]] = {}

    def at(self, t: float) -> None:
        """Move everything to where it is at media time ``t`` (seconds)."""
        for prop in self.props:
            prop.place(t)
        bpy.context.view_layer.update()

    def take(self, path: Path, frame: int, rect: Rect | None = None) -> None:
        """Render to a PNG file.

        Args:
            path: the file.
            frame: varies the noise.
            rect: only these pixels (left, top, right, bottom); None: all.
        """
        scene = bpy.context.scene
        scene.cycles.seed = self.scenario.seed + frame
        render = scene.render
        render.use_border = render.use_crop_to_border = rect is not None
        if rect is not None:
            width, height = self.scenario.width, self.scenario.height
            # A thousandth of a pixel keeps Blender from rounding to the neighbour.
            render.border_min_x = (rect[0] + 0.001) / width
            render.border_max_x = (rect[2] + 0.001) / width
            render.border_min_y = 1 - (rect[3] - 0.001) / height
            render.border_max_y = 1 - (rect[1] - 0.001) / height
        render.filepath = str(path)
        bpy.ops.render.render(write_still=True)

    def prints(self) -> dict[str, Print]:
        """Return what every prop leaves in the picture now; call ``at`` first."""
        graph = bpy.context.evaluated_depsgraph_get()
        return {prop.id: self._print(prop, graph) for prop in self.props}

    def _print(self, prop: Prop, graph: Any) -> Print:
        pose = [v for o in prop.objects for row in o.matrix_world for v in row]
        clouds = [self._points(o, graph) for o in prop.objects]
        points = np.concatenate(clouds)
        points = points[points[:, 2] > _HIDDEN_BELOW_M]
        rounded = tuple(round(float(v), 4) for v in pose)
        shadows = [
            points * (1.0, 1.0, 0.0) + points[:, 2:] * np.array([x, y, 0.0])
            for x, y in lighting.shadows(self.scenario)
        ]
        flat, ahead = self._project(np.concatenate([points, *shadows]))
        if not ahead.any():
            return Print(rounded, None)
        return Print(rounded, _corners(np.clip(flat[ahead], -0.2, 1.2)))

    def boxes(self, t: float) -> list[Box]:
        """Return the boxes of everything labelled at ``t``; call ``at`` first."""
        graph = bpy.context.evaluated_depsgraph_get()
        found = []
        for prop in self.props:
            label = prop.label(t)
            if label is not None:
                box = self._box(prop, label, graph)
                if box is not None:
                    found.append(box)
        return found

    def _points(self, thing: Object, graph: Any) -> NDArray[np.float64]:
        if thing.name not in self._local:
            mesh = thing.evaluated_get(graph).data
            flat = np.empty(len(mesh.vertices) * 3)
            mesh.vertices.foreach_get("co", flat)
            self._local[thing.name] = flat.reshape(-1, 3)
        world = np.array(thing.matrix_world)
        local = self._local[thing.name]
        points: NDArray[np.float64] = local @ world[:3, :3].T + world[:3, 3]
        return points

    def _box(self, prop: Prop, label: str, graph: Any) -> Box | None:
        clouds = [self._points(o, graph) for o in prop.objects]
        points = np.concatenate([c for c in clouds if c[:, 2].max() > _HIDDEN_BELOW_M])
        flat, ahead = self._project(points)
        points, flat = points[ahead], flat[ahead]
        if len(points) == 0:
            return None
        rng = np.random.default_rng(0)
        pick = rng.permutation(len(points))[:_RAYS]
        inside = [i for i in pick if 0 <= flat[i, 0] <= 1 and 0 <= flat[i, 1] <= 1]
        own = {o.name for o in prop.objects}
        free = [i for i in inside if self._sees(points[i], own, graph)]
        seen = _corners(np.clip(flat[free], 0, 1)) if free else None
        share = len(free) / max(1, len(inside))
        return Box(prop.id, label, _corners(flat), share, seen)

    def _project(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return (N, 2) normalised points and (N,) which lie before the lens."""
        cam = self._pinhole
        forward = np.array(cam.forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        rel = points - np.array(cam.eye)
        depth = rel @ forward
        ahead = depth > _NEAR_M
        safe = np.where(ahead, depth, 1.0)
        x = 0.5 + cam.focal * (rel @ right) / safe
        y = 0.5 - cam.focal * cam.aspect * (rel @ np.cross(right, forward)) / safe
        return np.stack([x, y], axis=1), ahead

    def _sees(self, point: NDArray[np.float64], own: set[str], graph: Any) -> bool:
        eye = np.array(self._pinhole.eye)
        ray = point - eye
        reach = float(np.linalg.norm(ray))
        hit, _, _, _, thing, _ = bpy.context.scene.ray_cast(
            graph, eye.tolist(), (ray / reach).tolist(), distance=reach - 0.02
        )
        return not hit or thing.name in own
