"""Write coco_reference.json with pycocotools, the reference that ours must equal.

Run in an environment of its own:
    pip install pycocotools numpy
    python tests/golden/evaluation/make_coco_reference.py
"""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CLASSES = 3


def pictures(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    made = []
    for k in range(12):
        true, said = [], []
        for _ in range(rng.integers(0, 7)):
            x, y = rng.uniform(0, 500, 2)
            w, h = rng.choice([20.0, 60.0, 150.0]) * rng.uniform(0.5, 1.5, 2)
            class_id = int(rng.integers(0, CLASSES))
            ignore = bool(rng.random() < 0.1)
            true.append([*map(float, (x, y, x + w, y + h)), class_id, ignore])
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                shift = rng.normal(0, 0.12, 4) * [w, h, w, h]
                box = np.array([x, y, x + w, y + h]) + shift
                other = int(rng.integers(0, CLASSES))
                label = class_id if rng.random() < 0.85 else other
                said.append([*box.tolist(), label, round(float(rng.random()), 1)])
        for _ in range(rng.integers(0, 3)):
            x, y = rng.uniform(0, 500, 2)
            box = [float(x), float(y), float(x + 40), float(y + 40)]
            said.append([*box, int(rng.integers(0, CLASSES)), float(rng.random())])
        made.append({"key": f"{seed}-{k:02d}.jpg", "true": true, "said": said})
    return [_rounded(picture) for picture in made]


def _rounded(picture: dict[str, Any]) -> dict[str, Any]:
    # Eighths are exact in float32: no figure hangs on a rounding.
    for name in ("true", "said"):
        for row in picture[name]:
            row[:4] = [round(side * 8) / 8 for side in row[:4]]
            row[2] = max(row[2], row[0] + 1)
            row[3] = max(row[3], row[1] + 1)
    for row in picture["said"]:
        row[5] = float(np.float32(row[5]))
    return picture


def reference(made: list[dict[str, Any]]) -> dict[str, Any]:
    truth = COCO()
    truth.dataset = {
        "images": [{"id": k + 1} for k in range(len(made))],
        "categories": [{"id": c + 1, "name": str(c)} for c in range(CLASSES)],
        "annotations": [],
    }
    for k, picture in enumerate(made):
        for left, top, right, bottom, class_id, ignore in picture["true"]:
            truth.dataset["annotations"].append(
                {
                    "id": len(truth.dataset["annotations"]) + 1,
                    "image_id": k + 1,
                    "category_id": class_id + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": int(ignore),
                }
            )
    truth.createIndex()
    said = truth.loadRes(
        [
            {
                "image_id": k + 1,
                "category_id": class_id + 1,
                "bbox": [left, top, right - left, bottom - top],
                "score": score,
            }
            for k, picture in enumerate(made)
            for left, top, right, bottom, class_id, score in picture["said"]
        ]
    )
    run = COCOeval(truth, said, "bbox")
    run.evaluate()
    run.accumulate()
    p = run.eval["precision"]

    def mean(values: np.ndarray) -> float | None:
        known = values[values > -1]
        return float(known.mean()) if len(known) else None

    return {
        "map50": mean(p[0, :, :, 0, -1]),
        "map": mean(p[:, :, :, 0, -1]),
        "classes": [
            {
                "ap50": mean(p[0, :, c, 0, -1]),
                "ap": mean(p[:, :, c, 0, -1]),
                "by_size": [mean(p[:, :, c, a, -1]) for a in (1, 2, 3)],
            }
            for c in range(CLASSES)
        ],
    }


def main() -> None:
    cases = []
    for seed in range(6):
        made = pictures(seed)
        with contextlib.redirect_stdout(io.StringIO()):
            expected = reference(made)
        cases.append({"pictures": made, "expected": expected})
    path = Path(__file__).with_name("coco_reference.json")
    text = json.dumps({"by": "pycocotools 2.0.11", "cases": cases})
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
