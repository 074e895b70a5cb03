"""Forms of the inspector: what a script sends by a body never goes into an address instead."""

import re
from pathlib import Path

import pytest

from backend_stub.inspector.mounting import TEMPLATES

FORMS = [
    pytest.param(form, id=f"{path.stem}: {form[:60]}")
    for path in sorted(Path(TEMPLATES).rglob("*.html"))
    for form in re.findall(r"<form\b[^>]*>", path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_a_script_sends_is_no_address_without_it(form: str) -> None:
    sends_body = "hx-post" in form or "data-import" in form

    assert sends_body or "action=" in form
    assert not sends_body or 'method="post"' in form
