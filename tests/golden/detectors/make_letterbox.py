"""Store what Ultralytics' LetterBox does: run it in the training environment.

`python make_letterbox.py` writes `letterbox.npz`: pictures, their letterboxed form
and boxes taken back, for the sizes below.
"""

from pathlib import Path

import cv2
import numpy as np
from ultralytics.data.augment import LetterBox
from ultralytics.utils.ops import scale_boxes

# Picture height, width; input height, width.
SIZES = [
    (60, 107, 32, 48),
    (25, 20, 32, 32),
    (37, 101, 32, 32),
    (32, 48, 32, 48),
    (1, 150, 32, 32),
    (51, 35, 48, 32),
]


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(7)
    stored: dict[str, np.ndarray] = {}
    for number, (height, width, in_height, in_width) in enumerate(SIZES):
        coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), np.uint8)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        boxed = LetterBox((in_height, in_width), auto=False, center=True)(image=picture)
        xy = rng.uniform(0, 0.5, (5, 2)) * (width, height)
        source = np.hstack((xy, xy + rng.uniform(0.1, 0.5, (5, 2)) * (width, height)))
        gain = min(in_height / height, in_width / width)
        new = max(round(width * gain), 1), max(round(height * gain), 1)
        spare = in_width - new[0], in_height - new[1]
        pad = [round(side / 2 - 0.1) for side in spare]
        to_input = np.tile(np.array(new) / (width, height), 2)
        boxes = source * to_input + np.tile(pad, 2)
        back = scale_boxes((in_height, in_width), boxes.copy(), (height, width))
        stored |= {
            f"picture{number}": picture,
            f"input{number}": boxed,
            f"boxes{number}": boxes.astype(np.float32),
            f"back{number}": back.astype(np.float32),
        }
    path = Path(__file__).with_name("letterbox.npz")
    np.savez_compressed(path, **stored)  # type: ignore[arg-type]  # arrays by name


if __name__ == "__main__":
    main()
