"""`python -m benchmarks.record NAME COMMAND [ARGUMENT ...]`: records a measurement.

If COMMAND succeeds, the JSON of its last line goes to benchmarks/results/NAME.json, with command,
revision, date, machine and its load before. NAME begins with a section of benchmarks/RESULTS.md
(`recall`, `search`, ...) and may have a suffix: `recall-20000`.
"""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def main(name: str, command: list[str]) -> int:
    """Returns the command's exit status."""
    load = os.getloadavg()[0]
    revision = _output_of("git", "describe", "--always", "--dirty")
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if line.strip() else last
    if process.returncode != 0:
        return process.returncode
    try:
        result = json.loads(last)
    except ValueError:
        sys.exit(f"the last line of {command[0]} is not JSON: nothing is recorded")
    record = {
        "command": shareable(command),
        "revision": revision,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load_before": round(load, 1),
        "result": result,
    }
    _write(RESULTS / f"{name}.json", record)
    return 0


def shareable(command: list[str]) -> str:
    """The command with absolute paths cut to their last part."""
    return " ".join(_without_folder(word) for word in command)


def _without_folder(word: str) -> str:
    name, equals, value = word.rpartition("=")
    return name + equals + (Path(value).name if Path(value).is_absolute() else value)


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()},"
        f" Python {platform.python_version()}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _output_of(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip()


def _write(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"recorded in benchmarks/results/{path.name}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python -m benchmarks.record NAME COMMAND [ARGUMENT ...]")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
