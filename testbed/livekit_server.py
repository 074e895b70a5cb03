"""A LiveKit server process on loopback only."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from longroom.local_room.livekit_server import free_port, installed_binary, on_loopback

API_KEY = "devkey"
API_SECRET = "secretsecretsecretsecretsecretsecret"  # the server refuses fewer than 32 characters
HOW_TO_GET = (
    "no livekit-server found: run `make livekit-server` (built once, 2 minutes, needs Go), "
    "or set LIVEKIT_SERVER_BIN to a binary of your own"
)


def find_binary() -> Path | None:
    """From LIVEKIT_SERVER_BIN, PATH, or the cache that `make livekit-server` fills."""
    if named := os.environ.get("LIVEKIT_SERVER_BIN"):
        return Path(named)
    return installed_binary()


class LiveKitServer:
    """Can be stopped and started again on the same port."""

    def __init__(self, binary: Path, directory: Path) -> None:
        self._binary = binary
        self._configuration = directory / "livekit.yaml"
        self._log = directory / "livekit.log"
        self._process: subprocess.Popen[bytes] | None = None
        port = free_port()
        self._configuration.write_text(
            on_loopback(port, key=API_KEY, secret=API_SECRET), encoding="utf-8"
        )
        self.http_url = f"http://127.0.0.1:{port}"
        self.url = f"ws://127.0.0.1:{port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }

    def start(self) -> None:
        """Blocks until the server answers; raises RuntimeError after 15 s."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--config", self._configuration], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.http_url, timeout=1).close()  # noqa: S310  # loopback
                return
            time.sleep(0.05)
        raise RuntimeError(f"livekit-server did not start:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """SIGKILL: rooms and their metadata are gone, as after a crash."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process = None
