"""Clips in a real browser: they play, and show the seconds they should."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.service.browser import in_browser, shown
from tests.unit.evidence.scenes import decided, observed, standing, street
from tests.unit.evidence.test_clips import encoded, grey_at
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.takes import ClipPolicy

pytestmark = in_browser
DECIDED_S = 12
# Seeks, looks at the middle of the picture and reports; errors are reported, too.
PAGE = """<!doctype html><video id=v muted></video><script>
const tell = what => fetch('/told', {method: 'POST', body: JSON.stringify(what)});
const v = document.getElementById('v'), greys = [];
const pen = Object.assign(document.createElement('canvas'), {width: 8, height: 8})
  .getContext('2d');
v.onerror = () => tell({error: v.error.message});
v.onloadedmetadata = async () => {
  for (const at of [0.2, v.duration / 2, v.duration - 0.3]) {
    await new Promise(done => { v.onseeked = done; v.currentTime = at; });
    // The picture is there a little after its time is.
    for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
    pen.drawImage(v, 0, 0, 8, 8);
    greys.push(pen.getImageData(4, 4, 1, 1).data[1]);
  }
  tell({duration: v.duration, width: v.videoWidth, greys});
};
// From memory: the little server below knows no ranges, and seeking needs them.
fetch('CLIP').then(got => got.blob()).then(all => v.src = URL.createObjectURL(all));
</script>"""


@pytest.fixture
def package(tmp_path: Path) -> Callable[[str], Path]:
    """Record an event at 12 s of 20 s: brightness tells the time."""

    def record(codec: str) -> Path:
        clips = ClipPolicy(pre_s=4, post_s=3)
        store = PackageStore(
            tmp_path / "evidence",
            policy=StorePolicy(clips=clips),
            clock=ManualClock(),
        )
        second = -1
        for packet in encoded(codec, 20):
            store.add_packet(packet)
            if packet.media_time_s >= second + 1:
                second += 1
                at = street(second, at_s=float(second))
                store.observe(observed(at, standing(at)))
                if second == DECIDED_S:
                    store.keep(decided(at, standing(at)), observed(at, standing(at)))
        store.close(60)
        return tmp_path / "evidence" / "event-1"

    return record


@pytest.mark.parametrize(
    ("codec", "clip"),
    [
        ("libx264", "001-clip.mp4"),
        ("libx264", "001-clip_redacted.mp4"),
        ("libx265", "001-clip_proxy.mp4"),
        ("mjpeg", "001-clip_proxy.mp4"),
    ],
)
def test_a_clip_opens_in_a_browser_and_shows_the_seconds_of_the_event(
    package: Callable[[str], Path], codec: str, clip: str, tmp_path: Path
) -> None:
    folder = package(codec)
    with shown(folder, PAGE.replace("CLIP", clip), tmp_path / "profile") as told:
        seen = told.get(timeout=120)

    assert "error" not in seen
    begins_s = DECIDED_S - 4
    assert 6.5 <= seen["duration"] <= 8.5
    for at_s, grey in zip(
        (0.2, seen["duration"] / 2, seen["duration"] - 0.3), seen["greys"], strict=True
    ):
        # A second is 8 levels; the clip begins with the key frame before.
        assert grey_at(begins_s - 1 + at_s) - 8 <= grey <= grey_at(begins_s + at_s) + 8
