"""What a camera shows when it is in place: given presets, and what was seen before."""

from collections.abc import Collection, Container, Iterable, Mapping

import numpy as np

from vision.core.arrays import ImageU8
from vision.view.picture import Shot, reduce, shoot, to_luma
from vision.view.references import Reference, References

AT_REST = 0.01
"""Of the picture's longer side, between two of a camera that only sways."""

_NO_BOXES = np.empty((0, 4), np.float32)


class KnownViews:
    """The reference pictures of one camera, of this run and of the one before."""

    def __init__(
        self, min_inliers: float, shake_share: float, presets: Mapping[str, ImageU8]
    ) -> None:
        """Begin with the presets.

        Args:
            min_inliers: share of background points that must agree.
            shake_share: motion, in picture widths, up to which a picture is in place.
            presets: a picture, (H, W, 3) uint8 BGR, of each PTZ preset by name.
        """
        self._limits = min_inliers, shake_share
        self.references = References(min_inliers, shake_share)
        for name, image in presets.items():
            shot = shoot(to_luma(reduce(image)), _NO_BOXES)
            self.references.add(Reference(shot, np.eye(3), None, name, is_base=True))
        self._presets = frozenset(presets)
        self._earlier: tuple[Reference, ...] = ()  # what an earlier run knew
        self._views: frozenset[str | None] = frozenset()  # likewise

    def restore(
        self, references: Iterable[Reference], views: Collection[str | None]
    ) -> None:
        """Take up remembered pictures.

        Args:
            references: of the presets of today, or of the only view; others are left.
            views: all of that run, also those whose pictures are lost.
        """
        known_before = tuple(references)
        self._earlier = known_before if self._presets else ()
        self._views = frozenset(views)
        for known in known_before:
            if known.preset in (self._presets or {None}) and not self._is_given(known):
                self.references.add(known)

    def forget(self, kept: Container[str | None]) -> None:
        """Forget all but the presets.

        Args:
            kept: presets of which nothing is forgotten.
        """
        stays = [r for r in self.references if self._is_given(r) or r.preset in kept]
        self.references = References(*self._limits)
        for known in reversed(stays):
            self.references.add(known)

    @property
    def knows_view(self) -> bool:
        """Whether an earlier run's picture shows it; those of presets tell nothing."""
        return not self._presets and len(self.references) > 0

    @property
    def has_presets(self) -> bool:
        """Whether the reference views are given."""
        return bool(self._presets)

    def compare_presets(self) -> tuple[frozenset[str | None], bool]:
        """Compare the given pictures with those of an earlier run.

        Returns:
            The presets whose picture shows, in place, what that run knew of them; and
            whether these are all that it knew.
        """
        same = frozenset(
            given.preset
            for given in self.references
            if self._is_given(given) and self._showed(given)
        )
        return same, bool(self._views) and self._views <= same

    def recognises(self, shot: Shot) -> bool:
        """Return whether a picture is the reference view, beyond doubt and in place."""
        return self.references.agree(shot, reach=AT_REST)

    def _showed(self, given: Reference) -> bool:
        """Return whether an earlier run knew a preset as its picture shows it now."""
        earlier = References(*self._limits)
        for known in self._earlier:
            if known.preset == given.preset:
                earlier.add(known)
        return earlier.agree(given.shot, reach=AT_REST)

    def _is_given(self, known: Reference) -> bool:
        return known.is_base and known.preset is not None
