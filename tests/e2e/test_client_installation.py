"""What a stranger installs: the client with httpx and pydantic, and each extra with its own."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testbed.backend_process import running_backend
from tests.support.mcp_hosts import HELLO

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
COMMAND = "from longroom.__main__ import main; main()"
EXAMPLE = """
import runpy, sys

import longroom.livekit

print(longroom.livekit.__file__)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
Installation = Callable[[str], Path]
"""A folder with our wheel and the requirements of an extra; "" is none."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("longroom-*.whl"))


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """As `pip install .[extra]` makes it."""

    @cache
    def installed(extra: str) -> Path:
        folder = tmp_path_factory.mktemp("site")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        for one in _brought_along(folder, extra).values():
            for top in {Path(str(file)).parts[0] for file in one.files or []}:
                link = folder / top
                if top not in ("..", "__pycache__") and not link.exists():
                    link.symlink_to(Path(str(one.locate_file(top))))
        return folder

    return installed


def _brought_along(folder: Path, extra: str) -> dict[str, Distribution]:
    """Every requirement on this platform, with theirs."""
    (info,) = folder.glob("longroom-*.dist-info")
    found: dict[str, Distribution] = {}
    _collect(Distribution.at(info), extra, found, own=Distribution.at(info))
    return found


def _collect(
    one: Distribution, extra: str, found: dict[str, Distribution], *, own: Distribution
) -> None:
    for text in one.requires or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        needed = own if name == "longroom" else distribution(name)
        new = name not in found and needed is not own
        if new:
            found[name] = needed
        for each in requirement.extras or ([""] if new else []):
            _collect(needed, each, found, own=own)
        if new and requirement.extras:
            _collect(needed, "", found, own=own)


def _python(
    installation: Path,
    program: str,
    *arguments: str,
    text: str = "",
    env: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    # -I and -S: neither the checkout, nor what is installed beside, can be imported.
    start = f"import sys; sys.path.append({str(installation)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + program, *arguments],
        cwd=installation,
        input=text,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_client_brings_httpx_pydantic_and_little_else(installation: Installation) -> None:
    assert set(_brought_along(installation(""), "")) <= {
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
    installation: Installation, database_url: str
) -> None:
    env = {"DATABASE_URL": database_url, "BACKEND_SERVICE_KEY": "a key"}
    with running_backend(env, forked=True) as url:
        result = _python(installation(""), PROGRAM, url)

    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["said"] == "Parcels for Hal go to the red boathouse."
    assert not [
        name
        for name in answer["ours"]
        if not f"{name}.".startswith(("longroom.client.", "retrieval.wire."))
        and name not in {"longroom", "retrieval"}
    ]


@pytest.mark.parametrize("extra", ["", "openai-agents"])
def test_the_command_says_what_to_install_for_it(installation: Installation, extra: str) -> None:
    result = _python(installation(extra), COMMAND, "--help")

    assert result.returncode == 2
    assert result.stderr.startswith("longroom: package typer is not installed; in the folder of")
    assert "-m pip install --no-deps -r requirements/run.txt" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_mcp_server_runs_with_its_extra_alone(installation: Installation) -> None:
    arguments = ["mcp", "--conversation", "mine", "--backend", "http://127.0.0.1:9"]
    result = _python(installation("mcp"), COMMAND, *arguments, text=f"{HELLO}\n")

    assert result.returncode == 0, result.stderr
    (answer,) = map(json.loads, result.stdout.splitlines())
    assert answer["result"]["serverInfo"]["name"] == "longroom"


@pytest.mark.parametrize("name", ["openai-agents", "langgraph"])
def test_an_integration_loads_with_its_extra_alone(installation: Installation, name: str) -> None:
    module = f"longroom.integrations.{name.replace('-', '_')}"
    result = _python(installation(name), f"import {module}")

    assert result.returncode == 0, result.stderr


def test_a_program_with_an_agent_starts_where_the_wheel_is_installed(
    installation: Installation, tmp_path: Path
) -> None:
    folder = installation("agent")
    program = tmp_path / "smallest.py"
    program.write_bytes((ROOT / "examples" / "smallest.py").read_bytes())
    livekit = {"LIVEKIT_URL": "ws://127.0.0.1:9", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s"}

    helped = _python(folder, EXAMPLE, str(program), "--help", env=livekit)
    unset = _python(folder, EXAMPLE, str(program), "start", env={})

    assert helped.returncode == 0, helped.stderr
    ours, _, help_text = helped.stdout.partition("\n")
    assert Path(ours).is_relative_to(folder)
    assert "start" in help_text
    assert unset.returncode == 1
    assert "the worker's settings are not usable: LIVEKIT_URL" in unset.stderr
