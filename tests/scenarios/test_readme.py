"""The list of what holds the judgement names tests and clips that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_and_clip_named_in_the_list_exists() -> None:
    text = (ROOT / "tests/scenarios/README.md").read_text("utf-8")
    sources = [file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py")]
    names = set(re.findall(r"`(test_\w+)`", text))
    clips = set(re.findall(r"`([a-z]+_[a-z0-9_]+)`", text.split("**Laws**")[0])) - names

    assert names
    for name in names:
        assert any(f"def {name}(" in source for source in sources), name
    for clip in clips:
        assert (ROOT / f"datasets/scenarios/{clip}.mp4").is_file(), clip
