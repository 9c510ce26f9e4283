"""How the process ends when threads are still at work in native code."""

import subprocess
import sys

import pytest

# A camera's thread that never gives up, as the command finds it when it is done.
SCRIPT = """
import sys, threading, types
import cv2, numpy as np

def work():
    picture = np.zeros((2000, 3000, 3), np.uint8)
    while True:
        busy.set()
        cv2.resize(picture, (1500, 1000), interpolation=cv2.INTER_AREA)

def main():
    threading.Thread(target=work, name="source-gate", daemon=True).start()
    busy.wait()
    sys.stdout.write("all is told")
    {ending}

busy = threading.Event()
app = types.ModuleType("vision.cli.app")
app.main = main
sys.modules["vision.cli.app"] = app
from vision.cli import entry
entry.main()
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("raise KeyboardInterrupt", 130),
    ],
)
def test_the_status_is_its_own_whatever_threads_still_do(
    ending: str, status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(ending=ending)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (status, "all is told", "")


def test_ctrl_c_while_loading_ends_with_status_130_and_no_traceback() -> None:
    # In a process of its own: one that has sources' threads is ended on the spot.
    script = """
from vision.cli import entry

def interrupted(_name):
    raise KeyboardInterrupt

entry.import_module = interrupted
entry.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
