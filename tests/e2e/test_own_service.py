"""The command line beside a real event service."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.footage import write_clip
from vision.bootstrap.local_service import LocalService
from vision.cli.app import app
from vision.core.errors import SinkError

KEY = "k" * 40
MODEL = Path(__file__).parents[2] / "models" / "street-n"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    with LocalService(tmp_path_factory.mktemp("home"), port=0, api_key=KEY) as service:
        yield service


def watched_by(service: LocalService, folder: Path) -> Path:
    """Write a site of one camera whose events go to a service."""
    clip = write_clip(folder / "clip.mp4", seconds=1, fps=5)
    site = folder / "site.yaml"
    site.write_text(
        f"""
site: north
model: {{type: onnx, path: {MODEL}}}
cameras:
  - id: pier
    name: The pier
    source: {{type: packets, decode: full, url: {clip}}}
rules: [{{type: garbage_pile}}]
sinks: [{{type: http, url: "{service.url}", api_key_env: ENGINE_KEY}}]
""",
        encoding="utf-8",
    )
    return site


@pytest.mark.parametrize(
    ("key", "status", "told"),
    [(KEY, 0, "key accepted"), ("x" * 40, 1, "refuses the key of ENGINE_KEY (401)")],
)
def test_doctor_tries_the_key(
    key: str,
    status: int,
    told: str,
    service: LocalService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGINE_KEY", key)
    site = watched_by(service, tmp_path)

    done = CliRunner().invoke(app, ["doctor", str(site)])

    assert done.exit_code == status, done.output
    assert told in done.output.replace("\n", "")


def test_a_run_tells_the_service_what_it_watches_and_that_it_ended(
    service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGINE_KEY", KEY)
    site = watched_by(service, tmp_path)

    for _ in range(2):
        done = CliRunner().invoke(app, ["run", str(site)])
        assert done.exit_code == 0, done.output

    listed = httpx.get(f"{service.url}/api/v1/cameras").json()["items"]
    engines = httpx.get(f"{service.url}/api/v1/engines").json()["items"]
    (pier,) = [one for one in listed if one["id"] == "pier"]
    assert (pier["name"], pier["watch"]["state"]) == ("The pier", "stopped")
    assert [one["id"] for one in engines] == [pier["watch"]["engine"]]
    assert engines[0]["id"].startswith("north-")


def test_a_service_does_not_take_another_for_itself(
    service: LocalService, tmp_path: Path
) -> None:
    port = int(service.url.rsplit(":", 1)[1])

    with pytest.raises(SinkError, match=f"port {port}: Address already in use"):
        LocalService(tmp_path, port=port, api_key=KEY).__enter__()


def test_a_free_port_is_not_refused_because_it_was_used_a_moment_ago(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            before.accept()[0].close()

    with LocalService(tmp_path, port=port, api_key=KEY) as service:
        assert service.url.endswith(f":{port}")
