"""The routes of the API as its description has them: later ones are tried without being named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from backend_stub.access.permissions import EXTENSION
from benchmarks.leak.world import SERVICE_KEY, World

CHANGES_STATE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    permission: str | None
    """None: for everybody, or a page without text."""
    examples: tuple[Any, ...] = ()
    query: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Parameters of the path."""

    @property
    def erases(self) -> bool:
        return self.method in ("DELETE", "PATCH")

    def fill(self, values: Mapping[str, str]) -> str:
        path = self.path
        for place in self.places:
            path = path.replace(f"{{{place}}}", values.get(place, "probe"))
        return path


async def operations(world: World) -> list[Operation]:
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as client:
        description = (await client.get("/api/v1/openapi.json")).json()
    return [
        _operation(method.upper(), path, route)
        for path, methods in description["paths"].items()
        for method, route in methods.items()
    ]


def _operation(method: str, path: str, route: Mapping[str, Any]) -> Operation:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
    parameters = route.get("parameters", [])
    return Operation(
        method,
        path,
        route.get(EXTENSION),
        tuple(example["value"] for example in body.get("examples", {}).values()),
        tuple(one["name"] for one in parameters if one["in"] == "query"),
        tuple(one["name"] for one in parameters if one["in"] == "path"),
    )
