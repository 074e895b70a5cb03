"""What the documents point to is there."""

import re
import subprocess
from pathlib import Path

import pytest

from longroom.cli import app

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "backend_stub", "longroom", "retrieval")
DECISIONS = ROOT / "docs" / "decisions"
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)(?P<target>[^)#]+)[^)]*\)")
QUOTED = re.compile(r"`([\w.*/-]+)`")
MODULE = re.compile(r"(?<![\w/.-])(?:agent|backend_stub|retrieval)(?:\.[a-z_0-9]+)+")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = [link["target"] for link in LINK.finditer(document.read_text(encoding="utf-8"))]

    assert [name for name in targets if not (document.parent / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_module_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    paths = [name for name in QUOTED.findall(text) if _is_path(name)]
    modules = [Path(name.replace(".", "/")) for name in MODULE.findall(text)]

    # A bare file name may be that of any folder, but those that begin with a dot.
    patterns = [name if "/" in name else f"[!.]*/**/{name}" for name in paths]

    assert [name for name in patterns if not any(ROOT.glob(name))] == []
    assert [name for name in modules if not _is_module(name)] == []


def _is_module(name: Path) -> bool:
    """Also a name in a module."""
    file = (ROOT / name).with_suffix(".py")
    return (ROOT / name).is_dir() or file.exists() or file.parent.with_suffix(".py").exists()


def _is_path(name: str) -> bool:
    first, _, rest = name.partition("/")
    return name.endswith((".py", ".sql")) or bool(first and rest and (ROOT / first).is_dir())


def test_contributing_lists_every_broad_handler() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = {link["target"] for link in LINK.finditer(text) if link["target"].endswith(".py")}
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    broad = {
        str(path.relative_to(ROOT))
        for path in sources
        if re.search(r"except Exception(:| as )", path.read_text(encoding="utf-8"))
    }

    assert listed == broad


def test_every_log_line_that_operations_explains_is_written() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## Logs")[2].partition("\n## ")[0]
    lines = [line.rstrip("…") for line in re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)]
    source = "".join(
        path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    )

    assert lines
    assert [line for line in lines if f'"{line}' not in source] == []


def test_every_decision_is_in_the_index() -> None:
    written = {path.name for path in DECISIONS.glob("[0-9]*.md")}
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")

    assert {link["target"] for link in LINK.finditer(index)} == written


def test_every_make_target_that_the_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    named = {name for text in texts for name in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)}

    assert named - targets == set()


def test_make_without_a_target_lists_the_commands() -> None:
    result = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "make run " in result.stdout
    assert "make test " in result.stdout


def test_the_readme_lists_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {
        command.name or (command.callback.__name__ if command.callback else "")
        for command in app.registered_commands
    }
    commands |= {group.name or "" for group in app.registered_groups}

    assert set(re.findall(r"^\| `longroom ([a-z-]+)", text, re.MULTILINE)) == commands
