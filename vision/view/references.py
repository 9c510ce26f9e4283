"""Pictures that a camera is known to show, and where a new one lies among them."""

from collections.abc import Iterator
from dataclasses import dataclass

from vision.view.picture import Shot
from vision.view.registration import Matrix, Registration, register, register_far

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

    def __init__(self, min_inliers: float) -> None:
        """Start with none.

        Args:
            min_inliers: share of background points that must agree.
        """
        self._min_inliers = min_inliers
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
        method = register_far if far else register
        for i, known in enumerate(self._known):
            motion = method(known.shot, shot)
            if motion is not None and motion.inliers >= self._min_inliers:
                self._known.insert(0, self._known.pop(i))
                matrix = motion.matrix @ known.matrix
                return Fix(Registration(matrix, motion.inliers), known.preset)
        return None
