"""Schema-driven fuzzing of the whole API: no fault, and only what is documented."""

import subprocess
import sys
from pathlib import Path

import pytest

from serve.people.roles import Scope
from serve.settings import Settings
from tests.service.serve.city import report
from tests.service.serve.conftest import CONFIGS, Start

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        ("fuzzing", "1"),
        pytest.param("coverage,fuzzing", "5", marks=pytest.mark.slow),
    ],
)
def test_no_request_makes_the_service_fail(
    start: Start, tmp_path: Path, phases: str, examples: str
) -> None:
    live = start(Settings(home=tmp_path / "home", config_dir=CONFIGS))
    with live.client(Scope.INGEST) as engine:
        report(engine)  # so that some ids lead somewhere
    everything = [scope for scope in Scope if scope is not Scope.SETUP]
    key = live.services.keys.create("fuzz", everything)

    done = subprocess.run(
        [
            str(SCHEMATHESIS), "run", f"{live.url}/openapi.json",
            "--header", f"Authorization: Bearer {key}",
            "--checks", CHECKS,
            "--phases", phases,
            "--max-examples", examples,
            "--request-timeout", "30",
            "--exclude-path", "/api/v1/stream",  # never ends
            "--seed", "7",
            # A busy machine makes up requests slowly: no fault of the service.
            "--suppress-health-check", "too_slow",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-8000:]
