"""What a snapshot of a camera that moves lets a person check."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vision.cli.mount_marks import draw_mount
from vision.core.mount import Mount

SIZE = (640, 360)
MOUNTS = [
    Mount(height_m=2.1, yaw_deg=60, pitch_deg=12, fov_deg=90),
    Mount(height_m=1.4, yaw_deg=-90, pitch_deg=20, fov_deg=70, roll_deg=3),
    Mount(height_m=2.5, yaw_deg=0, pitch_deg=8, fov_deg=110, forward_m=1.5),
]


def drawn(mount: Mount) -> tuple[Image.Image, tuple[str, ...]]:
    image = Image.new("RGB", SIZE)
    return image, draw_mount(ImageDraw.Draw(image), mount, SIZE, 2)


def marked(image: Image.Image, mount: Mount, point_m: tuple[float, ...]) -> bool:
    ((x, y),) = mount.picture(np.array([point_m], np.float32), SIZE)
    left, top = max(round(x) - 2, 0), max(round(y) - 2, 0)
    inside = 0 <= x < SIZE[0] and 0 <= y < SIZE[1]
    return inside and bool(np.asarray(image)[top : top + 5, left : left + 5].any())


@pytest.mark.parametrize("mount", MOUNTS)
def test_metres_on_the_road_and_the_horizon_are_marked_where_they_are_seen(
    mount: Mount,
) -> None:
    image, shown = drawn(mount)

    assert shown[:4] == ("horizon", "5 m", "10 m", "20 m")
    for range_m, up_m in ((5, 0.0), (10, 0.0), (20, 0.0), (1e5, mount.height_m)):
        for off_deg in (-20, 0, 15):
            turn = math.radians(mount.yaw_deg + off_deg)
            ahead = mount.forward_m + range_m * math.cos(turn)
            beside = mount.right_m + range_m * math.sin(turn)
            assert marked(image, mount, (ahead, beside, up_m))
    turn = math.radians(mount.yaw_deg)
    sky = (300 * math.cos(turn), 300 * math.sin(turn), 60)
    assert not marked(image, mount, sky)


def test_lines_run_as_the_vehicle_drives_on_the_side_that_is_seen() -> None:
    right, left, _ = MOUNTS

    assert marked(drawn(right)[0], right, (4, 2, 0))
    assert marked(drawn(right)[0], right, (2, 5, 0))
    assert marked(drawn(left)[0], left, (0.5, -5, 0))


def test_what_lies_beside_the_picture_is_not_named() -> None:
    _, shown = drawn(Mount(height_m=2, yaw_deg=90, pitch_deg=60, fov_deg=60))

    assert "horizon" not in shown
    assert "20 m" not in shown
