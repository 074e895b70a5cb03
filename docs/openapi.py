"""`python -m docs.openapi`: writes clients/openapi.json, from which clients are generated."""

import json
from pathlib import Path

from backend_stub.app import create_app
from backend_stub.settings import BackendSettings

FILE = Path(__file__).parents[1] / "clients" / "openapi.json"


def document() -> str:
    """As the backend answers at /api/v1/openapi.json, in lines."""
    described = create_app(BackendSettings(host="127.0.0.1")).openapi()
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FILE.write_text(document(), encoding="utf-8")
    print(f"wrote {FILE.relative_to(FILE.parents[1])}")


if __name__ == "__main__":
    main()
