"""The LiveKit server of a room on this machine: one that runs, or one that is started."""

import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from longroom.errors import ConfigurationError
from longroom.local_room.child_process import ChildProcess, child_process
from longroom.log_file import log_file

VERSION = "1.13.5"
"""Of deploy/livekit-server.sh."""
MISSING = (
    "no LiveKit server is on this machine: run deploy/livekit-server.sh (it builds one with Go,"
    " once), or set LIVEKIT_SERVER_BIN to a livekit-server, or LIVEKIT_URL, LIVEKIT_API_KEY and"
    " LIVEKIT_API_SECRET to one that runs"
)
KEY = "longroom"
READY = "starting LiveKit server"
START_S = 30.0
GRACE_S = 5.0
# Its own `--dev` would listen on every address, and send browsers to a public STUN server.
CONFIGURATION = """\
port: {port}
bind_addresses: [127.0.0.1]
rtc:
  node_ip: 127.0.0.1
  udp_port: {udp_port}
  tcp_port: 0
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [{interface}]}}
  stun_servers: ["127.0.0.1:3478"]
keys: {{{key}: {secret}}}
logging: {{level: info}}
"""


@dataclass(frozen=True)
class LiveKit:
    """`process` is None for a server that somebody else runs."""

    environment: Mapping[str, str]
    process: ChildProcess | None


@contextmanager
def livekit_server(data_dir: Path) -> Iterator[LiveKit]:
    """That of LIVEKIT_URL, or one that runs for the block, reached from this machine only.
    Raises ConfigurationError, which names the remedy.
    """
    if os.environ.get("LIVEKIT_URL"):
        yield LiveKit({}, None)
        return
    binary = find_binary()
    log = log_file(data_dir, "livekit.log")
    port, secret = free_port(), secrets.token_hex(32)
    configuration = data_dir / "livekit.yaml"
    configuration.touch(mode=0o600)
    configuration.write_text(on_loopback(port, key=KEY, secret=secret), encoding="utf-8")
    environment = {
        "LIVEKIT_URL": f"ws://127.0.0.1:{port}",
        "LIVEKIT_PUBLIC_URL": f"ws://127.0.0.1:{port}",
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": secret,
    }
    command = [str(binary), "--config", str(configuration)]
    with child_process(
        "LiveKit server", command, env={}, log=log, ready=READY, start_s=START_S, grace_s=GRACE_S
    ) as process:
        yield LiveKit(environment, process)


def find_binary() -> Path:
    """From LIVEKIT_SERVER_BIN, PATH, or the cache of deploy/livekit-server.sh."""
    if named := os.environ.get("LIVEKIT_SERVER_BIN"):
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise ConfigurationError(f"LIVEKIT_SERVER_BIN is {named}, which is no program")
    if (found := installed_binary()) is not None:
        return found
    raise ConfigurationError(MISSING)


def installed_binary() -> Path | None:
    """On PATH, or built by deploy/livekit-server.sh."""
    if found := shutil.which("livekit-server"):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cached = cache / "longroom" / f"livekit-server-{VERSION}"
    return cached if os.access(cached, os.X_OK) else None


def on_loopback(port: int, *, key: str, secret: str) -> str:
    """The configuration of a server that only this machine reaches."""
    return CONFIGURATION.format(
        port=port,
        udp_port=free_port(socket.SOCK_DGRAM),
        interface=_loopback(),
        key=key,
        secret=secret,
    )


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, *, preferred: int = 0) -> int:
    """`preferred`, if nobody has it."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port(kind) if preferred else 0
        return int(probe.getsockname()[1])


def _loopback() -> str:
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in ("lo", "lo0") if name in names), "lo")
