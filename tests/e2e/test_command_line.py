"""The command as a person types it, in a process of its own."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.footage import write_clip

# Each test starts the whole program, some several times.
pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "street-n"
STREETWARDEN = Path(sys.executable).with_name("streetwarden")


def _run(
    *arguments: str, home: Path, timeout_s: float = 200, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "STREETWARDEN_DEMO_URL": "http://127.0.0.1:1",
        "STREETWARDEN_HOME": str(home),
        "CAMERA_PASSWORD": "hunter2",
        "STREETWARDEN_API_KEY": "k" * 32,
    }
    return subprocess.run(
        [str(STREETWARDEN), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _site(tmp_path: Path, **changes: str) -> Path:
    lines = {
        "site": "site: test",
        "model": f"model: {{type: onnx, path: {MODEL}}}",
        "cameras": (
            "cameras: [{id: gate, source: {type: packets, decode: full, "
            f"url: {tmp_path / 'clip.mp4'}}}}}]"
        ),
        "rules": "rules: [{type: garbage_pile, period_s: 1}]",
        "sinks": "sinks: [{type: jsonl}]",
    } | changes
    file = tmp_path / "site.yaml"
    file.write_text("\n".join(lines.values()), encoding="utf-8")
    return file


def test_it_says_its_version(home: Path) -> None:
    done = _run("--version", home=home)

    assert done.returncode == 0
    assert done.stdout == f"streetwarden {version('streetwarden')}\n"


def test_the_shipped_examples_are_right(home: Path) -> None:
    for name in ("demo.yaml", "site.example.yaml"):
        done = _run("check", f"configs/{name}", home=home)

        assert done.returncode == 0, done.stderr
        assert "right." in done.stdout


def test_a_site_that_names_what_ships_works_in_every_folder(
    tmp_path: Path, home: Path
) -> None:
    model = "model: {type: onnx, path: models/street-n}"
    file = _site(
        tmp_path, model=model, taxonomy="taxonomy: configs/taxonomy/cjt214.yaml"
    )

    done = _run("check", str(file), home=home, folder=tmp_path)

    assert done.returncode == 0, done.stderr


def test_a_rule_that_watches_no_camera_is_told(tmp_path: Path, home: Path) -> None:
    rules = "rules: [{type: illegal_parking}, {type: garbage_pile, period_s: 1}]"

    done = _run("check", str(_site(tmp_path, rules=rules)), home=home)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    missing, told = [line for line in lines if line.startswith("note:")]
    assert "is not there; check the path" in missing
    assert "illegal_parking watches no camera" in told
    assert told.endswith("has a no_parking zone")


def test_one_camera_under_two_ids_is_told(tmp_path: Path, home: Path) -> None:
    source = "source: {type: packets, url: a.mp4}"
    cameras = f"cameras: [{{id: gate, {source}}}, {{id: yard, {source}}}]"

    done = _run("check", str(_site(tmp_path, cameras=cameras)), home=home)

    assert done.returncode == 0, done.stderr
    assert "note: cameras gate and yard have the same source" in done.stdout


def test_a_mistake_in_a_site_file_ends_with_status_2_and_its_line(
    tmp_path: Path, home: Path
) -> None:
    file = _site(tmp_path, rules="rules: [{type: garbage_pile, dwell_s: soon}]")

    done = _run("check", str(file), home=home)

    assert done.returncode == 2
    assert "rules.0.dwell_s (line 4): got 'soon'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_lacks_a_class_is_refused_at_start(
    tmp_path: Path, home: Path
) -> None:
    model = f"model: {{type: onnx, path: {MODEL}, class_map: {{garbage: litter}}}}"

    done = _run("run", str(_site(tmp_path, model=model)), home=home)

    assert done.returncode == 2
    assert "rule garbage_pile needs the class garbage" in done.stderr
    assert "model.class_map" in done.stderr


def test_a_model_file_that_is_no_model_ends_with_status_4(
    tmp_path: Path, home: Path
) -> None:
    fake = tmp_path / "fake.onnx"
    fake.write_bytes(b"this is no model")

    done = _run(
        "run",
        str(_site(tmp_path, model=f"model: {{type: onnx, path: {fake}}}")),
        home=home,
    )

    assert done.returncode == 4
    assert str(fake) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), (b"", "empty"), (b"no video at all" * 99, "")],
)
def test_a_clip_that_cannot_be_read_ends_with_status_3_in_words(
    tmp_path: Path, home: Path, content: bytes | None, said: str
) -> None:
    clip = tmp_path / "clip.mp4"
    if content is not None:
        clip.write_bytes(content)

    done = _run("run", str(_site(tmp_path)), home=home)

    assert done.returncode == 3
    assert str(clip) in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_one_broken_camera_does_not_keep_the_other_from_being_watched(
    tmp_path: Path, home: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=4, fps=5)
    cameras = (
        "cameras: ["
        "{id: good, source: {type: packets, decode: full, "
        f"url: {tmp_path}/clip.mp4}}}}, "
        f"{{id: bad, source: {{type: opencv, url: {tmp_path}/none.mp4}}}}]"
    )

    done = _run("run", str(_site(tmp_path, cameras=cameras)), home=home)

    assert done.returncode == 3
    assert "4 pictures analysed" in done.stderr
    assert "bad" in done.stderr


def test_an_unreachable_camera_does_not_show_its_password(
    tmp_path: Path, home: Path
) -> None:
    cameras = (
        "cameras: [{id: gate, source: {type: packets, open_timeout_s: 1, "
        'url: "rtsp://admin:${CAMERA_PASSWORD}@127.0.0.1:9/x"}}]'
    )

    done = _run("doctor", str(_site(tmp_path, cameras=cameras)), home=home)

    assert done.returncode == 1
    assert "bad  camera gate" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_an_evidence_disk_that_is_not_mounted_keeps_the_engine_from_starting(
    tmp_path: Path, home: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)
    file = _site(tmp_path)
    assert _run("run", str(file), home=home).returncode == 0
    (home / "evidence").rename(tmp_path / "disk")
    (home / "evidence").mkdir()

    refused = _run("run", str(file), home=home)

    assert refused.returncode != 0
    assert "expected its disk to be mounted there" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list((home / "evidence").iterdir()) == []
    (home / "evidence").rmdir()
    (tmp_path / "disk").rename(home / "evidence")
    assert _run("run", str(file), home=home).returncode == 0


def test_open_events_of_a_camera_that_is_gone_are_told_where_there_is_a_site(
    tmp_path: Path, home: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)
    (home / "places").mkdir(parents=True)
    opened = '{"event_id": "e-1", "rule": "garbage_pile/1", "place": {}}'
    memory = f'{{"version": 1, "parts": {{"opened": [{opened}]}}}}'
    (home / "places" / "market.json").write_text(memory, encoding="utf-8")

    site = _run("run", str(_site(tmp_path)), home=home)
    quick = _run("run", "--source", str(tmp_path / "clip.mp4"), home=home)

    assert (site.returncode, quick.returncode) == (0, 0)
    told = "camera market is not in the site, but events of it are open: 1"
    assert told in " ".join(site.stderr.split())
    assert "not in the site" not in quick.stderr


def test_doctor_finds_a_working_site_in_order(tmp_path: Path, home: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)

    done = _run("doctor", str(_site(tmp_path)), home=home)

    assert done.returncode == 0, done.stdout
    assert "bad" not in done.stdout
    assert "camera gate" in done.stdout


def test_doctor_asks_no_speed_of_a_machine_that_reads_a_file(
    tmp_path: Path, home: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)
    cameras = (
        "cameras: [{id: gate, period_s: 0.02, source: {type: packets, "
        f"url: {tmp_path / 'clip.mp4'}}}}}]"
    )

    done = _run("doctor", str(_site(tmp_path, cameras=cameras)), home=home)

    assert done.returncode == 0, done.stdout


def test_doctor_tells_a_service_that_is_down(tmp_path: Path, home: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)
    sinks = 'sinks: [{type: http, url: "http://127.0.0.1:9"}]'

    done = _run("doctor", str(_site(tmp_path, sinks=sinks)), home=home)

    assert done.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in done.stdout.replace("\n", "")


def test_a_snapshot_shows_the_zones(tmp_path: Path, home: Path) -> None:
    out = tmp_path / "look.png"

    done = _run(
        "snapshot", "configs/demo.yaml", "shopping-street", "--out", str(out), home=home
    )

    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"\x89PNG")


def test_a_snapshot_as_a_page_is_where_zones_are_drawn(
    tmp_path: Path, home: Path
) -> None:
    out = tmp_path / "zones.html"

    done = _run(
        "snapshot", "configs/demo.yaml", "shopping-street", "--out", str(out), home=home
    )

    assert done.returncode == 0, done.stderr
    assert "open it in a browser" in done.stdout
    page = out.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in page
    assert '"kind": "no_parking"' in page


def test_a_snapshot_of_an_unknown_camera_names_the_known_ones(
    tmp_path: Path, home: Path
) -> None:
    done = _run("snapshot", str(_site(tmp_path)), "gat", home=home)

    assert done.returncode == 2
    assert "expected one of gate" in done.stderr


def test_a_quick_look_prints_events_as_json_lines(home: Path) -> None:
    done = _run("run", "--source", "datasets/demo/street.mp4", home=home)

    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    opened = [m for m in messages if m["type"].endswith("violation.opened.v1")]
    assert "garbage_pile" in {m["data"]["slug"] for m in opened}


def test_a_quick_look_and_a_site_file_do_not_mix(tmp_path: Path, home: Path) -> None:
    done = _run("run", str(_site(tmp_path)), "--source", "0", home=home)

    assert done.returncode == 2
    assert "exactly one" in done.stderr


def test_nothing_is_written_outside_the_home_folder(tmp_path: Path, home: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=2, fps=5)
    file = _site(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    done = _run("run", str(file), home=home)

    assert done.returncode == 0, done.stderr
    outside = [p for p in tmp_path.rglob("*") if home not in (p, *p.parents)]
    assert sorted(outside) == before
    assert (home / "outbox.db").is_file()
