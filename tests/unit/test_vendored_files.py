"""What the pages serve of others: as it was built, with versions, hashes and licences."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "backend_stub" / "pages" / "static"
SOURCES = ROOT / "clients" / "pages"
VENDORED: dict[str, Any] = json.loads((STATIC / "vendored.json").read_text(encoding="utf-8"))
LICENCES = {"MIT", "BSD-0-Clause", "0BSD", "Apache-2.0", "BSD-3-Clause", "ISC"}
TEMPLATES = sorted((ROOT / "backend_stub").glob("*/templates/**/*.html"))


def test_every_file_is_listed_with_its_hash() -> None:
    listed = {one["file"]: one["sha256"] for one in VENDORED["files"]}
    licences = {one["licence_file"] for one in VENDORED["packages"]}
    there = {path.name for path in STATIC.iterdir()} - {"vendored.json"} - licences

    assert there == listed.keys()
    assert listed == {
        name: sha256((STATIC / name).read_bytes()).hexdigest() for name in sorted(there)
    }


def test_every_package_has_the_pinned_version_and_a_licence_that_is_served() -> None:
    pinned = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {one["name"]: one for one in VENDORED["packages"]}
    used = {name for one in VENDORED["files"] for name in one["packages"]}

    assert used == packages.keys()
    for one in packages.values():
        assert one["licence"] in LICENCES or "Apache-2.0" in one["licence"]
        assert len((STATIC / one["licence_file"]).read_text(encoding="utf-8")) > 10
        assert pinned.get(one["name"], one["version"]) == one["version"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())


def test_no_registry_and_no_other_host_is_named_in_the_lock() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))

    assert lock["packages"]
    assert not [one for one in lock["packages"].values() if "resolved" in one]
    assert [name for name, one in lock["packages"].items() if name and "integrity" not in one] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_inline_and_marks_nothing_safe(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|hx-on|javascript:|\bjs:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\|\s*safe|autoescape|Markup|xmlattr", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
