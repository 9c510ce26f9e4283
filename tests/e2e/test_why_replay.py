"""Asking why nothing opened, and watching the engine decide, as a person does."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from tests.footage import write_clip

ROOT = Path(__file__).parents[2]
STREETWARDEN = Path(sys.executable).with_name("streetwarden")
MODEL = ROOT / "models" / "street-n"
DEMO = ROOT / "datasets" / "demo" / "street.mp4"

# Each command may take two minutes on a loaded machine.
pytestmark = pytest.mark.timeout(240)

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def typed(tmp_path: Path) -> Command:
    environment = os.environ | {
        "STREETWARDEN_HOME": str(tmp_path / "home"),
        "STREETWARDEN_DEMO_URL": "http://127.0.0.1:1",
        "STREETWARDEN_API_KEY": "k" * 32,
    }

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(STREETWARDEN), *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the first twelve seconds of the demo street, not encoded anew."""
    target = tmp_path_factory.mktemp("clip") / "short.mp4"
    with av.open(str(DEMO)) as source, av.open(str(target), "w") as out:
        video = source.streams.video[0]
        copy = out.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.pts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base > 12:
                continue
            packet.stream = copy
            out.mux(packet)
    return target


def _site(tmp_path: Path, clip: Path) -> Path:
    text = (ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8")
    text = text.replace("datasets/demo/street.mp4", str(clip))
    text = text.replace(
        '{type: http, url: "${STREETWARDEN_DEMO_URL}"}',
        f"{{type: jsonl, path: {tmp_path / 'events.jsonl'}}}",
    )
    site = tmp_path / "site.yaml"
    site.write_text(text, encoding="utf-8")
    return site


def test_after_a_run_one_can_ask_why_nothing_opened(
    typed: Command, short: Path, tmp_path: Path
) -> None:
    assert typed("run", _site(tmp_path, short)).returncode == 0

    said = typed("why", "shopping-street")
    record = json.loads(typed("why", "shopping-street", "--json").stdout)

    assert said.returncode == 0, said.stderr
    assert "the run is over" in said.stdout
    assert "not opened overflowing_bin in zone bins-north" in said.stdout
    assert "not yet full 0 s of 15 s" in said.stdout
    assert record["pictures"] == 25
    written = datetime.fromisoformat(record["written_at"])
    assert (datetime.now(UTC) - written).total_seconds() < 60  # noqa: TID251 real age


def test_an_engine_that_never_ran_has_no_answer_but_words(typed: Command) -> None:
    done = typed("why", "gate")

    assert done.returncode == 2
    assert "run the engine first" in done.stderr


def test_a_running_engine_answers_over_http_until_it_ends(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    write_clip(tmp_path / "clip.mp4", seconds=60, fps=5)
    site = _site(tmp_path, tmp_path / "clip.mp4")
    with site.open("a") as file:
        file.write(f"\nmetrics: {{port: {port}}}\n")
    url = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(
        [str(STREETWARDEN), "run", str(site)],
        cwd=ROOT,
        env=os.environ | {"STREETWARDEN_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        record = _first_answer(f"{url}/cameras/shopping-street/candidates", running)
        metrics = _read(f"{url}/metrics")
    finally:
        running.terminate()
        _, told = running.communicate(timeout=60)

    assert record["camera_id"] == "shopping-street"
    assert "streetwarden_camera_state" in metrics
    assert running.returncode == 0, told
    with pytest.raises(OSError, match="refused"):
        _read(f"{url}/healthz")


def test_a_replay_is_a_video_that_browsers_play_at_the_clips_own_times(
    typed: Command, short: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"

    done = typed("replay", short, "--site", _site(tmp_path, short), "--out", out)

    assert done.returncode == 0, done.stderr
    assert "25 pictures" in done.stdout
    with av.open(str(out)) as container:
        video = container.streams.video[0]
        frames = list(container.decode(video))
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
    times_s = [frame.time for frame in frames]
    assert len(times_s) == 25
    assert np.diff(times_s).max() == pytest.approx(0.667, abs=0.01)
    assert times_s[-1] == pytest.approx(12.0, abs=0.01)
    assert not list(tmp_path.glob("*.part"))
    # The panel changes with time, and the street is drawn over.
    panels = [frame.to_ndarray(format="bgr24")[:, 900:] for frame in frames]
    assert np.abs(panels[0].astype(int) - panels[-1]).max() > 100


def test_a_replay_without_a_site_watches_the_whole_view(
    typed: Command, tmp_path: Path
) -> None:
    clip, out = tmp_path / "clip.mp4", tmp_path / "out.mp4"
    write_clip(clip, seconds=2, fps=5)

    done = typed("replay", clip, "--out", out)

    assert done.returncode == 0, done.stderr
    with av.open(str(out)) as container:
        assert len(list(container.decode(video=0))) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("none.mp4", "--out", "{tmp}/o.mp4"), 3, "no such file"),
        (("{tmp}/junk.mp4", "--out", "{tmp}/o.mp4"), 3, "junk.mp4"),
        (("{tmp}/junk.mp4", "--out", "{tmp}/o.avi"), 2, "ending in .mp4"),
        (("{tmp}/junk.mp4", "--out", "{tmp}/none/o.mp4"), 2, "is no folder"),
        (("{tmp}/junk.mp4", "--out", "{tmp}/junk.mp4"), 2, "is the clip itself"),
        (("{tmp}/junk.mp4", "--out", "{tmp}/" + "x" * 300 + ".mp4"), 2, "too long"),
        (("{tmp}/junk.mp4", "--camera", "a", "--out", "{tmp}/o.mp4"), 2, "--site"),
        (
            ("{tmp}/junk.mp4", "--site", "{tmp}/none.yaml", "--out", "{tmp}/o.mp4"),
            2,
            "none.yaml",
        ),
        (
            (
                "{tmp}/junk.mp4",
                "--site",
                "configs/demo.yaml",
                "--camera",
                "gate",
                "--out",
                "{tmp}/o.mp4",
            ),
            2,
            "expected one of shopping-street",
        ),
    ],
)
def test_bad_input_to_a_replay_ends_in_words_and_a_status(
    typed: Command,
    tmp_path: Path,
    arguments: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    (tmp_path / "junk.mp4").write_bytes(b"no video at all" * 99)

    done = typed("replay", *(one.format(tmp=tmp_path) for one in arguments))

    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "junk.mp4").stat().st_size == 99 * 15
    assert not list(tmp_path.glob("o.*"))


def _first_answer(url: str, running: "subprocess.Popen[str]") -> dict[str, object]:
    """Ask until the engine answers; it first loads its model."""
    while running.poll() is None:
        try:
            record: dict[str, object] = json.loads(_read(url))
        except OSError:
            try:
                running.wait(0.3)
            except subprocess.TimeoutExpired:
                continue
        else:
            return record
    pytest.fail("the engine ended before it answered")


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 our own engine
        return str(answer.read().decode())
