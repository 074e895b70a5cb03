"""The server that the tests themselves use."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
ENDS_WITHIN_S = 30

KILLED_RUN = """
import os, signal
from testbed.postgres import running_server
with running_server() as server:
    print(server.url, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_test_run_leaves_no_server_behind() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN],
        cwd=ROOT,
        env=environment | {"TEST_PG": "embedded"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert killed.returncode == -9
    (socket_folder,) = parse_qs(urlsplit(killed.stdout.strip()).query)["host"]
    deadline = time.monotonic() + ENDS_WITHIN_S
    while Path(socket_folder).exists():
        assert time.monotonic() < deadline, "the server still runs"
        time.sleep(0.05)
