"""What a stranger installs to use the client: httpx, pydantic, and what these bring along."""

import json
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testbed.backend_process import running_backend

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, json, sys

async def main(url):
    from longroom.client import LongroomClient

    async with LongroomClient(url, key="a key", timeout_s=30) as longroom:
        conversation = await longroom.room("lamp shop")
        await conversation.append("Parcels for Hal go to the red boathouse.", participant="hal")
        found = await conversation.search("Where do parcels for Hal go?")
    return found.hits[0].message.content

said = asyncio.run(main(sys.argv[1]))
packages = {"agent", "longroom", "retrieval"}
ours = [name for name in sys.modules if name.partition(".")[0] in packages]
print(json.dumps({"said": said, "ours": ours}))
"""


def _needed(name: str, extra: str = "") -> dict[str, Distribution]:
    """A distribution's requirements on this platform, and theirs."""
    found: dict[str, Distribution] = {}
    for text in requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        for each in ("", *requirement.extras):
            found |= _needed(requirement.name, each)
        found[canonicalize_name(requirement.name)] = distribution(requirement.name)
    return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel and its requirements, as `pip install longroom` makes it."""
    folder = tmp_path_factory.mktemp("site")
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = wheels.glob("longroom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for one in _of_the_wheel(folder).values():
        for top in {Path(str(file)).parts[0] for file in one.files or []} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(one.locate_file(top))))
    return folder


def _of_the_wheel(folder: Path) -> dict[str, Distribution]:
    (info,) = folder.glob("longroom-*.dist-info")
    found: dict[str, Distribution] = {}
    for text in Distribution.at(info).requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= _needed(requirement.name)
            found[canonicalize_name(requirement.name)] = distribution(requirement.name)
    return found


def _python(
    installation: Path, program: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    # -I and -S: neither the checkout, nor what is installed beside, can be imported.
    start = f"import sys; sys.path.append({str(installation)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + program, *arguments],
        cwd=installation,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_client_brings_httpx_pydantic_and_little_else(installation: Path) -> None:
    needed = _of_the_wheel(installation)

    assert set(needed) <= {
        "annotated-types",
        "anyio",
        "certifi",
        "h11",
        "httpcore",
        "httpx",
        "idna",
        "pydantic",
        "pydantic-core",
        "sniffio",
        "typing-extensions",
        "typing-inspection",
    }


def test_the_client_works_with_nothing_else_installed(
    installation: Path, database_url: str
) -> None:
    env = {"DATABASE_URL": database_url, "BACKEND_SERVICE_KEY": "a key"}
    with running_backend(env, forked=True) as url:
        result = _python(installation, PROGRAM, url)

    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["said"] == "Parcels for Hal go to the red boathouse."
    assert not [
        name
        for name in answer["ours"]
        if not f"{name}.".startswith(("longroom.client.", "retrieval.wire."))
        and name not in {"longroom", "retrieval"}
    ]


def test_the_command_says_what_to_install_for_it(installation: Path) -> None:
    program = "from longroom.__main__ import main; main()"
    result = _python(installation, program, "--help")

    assert result.returncode == 2
    assert result.stderr.startswith("longroom: package typer is not installed; pip install")
    assert len(result.stderr.splitlines()) == 1
