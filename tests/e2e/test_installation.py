"""Installing .venv: at most one at a time, once per set, and again after an interruption."""

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[2] / "requirements" / "install.py"
# A project without requirements: the real script, a real venv, and no network.
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("builds.log", "a") as log:
        log.write("built\\n")
    info = "tiny-1.dist-info"
    with zipfile.ZipFile(f"{folder}/tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", tags)
        wheel.writestr(f"{info}/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""
COMMENT = "# nothing\n"
WHEEL = "needed-1-py3-none-any.whl"
TAGS = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass
class Installed:
    """A project, and what three installations did that were started in it together."""

    project: Path
    codes: list[int]
    said: list[str]
    builds: int


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """One environment for the file: making one takes most of the time."""
    project = _new_project(tmp_path_factory.mktemp("installation"))
    processes = [_start(project, "run") for _ in range(3)]
    said = [process.communicate()[1] for process in processes]
    return Installed(project, [process.returncode for process in processes], said, _builds(project))


def _new_project(parent: Path) -> Path:
    folder = parent / "a project"
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements" / "install.py").write_bytes(INSTALL.read_bytes())
    (folder / "requirements" / "run.txt").write_text(COMMENT)
    (folder / "requirements" / "test.txt").write_text(COMMENT)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    return folder


@pytest.fixture
def needed(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in a folder, as the only requirement of the tests."""
    project = installed.project
    wheel = project / WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        info = "needed-1.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", TAGS)
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    text = f"needed==1 \\\n    --hash=sha256:{digest}\n"
    (project / "requirements" / "test.txt").write_text(text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", project.as_uri())


def _start(project: Path, wanted: str) -> "subprocess.Popen[str]":
    script = project / "requirements" / "install.py"
    command = [sys.executable, str(script), wanted]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _install(project: Path, wanted: str) -> str:
    with _start(project, wanted) as process:
        printed, said = process.communicate()
    assert process.returncode == 0, said
    assert printed == ""
    return said


def _builds(project: Path) -> int:
    return (project / "builds.log").read_text().count("built")


@pytest.mark.timeout(300)
def test_installations_started_together_happen_one_after_the_other(installed: Installed) -> None:
    assert installed.codes == [0, 0, 0], installed.said
    assert installed.builds == 1


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("needed")
def test_a_set_is_installed_once_until_its_requirements_change(installed: Installed) -> None:
    project = installed.project
    _install(project, "run")
    before = _builds(project)
    _install(project, "run")
    assert _builds(project) == before

    (project / "requirements" / "run.txt").write_text("# something else\n")
    _install(project, "run")
    assert _builds(project) == before + 1

    said = _install(project, "test")
    assert _builds(project) == before + 2
    assert "longroom: installing 1 of 1: needed\n" in said
    assert "Looking in links" not in said
    _install(project, "run")
    assert _builds(project) == before + 2, "the test set holds the run set"


@pytest.mark.timeout(300)
def test_a_moved_project_gets_a_new_environment(installed: Installed, tmp_path: Path) -> None:
    installed.project = moved = installed.project.rename(tmp_path / "moved")

    _install(moved, "run")

    program = (moved / ".venv" / "bin" / "pip").read_text().splitlines()[0]
    assert str(moved) in program


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    with _start(_new_project(tmp_path), "everything") as process:
        _, said = process.communicate()

    assert process.returncode != 0
    assert "usage: install.py run|test" in said
