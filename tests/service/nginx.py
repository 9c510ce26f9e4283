"""A real nginx in front of what is tested."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def proxied(folder: Path, port: int, servers: str) -> Iterator[None]:
    """Run nginx until the block ends.

    Args:
        folder: for its files.
        port: on which `servers` listens; waited for.
        servers: what stands in `http { }`.
    """
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    apart = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; events {{}}\n"
        f"http {{ access_log off; {apart}\n{servers} }}",
        "utf-8",
    )
    command = ["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error"]
    with subprocess.Popen(command) as proxy:
        try:
            for _ in range(200):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield
        finally:
            proxy.terminate()
            proxy.wait(20)
