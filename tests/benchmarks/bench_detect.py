"""What detecting costs beside the network itself, and which runtime is fastest.

    python -m tests.benchmarks.bench_detect [MODEL] [--imgsz 640 640] [--rounds 30]
        [--batch 1] [--pictures FOLDER] [--json OUT]

Figures are CPU time, median over rounds in which all contestants take turns: other
work on the machine then weighs on all alike. One thread throughout. The overhead is
what a whole `detect` costs beyond the bare ONNX Runtime session on the same input.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.detectors.labels import DetectorOptions
from vision.detectors.network import NetworkDetector
from vision.detectors.onnx import CPU, OnnxDetector, OnnxNetwork
from vision.detectors.openvino import OpenVinoDetector, OpenVinoSettings, Precision
from vision.detectors.preprocess import InputBuffer

SIZE = (1080, 1920)
WARM_UP_ROUNDS = 3


def pictures(folder: Path | None, count: int) -> list[Frame]:
    """Return full-HD frames: given ones scaled to that size, or a textured one."""
    if folder is None:
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3), np.uint8)
        images = [cv2.resize(noise, SIZE[::-1])]
    else:
        files = sorted(folder.glob("*.jpg"))[:count]
        read = [cv2.imread(str(file)) for file in files]
        images = [cv2.resize(image, SIZE[::-1]) for image in read if image is not None]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Frame("bench", index, 0.0, at, images[index % len(images)].view(np.ndarray))
        for index in range(count)
    ]


def median_cpu_ms(
    contestants: dict[str, Callable[[], object]], rounds: int, batch: int
) -> dict[str, float]:
    """Return milliseconds of CPU per picture for each contestant."""
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + WARM_UP_ROUNDS):
        for name, run in contestants.items():
            started_s = time.process_time()
            run()
            if number >= WARM_UP_ROUNDS:
                spent[name].append(time.process_time() - started_s)
    return {name: float(np.median(each)) / batch * 1000 for name, each in spent.items()}


def openvino(
    model: Path, options: DetectorOptions, precision: Precision
) -> OpenVinoDetector | None:
    """Return a detector on OpenVINO, or None where it cannot be had."""
    settings = OpenVinoSettings(precision=precision, threads=1)
    try:
        return OpenVinoDetector(model, options=options, settings=settings)
    except ModelError as error:
        print(f"OpenVINO {precision}: left out: {error}")
        return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, nargs="?", default=Path("models/street-n"))
    parser.add_argument("--imgsz", type=int, nargs=2, default=(640, 640))
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()

    cv2.setNumThreads(1)
    frames = pictures(chosen.pictures, chosen.batch)
    options = DetectorOptions(imgsz=tuple(chosen.imgsz), batch_max=chosen.batch)
    detector = OnnxDetector(chosen.model, options=options, threads=1)
    closer = replace(options, tight=True)
    tight = OnnxDetector(chosen.model, options=closer, threads=1)
    session = OnnxNetwork(detector.model_path, providers=(CPU,), threads=1)
    buffer = InputBuffer(chosen.batch, detector.input_size)

    def preprocess() -> None:
        for slot, frame in enumerate(frames):
            buffer.write(slot, frame.image)

    contestants: dict[str, Callable[[], object]] = {
        "preprocess": preprocess,
        "ONNX Runtime session": lambda: session.forward(buffer.first(chosen.batch)),
        "ONNX Runtime detect": lambda: detector.detect(frames),
        "ONNX Runtime tight": lambda: tight.detect(frames),
    }
    precisions: tuple[Precision, ...] = ("f32", "bf16")
    others: dict[str, NetworkDetector | None] = {
        f"OpenVINO {precision} {way}": openvino(chosen.model, choice, precision)
        for precision in precisions
        for way, choice in (("detect", options), ("tight", closer))
    }
    for name, other in others.items():
        if other is not None:
            contestants[name] = lambda run=other: run.detect(frames)  # type: ignore[misc]  # mypy cannot infer a bound default
    cost_ms = median_cpu_ms(contestants, chosen.rounds, chosen.batch)
    report(cost_ms, frames, detector, chosen)


def report(
    cost_ms: dict[str, float],
    frames: list[Frame],
    detector: OnnxDetector,
    chosen: argparse.Namespace,
) -> None:
    """Print the table and write the JSON."""
    bare_ms = cost_ms["ONNX Runtime session"]
    whole_ms = cost_ms["ONNX Runtime detect"]
    overhead = whole_ms / bare_ms - 1
    found = sum(len(boxes) for boxes in detector.detect(frames))
    print(
        f"{detector.model_id}, {detector.input_size} px from {SIZE}, batch "
        f"{chosen.batch}, {found} boxes, {chosen.rounds} rounds, CPU ms per picture:"
    )
    for name, ms in cost_ms.items():
        print(f"  {name:<24}{ms:8.2f}   {bare_ms / ms:5.2f}x the bare session's speed")
    print(f"  overhead of detect over the bare session: {overhead:.1%}")
    if chosen.json is not None:
        result = {
            "model": detector.model_id,
            "sha256": detector.model_sha256,
            "machine": platform.processor() or platform.machine(),
            "imgsz": detector.input_size,
            "batch": chosen.batch,
            "boxes": found,
            "cpu_ms": {name: round(ms, 3) for name, ms in cost_ms.items()},
            "overhead": round(overhead, 4),
        }
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
