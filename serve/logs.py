"""One JSON line per log record, with the request that it belongs to."""

import logging

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

from serve.middleware import request_id
from vision.core.redaction import without_secrets


class _AddRequest(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class _Json(JsonFormatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _Text(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def set_up_logging(level: str, *, as_json: bool) -> None:
    """Send every record to standard error.

    Args:
        level: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
        as_json: one JSON object per line; else plain text.
    """
    handler = logging.StreamHandler()
    handler.addFilter(_AddRequest())
    handler.setFormatter(
        _Json(
            "%(levelname)s %(name)s %(message)s %(request_id)s",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
        )
        if as_json
        else _Text("%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s")
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn", "uvicorn.error"):
        logging.getLogger(noisy).handlers = []
    logging.getLogger("uvicorn.access").disabled = True
    # The client writes whole addresses, and those of webhooks may be secrets.
    for noisy in ("alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel("WARNING")
