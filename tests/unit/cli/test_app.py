"""How the command line ends when something goes wrong."""

import sys
from pathlib import Path

import pytest

from vision.cli import app as command_line
from vision.cli import entry


def test_a_file_error_that_nobody_named_still_ends_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "x"))

    monkeypatch.setattr(command_line, "app", full)

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"streetwarden: {tmp_path / 'x'}: No space left on device;")


def test_ctrl_c_while_loading_ends_with_status_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", interrupted)
    monkeypatch.setattr(sys, "argv", ["streetwarden", "check"])

    with pytest.raises(SystemExit) as ended:
        entry.main()

    assert ended.value.code == 130
