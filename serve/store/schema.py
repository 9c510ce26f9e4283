"""Every table; `serve/migrations` makes them, a test keeps the two the same."""

from serve.store import (
    case_tables,
    delivery_tables,
    people_tables,
    retention_tables,
    tables,
)
from serve.store.base import Base

metadata = Base.metadata

__all__ = [
    "case_tables",
    "delivery_tables",
    "metadata",
    "people_tables",
    "retention_tables",
    "tables",
]
