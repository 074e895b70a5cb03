"""The migrations that this program ships: from the checkout, or from the installed wheel."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SchemaMismatch

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True)
class Migration:
    """One file, and the hash by which a database remembers it."""

    version: int
    name: str
    sql: str
    sha256: str


def shipped(folder: Path | None = None) -> list[Migration]:
    """The migrations in order. Raises SchemaMismatch on a file name that gives none."""
    return [_read(file) for file in sorted((folder or _folder()).glob("*.sql"))]


def _folder() -> Path:
    package = Path(__file__).parent.parent
    installed = package / "_migrations"  # where the wheel carries them
    return installed if installed.is_dir() else package.parent / "migrations"


def _read(file: Path) -> Migration:
    match = FILE_NAME.fullmatch(file.name)
    if match is None:
        raise SchemaMismatch(f"{file.name} is not a name of the form 0001_what_it_does.sql")
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return Migration(int(match[1]), name=file.stem, sql=content.decode(), sha256=sha256)
