"""What an installation has beside the code."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_the_pages_and_the_migrations(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        names = {*archive.namelist()}

    pages = [*(ROOT / "backend_stub").glob("*/static/*")]
    pages += (ROOT / "backend_stub").glob("*/templates/**/*.html")
    assert len(pages) > 15
    assert {str(path.relative_to(ROOT)) for path in pages} <= names
    migrations = {f"retrieval/_migrations/{path.name}" for path in ROOT.glob("migrations/*.sql")}
    assert migrations <= names
