"""`longroom invitations`: links that let into a room's page, made by a real process."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from testbed.backend_process import BackendProcess
from tests.support.command_line import CommandLine

SERVICE_KEY = "a service key for these tests"
ROOM = "stand up/ü"


@pytest.fixture(scope="module")
def process(database: str) -> Iterator[BackendProcess]:
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with BackendProcess(env, forked=True) as backend:
        yield backend
        backend.stop()


@pytest.fixture(scope="module")
def url(process: BackendProcess) -> str:
    return process.url()


@pytest.fixture
def command(url: str, database: str, tmp_path: Path) -> CommandLine:
    env = {"BACKEND_URL": url, "BACKEND_SERVICE_KEY": SERVICE_KEY, "DATABASE_URL": database}
    return CommandLine(tmp_path, env)


def made(command: CommandLine, *arguments: str, room: str = ROOM) -> str:
    """The link, which stands alone on standard output."""
    done = command.run("invitations", "make", "--room", room, *arguments)
    assert done.returncode == 0, done.stderr
    (link,) = done.stdout.splitlines()
    assert link not in done.stderr
    return link


def listed(command: CommandLine, room: str = ROOM) -> list[dict[str, str]]:
    done = command.run("invitations", "list", "--room", room, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def join(link: str, name: str) -> httpx.Response:
    """As the page does, with the secret that it takes from its address."""
    page = urlsplit(link)
    origin = f"{page.scheme}://{page.netloc}"
    return httpx.post(
        f"{origin}{page.path}/session",
        json={"name": name, "invitation": parse_qs(page.fragment)["invitation"][0]},
        headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )


def test_a_link_lets_in_until_its_invitation_is_revoked(command: CommandLine) -> None:
    link = made(command)
    (invitation,) = listed(command)
    joined = join(link, "Grace")
    plain = command.run("invitations", "list", "--room", ROOM)
    revoke = ("invitations", "revoke", invitation["invitation_id"], "--room", ROOM)
    revoked = command.run(*revoke)
    late = join(link, "Grace")
    again = command.run(*revoke)

    assert joined.json()["identity"] == "Grace"
    assert plain.stdout.split()[0] == invitation["invitation_id"]
    assert plain.stderr == "1 invitations\n"
    assert revoked.returncode == 0, revoked.stderr
    assert revoked.stdout == f"revoked {invitation['invitation_id']}\n"
    assert late.status_code == 403
    assert listed(command) == []
    assert (again.returncode, again.stdout) == (1, "")
    assert f"no valid invitation into the room '{ROOM}'" in again.stderr
    assert len(again.stderr.splitlines()) == 1


def test_an_invitation_is_for_one_person_and_as_long_as_wanted(command: CommandLine) -> None:
    link = made(command, "--identity", "ada", "--expires-in", "2h", room="personal")
    (invitation,) = listed(command, "personal")
    plain = command.run("invitations", "list", "--room", "personal").stdout.split()

    assert join(link, "Eve").json()["identity"] == "ada"
    assert invitation["identity"] == "ada"
    created_at, expires_at = (
        datetime.fromisoformat(invitation[name]) for name in ("created_at", "expires_at")
    )
    assert expires_at - created_at == timedelta(hours=2)
    assert plain[0] == invitation["invitation_id"]
    assert plain[-1] == "ada"


def test_standard_error_says_when_the_link_ends(command: CommandLine) -> None:
    done = command.run("invitations", "make", "--room", "told", "--expires-in", "30m")
    (invitation,) = listed(command, "told")

    ends = datetime.fromisoformat(invitation["expires_at"])
    assert invitation["invitation_id"] in done.stderr
    assert ends.isoformat(timespec="seconds") in done.stderr
    assert timedelta(minutes=29) < ends - datetime.now(UTC) <= timedelta(minutes=30)


def test_no_secret_is_in_a_log_or_a_list(
    process: BackendProcess, command: CommandLine, tmp_path: Path
) -> None:
    link = made(command, room="quiet")
    secret = urlsplit(link).fragment.removeprefix("invitation=")
    join(link, "Grace")

    plain = command.run("invitations", "list", "--room", "quiet")
    told = json.dumps(listed(command, "quiet")) + plain.stdout + plain.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert "invitations" in process.log()
    assert secret not in process.log()
    assert secret not in told
    assert not any(secret.encode() in path.read_bytes() for path in files)


def wait_until_known(url: str, key: str) -> None:
    """A new key may be refused for a second."""
    address = f"{url}/api/v1/rooms/refused/invitations"
    while httpx.get(address, headers={"Authorization": f"Bearer {key}"}).status_code == 401:
        time.sleep(0.1)


@pytest.mark.parametrize("scope", ["search", "backfill"])
def test_a_key_that_may_not_invite_is_refused_with_the_scope_that_may(
    command: CommandLine, url: str, scope: str
) -> None:
    created = command.run("keys", "create", scope, "--scope", scope)
    assert created.returncode == 0, created.stderr
    key = created.stdout.strip()
    wait_until_known(url, key)
    limited = CommandLine(command.data_dir, {**command.env, "BACKEND_SERVICE_KEY": key})

    for arguments in (("make",), ("list",), ("revoke", "inv_1")):
        done = limited.run("invitations", *arguments, "--room", "refused")

        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert "the backend refused (403)" in done.stderr
        assert "that needs the scope agent or admin" in done.stderr
        assert key not in done.stderr


def test_a_backend_that_is_not_there_and_one_that_is_not_named(tmp_path: Path) -> None:
    gone = CommandLine(tmp_path, {"BACKEND_URL": "http://127.0.0.1:1"})
    done = gone.run("invitations", "make", "--room", "x")
    unnamed = CommandLine(tmp_path).run("invitations", "make", "--room", "x")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("longroom: the backend is unavailable")
    assert (unnamed.returncode, unnamed.stdout) == (2, "")
    assert "BACKEND_URL" in unnamed.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--expires-in", "soon"), "'soon' is no time; write it as 90d, 12h or 30m"),
        (("--expires-in", "0d"), "'0d' is no time"),
        (("--expires-in", "91d"), "lasts at most 90d"),
        (("--identity", " "), "'--identity': ' ': must not be empty"),
        (("--backend", "memory.example.com"), "is no URL"),
    ],
)
def test_an_invitation_that_cannot_be_is_not_made(
    command: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    done = command.run("invitations", "make", "--room", "none", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert listed(command, "none") == []
