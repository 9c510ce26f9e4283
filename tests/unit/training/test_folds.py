import json
from pathlib import Path

import numpy as np
import pytest

from vision.core.errors import ConfigError
from vision.training.folds import Origin, part, pooled, read_origins
from vision.training.labels import CLASSES
from vision.training.listing import Origins
from vision.training.scoring import Marked

STALL = CLASSES.index("street_vendor")
ORIGINS = [
    Origin("many", 34, 102),
    Origin("some", 15, 86),
    Origin("few", 7, 2),
    Origin("one", 1, 1),
    Origin("none", 0, 6),
]


def _picture(score: float, *, there: bool) -> Marked:
    box = np.array([[0, 0, 30, 30]], np.float32)
    truth = box if there else box[:0]
    found = np.array([[0, 0, 30, 30, score, STALL]], np.float32)
    return Marked(found, truth, np.full(len(truth), STALL, np.int64))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_origin_is_kept_aside_once(count: int) -> None:
    folds = part(ORIGINS, count)

    assert sorted(name for fold in folds for name in fold) == sorted(
        o.name for o in ORIGINS
    )
    stalls = {o.name: o.stalls for o in ORIGINS}
    assert all(sum(stalls[name] for name in fold) > 0 for fold in folds)


def test_more_folds_than_origins_with_stalls_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected 2 to 4"):
        part(ORIGINS, 5)
    with pytest.raises(ConfigError, match="expected 2 to 4"):
        part(ORIGINS, 1)


def test_origins_are_read_with_their_stalls(tmp_path: Path) -> None:
    rows = [
        {"file": "a.jpg", "origin": "x", "n_street_vendor": 2},
        {"file": "b.jpg", "origin": "x", "n_street_vendor": 0},
        {"file": "c.jpg", "origin": "y", "n_street_vendor": 1},
    ]
    text = json.dumps({"per_image": rows})
    (tmp_path / "source.json").write_text(text, encoding="utf-8")

    assert read_origins(tmp_path) == [Origin("x", 2, 2), Origin("y", 1, 1)]
    with pytest.raises(ConfigError, match=r"source\.json is not there"):
        read_origins(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"per_image": [{"file": "a.jpg"}]}', "KeyError: 'origin'"),
        (
            '{"per_image": [{"file": "a", "origin": "x", "n_street_vendor": "?"}]}',
            "'?'",
        ),
    ],
)
def test_a_broken_listing_is_refused_in_words(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "source.json").write_text(text, encoding="utf-8")

    with pytest.raises(
        ConfigError, match=r"source\.json: .*expected per_image"
    ) as told:
        read_origins(tmp_path)
    assert said in str(told.value)


def test_a_picture_that_is_not_listed_is_named(tmp_path: Path) -> None:
    (tmp_path / "source.json").write_text('{"per_image": []}', encoding="utf-8")

    with pytest.raises(ConfigError, match=r"per_image lacks a\.jpg"):
        Origins(tmp_path).of("a.jpg")


def test_each_fold_is_counted_at_its_own_threshold() -> None:
    # The second model scores lower throughout, which is no fault.
    folds = [
        {
            "a": [_picture(0.9, there=True), _picture(0.5, there=True)],
            "b": [_picture(0.6, there=False)],
        },
        {
            "c": [_picture(0.09, there=True)],
            "d": [_picture(0.05, there=True), _picture(0.06, there=False)],
        },
    ]

    figures = pooled(folds, 0.0)

    assert figures.hits == pytest.approx(2 / 4)
    assert (figures.stalls, figures.negatives) == (4, 2)
    assert figures.low <= figures.hits <= figures.high
    assert figures.low < figures.high
