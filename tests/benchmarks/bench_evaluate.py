"""How much of the bare model's speed `evaluate detections` reaches on one machine.

    python -m tests.benchmarks.bench_evaluate [--pictures FOLDER] [--count 96]
        [--rounds 5] [--threads 0] [--workers 2]

Both see the same pictures. The bare model gets them decoded, resized and stacked
already and does nothing but run; `evaluate` reads JPEG files, prepares them, runs the
model, drops repeats and writes every answer to disk. They take turns round by round;
wall time, since what counts is how long one waits, and CPU time beside it. The bar
is 85 %.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vision.bootstrap.judged import JudgedModel, build_judged_detector
from vision.core.clock import SystemClock
from vision.detectors.onnx import CPU, OnnxDetector, OnnxNetwork
from vision.detectors.preprocess import InputBuffer
from vision.evaluation.pictures import LabelledPicture
from vision.evaluation.predictions import Header, PredictionStore
from vision.evaluation.runner import DetectRun, decode, detect_all

MODEL = Path(__file__).parents[2] / "models" / "street-n"
SIZE = (720, 1280)


def painted(folder: Path, count: int) -> list[Path]:
    """Write textured JPEG pictures, 1280 x 720."""
    rng = np.random.default_rng(0)
    files = []
    for k in range(count):
        noise = rng.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3), np.uint8)
        files.append(folder / f"{k:04d}.jpg")
        cv2.imwrite(str(files[-1]), cv2.resize(noise, SIZE[::-1]))
    return files


def labelled(path: Path) -> LabelledPicture:
    """Return a picture without labels."""
    nothing = np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    return LabelledPicture(path.name, path, SIZE[::-1], *nothing)


def evaluated(pictures: list[LabelledPicture], run: DetectRun, folder: Path) -> None:
    """Do what `evaluate detections` does until scoring begins."""
    header = Header("bench", "0" * 64, run.detector.labels, "bench", 0.01)
    with (
        tempfile.TemporaryDirectory(dir=folder) as out,
        PredictionStore(Path(out), header) as store,
    ):
        detect_all(pictures, run, store, lambda *_: None)


def bare(session: OnnxNetwork, inputs: list[np.ndarray]) -> None:
    """Run the network and nothing else."""
    for pixels in inputs:
        session.forward(pixels)


def prepared(detector: OnnxDetector, files: list[Path], batch: int) -> list[np.ndarray]:
    """Return the network's inputs, batch by batch."""
    inputs = []
    for first in range(0, len(files), batch):
        part = files[first : first + batch]
        buffer = InputBuffer(len(part), detector.input_size)
        for slot, file in enumerate(part):
            image = decode(file)
            assert image is not None
            buffer.write(slot, image)
        inputs.append(buffer.first(len(part)).copy())
    return inputs


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - wall_s, time.process_time() - cpu_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = (
            painted(folder, chosen.count)
            if chosen.pictures is None
            else sorted(chosen.pictures.glob("*.jpg"))[: chosen.count]
        )
        model = JudgedModel(MODEL, threads=chosen.threads, batch=chosen.batch)
        detector = build_judged_detector(model)
        assert isinstance(detector, OnnxDetector)
        session = OnnxNetwork(
            detector.model_path, providers=(CPU,), threads=chosen.threads
        )
        inputs = prepared(detector, files, chosen.batch)
        pictures = [labelled(file) for file in files]
        run = DetectRun(detector, SystemClock(), chosen.batch, chosen.workers)
        contestants: dict[str, Callable[[], object]] = {
            "bare model": lambda: bare(session, inputs),
            "evaluate": lambda: evaluated(pictures, run, folder),
        }
        spent: dict[str, list[tuple[float, float]]] = {n: [] for n in contestants}
        for number in range(chosen.rounds + 1):
            for one, work in contestants.items():
                took = timed(work)
                if number:  # the first round warms up
                    spent[one].append(took)
    print(f"{len(files)} pictures, {chosen.rounds} rounds, ms per picture, wall / CPU:")
    middle = {n: np.median(rows, axis=0) / len(files) for n, rows in spent.items()}
    for one, (wall_s, cpu_s) in middle.items():
        print(f"  {one:<12}{wall_s * 1000:8.2f} /{cpu_s * 1000:8.2f}")
    wall, cpu = middle["bare model"] / middle["evaluate"]
    print(f"  evaluate reaches {wall:.1%} of the bare model's speed (CPU: {cpu:.1%})")


if __name__ == "__main__":
    main()
