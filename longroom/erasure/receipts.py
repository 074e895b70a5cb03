"""A receipt for people and for files."""

from pathlib import Path

from longroom.client import ErasureReceipt
from longroom.errors import ConfigurationError


def told(receipt: ErasureReceipt) -> str:
    """Lines for a terminal; no text, no name and no id of a message."""
    began = "would erase" if receipt.dry_run else "erased"
    at_least = "" if receipt.complete else " (at least)"
    lines = [f"{began}{at_least}, in {len(receipt.conversations)} conversations:"]
    lines += [f"  {count:>9,}  {name}" for name, count in sorted(receipt.rows.items())]
    if not receipt.rows:
        lines.append("          0  nothing is left of it")
    if not receipt.dry_run:
        lines.append(f"erasure {receipt.erasure_id}, {receipt.erased_at.isoformat()}")
    return "\n".join(lines) + "\n"


def write(receipt: ErasureReceipt, path: Path) -> None:
    """As JSON. Raises ConfigurationError."""
    try:
        path.write_text(receipt.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
