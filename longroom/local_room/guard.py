"""Runs a program until standard input is closed: it ends with its starter, also by kill -9.

`python -m longroom.local_room.guard SECONDS PROGRAM ARGUMENT …`. At the end the program gets
SIGTERM, and SIGKILL after so many seconds. Exits as it does.
"""

import subprocess
import sys
import threading


def main(grace_s: float, command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # from our own starter

    def end_with_starter() -> None:
        sys.stdin.buffer.read()
        child.terminate()
        try:
            child.wait(grace_s)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=end_with_starter, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
