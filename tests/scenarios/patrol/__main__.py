"""Film two patrol drives along one street, ten minutes apart, with all that is true.

`python -m tests.scenarios.patrol OUT` writes `drive-1.mp4` and `drive-2.mp4`, their
positions as `.csv`, a site file for each, `all.json` with all that is there, the truth
for `streetwarden evaluate drives` (`street.truth.json`) and `sheet.png`. With `--model
FOLDER` it writes nothing but prints from how far away that model sees what, how often
and with what median score, and what else it takes things for.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import yaml

from tests.scenarios.patrol.drive import two_drives
from tests.scenarios.patrol.film import Film
from tests.scenarios.patrol.sights import Sight, sights, table
from tests.scenarios.patrol.truth import clip, labels, site, track, truth
from vision.core.arrays import ImageU8
from vision.detectors.labels import DetectorOptions
from vision.detectors.onnx import OnnxDetector

_SHIPPED = "models/street-n"
_SHEET_EVERY_S = 3


def sheet(films: list[Film]) -> ImageU8:
    """Return some pictures of each drive side by side, four in a row."""
    small: list[ImageU8] = []
    for film in films:
        for _, shown in film.pictures(_SHEET_EVERY_S * film.fps):
            fitted = cv2.resize(shown, (480, 270), interpolation=cv2.INTER_AREA)
            small.append(np.asarray(fitted, np.uint8))
        small += [np.zeros_like(small[0])] * (-len(small) % 4)
    rows = [np.hstack(small[i : i + 4]) for i in range(0, len(small), 4)]
    return np.asarray(np.vstack(rows), np.uint8)


def write(films: list[Film], out: Path) -> None:
    """Write videos, positions, site files, truth and contact sheet."""
    out.mkdir(parents=True, exist_ok=True)
    for film in films:
        film.write(out / clip(film.drive))
        film.drive.write_track(out / track(film.drive))
        told = yaml.safe_dump(site(film, _SHIPPED), sort_keys=False)
        (out / clip(film.drive)).with_suffix(".yaml").write_text(told, "utf-8")
    (out / "all.json").write_text(json.dumps(truth(films), indent=1), "utf-8")
    (out / "street.truth.json").write_text(json.dumps(labels(films), indent=1), "utf-8")
    cv2.imwrite(str(out / "sheet.png"), sheet(films))


def main() -> int:
    """Write, or look; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280, help="of the pictures")
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--imgsz", type=int)
    told = parser.parse_args()
    size = (told.width, told.width * 9 // 32 * 2)
    films = [Film(drive, size_px=size, fps=told.fps) for drive in two_drives(told.seed)]
    if told.model is None:
        write(films, told.out)
        return 0
    options = DetectorOptions(imgsz=told.imgsz)
    detector = OnnxDetector(told.model, options=options, threads=1)

    def looks() -> Iterator[Sight]:
        for film in films:
            yield from sights(film, detector, max(1, told.fps // 2))

    sys.stdout.write(table(looks()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
