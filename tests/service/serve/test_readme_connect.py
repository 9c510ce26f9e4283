"""The README's "connect your dispatch system" does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from serve.people.roles import Role
from tests.service.serve.city import do, report
from tests.service.serve.conftest import Live, sqlite_only
from vision.core.violations import Slug

ROOT = Path(__file__).parents[3]
# These two go on until somebody ends them.
ENDLESS = ("curl -N ", "PYTHONPATH=client .venv/bin/python serve/examples/")


def commands(client: Path) -> str:
    """Return the section's commands as one script that stops at the first failure.

    Args:
        client: where the generated client goes.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Connect your dispatch system")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = ["set -e", 'curl() { command curl -sS --fail-with-body "$@"; echo; }']
    lines += [
        # A time-out needs a program, not a function.
        f"timeout 12 env {line.split('  #')[0]} || [ $? = 124 ]"
        if line.startswith(ENDLESS)
        else line
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return (
        "\n".join(lines)
        .replace(".venv/bin/python", sys.executable)
        .replace("$PWD/.venv/bin", str(Path(sys.executable).parent))
        .replace("--output-path client", f"--output-path {client}")
        .replace("PYTHONPATH=client", f"PYTHONPATH={client}")
    )


@sqlite_only
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
def test_every_command_runs_as_it_stands(
    live: Live, engine: httpx.Client, tmp_path: Path
) -> None:
    report(engine, slug=Slug.GARBAGE_PILE)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register", "dispatch")
        script = commands(tmp_path / "client").replace(
            "http://127.0.0.1:8321", live.url
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env=os.environ
            | {
                "STREETWARDEN_HOME": str(tmp_path / "home"),
                "PYTHONUNBUFFERED": "1",
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        case = boss.get("/api/v1/cases/1").json()

    assert done.returncode == 0, done.stderr + done.stdout
    for told in (
        "evt-1",
        "FeatureCollection",
        "<service_requests>",
        "whsec_",
        "case 1: garbage_pile",
    ):
        assert told in done.stdout
    assert case["state"] == "handling"
