"""How the command line ends when something goes wrong."""

from pathlib import Path

import pytest

from vision.cli import app as command_line


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
