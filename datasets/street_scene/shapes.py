"""Meshes made by script: boxes, tubes, lofts, crumpled bags."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.street_scene.blender import Material, Object, bpy

Vec3 = tuple[float, float, float]
_RIGHT_ANGLE = math.pi / 2


def _frame(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return three unit rows, the last along a→b."""
    w = b - a
    w = w / max(float(np.linalg.norm(w)), 1e-9)
    side = np.array([0.0, 0.0, 1.0]) if abs(w[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(side, w)
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(w, u), w])


class Builder:
    """Collects faces of several materials into one object."""

    def __init__(self, seed: int = 0) -> None:
        """Start empty.

        Args:
            seed: for the crumpled shapes.
        """
        self.rng = np.random.default_rng(seed)
        self._verts: list[Vec3] = []
        self._faces: list[tuple[int, ...]] = []
        self._slots: list[int] = []
        self._materials: list[Material] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return not self._faces

    def add(
        self,
        verts: Sequence[Sequence[float]] | NDArray[np.float64],
        faces: Sequence[Sequence[int]],
        material: Material,
    ) -> None:
        """Add faces; indices count from the first of ``verts``."""
        base = len(self._verts)
        if material not in self._materials:
            self._materials.append(material)
        slot = self._materials.index(material)
        self._verts += [(float(v[0]), float(v[1]), float(v[2])) for v in verts]
        self._faces += [tuple(base + int(i) for i in face) for face in faces]
        self._slots += [slot] * len(faces)

    def box(
        self,
        centre: Vec3,
        size: Vec3,
        material: Material,
        turn: float = 0.0,
        taper: float = 1.0,
    ) -> None:
        """Add a box; ``turn`` about z in radians, ``taper`` scales its foot."""
        x, y, z = (s / 2 for s in size)
        c, s = math.cos(turn), math.sin(turn)
        corners = []
        for dz in (-z, z):
            k = taper if dz < 0 else 1.0
            for dx, dy in ((-x, -y), (x, -y), (x, y), (-x, y)):
                px, py = dx * k, dy * k
                corners.append(
                    (
                        centre[0] + c * px - s * py,
                        centre[1] + s * px + c * py,
                        centre[2] + dz,
                    )
                )
        faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5)]
        self.add(corners, [*faces, (2, 3, 7, 6), (3, 0, 4, 7)], material)

    def tube(
        self,
        a: Vec3,
        b: Vec3,
        radii: tuple[float, float],
        material: Material,
        sides: int = 12,
    ) -> None:
        """Add a closed cone frustum from ``a`` to ``b``."""
        pa, pb = np.array(a), np.array(b)
        u, v, _ = _frame(pa, pb)
        turn = np.linspace(0, 2 * math.pi, sides, endpoint=False)[:, None]
        ring = np.cos(turn) * u + np.sin(turn) * v
        verts = np.concatenate([pa + radii[0] * ring, pb + radii[1] * ring])
        faces: list[tuple[int, ...]] = [
            (i, (i + 1) % sides, sides + (i + 1) % sides, sides + i)
            for i in range(sides)
        ]
        faces += [tuple(range(sides))[::-1], tuple(range(sides, 2 * sides))]
        self.add(verts, faces, material)

    def limb(
        self, a: Vec3, b: Vec3, radii: tuple[float, float], material: Material
    ) -> None:
        """Add a tube with round ends."""
        self.tube(a, b, radii, material)
        self.blob(a, (radii[0],) * 3, material, rings=6, sides=10)
        self.blob(b, (radii[1],) * 3, material, rings=6, sides=10)

    def blob(
        self,
        centre: Vec3,
        radii: Vec3,
        material: Material,
        *,
        crumple: float = 0.0,
        rings: int = 8,
        sides: int = 12,
    ) -> None:
        """Add an ellipsoid; ``crumple`` is a share of the radius."""
        theta = np.linspace(0, math.pi, rings + 1)
        phi = np.linspace(0, 2 * math.pi, sides, endpoint=False)
        grid = np.stack(
            [
                np.outer(np.sin(theta), np.cos(phi)),
                np.outer(np.sin(theta), np.sin(phi)),
                np.outer(np.cos(theta), np.ones_like(phi)),
            ],
            axis=-1,
        )
        bumps = self.rng.normal(size=(rings + 1, sides, 1))
        bumps = (bumps + np.roll(bumps, 1, 1) + np.roll(bumps, -1, 1)) / 2.0
        bumps[0], bumps[-1] = bumps[0, 0], bumps[-1, 0]
        grid = grid * (1 + crumple * bumps) * np.array(radii) + np.array(centre)
        faces = [
            (
                r * sides + s,
                (r + 1) * sides + s,
                (r + 1) * sides + (s + 1) % sides,
                r * sides + (s + 1) % sides,
            )
            for r in range(rings)
            for s in range(sides)
        ]
        self.add(grid.reshape(-1, 3), faces, material)

    def loft(
        self,
        rings: Sequence[Sequence[Vec3]],
        material_of: Callable[[int, int], Material],
    ) -> None:
        """Skin open rings of equal length, then close both ends.

        Args:
            rings: cross-sections in order.
            material_of: material of the face (ring index, point index).
        """
        n = len(rings[0])
        by_slot: dict[int, tuple[Material, list[tuple[int, ...]]]] = {}
        for r in range(len(rings) - 1):
            for k in range(n):
                material = material_of(r, k)
                a, b = r * n + k, r * n + (k + 1) % n
                face = (a, b, b + n, a + n)
                by_slot.setdefault(id(material), (material, []))[1].append(face)
        last = (len(rings) - 1) * n
        first_material = material_of(0, 0)
        caps = by_slot.setdefault(id(first_material), (first_material, []))[1]
        caps += [tuple(range(n))[::-1], tuple(range(last, last + n))]
        verts = [point for ring in rings for point in ring]
        base = len(self._verts)
        self._verts += [(float(p[0]), float(p[1]), float(p[2])) for p in verts]
        for material, faces in by_slot.values():
            if material not in self._materials:
                self._materials.append(material)
            self._faces += [tuple(base + i for i in face) for face in faces]
            self._slots += [self._materials.index(material)] * len(faces)

    def build(
        self,
        name: str,
        *,
        bevel_m: float = 0.0,
        subdivide: int = 0,
        smooth_deg: float = 35.0,
    ) -> Object:
        """Make the object.

        Args:
            name: the object's name.
            bevel_m: width of rounded edges, metres; 0 for none.
            subdivide: subdivision levels.
            smooth_deg: edges sharper than this stay sharp.

        Returns:
            The object, linked to the scene, at the origin.
        """
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self._verts, [], self._faces)
        for material in self._materials:
            mesh.materials.append(material)
        mesh.polygons.foreach_set("material_index", self._slots)
        mesh.polygons.foreach_set("use_smooth", [True] * len(self._faces))
        mesh.set_sharp_from_angle(angle=math.radians(smooth_deg))
        mesh.update()
        thing = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(thing)
        if bevel_m > 0:
            rounding = thing.modifiers.new("bevel", "BEVEL")
            rounding.width, rounding.segments = bevel_m, 2
            rounding.limit_method = "ANGLE"
        if subdivide > 0:
            finer = thing.modifiers.new("subsurf", "SUBSURF")
            finer.levels = finer.render_levels = subdivide
        return thing
