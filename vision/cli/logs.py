"""Where log lines go: one JSON object a line, or plain text for a terminal."""

import logging
import sys
import time
from typing import Literal

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

from vision.core.redaction import without_secrets

LogFormat = Literal["json", "text"]


class _WithoutSecrets(logging.Filter):
    """The last guard: no credentials leave, whoever wrote the message."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = without_secrets(record.getMessage())
        record.args = None
        return True


def set_up_logging(*, level: str, style: LogFormat) -> None:
    """Send all log records to standard error.

    Args:
        level: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
        style: `json` for machines, `text` for people.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_WithoutSecrets())
    handler.setFormatter(_machine() if style == "json" else _human())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx logs full URLs of every request at INFO.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _machine() -> logging.Formatter:
    formatter = JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%SZ",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        json_ensure_ascii=False,
    )
    formatter.converter = time.gmtime
    return formatter


def _human() -> logging.Formatter:
    return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
