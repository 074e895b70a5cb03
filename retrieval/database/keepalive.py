"""Lets a connection end whose server is gone without a word: a lost machine or network."""

import socket
from typing import Any

GONE_AFTER_S = 60
_PROBES = 3
_OPTIONS = {
    "TCP_KEEPIDLE": GONE_AFTER_S // 2,
    "TCP_KEEPINTVL": GONE_AFTER_S // 2 // _PROBES,
    "TCP_KEEPCNT": _PROBES,
    "TCP_USER_TIMEOUT": GONE_AFTER_S * 1000,  # of what was sent and not acknowledged
}


def keep_alive(connection: Any) -> None:  # of asyncpg, whose types do not show the socket
    """Systems give such a connection up after hours, and statements without a limit wait as long:
    those of background tasks. Unix sockets need none of it.
    """
    opened: socket.socket = connection._transport.get_extra_info("socket")
    if opened.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        if hasattr(socket, name):  # not every system has all of them
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
