"""The API's description is enough: a generated client, and a dispatcher on it."""

import io
import os
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import do, report
from tests.service.serve.conftest import CONFIGS, Live, Start
from vision.core.violations import Slug

EXAMPLE = Path(__file__).parents[3] / "serve" / "examples" / "dispatcher.py"
BIN = Path(sys.executable).parent
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"
GENERATOR = shutil.which("openapi-python-client", path=PATH)
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        GENERATOR is None, reason="openapi-python-client is missing: make install"
    ),
]


@pytest.fixture
def client(live: Live, tmp_path: Path) -> Path:
    """Return the folder of a client made from a live service's description."""
    folder = tmp_path / "client"
    description = tmp_path / "openapi.json"
    # The generator itself waits five seconds, however busy the machine.
    told = httpx.get(f"{live.url}/openapi.json", timeout=60).raise_for_status()
    description.write_bytes(told.content)
    done = subprocess.run(
        [
            str(GENERATOR), "generate", "--fail-on-warning",
            "--path", str(description), "--output-path", str(folder),
        ],
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@contextmanager
def dispatching(live: Live, client: Path) -> Iterator[IO[str]]:
    """Run the example against a service; gives what it prints."""
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "SERVICE": live.url,
            "KEY": live.services.keys.create("desk", [Scope.READ, Scope.HANDLE]),
            "PYTHONPATH": str(client),
            "PYTHONUNBUFFERED": "1",
        },
    )
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.kill()
        process.communicate()


def test_the_example_on_the_generated_client_takes_cases_also_after_a_break(
    start: Start, live: Live, engine: httpx.Client, tmp_path: Path, client: Path
) -> None:
    report(engine)
    report(engine, event_id="evt-2", slug=Slug.GARBAGE_PILE)
    with dispatching(live, client) as printed:
        with live.person("boss", Role.SUPERVISOR) as boss:
            do(boss, 1, "register", "dispatch")
            first = printed.readline()
            case = boss.get("/api/v1/cases/1").json()
            live.stop()
        port = int(live.url.rpartition(":")[2])
        home = Settings(home=tmp_path / "home", config_dir=CONFIGS)
        again = start(home, port=port)
        with again.person("chief", Role.SUPERVISOR) as chief:
            do(chief, 2, "register", "dispatch")
            second = printed.readline()

    assert first.startswith("case 1: illegal_parking at 武珞路 12 号, due 20")
    assert case["state"] == "handling"
    assert case["history"][-1]["note"] == "crew 7 is on its way"
    assert second.startswith("case 2: garbage_pile at")


def test_the_example_is_as_short_as_it_says() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }

    assert len(lines) <= 30
