"""Things drawn at random, to be stood into street pictures."""

from collections.abc import Callable

from vision.training.sprites.bins import draw_bin
from vision.training.sprites.decoys import draw_decoy
from vision.training.sprites.easel import Rng, Sprite
from vision.training.sprites.heaps import draw_heap

__all__ = ["KINDS", "Sprite"]

#: Name in a recipe to what draws it.
KINDS: dict[str, Callable[[Rng], Sprite]] = {
    "bins": draw_bin,
    "heaps": draw_heap,
    "decoys": draw_decoy,
}
