"""Two woven fields: what moves has no teeth, what stands keeps every line."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.interlaced import write_interlaced
from vision.core.arrays import ImageU8
from vision.core.frame import Frame
from vision.sources.options import DecodeMode, PacketOptions
from vision.sources.packets import PacketSource

SIZE = 352, 288
MOVING = slice(150, 250)  # lines in which a dark car drives
SPEED_PX_S = 600  # 12 pixels from field to field


def street(at_s: float) -> ImageU8:
    """A lettered wall that stands, and a car that passes before a bright road."""
    image = np.full((SIZE[1], SIZE[0], 3), 170, np.uint8)
    for row in range(3):
        where = 10, 36 + 40 * row
        cv2.putText(image, "PARK 7Q4", where, 0, 0.6, (30, 30, 30), 1)
    left = int(20 + SPEED_PX_S * at_s) % SIZE[0]
    image[MOVING, left : left + 60] = 40
    return image


def seen(path: Path, decode: DecodeMode) -> list[Frame]:
    source = PacketSource(
        PacketOptions(
            camera_id="gate", url=str(path), decode=decode, period_s=0.2, reduced_px=320
        ),
        clock=ManualClock(),
    )
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


def teeth(image: ImageU8) -> float:
    """Return how far lines lie off both neighbours where the car is, grey levels."""
    grey = image[MOVING, ..., 1].astype(float)
    up, down = grey[1:-1] - grey[:-2], grey[1:-1] - grey[2:]
    off = np.minimum(abs(up), abs(down)) * (up * down > 0)
    return float(off.mean())


@pytest.mark.parametrize("decode", ["full", "key"])
@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "mpeg4"])
def test_what_moves_has_no_teeth(
    tmp_path: Path, codec: str, *, top_first: bool, decode: DecodeMode
) -> None:
    clip = write_interlaced(
        tmp_path / "clip.mkv", street, codec=codec, top_first=top_first
    )
    frames = seen(clip, decode)

    assert frames
    assert max(teeth(frame.image) for frame in frames) < 1


def test_what_stands_keeps_every_line(tmp_path: Path) -> None:
    clip = write_interlaced(tmp_path / "clip.mkv", street)
    frame = seen(clip, "full")[0]
    wall = slice(0, 140)
    off = frame.image[wall, ..., 1].astype(float) - street(0.0)[wall, ..., 1]

    assert abs(off - np.median(off)).mean() < 1


def test_what_is_not_marked_as_interlaced_is_left_alone(tmp_path: Path) -> None:
    clip = write_interlaced(tmp_path / "clip.mkv", street, marked=False)

    assert max(teeth(frame.image) for frame in seen(clip, "full")) > 3
