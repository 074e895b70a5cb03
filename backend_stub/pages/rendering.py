"""Templates drawn into pages: whatever a room or a person is named, it stays text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from backend_stub.pages.static_files import StaticFiles, built_files

NOTHING: Final = "–"


@dataclass(frozen=True)
class Pages:
    """`app.state.pages`"""

    static: StaticFiles
    templates: Environment


def open_pages(templates: Mapping[str, Path]) -> Pages:
    """`templates`: folders, by the first part of their templates' names: `inspector/rooms.html`."""
    static = built_files()
    folders = {"pages": Path(__file__).with_name("templates"), **templates}
    environment = Environment(
        loader=PrefixLoader({name: FileSystemLoader(path) for name, path in folders.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static.url
    environment.filters |= {
        "count": counted,
        "ms": milliseconds,
        "moment": moment,
        "path": path_part,
        "share": share,
    }
    return Pages(static, environment)


def render(
    request: Request,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """With `request.state.page`, what the layout shows on every page, and `context`."""
    pages: Pages = request.app.state.pages
    everywhere = getattr(request.state, "page", {})
    text = pages.templates.get_template(template).render({**everywhere, **context})
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))


def counted(number: int | None) -> str:
    return NOTHING if number is None else f"{number:,}"


def milliseconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value / 1000:,.1f} s" if value >= 10_000 else f"{value:,.0f} ms"


def share(value: float | None) -> str:
    return NOTHING if value is None else f"{value * 100:.1f} %"


def moment(at: datetime | None) -> str:
    """In UTC; scripts show it in the reader's own time zone."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")


def path_part(name: str) -> str:
    """Of a URL: also of a name with slashes, dots or marks of any kind."""
    return quote(name, safe="")
