"""Pictures that a camera is known to show, and where a new one lies among them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vision.view.picture import Shot
from vision.view.registration import Matrix, Registration, register, register_far
from vision.view.structure import alike

_MOST_LEARNED = 5  # of one preset: night, rain, snow ...


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """A picture whose place in the reference view is known.

    Attributes:
        shot: the picture.
        matrix: (3, 3) from the reference view to this picture, reduced pixels.
        light: `colour` or `infrared`, or None.
        preset: PTZ preset it belongs to, or None.
        is_base: it is the reference view itself, which the zones are drawn in.
    """

    shot: Shot
    matrix: Matrix
    light: str | None
    preset: str | None = None
    is_base: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Fix:
    """Where a new picture lies.

    Attributes:
        motion: from the reference view to the new picture, reduced pixels.
        preset: whose reference view.
    """

    motion: Registration
    preset: str | None


class References:
    """The known pictures of one camera, the latest fitting one first."""

    def __init__(self, min_inliers: float, shake_share: float) -> None:
        """Start with none.

        Args:
            min_inliers: share of background points that must agree.
            shake_share: motion, in picture widths, up to which a picture of another
                shape counts as the same view, stretched.
        """
        self._min_inliers = min_inliers
        self._shake_share = shake_share
        self._known: list[Reference] = []

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Reference]:
        return iter(self._known)

    def add(self, reference: Reference) -> None:
        """Remember a picture; the longest unused learned one of its preset goes."""
        self._known.insert(0, reference)
        learned = [
            known
            for known in self._known
            if known.preset == reference.preset and not known.is_base
        ]
        for excess in learned[_MOST_LEARNED:]:
            self._known.remove(excess)

    def locate(self, shot: Shot, *, far: bool = False) -> Fix | None:
        """Return where a picture lies, by the first known one that it fits.

        Args:
            shot: the picture.
            far: look for large motions too, which takes longer.
        """
        for i, known in enumerate(self._known):
            motion = self._motion(known, shot, far=far)
            if motion is not None and motion.inliers >= self._min_inliers:
                self._known.insert(0, self._known.pop(i))
                return Fix(motion, known.preset)
        return None

    def agree(self, shot: Shot, *, reach: float) -> bool:
        """Return whether a picture is the reference view, by any known one.

        The margins are not asked: what a camera writes there stays in place, however
        the camera is turned.

        Args:
            shot: the picture; one of another shape never agrees.
            reach: how far it may be displaced, in shares of its longer side.
        """
        height, width = shot.grey.shape
        for known in self._known:
            motion = register(known.shot.inner, shot.inner)
            if motion is None or motion.inliers < self._min_inliers:
                continue
            whole = Registration(motion.matrix @ known.matrix, motion.inliers)
            if whole.displacement(width, height) <= reach * max(width, height):
                return True
        return False

    def resemble(self, shot: Shot, preset: str | None) -> bool:
        """Return whether a picture may be the same view in a light never seen yet.

        Args:
            shot: the picture.
            preset: whose pictures are asked.
        """
        return any(
            alike(
                known.shot,
                shot.stretched(known.shot.grey.shape),
                reach=self._shake_share,
            )
            for known in self._known
            if known.preset == preset
        )

    def _motion(
        self, known: Reference, shot: Shot, *, far: bool
    ) -> Registration | None:
        """Return the motion from the reference view to a picture, by a known one."""
        if shot.grey.shape != known.shot.grey.shape:
            # A large motion is taken for a similarity, which says nothing of pixels
            # that are perhaps not equally square: the zones would lie askew.
            return None if far else self._stretched_motion(known, shot)
        if far:  # writing would be matched with itself first of all
            motion = register_far(known.shot.inner, shot.inner)
        else:
            motion = register(known.shot, shot)
        if motion is None:
            return None
        return Registration(motion.matrix @ known.matrix, motion.inliers)

    def _stretched_motion(self, known: Reference, shot: Shot) -> Registration | None:
        """Return how a picture of another shape lies, if it shows just the same.

        A sub-stream is often the whole picture in other pixels. One that was cut
        instead does not lie in place when it is stretched.
        """
        height, width = known.shot.grey.shape
        motion = register(known.shot, shot.stretched((height, width)))
        if motion is None:
            return None
        if motion.displacement(width, height) > self._shake_share * width:
            return None
        down = shot.grey.shape[0] / height
        across = shot.grey.shape[1] / width
        stretch = np.diag([across, down, 1.0])
        matrix = stretch @ motion.matrix @ known.matrix @ np.linalg.inv(stretch)
        return Registration(matrix, motion.inliers)
