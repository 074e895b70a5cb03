"""Scripts and styles of the pages, under names that change with what is in them."""

import gzip
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

BUILT: Final = Path(__file__).with_name("static")
"""By `make pages`, from clients/pages."""
_SERVED: Final = frozenset({".js", ".css", ".svg", ".txt", ".json"})
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class StaticFile:
    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()[:16]

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    @property
    def media_type(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class StaticFiles:
    """In memory: a megabyte, read once."""

    def __init__(self, files: Iterable[StaticFile]) -> None:
        self._files: Mapping[str, StaticFile] = {file.name: file for file in files}

    def url(self, name: str) -> str:
        """Raises KeyError for a file that is not there."""
        return f"/pages/{self._files[name].digest}/{name}"

    def get(self, digest: str, name: str) -> StaticFile | None:
        found = self._files.get(name)
        return found if found is not None and found.digest == digest else None


def built_files(folder: Path = BUILT) -> StaticFiles:
    return StaticFiles(
        StaticFile(path.name, path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.suffix in _SERVED
    )


@router.get("/pages/{digest}/{name}")
async def static_file(request: Request, digest: str, name: str) -> Response:
    file = request.app.state.pages.static.get(digest, name)
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
