"""The dependency rule holds, and the contracts that guard it bite."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "backend_stub", "longroom", "retrieval")
MAX_LINES = 250
MAX_ROOT_MODULES = 10


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "500", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def _modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


AGAINST_THE_RULE = [
    ("agent", "backend_stub"),
    ("backend_stub", "agent"),
    ("retrieval", "backend_stub"),
    ("retrieval", "agent"),
    ("retrieval", "longroom"),
    ("agent", "longroom"),
    ("agent", "asyncpg"),
    ("agent", "torch"),
    ("retrieval", "livekit"),
    ("retrieval", "fastapi"),
]
BACK_UP = [
    ("agent/recall", "agent.conversation"),
    ("agent/conversation", "agent.room"),
    ("agent/messages", "agent.outbox"),
    ("retrieval/store", "retrieval.search"),
    ("retrieval/search/lexical", "retrieval.search.context"),
    ("retrieval/search/selection", "retrieval.search.stored"),
    ("retrieval/search/scoring", "asyncpg"),
    ("retrieval/text", "retrieval.store"),
    ("retrieval/quotation", "retrieval.search.query"),
    ("retrieval/quotation", "livekit"),
    ("backend_stub/http", "backend_stub.routes"),
    ("longroom/embedded_postgres", "longroom.commands"),
    ("longroom/mcp", "longroom.commands"),
    ("longroom/integrations/langgraph", "longroom.integrations.openai_agents"),
    ("longroom/integrations/langgraph", "retrieval.store"),
]
OUT_OF_THE_CLIENT = [
    ("longroom/client", imported)
    for imported in ("agent", "backend_stub", "retrieval", "retrieval.errors", "longroom.errors")
] + [("longroom/client", imported) for imported in ("opentelemetry", "livekit", "anyio", "typer")]
INTO_THE_CLIENT = [("agent", "longroom.client.routes"), ("agent/recall", "longroom.errors")]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What is reported of a copy of the packages in which each wrong import stands."""
    copy = tmp_path_factory.mktemp("broken")
    for package in PACKAGES:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, copy / package, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for number, (importer, imported) in enumerate(
        [*AGAINST_THE_RULE, *BACK_UP, *OUT_OF_THE_CLIENT, *INTO_THE_CLIENT]
    ):
        text = f"import {imported}\n"
        (copy / importer / f"probe{number}.py").write_text(text, encoding="utf-8")
    probe = "".join(f"import {name}\n" for name in _forbidden_to_the_agent())
    (copy / "agent" / "probe.py").write_text(probe, encoding="utf-8")
    return _lint_imports(copy)


def _forbidden_to_the_agent() -> list[str]:
    return [
        name
        for name, _ in _modules("retrieval")
        if "." in name and not name.startswith(("retrieval.wire", "retrieval.quotation"))
    ]


def _reports(result: subprocess.CompletedProcess[str], importer: str, imported: str) -> bool:
    """Whether the import of one of the probes is named."""
    wanted = rf"\b{re.escape(importer)}\.probe\d+ -> {re.escape(imported)}\b"
    return result.returncode != 0 and re.search(wanted, result.stdout) is not None


def test_every_contract_is_kept() -> None:
    result = _lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


def test_the_agent_may_import_of_retrieval_only_the_wire_types_and_their_quotation(
    broken: subprocess.CompletedProcess[str],
) -> None:
    forbidden = _forbidden_to_the_agent()

    assert broken.returncode != 0
    reported = [name for name in forbidden if f"agent.probe -> {name} (" in broken.stdout]
    assert reported == forbidden


@pytest.mark.parametrize(("importer", "imported"), [*OUT_OF_THE_CLIENT, *INTO_THE_CLIENT])
def test_the_client_imports_only_the_wire_types_and_the_agent_only_its_face(
    broken: subprocess.CompletedProcess[str], importer: str, imported: str
) -> None:
    assert _reports(broken, importer.replace("/", "."), imported)


@pytest.mark.parametrize(("importer", "imported"), AGAINST_THE_RULE)
def test_an_import_against_the_dependency_rule_is_found(
    broken: subprocess.CompletedProcess[str], importer: str, imported: str
) -> None:
    assert _reports(broken, importer, imported)


def test_the_wire_types_import_only_pydantic_and_the_standard_library() -> None:
    imported = {
        name for path in (ROOT / "retrieval" / "wire").glob("*.py") for name in _imports(path)
    }
    others = {name for name in imported if not name.startswith("retrieval.wire")}

    assert {name.split(".")[0] for name in others} - sys.stdlib_module_names == {"pydantic"}


def test_the_client_imports_only_httpx_pydantic_and_the_standard_library() -> None:
    imported = {
        name for path in (ROOT / "longroom" / "client").glob("*.py") for name in _imports(path)
    }
    ours = ("longroom.client", "retrieval.wire")
    others = {name.split(".")[0] for name in imported if not name.startswith(ours)}

    assert others - sys.stdlib_module_names == {"httpx", "pydantic"}


def test_the_backend_speaks_to_livekit_only_through_its_server_api() -> None:
    # import-linter sees the namespace package `livekit` as one, so it can't tell these apart.
    imported = {
        name
        for _, path in _modules("backend_stub")
        for name in _imports(path)
        if name.split(".")[0] == "livekit"
    }

    allowed = ("livekit.api", "livekit.protocol")
    assert [name for name in imported if name != "livekit" and not name.startswith(allowed)] == []


@pytest.mark.parametrize(
    ("importer", "forbidden"),
    [
        *((package, {"benchmarks", "testbed", "tests"}) for package in PACKAGES),
        ("testbed", {"benchmarks", "tests"}),
        ("benchmarks", {"tests"}),
        ("tests", {"benchmarks"}),
    ],
)
def test_what_ships_tests_and_benchmarks_stay_apart(importer: str, forbidden: set[str]) -> None:
    # In the text, not only in the syntax tree: other processes are given code and module names.
    named = re.compile(rf"(?:\bfrom |\bimport |-m[\"', ]+)((?:{'|'.join(forbidden)})\b[\w.]*)")
    found = [
        f"{path.relative_to(ROOT)} names {module}"
        for _, path in _modules(importer)
        for module in named.findall(path.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_rooms_instead_of_loose_modules(package: str) -> None:
    loose = [path.stem for path in (ROOT / package).glob("*.py") if path.stem != "__init__"]

    assert len(loose) <= MAX_ROOT_MODULES, loose


@pytest.mark.parametrize(("importer", "imported"), BACK_UP)
def test_an_arrow_back_up_inside_a_package_is_found(
    broken: subprocess.CompletedProcess[str], importer: str, imported: str
) -> None:
    assert _reports(broken, importer.replace("/", "."), imported)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_longer_than_can_be_read_at_once(package: str) -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for _, path in _modules(package)
        if path.name != "__init__.py"  # a list of names is looked up, not read
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    ]

    assert long == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    TopologicalSorter(imports).prepare()  # raises CycleError, which names the files
