"""What an operator can mend ends in words, with a status and without passwords."""

import sys
from pathlib import Path

import pytest

from serve.__main__ import main

PREFIX = "STREETWARDEN_"


@pytest.mark.parametrize(
    ("arguments", "setting", "told"),
    [
        (["--home", "{file}"], "", "{file}: File exists"),
        (["--home", "{folder}"], "", "the database cannot be used"),
        (["keys", "list", "--home", "{file}"], "", "{file}: File exists"),
        ([], "DATABASE_URL=nonsense", "database_url: "),
        (
            [],
            "DATABASE_URL=postgresql+psycopg://u:hunter2@127.0.0.1:1/x",
            "the database cannot be used",
        ),
        ([], "DATABASE_URL=mysql://u:hunter2@h/x", "MySQLdb is not installed"),
        ([], "MQTT_URL=nonsense", "mqtt_url: got scheme ''"),
        ([], "MQTT_URL=mqtt://h:x", "mqtt_url: Port could not be cast"),
        ([], "CONFIG_DIR={folder}", "deadlines.yaml: month must be in 1..12"),
    ],
)
def test_what_an_operator_can_mend_ends_in_words(
    arguments: list[str],
    setting: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    folder.mkdir()
    file.write_text("no folder")
    (folder / "serve.db").write_text("no database")
    (folder / "deadlines.yaml").write_text("calendar: 2026-13-45")
    places = {"file": file, "folder": folder}
    name, _, value = setting.format(**places).partition("=")
    monkeypatch.setenv(f"{PREFIX}HOME", str(tmp_path / "home"))
    monkeypatch.setenv(PREFIX + name, value)
    given = [one.format(**places) for one in arguments]
    monkeypatch.setattr(sys, "argv", ["serve", "--port", "0", *given])
    if given[:1] == ["keys"]:
        monkeypatch.setattr(sys, "argv", ["serve", *given])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code in {1, 2}
    said = capsys.readouterr().err
    assert told.format(**places) in said
    assert "hunter2" not in said
