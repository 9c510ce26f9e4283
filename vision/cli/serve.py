"""`streetwarden serve`: start the event service."""

import os
import sys
from typing import Annotated

import typer

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")]


def serve(host: Host = "127.0.0.1", port: Port = 8321) -> None:
    """Start the event service; Ctrl-C stops it.

    The engine and the service share no code but the nouns, so the service runs as a
    program of its own.
    """
    command = [sys.executable, "-m", "serve", "--host", host, "--port", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 our own module, no shell
