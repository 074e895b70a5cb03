"""The API's description, and as one HTML page without scripts or external resources."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, JSONResponse

from backend_stub.access.exposure import seen_as

router = APIRouter(dependencies=[Depends(seen_as("docs"))], include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ background: #8882; padding: .7rem; overflow-x: auto }}
section {{ border-top: 1px solid #8886; margin-top: 2rem }}
:root {{ color-scheme: light dark }}
</style>
<h1>{title}</h1>
<p>{about}</p>
<p><a href="openapi.json">openapi.json</a></p>
{routes}
<section><h2>Types</h2>
{types}
</section>
</html>
"""
_ROUTE = """<section><h2><code>{method} {path}</code></h2>
<p><strong>{summary}</strong></p><p>{about}</p>
{examples}<p>Answers: {answers}</p></section>"""
_EXAMPLE = """<p>{name}:</p><pre>curl -X {method} {base}{path} \\
  -H 'Content-Type: application/json' \\
  -d '{body}'</pre>"""
_TYPE = """<details id="{name}"><summary><code>{name}</code> {about}</summary>
<pre>{schema}</pre></details>"""


@router.get("/openapi.json")
async def description(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def reference(request: Request) -> HTMLResponse:
    base = str(request.base_url).rstrip("/")
    return HTMLResponse(render(request.app.openapi(), base=base))


def render(description: dict[str, Any], *, base: str) -> str:
    """`base`: the URL that the paths are relative to."""
    return _PAGE.format(
        title=escape(description["info"]["title"]),
        about=escape(description["info"]["description"]),
        routes="\n".join(_routes(description, base)),
        types="\n".join(
            _TYPE.format(
                name=escape(name),
                about=escape(schema.get("description", "")),
                schema=escape(json.dumps(schema, indent=2, ensure_ascii=False)),
            )
            for name, schema in description["components"]["schemas"].items()
        ),
    )


def _routes(description: dict[str, Any], base: str) -> Iterator[str]:
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            yield _ROUTE.format(
                method=method.upper(),
                path=escape(path),
                summary=escape(route["summary"]),
                about=escape(route["description"]),
                examples="".join(_examples(method.upper(), path, route, base)),
                answers=escape(
                    ", ".join(
                        f"{status} {response['description']}"
                        for status, response in sorted(route["responses"].items())
                    )
                ),
            )


def _examples(method: str, path: str, route: dict[str, Any], base: str) -> Iterator[str]:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, example in body.get("examples", {}).items():
        yield _EXAMPLE.format(
            name=escape(name.capitalize()),
            method=method,
            base=escape(base),
            path=escape(path),
            body=escape(json.dumps(example["value"], indent=2, ensure_ascii=False)),
        )
