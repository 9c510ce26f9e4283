"""Pixels that are not square: what is looked at and shown has its own shape."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from tests.fakes import ManualClock
from vision.core.frame import Frame
from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence.remux import remux
from vision.evidence.shared_clip import shared_frames
from vision.evidence.transcode import decoded, encode_clip
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

SHAPES = [
    # stored, of a pixel, shown: PAL, its half fields, its half lines, NTSC, HDV
    ((704, 576), Fraction(12, 11), (768, 576)),
    ((704, 288), Fraction(6, 11), (704, 528)),
    ((352, 576), Fraction(24, 11), (768, 576)),
    ((704, 480), Fraction(10, 11), (704, 528)),
    ((704, 576), Fraction(1), (704, 576)),
    ((704, 576), Fraction(200), (704, 576)),
]


def filmed(
    path: Path, size: tuple[int, int], aspect: Fraction, *, codec: str = "libx264"
) -> Path:
    """Film a white disc, round as shown."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float64)
    reach = height / 3 if aspect >= 1 else height / 3 / float(aspect)
    high = 1 if aspect >= 1 else float(aspect)
    across = (x - width / 2) * float(aspect) / high
    disc = np.hypot(across, (y - height / 2) / high) < reach
    image = np.where(disc[..., None], 235, 20).astype(np.uint8).repeat(3, axis=2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=5)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def watched(path: Path) -> tuple[Frame, list[EncodedPacket]]:
    packets: list[EncodedPacket] = []
    source = PacketSource(
        PacketOptions(camera_id="gate", url=str(path), decode="full", reduced_px=320),
        clock=ManualClock(),
        on_packet=packets.append,
    )
    source.open()
    first = source.read()
    while source.read() is not None:
        pass
    source.close()
    assert first is not None
    return first, packets


def roundness(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Return the width of what is white over its height."""
    white = image[..., 0] > 128
    return float(white.any(axis=0).sum() / white.any(axis=1).sum())


@pytest.mark.parametrize(("stored", "aspect", "shown"), SHAPES)
def test_what_is_round_is_looked_at_round(
    tmp_path: Path,
    stored: tuple[int, int],
    aspect: Fraction,
    shown: tuple[int, int],
) -> None:
    frame, _ = watched(filmed(tmp_path / "clip.ts", stored, aspect))

    assert frame.size == shown
    if aspect < 3:
        assert roundness(frame.image) == pytest.approx(1, abs=0.02)
        assert roundness(frame.reduced) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("stored", "aspect", "shown"), SHAPES[:4])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_copies_of_a_clip_are_round_too(
    tmp_path: Path,
    stored: tuple[int, int],
    aspect: Fraction,
    shown: tuple[int, int],
    codec: str,
) -> None:
    clip = filmed(tmp_path / "clip.mp4", stored, aspect, codec=codec)
    _, packets = watched(clip)
    encode_clip(decoded(packets), tmp_path / "copy.mp4")
    _, shared = next(iter(shared_frames(decoded(packets), (), span_s=2)))
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        frame = next(copy.decode(video=0))

    assert (frame.width, frame.height) == shown
    assert roundness(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)) == (
        pytest.approx(1, abs=0.02)
    )
    assert (shared.width, shared.height) == shown


def test_the_original_clip_keeps_the_shape_of_its_pixels(tmp_path: Path) -> None:
    _, packets = watched(filmed(tmp_path / "clip.ts", (704, 576), Fraction(12, 11)))
    remux(packets, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        stream = clip.streams.video[0]

        assert stream.sample_aspect_ratio == Fraction(12, 11)
    assert isinstance(packets[0].stream, StreamFormat)
