import re

from backend_stub.app import create_app
from backend_stub.routes.reference import render
from backend_stub.settings import BackendSettings


def page() -> str:
    return render(create_app(BackendSettings()).openapi(), base="http://localhost:8000")


def test_the_page_has_every_route_and_the_specification_s_curl() -> None:
    shown = page()

    for path in create_app(BackendSettings()).openapi()["paths"]:
        assert path in shown
    assert "curl -X POST http://localhost:8000/api/v1/rooms" in shown
    assert "&quot;name&quot;: &quot;test-room&quot;" in shown


def test_the_page_asks_nothing_of_other_servers() -> None:
    shown = page()

    assert "<script" not in shown
    assert re.findall(r'(?:src|href)="([^"]+)"', shown) == ["openapi.json"]


def test_text_of_the_description_cannot_become_markup() -> None:
    description = create_app(BackendSettings()).openapi()
    hostile = {**description, "info": {"title": "<b>", "description": "</p><script>"}}

    shown = render(hostile, base="http://<b>")

    assert "<b>" not in shown
    assert "<script>" not in shown
