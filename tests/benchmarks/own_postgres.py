"""A PostgreSQL of one's own, from Debian's package, with its usual settings."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_postgres(folder: Path) -> Iterator[str]:
    """Run a server over a folder until the block ends; yield its SQLAlchemy address.

    Args:
        folder: made when it is new; a server that ran there before goes on from it.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        msg = "no PostgreSQL server found; on Debian: apt-get install postgresql"
        raise SystemExit(msg)
    cluster = folder / "cluster"
    if not cluster.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        _run(programs[-1] / "initdb", "-D", cluster, "-A", "trust", "-E", "UTF8",
             "-U", "streetwarden", "--locale=C.UTF-8")  # fmt: skip
    _run(programs[-1] / "pg_ctl", "-D", cluster, "-l", folder / "log", "-w", "start",
         "-o", f"-k {folder} -c listen_addresses=''")  # fmt: skip
    try:
        yield f"postgresql+psycopg://streetwarden@/postgres?host={folder}"
    finally:
        _run(programs[-1] / "pg_ctl", "-D", cluster, "-m", "fast", "-w", "stop")


def _run(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run(
        [*user, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/"
    )
