from pathlib import Path

import pytest

from vision.core.errors import EvidenceError
from vision.evidence.identity import MARKER, recognise


def test_a_folder_is_known_again(tmp_path: Path) -> None:
    evidence, note = tmp_path / "evidence", tmp_path / "note"

    recognise(evidence, note)
    recognise(evidence, note)

    assert (evidence / MARKER).read_text("ascii") == note.read_text("ascii")


def test_the_empty_folder_of_an_unmounted_disk_is_refused(tmp_path: Path) -> None:
    evidence, note = tmp_path / "evidence", tmp_path / "note"
    recognise(evidence, note)
    evidence.rename(tmp_path / "disk")
    evidence.mkdir()

    with pytest.raises(EvidenceError, match="expected its disk to be mounted there"):
        recognise(evidence, note)

    assert list(evidence.iterdir()) == []
    evidence.rmdir()
    (tmp_path / "disk").rename(evidence)
    recognise(evidence, note)


def test_the_disk_of_another_engine_is_refused(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    recognise(mine, tmp_path / "note")
    recognise(other, tmp_path / "other-note")

    with pytest.raises(EvidenceError, match="not the evidence folder"):
        recognise(other, tmp_path / "note")


def test_who_deletes_the_note_begins_anew(tmp_path: Path) -> None:
    evidence, note = tmp_path / "evidence", tmp_path / "note"
    recognise(evidence, note)
    (evidence / MARKER).unlink()
    note.unlink()

    recognise(evidence, note)

    assert (evidence / MARKER).is_file()


def test_a_crash_between_the_two_files_does_no_harm(tmp_path: Path) -> None:
    evidence, note = tmp_path / "evidence", tmp_path / "note"
    recognise(evidence, note)
    note.unlink()  # the marker is written first

    recognise(evidence, note)

    assert note.read_text("ascii") == (evidence / MARKER).read_text("ascii")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file", encoding="ascii")

    with pytest.raises(EvidenceError, match="evidence: cannot be recognised"):
        recognise(tmp_path / "evidence", tmp_path / "note")
