"""What the clips of one event cost, in the background: fluent, and key frames alone.

    python -m tests.benchmarks.bench_clips [--clip FILE] [--keep FOLDER]

Fifteen seconds of 1080p25 H.264 at 4 Mbit/s, a key frame every two seconds (our street,
scaled up), 12 vehicles and 8 people to hide in every analysed picture. CPU time of the
thread that does it; the best of three counts, since other work only adds.
"""

import argparse
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

import av
import cv2

from tests.benchmarks.bench_evidence import START, observed, street
from vision.bootstrap.bench.footage import make_clip
from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence.clips import make_clips
from vision.evidence.hidden import Sight
from vision.evidence.redaction import regions_of
from vision.evidence.shared_clip import SharedCut
from vision.evidence.takes import Moment, Take

STREET = Path("datasets/demo/street.mp4")
SECONDS = 15.0
ROUNDS = 3


def packets_of(clip: Path) -> list[EncodedPacket]:
    """Return the first seconds of a clip as a camera sends them."""
    found: list[EncodedPacket] = []
    with av.open(str(clip)) as source:
        video = source.streams.video[0]
        context, base = video.codec_context, video.time_base
        assert base is not None
        form = StreamFormat(
            context.name, video.width, video.height, base, context.extradata
        )
        for packet in source.demux(video):
            if packet.pts is None or packet.dts is None:
                continue
            at_s = float(packet.pts * base)
            if packet.is_keyframe and at_s > SECONDS:
                break
            stamps = packet.pts, packet.dts, packet.is_keyframe
            found.append(EncodedPacket("gate", form, bytes(packet), *stamps, at_s))
    return found


def main() -> None:
    """Make the clips both ways and say what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, help="1080p25; default: made here")
    parser.add_argument("--keep", type=Path, help="where the clips are left")
    asked = parser.parse_args()
    cv2.setNumThreads(1)  # as the engine does
    sights = tuple(
        Sight(2.0 * index, (1920, 1080), regions_of(observed(street(index))))
        for index in range(9)
    )
    with tempfile.TemporaryDirectory() as made:
        clip = asked.clip
        if clip is None:
            clip = Path(made) / "street.mp4"
            make_clip(STREET, clip)
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        packets = packets_of(clip)
        for step, fluent in enumerate((True, False), start=1):
            wanted: Future[bool] = Future()
            moment = Moment("event", step, "gate", 10.0, START)
            take = Take(moment, SECONDS, 0.0, wanted, packets=packets)
            best_s, size = float("inf"), 0
            for _ in range(ROUNDS):
                began_s = time.thread_time()
                entries = make_clips(take, folder, SharedCut(sights, fluent=fluent))
                best_s = min(best_s, time.thread_time() - began_s)
                size = entries[-1].artifact.size_bytes
            print(
                f"original and {'fluent' if fluent else 'key-frame'} shared clip: "
                f"{best_s * 1e3:.0f} ms CPU, shared {size / 1e6:.2f} MB"
            )


if __name__ == "__main__":
    main()
