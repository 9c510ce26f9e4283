"""What a user would write otherwise: track every picture, test every zone.

    PYTHON plain.py CLIP MODEL.onnx SECONDS

Runs in an environment that has Ultralytics and prints CPU seconds and seconds of video.
"""

import sys
import time

import cv2
import numpy as np


def main() -> None:
    """Count who stands in a zone, as tutorials do."""
    from ultralytics import YOLO  # noqa: PLC0415 of the other environment

    clip, model, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    zone = np.array([[0, 0.9], [1, 0.6], [1, 0.35], [0, 0.6]], np.float32)
    tracker = YOLO(model, task="detect")
    began_s, pictures, since = time.process_time(), 0, dict[int, int]()
    for result in tracker.track(clip, stream=True, imgsz=640, verbose=False):
        pictures += 1
        height, width = result.orig_shape
        polygon = (zone * (width, height)).astype(np.float32)
        boxes = result.boxes
        if boxes is not None and boxes.id is not None:
            for box, track in zip(boxes.xyxy, boxes.id.int().tolist(), strict=True):
                foot = (float(box[0] + box[2]) / 2, float(box[3]))
                if cv2.pointPolygonTest(polygon, foot, measureDist=False) >= 0:
                    since.setdefault(track, pictures)
        if pictures >= seconds * 25:
            break
    sys.stdout.write(f"{time.process_time() - began_s} {pictures / 25}\n")


if __name__ == "__main__":
    main()
