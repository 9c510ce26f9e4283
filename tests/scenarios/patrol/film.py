"""What the camera on the patrol car sees, picture by picture."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.scenarios.patrol.cutouts import cut_out
from tests.scenarios.patrol.drawn import (
    DRAWN,
    GROUND_M,
    HOUSE_M,
    HOUSE_TALL_M,
    ground,
    house,
)
from tests.scenarios.patrol.drive import Drive, Pose
from tests.scenarios.patrol.street import (
    FAR_FRONTS_M,
    FRONTS_M,
    LENGTH_M,
    Thing,
)
from vision.core.arrays import ImageU8
from vision.core.mount import Mount

Doubles = NDArray[np.float64]
MOUNT = Mount(2.1, yaw_deg=30, pitch_deg=10, fov_deg=90, forward_m=1.2, right_m=0.5)
SIZE_PX = (1280, 720)
FPS = 10
_NEAR_M = 0.3  # what is nearer to the lens is cut off
_FAR_M = 70.0
_VARIANTS = 6
_TICKS = 90_000


@dataclass(frozen=True, eq=False, slots=True)
class Camera:
    """The camera at one moment.

    Attributes:
        pose: of the car.
        mount: as it hangs at this moment, shaken.
        size_px: the picture's width and height.
    """

    pose: Pose
    mount: Mount
    size_px: tuple[int, int]

    def matrix(self) -> Doubles:
        """Return (3, 4): from along, across, up, 1 to pixels times depth."""
        right, down, ahead = self.mount._axes()
        focal, (width, height) = self.mount.focal_px(self.size_px), self.size_px
        sight = np.stack(
            (
                focal * right + width / 2 * ahead,
                focal * down + height / 2 * ahead,
                ahead,
            )
        )
        turn = math.radians(self.pose.turn_deg)
        into = np.array(
            [
                [math.cos(turn), math.sin(turn), 0],
                [-math.sin(turn), math.cos(turn), 0],
                [0, 0, 1],
            ]
        )
        lens = np.array([self.mount.forward_m, self.mount.right_m, self.mount.height_m])
        car = np.array([self.pose.along_m, self.pose.across_m, 0])
        moved = -into @ car - lens
        return np.asarray(sight @ np.column_stack((into, moved)))

    def lens(self) -> tuple[float, float]:
        """Return (along, across) of the lens, metres."""
        turn = math.radians(self.pose.turn_deg)
        forward, right = self.mount.forward_m, self.mount.right_m
        along = forward * math.cos(turn) - right * math.sin(turn)
        across = forward * math.sin(turn) + right * math.cos(turn)
        return self.pose.along_m + along, self.pose.across_m + across


@dataclass(frozen=True, eq=False, slots=True)
class Board:
    """A flat picture in the world.

    Attributes:
        texture: smaller and smaller, (H, W, 3 or 4) uint8; colours of the latter are
            those of what shows, times its opacity.
        corner: along, across, up of its upper left corner, metres.
        along: from there to its upper right corner.
        down: from there to its lower left corner.
    """

    texture: tuple[ImageU8, ...]
    corner: Doubles
    along: Doubles
    down: Doubles


@dataclass(frozen=True, eq=False)
class Film:
    """One drive as its camera sees it.

    Attributes:
        drive: where the car goes.
        mount: how the camera is fixed to it.
        size_px: the pictures' width and height.
        fps: pictures per second.
        shake_deg: standard deviation of pitch and roll while driving.
    """

    drive: Drive
    mount: Mount = MOUNT
    size_px: tuple[int, int] = SIZE_PX
    fps: int = FPS
    shake_deg: float = 0.3

    def cameras(self) -> Iterator[tuple[float, Camera]]:
        """Yield the time, seconds, and the camera of each picture."""
        rng = np.random.default_rng((self.drive.seed, self.drive.number, 3))
        keeps = math.exp(-1 / self.fps / 0.4)
        swing = np.zeros(2)
        for i in range(int(self.drive.duration_s * self.fps)):
            time_s = i / self.fps
            pose = self.drive.pose(time_s)
            rough = self.shake_deg * min(1.0, 0.1 + pose.speed_mps / 5)
            fresh = rng.normal(0, math.sqrt(1 - keeps**2), 2)
            swing = keeps * swing + fresh
            pitch, roll = rough * swing
            hung = replace(
                self.mount,
                pitch_deg=self.mount.pitch_deg + float(pitch),
                roll_deg=self.mount.roll_deg + float(roll),
            )
            yield time_s, Camera(pose, hung, self.size_px)

    def pictures(self, every: int = 1) -> Iterator[tuple[float, ImageU8]]:
        """Yield the time, seconds, and (H, W, 3) uint8 BGR; one of `every`."""
        things = self.drive.things()
        for i, (time_s, camera) in enumerate(self.cameras()):
            if i % every == 0:
                yield time_s, picture(camera, things, time_s)

    def boxes(self, time_s: float, camera: Camera) -> dict[str, Doubles]:
        """Return where things are seen, name to xyxy in pixels, hidden or not."""
        width, height = self.size_px
        found = {}
        for thing in self.drive.things():
            outline = _seen(stood(thing, time_s, camera), camera.matrix())
            if outline is None:
                continue
            box = np.concatenate((outline.min(axis=0), outline.max(axis=0)))
            if box[0] < width and box[2] > 0 and box[1] < height and box[3] > 0:
                found[thing.name] = box
        return found

    def write(self, path: Path) -> Path:
        """Write an H.264 file, a key frame every two seconds, and return `path`."""
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # several do no more here, and cost twice the time
        try:
            self._encode(path)
        finally:
            cv2.setNumThreads(threads)
        return path

    def _encode(self, path: Path) -> None:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=self.fps)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = self.size_px
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, _TICKS)
            stream.codec_context.gop_size = 2 * self.fps
            stream.options = {
                "crf": "25",
                "preset": "ultrafast",
                "threads": "1",
                "bf": "0",
            }
            for time_s, shown in self.pictures():
                frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
                frame.pts = round(time_s * _TICKS)
                frame.time_base = Fraction(1, _TICKS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


def picture(camera: Camera, things: list[Thing], time_s: float) -> ImageU8:
    """Return what a camera sees, (H, W, 3) uint8 BGR."""
    canvas = _sky(camera.size_px).copy()
    sight = camera.matrix()
    for board in (*_surfaces(camera), *_fronts(camera)):
        _paint(canvas, board, sight)
    here = camera.lens()

    def away(thing: Thing) -> float:
        return math.dist(here, (thing.along_m(time_s), thing.across_m))

    for thing in sorted(things, key=away, reverse=True):
        if away(thing) < _FAR_M:
            board = stood(thing, time_s, camera)
            _paint(canvas, _shadow(board), sight)
            _paint(canvas, board, sight)
    return canvas


def stood(thing: Thing, time_s: float, camera: Camera) -> Board:
    """Return a thing's picture, upright and turned to the camera."""
    texture = look(thing.look)
    foot = np.array((thing.along_m(time_s), thing.across_m, 0.0))
    tall, wide = texture[0].shape[:2]
    from_lens = foot[:2] - camera.lens()
    aside = np.array((-from_lens[1], from_lens[0], 0.0)) / np.hypot(*from_lens)
    half = aside * thing.height_m * wide / tall / 2
    up = np.array((0, 0, thing.height_m))
    return Board(texture, foot - half + up, 2 * half, -up)


def corners(board: Board) -> Doubles:
    """Return a board's four corners in turn, (4, 3) metres."""
    first, along, down = board.corner, board.along, board.down
    return np.stack((first, first + along, first + along + down, first + down))


@cache
def look(name: str) -> tuple[ImageU8, ...]:
    """Return a thing's look, smaller and smaller, colours times opacity."""
    image = DRAWN[name]() if name in DRAWN else _enlarged(cut_out(name))
    opacity = image[..., 3:].astype(np.float32) / 255
    colours = np.rint(image[..., :3] * opacity).astype(np.uint8)
    return _smaller(np.dstack((colours, image[..., 3])))


def _enlarged(image: ImageU8) -> ImageU8:
    """Return a small cut-out with more pixels, its edges sharpened again."""
    big = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(big, (0, 0), 4)
    big[..., :3] = cv2.addWeighted(big, 1.6, soft, -0.6, 0)[..., :3]
    return np.asarray(big, np.uint8)


def _smaller(image: ImageU8) -> tuple[ImageU8, ...]:
    levels = [image]
    while min(levels[-1].shape[:2]) > 8:
        levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
    return tuple(levels)


@cache
def _ground(variant: int) -> tuple[ImageU8, ...]:
    return _smaller(ground(variant))


@cache
def _house(variant: int) -> tuple[ImageU8, ...]:
    return _smaller(house(variant))


@cache
def _sky(size_px: tuple[int, int]) -> ImageU8:
    image = np.empty((size_px[1], size_px[0], 3), np.uint8)
    image[:] = np.linspace((235, 215, 190), (240, 236, 230), size_px[1])[:, None]
    return image


@cache
def _dark() -> tuple[ImageU8, ...]:
    y, x = np.mgrid[-1:1:32j, -1:1:64j]
    opacity = 150 * np.clip(1 - np.hypot(x, y), 0, 1) ** 0.7
    image = np.zeros((32, 64, 4), np.uint8)
    image[..., 3] = opacity
    return (image,)


def _shadow(board: Board) -> Board:
    """Return the dark spot on the ground below a thing."""
    half = board.along / 2 * 1.1
    foot = board.corner + board.along / 2 + board.down
    back = np.array((-half[1], half[0], 0.0))
    back *= min(0.6, float(np.hypot(*half[:2])) * 0.5) / np.hypot(*half[:2])
    return Board(_dark(), foot - half + back, 2 * half, -2 * back)


def _surfaces(camera: Camera) -> Iterator[Board]:
    """Yield the pieces of ground around a camera, the far ones first."""
    across = np.array((0.0, FRONTS_M - FAR_FRONTS_M, 0.0))
    for i in _pieces(camera, GROUND_M):
        corner = np.array((i * GROUND_M, FAR_FRONTS_M, 0.0))
        ahead = np.array((GROUND_M, 0.0, 0.0))
        yield Board(_ground(i * 5 % _VARIANTS), corner, ahead, across)


def _fronts(camera: Camera) -> Iterator[Board]:
    """Yield the house fronts around a camera, the far ones first."""
    ahead = np.array((HOUSE_M, 0.0, 0.0))
    down = np.array((0.0, 0.0, -HOUSE_TALL_M))
    for i in _pieces(camera, HOUSE_M):
        for across, turn in ((FAR_FRONTS_M, 3), (FRONTS_M, 5)):
            corner = np.array((i * HOUSE_M, across, HOUSE_TALL_M))
            yield Board(_house(i * turn % _VARIANTS), corner, ahead, down)


def _pieces(camera: Camera, size_m: float) -> range:
    first = math.floor((camera.pose.along_m - 20) / size_m)
    last = math.ceil(min(camera.pose.along_m + _FAR_M, LENGTH_M) / size_m)
    return range(last, first - 1, -1)


def _paint(canvas: ImageU8, board: Board, sight: Doubles) -> None:
    """Paint a board where a camera sees it; `sight` as of `Camera.matrix`."""
    outline = _seen(board, sight)
    if outline is None:
        return
    height, width = canvas.shape[:2]
    low = np.clip(np.floor(outline.min(axis=0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0)) + 1, 0, (width, height)).astype(int)
    if (high <= low).any():
        return
    texture = _fitting(board.texture, outline)
    tall, wide = texture.shape[:2]
    plane = np.column_stack((board.along / wide, board.down / tall, board.corner))
    onto = sight @ np.vstack((plane, (0, 0, 1)))
    moved = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ onto
    opaque = texture.shape[2] == 3
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    border = cv2.BORDER_REPLICATE if opaque else cv2.BORDER_CONSTANT
    shown = cv2.warpPerspective(texture, moved, size, borderMode=border)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline - low).astype(np.int32)], 255)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    if opaque:
        cv2.copyTo(shown, mask, part)
    else:
        through = 255 - cv2.bitwise_and(shown[..., 3], mask)
        kept = cv2.multiply(part, cv2.merge((through,) * 3), scale=1 / 255)
        cv2.add(kept, cv2.bitwise_and(shown[..., :3], cv2.merge((mask,) * 3)), part)


def _seen(board: Board, sight: Doubles) -> Doubles | None:
    """Return a board's outline in pixels, cut off where it nears the lens, or None."""
    points = corners(board) @ sight[:, :3].T + sight[:, 3]
    if (points[:, 2] >= _NEAR_M).all():
        return np.asarray(points[:, :2] / points[:, 2:])
    kept: list[Doubles] = []
    for here, there in pairwise((*points, points[0])):
        if here[2] >= _NEAR_M:
            kept.append(here)
        if (here[2] >= _NEAR_M) != (there[2] >= _NEAR_M):
            share = (_NEAR_M - here[2]) / (there[2] - here[2])
            kept.append(here + share * (there - here))
    if len(kept) < 3:
        return None
    cut = np.array(kept)
    # Far beside the picture nothing is lost, but whole pixels would overflow.
    return np.asarray((cut[:, :2] / cut[:, 2:]).clip(-20_000, 20_000))


def _fitting(levels: tuple[ImageU8, ...], outline: Doubles) -> ImageU8:
    """Return the level with about as many pixels as are seen."""
    area = abs(float(cv2.contourArea(outline.astype(np.float32))))
    tall, wide = levels[0].shape[:2]
    level = math.floor(math.log2(max(tall * wide / max(area, 1.0), 1.0)) / 2)
    return levels[min(level, len(levels) - 1)]
