"""The demo, as `make demo ARGS=--exit` runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STREETWARDEN = Path(sys.executable).with_name("streetwarden")


@pytest.mark.timeout(240)
def test_the_demo_opens_what_truly_happens_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(STREETWARDEN), "demo", "--exit", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"STREETWARDEN_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for slug in (
        "garbage_pile",
        "illegal_parking",
        "overflowing_bin",
        "street_vending",
    ):
        assert f"opened  {slug}" in done.stderr
