"""Requests that schemathesis generates from the API's description, in all of its phases."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.backend_process import BackendProcess
from testbed.postgres import Server, create_database, drop_database

KEY = "a key for the tests"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
PROGRAM = Path(sys.executable).with_name("schemathesis")
PHASES = ("examples", "coverage", "fuzzing", "stateful")


@pytest.fixture
def backend(postgres: Server) -> Iterator[BackendProcess]:
    """Of its own: what is generated also erases."""
    name = asyncio.run(create_database(postgres))
    env = {
        "DATABASE_URL": postgres.database_url(name),
        "BACKEND_SERVICE_KEY": KEY,
        "BACKEND_TOKEN_SECRET": "signs the tokens of these tests alone",
        "BACKEND_CONVERSATION_REQUESTS_S": "0",
    }
    with BackendProcess(env) as process:
        yield process
        process.stop()
    asyncio.run(drop_database(postgres.url, name))


@pytest.mark.timeout(900)
def test_every_answer_is_one_that_the_description_has(
    backend: BackendProcess, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run = subprocess.run(
        [
            PROGRAM,
            f"--config-file={CONFIGURATION}",
            "--no-color",
            "run",
            f"{backend.url()}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {KEY}",
            f"--phases={','.join(PHASES)}",
            "--max-examples=4",
            "--generation-deterministic",
            "--continue-on-failure",
            "--suppress-health-check=all",
            f"--report-json-path={report}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )

    assert run.returncode == 0, run.stdout[-12_000:]
    for phase in PHASES:
        assert f"✅ {phase.capitalize()}" in run.stdout
    statuses = [
        line["status"]
        for line in map(json.loads, backend.log().splitlines())
        if line["message"] == "request"
    ]
    assert len(statuses) > 500
    assert {200, 201, 204, 400, 404, 422} <= set(statuses)
    assert all(status < 500 for status in statuses)
