import numpy as np

from vision.training.litter_bins import draw_bin


def test_a_bin_fills_its_sprite_and_shows_colours() -> None:
    for seed in range(60):
        sprite = draw_bin(np.random.default_rng(seed))

        height, width = sprite.alpha.shape
        assert sprite.image.shape == (height, width, 3)
        assert sprite.image.dtype == np.uint8
        assert set(np.unique(sprite.alpha)) <= {0.0, 1.0}
        for edge in (sprite.alpha[0], sprite.alpha[-1]):
            assert edge.any()  # cut to what shows
        for edge in (sprite.alpha[:, 0], sprite.alpha[:, -1]):
            assert edge.any()
        assert sprite.alpha.mean() > 0.2
        assert sprite.image[sprite.alpha > 0].std() > 1


def test_the_same_chance_draws_the_same_bin() -> None:
    one, two = (draw_bin(np.random.default_rng(3)) for _ in range(2))

    assert (one.image == two.image).all()
    assert one.overflowing == two.overflowing


def test_some_bins_overflow_and_most_do_not() -> None:
    rng = np.random.default_rng(0)

    share = np.mean([draw_bin(rng).overflowing for _ in range(200)])

    assert 0.2 < share < 0.4


def test_refuse_stands_over_the_rim_of_a_bin_that_overflows() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_bin(rng) for _ in range(300)]
    spread = {
        full: np.mean(
            [
                s.image[: s.alpha.shape[0] // 6][s.alpha[: s.alpha.shape[0] // 6] > 0]
                .std(axis=0)
                .mean()
                for s in drawn
                if s.overflowing is full
            ]
        )
        for full in (True, False)
    }

    # Refuse is of many shades, a rim or a hood of few.
    assert spread[True] > 1.5 * spread[False]
