"""What a snapshot says about each box can be read, wherever the box is."""

import numpy as np

from tests.fakes import START
from vision.bootstrap.sight import Sight
from vision.cli.sight import draw_sight
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.scene import Scene


def drawn(left: float) -> np.ndarray:
    image = np.full((288, 352, 3), 200, np.uint8)
    detections = Detections(
        xyxy=np.array([[left, 100, left + 20, 140]], np.float32),
        score=np.array([0.85], np.float32),
        class_id=np.array([0], np.int64),
    )
    frame = Frame("gate", 0, 0.0, START, image)
    picture = draw_sight(Sight(frame, Scene("gate", "Gate"), ("car",), detections))
    return picture[80:98]  # the label's lines, above the box


def test_the_label_of_a_box_at_the_right_edge_is_as_whole_as_any_other() -> None:
    inked = [np.count_nonzero((drawn(left) < 190).any(axis=2)) for left in (100, 325)]

    assert inked[0] == inked[1] > 0
