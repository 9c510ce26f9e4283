"""The pictures and classes that two runs on pictures both judged."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vision.evaluation.detection import load_flags
from vision.evaluation.flags import Flags, weighted_average_precision
from vision.evaluation.runs import CompareError, Run
from vision.evaluation.shared import Figures, Shared, Values, lonely


def shared_detections(a: Run, b: Run) -> Shared:
    """Return the figures of two runs on the pictures and classes of both.

    Raises:
        CompareError: no class is of both.
    """
    keys_a, flags_a = load_flags(a.path / "flags.npz")
    keys_b, flags_b = load_flags(b.path / "flags.npz")
    keys = sorted(set(keys_a) & set(keys_b))
    names = [name for name in flags_a if name in flags_b]
    if not names:
        msg = (
            f"{a.path} knows the classes {_listed(flags_a)}, {b.path} "
            f"{_listed(flags_b)}; expected one in common: evaluate both on the same"
        )
        raise CompareError(msg)
    warnings = lonely(dict.fromkeys(keys_a), dict.fromkeys(keys_b), "pictures")
    warnings += lonely(flags_a, flags_b, "classes")

    def figures(order: Sequence[str], flags: Mapping[str, Flags]) -> Figures:
        kept = {name: _restricted(flags[name], order, keys) for name in names}

        def at(weights: Values) -> dict[str, Values]:
            per_class = {
                f"ap50 {name}": weighted_average_precision(kept[name], weights)
                for name in names
            }
            return {"map50": _mean(list(per_class.values())), **per_class}

        return at

    return Shared(
        "n_pictures",
        len(keys),
        figures(keys_a, flags_a),
        figures(keys_b, flags_b),
        tuple(warnings),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "(none)"


def _restricted(flags: Flags, order: Sequence[str], keys: Sequence[str]) -> Flags:
    """Return the flags on the pictures `keys` only, renumbered in their order."""
    position = {key: k for k, key in enumerate(keys)}
    target = np.array([position.get(key, len(keys)) for key in order], np.int64)
    picture = target[flags.picture]
    keep = picture < len(keys)
    true = np.zeros(len(keys) + 1, np.int64)
    true[target] = flags.true
    return Flags(flags.score[keep], flags.hit[keep], picture[keep], true[:-1])


def _mean(values: Sequence[Values]) -> Values:
    stacked = np.array(values)
    defined = ~np.isnan(stacked)
    count = defined.sum(axis=0)
    mean = np.full(stacked.shape[1], np.nan)
    np.divide(
        np.where(defined, stacked, 0).sum(axis=0), count, out=mean, where=count > 0
    )
    return mean
