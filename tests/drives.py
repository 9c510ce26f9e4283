"""A short drive for tests: pictures of a street that goes by, and where it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2

from tests.scenarios.world import street
from vision.core.position import LocalPlane

START = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
HERE = LocalPlane(30.5931, 114.3054)
SPEED_MPS = 8.0
MOUNT = {"height_m": 2.1, "yaw_deg": 60, "pitch_deg": 12, "fov_deg": 90}


def write_pictures(folder: Path, count: int = 20) -> Path:
    """Write pictures, each of another street; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"{number:04}.png"), street(number))
    return folder


def write_track(path: Path, seconds: int = 10, start: datetime = START) -> Path:
    """Write where a vehicle was that drives east, once a second; return `path`."""
    lines = ["utc,lat,lon,heading,speed"]
    for second in range(seconds):
        lat, lon = HERE.degrees(SPEED_MPS * second, 0)
        at = start + timedelta(seconds=second)
        lines.append(f"{at.isoformat()},{lat:.7f},{lon:.7f},90,{SPEED_MPS}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def patrol(folder: Path, **keys: object) -> dict[str, object]:
    """Return a camera of a site file that moves, over files in a folder."""
    camera: dict[str, object] = {
        "id": "patrol-7",
        "source": {
            "type": "images",
            "path": str(folder / "pictures"),
            "starts_at": START.isoformat(),
        },
        "mount": MOUNT,
        "position": {"type": "csv", "path": str(folder / "drive.csv")},
    }
    return camera | keys
