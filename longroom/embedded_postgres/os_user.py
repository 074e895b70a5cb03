"""The user that PostgreSQL runs as, because it refuses to run as root."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import DatabaseUnfit

logger = logging.getLogger(__name__)

USER_NAME = "longroom"


@dataclass(frozen=True)
class OsUser:
    """uid and gid for child processes; None keeps the current user."""

    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Make this user the owner of `path`, and the path reachable."""
        if self.uid is None or self.gid is None:
            return
        os.chown(path, self.uid, self.gid)
        self.reach(path)

    def reach(self, path: Path) -> None:
        """Add only the execute bit for others to the folders above `path`."""
        if self.uid is None:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
                logger.warning("folder opened for passing through", extra={"folder": str(folder)})


def postgres_user() -> OsUser:
    """The current user; for root, a system user, created on first use."""
    if os.geteuid() != 0:
        return OsUser()
    try:
        entry = pwd.getpwnam(USER_NAME)
    except KeyError:
        entry = _create_user()
    return OsUser(uid=entry.pw_uid, gid=entry.pw_gid)


def _create_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise DatabaseUnfit(
            "PostgreSQL does not run as root and no user can be made for it here;"
            " run as an ordinary user, or set DATABASE_URL"
        )
    made = subprocess.run(  # noqa: S603 - a fixed command line
        [useradd, "--system", "--no-create-home", "--shell", "/bin/false", USER_NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(USER_NAME)  # another process may have created it meanwhile
    except KeyError:
        raise DatabaseUnfit(
            f"the user {USER_NAME!r} could not be made for PostgreSQL ({made.stderr.strip()});"
            " run as an ordinary user, or set DATABASE_URL"
        ) from None
