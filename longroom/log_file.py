"""Log files in the data folder."""

from pathlib import Path

from longroom.errors import ConfigurationError

MAX_BYTES = 5_000_000


def log_file(data_dir: Path, name: str) -> Path:
    """Creates the log; one over MAX_BYTES becomes .log.1 first. Raises ConfigurationError."""
    log = data_dir / "logs" / name
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > MAX_BYTES:
            log.replace(log.with_suffix(".log.1"))
        log.open("ab").close()
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {data_dir} cannot be written ({error.strerror});"
            " make it writable, or choose another with --data-dir or LONGROOM_DATA_DIR"
        ) from error
    return log
