"""The migration files of this program, from the checkout or the installed wheel."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SchemaMismatch

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: str
    sha256: str
    """Recorded in the database to detect changed files."""


def shipped(folder: Path | None = None) -> list[Migration]:
    """In order. Raises SchemaMismatch on an invalid file name."""
    return [_read(file) for file in sorted((folder or _folder()).glob("*.sql"))]


def _folder() -> Path:
    package = Path(__file__).parent.parent
    installed = package / "_migrations"  # in the wheel
    return installed if installed.is_dir() else package.parent / "migrations"


def _read(file: Path) -> Migration:
    match = FILE_NAME.fullmatch(file.name)
    if match is None:
        raise SchemaMismatch(f"{file.name} is not a name of the form 0001_what_it_does.sql")
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return Migration(int(match[1]), name=file.stem, sql=content.decode(), sha256=sha256)
