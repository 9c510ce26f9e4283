from collections.abc import Callable

import numpy as np
import pytest

from vision.training.sprites.bins import draw_bin
from vision.training.sprites.decoys import draw_decoy
from vision.training.sprites.easel import Easel, Rng, Sprite
from vision.training.sprites.heaps import draw_heap

Draw = Callable[[Rng], Sprite]
EVERY = pytest.mark.parametrize("draw", [draw_bin, draw_heap, draw_decoy])
LABELS: dict[Draw, set[str | None]] = {
    draw_bin: {"bin", "overflowing_bin"},
    draw_heap: {"garbage"},
    draw_decoy: {None},
}


@EVERY
def test_a_thing_fills_its_sprite_and_shows_colours(draw: Draw) -> None:
    for seed in range(60):
        sprite = draw(np.random.default_rng(seed))

        height, width = sprite.alpha.shape
        assert sprite.image.shape == (height, width, 3)
        assert sprite.image.dtype == np.uint8
        assert set(np.unique(sprite.alpha)) <= {0.0, 1.0}
        for edge in (sprite.alpha[0], sprite.alpha[-1]):
            assert edge.any()  # cut to what shows
        for edge in (sprite.alpha[:, 0], sprite.alpha[:, -1]):
            assert edge.any()
        assert sprite.alpha.mean() > 0.1
        assert sprite.image[sprite.alpha > 0].std() > 1


@EVERY
def test_the_same_chance_draws_the_same_thing(draw: Draw) -> None:
    one, two = (draw(np.random.default_rng(3)) for _ in range(2))

    assert (one.image == two.image).all()
    assert one.label == two.label


@EVERY
def test_a_thing_is_labelled_as_what_it_is(draw: Draw) -> None:
    drawn = {draw(np.random.default_rng(seed)).label for seed in range(40)}

    assert drawn == LABELS[draw]


def test_some_bins_overflow_and_most_do_not() -> None:
    rng = np.random.default_rng(0)

    full = [draw_bin(rng).label == "overflowing_bin" for _ in range(200)]

    assert 0.2 < np.mean(full) < 0.4


def test_refuse_stands_over_the_rim_of_a_bin_that_overflows() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_bin(rng) for _ in range(300)]
    spread = {
        label: np.mean(
            [
                s.image[: s.alpha.shape[0] // 6][s.alpha[: s.alpha.shape[0] // 6] > 0]
                .std(axis=0)
                .mean()
                for s in drawn
                if s.label == label
            ]
        )
        for label in ("bin", "overflowing_bin")
    }

    # Refuse is of many shades, a rim or a hood of few.
    assert spread["overflowing_bin"] > 1.5 * spread["bin"]


def test_what_lies_beyond_the_easel_is_cut() -> None:
    easel = Easel(40, np.random.default_rng(0))
    white = np.ones(3)

    easel.crumple(np.array([[-90, -90], [-50, -90], [-50, -50]]), white, 0.1)
    easel.crumple(np.array([[-30, 100], [30, 100], [30, 400], [-30, 400]]), white, 0.1)

    sprite = easel.cut_out(None)
    assert sprite.alpha.shape == (easel.shape[0] - 100, 31)
    assert sprite.alpha.all()
