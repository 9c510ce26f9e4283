"""Receivers of events."""

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from vision.config.base import Settings
from vision.core.redaction import without_secrets

_KEY_BEGINS = "sw_"  # as those of the event service do


class _Sink(Settings):
    """What every receiver says of itself."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where events go, without secrets; no two receivers of a site share it."""


class HttpSink(_Sink):
    """The event service, or anything that speaks its ingest interface.

    The key is read from the environment variable `api_key_env`, or from the file
    `api_key_file`; it never stands in the configuration. `verifications`: whether it
    is asked which places to look at again. `timeout_s`: how long an answer may take.
    """

    type: Literal["http"]
    url: str
    api_key_env: str | None = "STREETWARDEN_API_KEY"
    api_key_file: Path | None = None
    timeout_s: float = Field(default=10, gt=0, le=300)
    verifications: bool = True

    @model_validator(mode="after")
    def _no_key_stands_here(self) -> Self:
        if (self.api_key_env or "").startswith(_KEY_BEGINS):
            msg = (
                "api_key_env holds a key itself; expected the name of an environment "
                "variable that holds it, such as STREETWARDEN_API_KEY"
            )
            raise ValueError(msg)
        return self

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            msg = "expected an address that begins with http:// or https://"
            raise ValueError(msg)
        return url.rstrip("/")

    @property
    @override
    def address(self) -> str:
        """The service."""
        return without_secrets(self.url)


class JsonlSink(_Sink):
    """JSON lines into a file; `-` is standard output."""

    type: Literal["jsonl"]
    path: str = "-"

    @property
    @override
    def address(self) -> str:
        """The file, however its path is spelled."""
        return str(Path(self.path))


SinkSettings = Annotated[HttpSink | JsonlSink, Field(discriminator="type")]
