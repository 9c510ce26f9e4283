import json
import logging
from collections.abc import Iterator

import pytest

from vision.cli.logs import set_up_logging


@pytest.fixture(autouse=True)
def _own_root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_names_time_level_logger_and_camera(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(level="INFO", style="json")

    logging.getLogger("vision.test").warning("相机 %s", "gone", extra={"camera": "g"})

    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "相机 gone"
    assert line["level"] == "WARNING"
    assert line["logger"] == "vision.test"
    assert line["camera"] == "g"
    assert line["time"].endswith("Z")


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_log_line_shows_a_password(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(level="INFO", style="json" if style == "json" else "text")

    logging.getLogger("any.library").error("open %s", "rtsp://admin:hunter2@host/1")

    shown = capsys.readouterr().err
    assert "hunter2" not in shown
    assert "rtsp://***@host/1" in shown


def test_records_below_the_level_are_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(level="WARNING", style="text")

    logging.getLogger("vision.test").info("quiet")

    assert capsys.readouterr().err == ""
